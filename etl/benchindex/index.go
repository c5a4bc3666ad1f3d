package benchindex

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"wellspring/lineage"
)

//go:embed schema.sql
var schema string

// Schema is what a database needs to hold the index.
func Schema() string { return schema }

// Index is safe for concurrent use. Its errors are *lineage.Error.
type Index struct{ writer, db *sql.DB }

// New returns the index in a database that has its Schema. The writer's
// transactions must begin with a write lock (_txlock=immediate), and be durable
// when they are committed: the pipeline's place in the journal moves on what
// they hold.
func New(writer, reader *sql.DB) *Index { return &Index{writer, reader} }

// Prepare gives a new database what it needs to hold the index.
func (x *Index) Prepare(ctx context.Context) error {
	_, err := x.writer.ExecContext(ctx, schema)
	return failed("prepare bench index", "", err)
}

// Begun reports whether the index was begun. Where it was not, the file is new
// or was lost, and everything is to be read from the journal again.
func (x *Index) Begun(ctx context.Context) (bool, error) {
	var begun bool
	err := x.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM begun)").Scan(&begun)
	return begun, failed("open bench index", "", err)
}

// Begin notes that the index was begun.
func (x *Index) Begin(ctx context.Context, at time.Time) error {
	_, err := x.writer.ExecContext(ctx, "INSERT INTO begun (at) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM begun)", nanos(at))
	return failed("begin bench index", "", err)
}

// Todo returns the owners whose inputs changed since their last projection, in
// the order in which they should be derived again.
func (x *Index) Todo(ctx context.Context) ([]lineage.Owner, error) {
	const op = "read bench index"
	rows, err := x.db.QueryContext(ctx, "SELECT owner FROM todo ORDER BY started_at, owner")
	if err != nil {
		return nil, failed(op, "todo", err)
	}
	defer rows.Close()
	var owners []lineage.Owner
	for rows.Next() {
		var owner lineage.Owner
		if err := rows.Scan(&owner); err != nil {
			return nil, failed(op, "todo", err)
		}
		owners = append(owners, owner)
	}
	return owners, failed(op, "todo", rows.Err())
}

// queryer is a database or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// write runs one transaction.
func (x *Index) write(ctx context.Context, op, id string, change func(*transaction) error) error {
	tx, err := x.writer.BeginTx(ctx, nil)
	if err != nil {
		return failed(op, id, err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := change(&transaction{tx}); err != nil {
		return failed(op, id, err)
	}
	return failed(op, id, tx.Commit())
}

type transaction struct{ *sql.Tx }

func (t *transaction) exec(ctx context.Context, query string, args ...any) error {
	_, err := t.ExecContext(ctx, query, args...)
	return err
}

// texts reads one column of texts.
func texts(ctx context.Context, q queryer, query string, args ...any) ([]string, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

func failed(op, id string, err error) error {
	var told *lineage.Error
	if err == nil || errors.As(err, &told) {
		return err
	}
	e := &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: id, Hint: "look at the disk of the data folder; it goes on by itself", Err: err}
	var said *sqlite.Error
	if errors.As(err, &said) {
		switch said.Code() & 0xff {
		case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_TOOBIG:
			// Still unavailable: what rests on it must wait, not go to the dead letters.
			e.Hint = "this is a fault of the program, and no disk's: report it with the log"
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			e.Hint = "stop the service, remove state.db and start it: it is made again from the journal"
		}
	}
	return e
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func instant(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
