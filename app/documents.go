package app

import (
	"context"
	"io"
	"iter"

	"wellspring/ingest/files"
)

// Document is one document as it lay somewhere.
type Document = files.Document

// Documents reads what lies at paths: files, folders with their subfolders, and
// standard input as "-". One that can't be read comes with an error.
func Documents(ctx context.Context, paths []string, stdin io.Reader, o Options) iter.Seq2[Document, error] {
	return files.Read(ctx, paths, stdin, o.MaxBytes)
}

// CountDocuments is how many there are at paths.
func CountDocuments(ctx context.Context, paths []string) int64 { return files.Count(ctx, paths) }
