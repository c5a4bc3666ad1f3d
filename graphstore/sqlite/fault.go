package sqlite

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// fault turns what the driver says into a lineage.Error.
func fault(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	var known *lineage.Error
	if errors.As(err, &known) {
		return err
	}
	// An interrupted statement says so in the driver's words.
	if cause := ctx.Err(); cause != nil {
		return graphstore.Interrupted(op, cause)
	}
	e := &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return e
	}
	switch failure.Code() & 0xff {
	case lib.SQLITE_FULL, lib.SQLITE_READONLY, lib.SQLITE_IOERR:
		e.Err = fmt.Errorf("%w: %w", graphstore.ErrNoWrites, err)
	}
	switch failure.Code() & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		e.Kind, e.Hint = lineage.ErrorUnavailable, "another process holds the file: let one process use it"
	case lib.SQLITE_FULL:
		e.Kind, e.Hint = lineage.ErrorUnavailable, "the disk is full: make room"
	case lib.SQLITE_CANTOPEN, lib.SQLITE_READONLY, lib.SQLITE_PERM:
		e.Kind, e.Hint = lineage.ErrorUnavailable, "the file or its folder is missing or can't be written"
	case lib.SQLITE_IOERR:
		e.Kind, e.Hint = lineage.ErrorUnavailable, "the disk failed: see the system's log"
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		e.Hint = "the file is damaged or no graph: make the graph again from the journal in a new file"
	}
	return e
}
