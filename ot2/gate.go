package ot2

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"sort"
)

// gate stands between the source and the JSON decoder. It lets through no more
// bytes and no deeper nesting than the limits say, so nothing behind it can be
// made to hold more. On the way it hashes the text, insignificant space left
// out, and remembers where lines begin.
type gate struct {
	source io.Reader
	op     string
	limits Limits

	read     int64
	depth    int
	inString bool
	escaped  bool
	content  hash.Hash

	// Line breaks at or after the offset forgotten; before it there were
	// linesBefore.
	breaks      []int64
	linesBefore int
	err         error
}

func newGate(source io.Reader, op string, limits Limits) *gate {
	return &gate{source: source, op: op, limits: limits, content: sha256.New()}
}

// expect returns how many more of what there were n of so far are to come, at the rate they
// came: so a long list is not made again and again on its way to its size.
func (g *gate) expect(n int) int {
	unread, known := g.source.(interface{ Len() int })
	if !known || n < 1024 {
		return n + 16
	}
	return int(int64(n)*int64(unread.Len())/g.read) + n/64
}

func (g *gate) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.source.Read(p)
	if scanErr := g.scan(p[:n]); scanErr != nil {
		g.err = scanErr
		return 0, scanErr
	}
	if err != nil {
		g.err = err
	}
	return n, err
}

func (g *gate) scan(p []byte) error {
	if g.read+int64(len(p)) > g.limits.Bytes {
		return tooLarge(g.op, fmt.Sprintf("document of more than %d bytes", g.limits.Bytes), "split the document or raise the limit of bytes")
	}
	significant := 0 // start of the text not yet hashed
	for i, c := range p {
		switch {
		case g.inString:
			switch {
			case g.escaped:
				g.escaped = false
			case c == '\\':
				g.escaped = true
			case c == '"':
				g.inString = false
			}
		case c == '"':
			g.inString = true
		case c == '{' || c == '[':
			g.depth++
			if g.depth > g.limits.Depth {
				return tooLarge(g.op, fmt.Sprintf("JSON nested more than %d deep at byte %d", g.limits.Depth, g.read+int64(i)),
					"no robot nests that deep: check the source, or raise the limit of depth")
			}
		case c == '}' || c == ']':
			g.depth--
		case isSpace(c):
			g.content.Write(p[significant:i])
			significant = i + 1
		}
		if c == '\n' {
			g.breaks = append(g.breaks, g.read+int64(i))
		}
	}
	g.content.Write(p[significant:])
	g.read += int64(len(p))
	return nil
}

// contentID names a document that has no id by what it says.
func (g *gate) contentID() string { return "sha256-" + hex.EncodeToString(g.content.Sum(nil))[:32] }

// forget drops the lines before an offset that nobody will ask for again.
func (g *gate) forget(before int64) {
	n := sort.Search(len(g.breaks), func(i int) bool { return g.breaks[i] >= before })
	g.linesBefore += n
	g.breaks = append(g.breaks[:0], g.breaks[n:]...)
}

// line returns the line, from 1, of an offset that was not forgotten.
func (g *gate) line(at int64) int {
	return 1 + g.linesBefore + sort.Search(len(g.breaks), func(i int) bool { return g.breaks[i] >= at })
}

// position describes an offset for a person.
func (g *gate) position(at int64) string {
	return fmt.Sprintf("line %d, byte %d", g.line(at), at)
}

// checkBounds holds text in memory against the limits.
func checkBounds(op string, text []byte, limits Limits) error {
	g := newGate(bytes.NewReader(text), op, limits)
	if err := g.scan(text); err != nil {
		return err
	}
	return nil
}
