package pack

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"wellspring/lineage"
)

// The files of a package that hold it together.
const (
	FileSums     = "SHA256SUMS"      // of every other file, in the form of sha256sum
	FileSumsNote = "SHA256SUMS.note" // the signed hash of that
)

// SumsText is what is signed of a package: the hash of its SHA256SUMS.
func SumsText(sum string) string { return "wellspring/package/v1\nsha256 " + sum + "\n" }

// SealText is what is signed of a package as one file: the hash of all of its
// bytes before the signature, which is the comment of the zip file.
func SealText(sum string) string { return "wellspring/seal/v1\nsha256 " + sum + "\n" }

// archive writes a zip file whose bytes depend on its content only. It keeps the
// hash of every file.
type archive struct {
	tail  *tail
	zip   *zip.Writer
	at    time.Time
	sums  []sum
	sign  func(text string) ([]byte, error)
	level int
}

type sum struct {
	name, hash string
	size       int64
}

func newArchive(w io.Writer, at time.Time, sign func(string) ([]byte, error)) *archive {
	t := &tail{to: w, hash: sha256.New()}
	a := &archive{tail: t, zip: zip.NewWriter(t), at: at.UTC().Truncate(2 * time.Second), sign: sign, level: flate.DefaultCompression}
	a.zip.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, a.level) })
	return a
}

// file writes one file.
func (a *archive) file(name string, write func(io.Writer) error) error {
	w, err := a.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: a.at})
	if err != nil {
		return failed(name, err)
	}
	counted := &counter{hash: sha256.New()}
	if err := write(io.MultiWriter(w, counted)); err != nil {
		return failed(name, err)
	}
	a.sums = append(a.sums, sum{name, hex.EncodeToString(counted.hash.Sum(nil)), counted.size})
	return nil
}

func (a *archive) bytes(name string, data []byte) error {
	return a.file(name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// close writes the hashes of all files, their signature, and the seal.
func (a *archive) close() error {
	slices.SortFunc(a.sums, func(x, y sum) int { return strings.Compare(x.name, y.name) })
	var list bytes.Buffer
	for _, s := range a.sums {
		fmt.Fprintf(&list, "%s  %s\n", s.hash, s.name)
	}
	if err := a.bytes(FileSums, list.Bytes()); err != nil {
		return err
	}
	digest := sha256.Sum256(list.Bytes())
	note, err := a.sign(SumsText(hex.EncodeToString(digest[:])))
	if err != nil {
		return err
	}
	if err := a.bytes(FileSumsNote, note); err != nil {
		return err
	}
	if err := a.zip.Close(); err != nil {
		return failed("package", err)
	}
	return a.tail.seal(a.sign)
}

type counter struct {
	hash hash.Hash
	size int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.size += int64(len(p))
	return c.hash.Write(p)
}

// endRecord is the length of a zip file's end record without a comment.
const endRecord = 22

// tail passes on all but the last bytes, into which the length of the comment
// has to be written when it is known.
type tail struct {
	to   io.Writer
	hash hash.Hash
	held []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.held = append(t.held, p...)
	if n := len(t.held) - endRecord; n > 0 {
		if err := t.pass(t.held[:n]); err != nil {
			return 0, err
		}
		t.held = append(t.held[:0], t.held[n:]...)
	}
	return len(p), nil
}

func (t *tail) pass(p []byte) error {
	_, _ = t.hash.Write(p) // never fails
	_, err := t.to.Write(p)
	return err
}

// seal signs all bytes so far and puts the signature behind them. Its length
// stands in the end record, so it is signed twice: signatures are of one length.
func (t *tail) seal(sign func(string) ([]byte, error)) error {
	trial, err := sign(SealText(strings.Repeat("0", 2*sha256.Size)))
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint16(t.held[endRecord-2:], uint16(len(trial)))
	if err := t.pass(t.held); err != nil {
		return failed("seal", err)
	}
	note, err := sign(SealText(hex.EncodeToString(t.hash.Sum(nil))))
	if err != nil {
		return err
	}
	if len(note) != len(trial) {
		return &lineage.Error{Op: "write package", Kind: lineage.ErrorInternal, ID: "seal", Hint: "signatures differ in length"}
	}
	if _, err := t.to.Write(note); err != nil {
		return failed("seal", err)
	}
	return nil
}

func failed(what string, err error) error {
	if lineage.KindOf(err) != lineage.ErrorInternal {
		return err
	}
	return &lineage.Error{Op: "write package", Kind: lineage.ErrorInternal, ID: what, Hint: "is there room left on the disk?", Err: err}
}
