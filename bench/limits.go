package bench

import (
	"fmt"

	"wellspring/lineage"
)

// Limits bound what a decoder takes. A zero field means the default.
type Limits struct {
	Bytes int64 // of one document
	Rows  int   // rows of a table, values of a reading, commands that steps become
}

// DefaultLimits take a day of a 1536-well plate reader.
func DefaultLimits() Limits { return Limits{Bytes: 64 << 20, Rows: 1_000_000} }

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Bytes > 0 {
		d.Bytes = l.Bytes
	}
	if l.Rows > 0 {
		d.Rows = l.Rows
	}
	return d
}

// size refuses a document that is empty or too large.
func (l Limits) size(op string, payload []byte) error {
	switch {
	case len(payload) == 0:
		return lineage.Invalid(op, "the document is empty", "give a manifest, a reading or steps")
	case int64(len(payload)) > l.Bytes:
		return tooLarge(op, fmt.Sprintf("document of more than %d bytes", l.Bytes), "split it or raise the limit of bytes")
	}
	return nil
}

func tooManyRows(op string, l Limits) error {
	return tooLarge(op, fmt.Sprintf("document of more than %d rows", l.Rows), "split it or raise the limit of rows")
}

func tooLarge(op, what, hint string) error {
	return &lineage.Error{Op: op, Kind: lineage.ErrorTooLarge, ID: what, Hint: hint}
}
