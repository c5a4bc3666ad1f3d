package sqlite

import (
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// insertRows are how many rows one statement inserts; the last must be 1.
var insertRows = [...]int{64, 16, 4, 1}

// errRepeated says that one of several rows that were inserted together was there.
var errRepeated = errors.New("a record is there already")

// insertNew appends the rows of tasks, many by one statement, if none of them was
// there: that costs least. Else it fails with errRepeated, and the transaction has to
// go. SQLite gives a record the position after the last.
//
// OR FAIL, because what was written before a refused row goes with the transaction:
// otherwise SQLite would copy each page before it writes there.
func (t *transaction) insertNew(batch []*task) error {
	var values []any
	for _, task := range batch {
		for i, r := range task.rows {
			t.position++
			at := t.now()
			values = append(values, r.source, r.id, r.hash, r.subject, at, seal(r.checksum, t.position, at), r.envelope)
			task.receipts[i].Position = format(t.position)
		}
	}
	if len(values) == 0 {
		return nil
	}
	const columns = 7
	for _, n := range insertRows {
		for len(values) >= n*columns {
			err := t.exec(`INSERT OR FAIL INTO record (source, id, hash, subject, appended_at, checksum, envelope)
				VALUES (?, ?, ?, ?, ?, ?, ?)`+strings.Repeat(", (?, ?, ?, ?, ?, ?, ?)", n-1), values[:n*columns]...)
			if err != nil {
				return repeated(err)
			}
			values = values[n*columns:]
		}
	}
	var last int64
	if err := t.find("SELECT max(position) FROM record", nil, &last); err != nil {
		return err
	}
	if last != t.position {
		t.broken = fmt.Errorf("the last record has the position %d, not %d", last, t.position)
	}
	return t.broken
}

func repeated(err error) error {
	var s *sqlite.Error
	if errors.As(err, &s) && s.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE {
		return errRepeated
	}
	return err
}

// insertEach appends the rows of a task that were not there, and reports whether any
// was.
func (t *transaction) insertEach(task *task) (repeats bool, err error) {
	for i, r := range task.rows {
		position, at := t.position+1, t.now()
		changed, err := t.change(`
			INSERT INTO record (position, source, id, hash, subject, appended_at, checksum, envelope)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, id, hash) DO NOTHING`,
			position, r.source, r.id, r.hash, r.subject, at, seal(r.checksum, position, at), r.envelope)
		if err != nil {
			return repeats, err
		}
		known := changed == 0
		if known {
			err := t.find("SELECT position FROM record WHERE source = ? AND id = ? AND hash = ?", []any{r.source, r.id, r.hash}, &position)
			if err != nil {
				return repeats, err
			}
		} else {
			t.position = position
		}
		task.receipts[i].Position, task.receipts[i].Duplicate = format(position), known
		repeats = repeats || known
	}
	return repeats, nil
}
