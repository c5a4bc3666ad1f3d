// Package archive writes and reads segments: files that old records are put aside
// into, each a row of gzip members, and so a gzip file as a whole.
//
// On the road of a fact it lies behind the journal and the evidence log, which remember
// where in a segment a record lies, and can tell whether what they get is what it was.
//
// It refuses to change a segment: a file has its name once it is whole and durable.
package archive

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
)

// Dir is the folder of the segments in a data folder.
const Dir = "archive"

// Place is where a member lies in its segment.
type Place struct{ Offset, Length int64 }

// File is a segment that is in place.
type File struct {
	Name   string
	Bytes  int64
	SHA256 string
}

// Writer writes one segment.
type Writer struct {
	dir, kind string
	f         *os.File
	hash      hash.Hash
	size      int64
}

// Create begins a segment of a kind, which its name begins with. One of each kind is
// written at a time.
func Create(dir, kind string) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	w := &Writer{dir: dir, kind: kind, hash: sha256.New()}
	var err error
	w.f, err = os.OpenFile(w.part(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	return w, err
}

func (w *Writer) part() string { return filepath.Join(w.dir, w.kind+".part") }

// Write takes bytes that are compressed already.
func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	w.hash.Write(p[:n])
	w.size += int64(n)
	return n, err
}

// Add appends a member of these pieces.
func (w *Writer) Add(pieces ...[]byte) (Place, error) {
	place := Place{Offset: w.size}
	z := gzip.NewWriter(w)
	for _, piece := range pieces {
		if _, err := z.Write(piece); err != nil {
			return place, err
		}
	}
	err := z.Close()
	place.Length = w.size - place.Offset
	return place, err
}

// Finish puts the segment in place, durably. The name says of which records it is,
// and how its hash begins: the same records make the same file.
func (w *Writer) Finish(first, last int64) (File, error) {
	file := File{Bytes: w.size, SHA256: hex.EncodeToString(w.hash.Sum(nil))}
	file.Name = fmt.Sprintf("%s-%d-%d-%.8s.gz", w.kind, first, last, file.SHA256)
	if err := errors.Join(w.f.Sync(), w.f.Close()); err != nil {
		return file, err
	}
	return file, errors.Join(os.Rename(w.part(), filepath.Join(w.dir, file.Name)), syncFolder(w.dir))
}

// Close takes away what was not finished.
func (w *Writer) Close() error {
	err := w.f.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	if gone := os.Remove(w.part()); !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Read gives what a member holds to a function.
func Read(path string, place Place, read func(*bufio.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(io.NewSectionReader(f, place.Offset, place.Length))
	if err != nil {
		return err
	}
	return read(bufio.NewReader(z))
}

// Check says what is wrong with a file that should have a hash.
func Check(path, want string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return fmt.Errorf("its SHA-256 is %s, and was %s", got, want)
	}
	return nil
}
