package app

import (
	"context"
	"io"
	"iter"

	"wellspring/ingest/files"
	"wellspring/ingest/intake"
	"wellspring/lineage"
)

// Document is one document as it lay somewhere.
type Document = files.Document

// Documents reads what lies at paths: files, folders with their subfolders, and
// standard input as "-". One that can't be read comes with an error.
func Documents(ctx context.Context, paths []string, stdin io.Reader, o Options) iter.Seq2[Document, error] {
	return files.Read(ctx, paths, stdin, o.MaxBytes)
}

// Identify reads a document as the way in does, and says whose it is: run:ID,
// plan:ID, manifest:HASH, …
func Identify(d Document, o Options) (lineage.Owner, error) {
	_, owner, err := intake.New(nil, intake.Options{Limits: o.Limits()}).Identify(intake.Message{Door: "files", Payload: d.Payload, Name: d.Name})
	return lineage.Owner(owner), err
}

// CountDocuments is how many there are at paths.
func CountDocuments(ctx context.Context, paths []string) int64 { return files.Count(ctx, paths) }
