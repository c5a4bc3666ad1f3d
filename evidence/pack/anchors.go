package pack

import (
	"encoding/hex"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"wellspring/evidence"
)

// Anchor is a checkpoint that was left outside before the package's, with the
// proof that its log is the beginning of the package's.
type Anchor struct {
	evidence.Anchor
	Proof []string `json:"proof"` // RFC 6962, 2.1.2, in hexadecimal
}

// anchors writes the newest anchor of every place, as far as they were there at
// the time that the package is as of.
func (b *builder) anchors() error {
	found, err := b.Log.AnchorsOf(b.ctx, b.LogSize, b.Question.AsOf)
	if err != nil {
		return err
	}
	anchors := make([]Anchor, 0, len(found))
	for _, a := range found {
		c, err := evidence.ReadUnsigned([]byte(a.Checkpoint))
		if err != nil {
			return err
		}
		proof, err := b.Log.ProveGrowth(b.ctx, c.Size, b.LogSize)
		if err != nil {
			return err
		}
		anchors = append(anchors, Anchor{a, hexOf(proof)})
	}
	return b.archive.file(FileAnchors, func(w io.Writer) error { return pretty(w, anchors) })
}

func hexOf(hashes []tlog.Hash) []string {
	texts := make([]string, len(hashes))
	for i, h := range hashes {
		texts[i] = hex.EncodeToString(h[:])
	}
	return texts
}
