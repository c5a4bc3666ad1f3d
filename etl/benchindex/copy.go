package benchindex

import (
	"context"
	"database/sql"
	"errors"
)

// tables are those of the schema.
var tables = [...]string{"begun", "declaration", "run", "plate", "plan", "reading", "reading_plate", "todo"}

// CopyInto makes the index in another database what this one is, in one
// transaction. Nobody may write to this one meanwhile.
func (x *Index) CopyInto(ctx context.Context, other *sql.DB) (err error) {
	const op = "copy bench index"
	var number int
	var name, file string
	if err := x.db.QueryRowContext(ctx, "PRAGMA database_list").Scan(&number, &name, &file); err != nil {
		return failed(op, "", err)
	}
	conn, err := other.Conn(ctx)
	if err != nil {
		return failed(op, file, err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "ATTACH ? AS fresh", file); err != nil {
		return failed(op, file, err)
	}
	defer func() {
		_, detached := conn.ExecContext(context.WithoutCancel(ctx), "DETACH fresh")
		err = errors.Join(err, failed(op, file, detached))
	}()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return failed(op, file, err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, table := range tables {
		if _, err := tx.ExecContext(ctx, "DELETE FROM main."+table); err != nil {
			return failed(op, table, err)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO main."+table+" SELECT * FROM fresh."+table); err != nil {
			return failed(op, table, err)
		}
	}
	return failed(op, file, tx.Commit())
}
