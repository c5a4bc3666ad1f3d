package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"wellspring/ingest/journal"
	"wellspring/ingest/journal/journaltest"
	"wellspring/ingest/journal/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestJournal(t *testing.T) {
	journaltest.Run(t, journaltest.Engine{
		Open: func(dir string, clock func() time.Time) (journaltest.Log, error) {
			return sqlite.Open(dir, sqlite.Options{Clock: clock})
		},
		Damage: flipBit,
	})
}

// flipBit changes one bit in the middle of a record's stored bytes.
func flipBit(t *testing.T, dir string, position journal.Position) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var bytes []byte
	if err := db.QueryRow("SELECT envelope FROM record WHERE position = ?", string(position)).Scan(&bytes); err != nil {
		t.Fatal(err)
	}
	bytes[len(bytes)/2] ^= 1
	if _, err := db.Exec("UPDATE record SET envelope = ? WHERE position = ?", bytes, string(position)); err != nil {
		t.Fatal(err)
	}
}
