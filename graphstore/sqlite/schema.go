package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"strconv"

	"wellspring/lineage"
)

// schema/N.sql turns version N-1 into version N.
//
//go:embed schema/*.sql
var schema embed.FS

// viewed is the version from which on there is the view of what holds what, and
// fillViews fills it in a graph that is there already.
const viewed = 5

//go:embed schema/holding.sql
var fillViews string

// version is the schema that this code reads and writes.
const version = 6

// applicationID marks the file as a graph of ours ("wsgr"), in its header.
const applicationID = 0x77736772

// migrate brings the file to version, one step a transaction.
func migrate(ctx context.Context, db *sql.DB) error {
	have, err := fileVersion(ctx, db)
	if err != nil {
		return err
	}
	for next := have + 1; next <= version; next++ {
		if err := step(ctx, db, next); err != nil {
			return fmt.Errorf("migrate to version %d: %w", next, err)
		}
	}
	return nil
}

// fileVersion returns the file's schema version, 0 for a new file.
func fileVersion(ctx context.Context, db *sql.DB) (int, error) {
	var have, application, tables int
	for query, value := range map[string]*int{
		"PRAGMA user_version":                &have,
		"PRAGMA application_id":              &application,
		"SELECT count(*) FROM sqlite_schema": &tables,
	} {
		if err := db.QueryRowContext(ctx, query).Scan(value); err != nil {
			return 0, err
		}
	}
	switch {
	case application == 0 && have == 0 && tables == 0:
		return 0, nil
	case application != applicationID:
		return 0, lineage.Invalid("open graph", "the file", "it is another program's database: choose another path")
	case have > version:
		return 0, lineage.Invalid("open graph", "schema version "+strconv.Itoa(have),
			"a newer Wellspring made this file: use that one, or make the graph again from the journal in a new file")
	}
	return have, nil
}

func step(ctx context.Context, db *sql.DB, next int) error {
	text, err := schema.ReadFile(fmt.Sprintf("schema/%d.sql", next))
	if err != nil {
		return err
	}
	if next == viewed {
		text = append(text, fillViews...)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	// PRAGMA takes no parameters.
	for _, statement := range []string{
		string(text),
		"PRAGMA application_id = " + strconv.Itoa(applicationID),
		"PRAGMA user_version = " + strconv.Itoa(next),
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// FillViews fills the views of a graph whose tables were loaded otherwise than by Apply.
func FillViews(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, fillViews)
	return err
}
