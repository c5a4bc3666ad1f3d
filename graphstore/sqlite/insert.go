package sqlite

import (
	"context"
	"slices"
	"strings"
)

// atOnce is how many rows one statement inserts or looks up.
const atOnce = 64

// table is what rows are inserted into.
type table struct {
	one, many string // statements
	columns   int
}

// intoTable makes the statements. They are such that SQLite need not copy each
// page before it writes there, to take the statement back alone: it would for
// RETURNING, for ON CONFLICT, for several rows unless OR FAIL says that what was
// written stays (a refused row takes the whole transaction along here), and for a
// number that is given.
func intoTable(name string, columns ...string) table {
	row := ", (?" + strings.Repeat(", ?", len(columns)-1) + ")"
	one := "INSERT OR FAIL INTO " + name + " (" + strings.Join(columns, ", ") + ") VALUES" + row[1:]
	return table{one: one, many: one + strings.Repeat(row, atOnce-1), columns: len(columns)}
}

// orIgnore makes the statements pass over rows that are there already.
func (t table) orIgnore() table {
	t.one, t.many = strings.Replace(t.one, "OR FAIL", "OR IGNORE", 1), strings.Replace(t.many, "OR FAIL", "OR IGNORE", 1)
	return t
}

// inserter gathers rows for one table.
type inserter struct {
	table
	w      *writer
	values []any
}

// add adds one row. It is there after flush, at the latest.
func (i *inserter) add(ctx context.Context, values ...any) error {
	i.values = append(i.values, values...)
	if len(i.values) < atOnce*i.columns {
		return nil
	}
	err := i.w.exec(ctx, i.many, i.values...)
	i.values = i.values[:0]
	return err
}

func (i *inserter) flush(ctx context.Context) error {
	for row := range slices.Chunk(i.values, i.columns) {
		if err := i.w.exec(ctx, i.one, row...); err != nil {
			return err
		}
	}
	i.values = i.values[:0]
	return nil
}
