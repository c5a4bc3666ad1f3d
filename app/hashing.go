package app

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

// hashing counts and hashes what it passes on.
type hashing struct {
	to   io.Writer
	hash hash.Hash
	size int64
}

func newHashing(to io.Writer) *hashing { return &hashing{to: to, hash: sha256.New()} }

func (h *hashing) Write(p []byte) (int, error) {
	n, err := h.to.Write(p)
	_, _ = h.hash.Write(p[:n]) // never fails
	h.size += int64(n)
	return n, err
}

func (h *hashing) sum() string { return hex.EncodeToString(h.hash.Sum(nil)) }
