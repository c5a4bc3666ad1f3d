package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/ingest/journal"
	"wellspring/ingest/journal/journaltest"
	"wellspring/ingest/journal/sqlite"
)

// A large envelope is stored compressed, and comes back as it was: from the journal and
// from a segment.
func TestLargeRecord(t *testing.T) {
	a := newAging(t)
	body := strings.Repeat("aspirate 20 uL; ", 200_000)
	long := func(id string) journal.Position {
		e := journaltest.Envelope("long", id, body)
		e.Hash = "hash of " + id
		receipts, err := a.Append(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		return receipts[0].Position
	}
	at := long("1")
	db, err := sql.Open("sqlite", filepath.Join(a.dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var stored int
	if err := db.QueryRow("SELECT length(envelope) FROM record").Scan(&stored); err != nil || stored > len(body)/20 {
		t.Errorf("%d bytes are stored of %d: %v", stored, len(body), err)
	}
	want := a.all()
	if !strings.Contains(string(want[0].Envelope.Event.Data()), body) {
		t.Errorf("%d bytes came back", len(want[0].Envelope.Event.Data()))
	}
	if err := a.Commit(t.Context(), "etl", at); err != nil {
		t.Fatal(err)
	}
	if closed := a.retain(a.now.Add(time.Hour)); len(closed) != 1 {
		t.Fatalf("closed %+v", closed)
	}
	if diff := cmp.Diff(said(want), said(a.all())); diff != "" {
		t.Errorf("from the segment (-want +got):\n%s", diff)
	}
	next := long("2")
	flipBit(t, a.dir, next)
	_, err = a.Read(t.Context(), at, 1)
	if place, damaged := journal.DamagedAt(err); !damaged || place != next {
		t.Errorf("of a damaged record: %v", err)
	}
}
