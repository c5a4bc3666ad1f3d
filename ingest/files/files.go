// Package files is the door for documents that lie somewhere: files, folders,
// standard input.
//
// On the road of a fact it stands at the very beginning: it finds documents
// and reads them, whole and bounded.
//
// It refuses to look inside: what a document is, the intake finds out.
package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"wellspring/lineage"
)

const op = "read document"

// Stdin in place of a path is standard input.
const Stdin = "-"

// Document is one document as it lay there.
type Document struct {
	Name    string // its path, or stdin
	Payload []byte
}

// Extensions are those of the files that are taken out of a folder. A file
// that is named itself may have any.
func Extensions() []string { return []string{".json", ".csv"} }

// Read yields the documents at paths, in order of the paths and, within a
// folder, of names. One that can't be read comes with an error, which names it,
// and the walk goes on. Symbolic links within a folder are not followed.
func Read(ctx context.Context, paths []string, stdin io.Reader, maxBytes int64) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for _, path := range paths {
			if !read(ctx, path, stdin, maxBytes, yield) {
				return
			}
		}
	}
}

func read(ctx context.Context, path string, stdin io.Reader, maxBytes int64, yield func(Document, error) bool) bool {
	if path == Stdin {
		return yield(document("stdin", stdin, maxBytes))
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return yield(Document{Name: path}, missing(path, err))
	case !info.IsDir():
		return yield(open(path, maxBytes))
	}
	stop := errors.New("stop")
	err = filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			if !yield(Document{Name: path}, missing(path, err)) {
				return stop
			}
			return nil
		case !taken(entry):
			return nil
		case !yield(open(path, maxBytes)):
			return stop
		}
		return nil
	})
	if err != nil && !errors.Is(err, stop) {
		return yield(Document{Name: path}, err)
	}
	return err == nil
}

// taken says whether a file in a folder is a document.
func taken(entry fs.DirEntry) bool {
	return entry.Type().IsRegular() && slices.Contains(Extensions(), strings.ToLower(filepath.Ext(entry.Name())))
}

// Count is how many documents Read would yield, those included that can't be read.
func Count(ctx context.Context, paths []string) (n int64) {
	for _, path := range paths {
		if info, err := os.Stat(path); path == Stdin || err != nil || !info.IsDir() {
			n++
			continue
		}
		_ = filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error { // Read tells of errors
			if err != nil || taken(entry) {
				n++
			}
			return ctx.Err()
		})
	}
	return n
}

func open(path string, maxBytes int64) (Document, error) {
	file, err := os.Open(path)
	if err != nil {
		return Document{Name: path}, missing(path, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	return document(path, file, maxBytes)
}

func document(name string, r io.Reader, maxBytes int64) (Document, error) {
	payload, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	switch {
	case err != nil:
		return Document{Name: name}, missing(name, err)
	case int64(len(payload)) > maxBytes:
		return Document{Name: name}, &lineage.Error{Op: op, Kind: lineage.ErrorTooLarge, ID: name, Hint: "split it, or raise the limit max-bytes"}
	case len(payload) == 0:
		return Document{Name: name}, lineage.Invalid(op, name, "it is empty: is it the right file, and was it written to the end?")
	}
	return Document{name, payload}, nil
}

func missing(path string, err error) error {
	kind := lineage.ErrorUnavailable
	if errors.Is(err, fs.ErrNotExist) {
		kind = lineage.ErrorNotFound
	}
	var told *fs.PathError
	if errors.As(err, &told) {
		err = told.Err // the path is named already
	}
	return &lineage.Error{Op: op, Kind: kind, ID: path, Err: err}
}
