package sqlite

import (
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"wellspring/lineage"
)

// failed says what a caller can do about an error of SQLite.
func failed(op, id string, err error) error {
	e := &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: id, Hint: "look at the disk of the data folder; it goes on by itself", Err: err}
	var s *sqlite.Error
	if errors.As(err, &s) {
		switch s.Code() & 0xff { // the primary result code
		case sqlite3.SQLITE_FULL:
			e.Hint = "make room on the disk of the data folder; it goes on by itself"
		case sqlite3.SQLITE_TOOBIG:
			e.Kind, e.Hint = lineage.ErrorTooLarge, "split the document"
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			e.Kind, e.Hint = lineage.ErrorInternal, "the file is damaged: restore a backup"
		case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
			e.Hint = "name a data folder that can be written"
		}
	}
	return e
}

func closed(op string) error {
	return &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: "journal", Hint: "the service is stopping: send it again", Err: errors.New("closed")}
}
