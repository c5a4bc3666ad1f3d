package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wellspring/ingest/journal"
	"wellspring/ingest/journal/journaltest"
	"wellspring/ingest/journal/sqlite"
)

// Each consumer has dead letters of its own, of the same records.
func TestLettersOfConsumers(t *testing.T) {
	log, err := sqlite.Open(t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	if _, err := log.Append(t.Context(), journaltest.Envelope("r", "1", "one"), journaltest.Envelope("r", "2", "two")); err != nil {
		t.Fatal(err)
	}
	records, err := log.Read(t.Context(), "", 2)
	if err != nil {
		t.Fatal(err)
	}
	other := log.LettersOf("other")
	for _, buried := range []error{
		log.Bury(t.Context(), journal.DeadLetter{Record: records[0], Error: "of the first"}),
		other.Bury(t.Context(), journal.DeadLetter{Record: records[0], Error: "of the other"}),
		other.Bury(t.Context(), journal.DeadLetter{Record: records[1], Error: "of the other"}),
		other.Settle(t.Context(), string(records[0].Position), journal.StateRetried),
	} {
		if buried != nil {
			t.Fatal(buried)
		}
	}
	for _, of := range []struct {
		letters journal.DeadLetters
		want    []string
	}{{log, []string{"1 dead of the first 1"}}, {other, []string{"1 retried of the other 2", "2 dead of the other 1"}}} {
		got, err := of.letters.Letters(t.Context(), "", 10)
		if err != nil || len(got) != len(of.want) {
			t.Fatalf("%d letters, want %d: %v", len(got), len(of.want), err)
		}
		for i, l := range got {
			if said := l.ID + " " + l.State + " " + l.Error + " " + string(rune('0'+len(l.History))); said != of.want[i] || l.Record.Envelope.Event.ID() == "" {
				t.Errorf("got %q, want %q with its record", said, of.want[i])
			}
		}
	}
}

// A file of version 2 keeps its letters, and what became of them.
func TestLettersOfVersion2(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"schema.sql", "retention.sql"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(string(text)); err != nil {
			t.Fatal(err)
		}
	}
	_, err = db.Exec(`
		INSERT INTO letter VALUES (7, 'load', 'no store', 'wait', 4, 1000000, 'dropped');
		INSERT INTO letter_turn VALUES (7, 0, 1000000, 'dead', 'load', 'no store', 4), (7, 1, 2000000, 'dropped', '', '', 0);
		PRAGMA user_version = 2`)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	log, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	letter, err := log.Letter(t.Context(), "7")
	if err != nil {
		t.Fatal(err)
	}
	if letter.Error != "no store" || letter.State != journal.StateDropped || len(letter.History) != 2 || !letter.History[1].At.Equal(time.Unix(2, 0)) {
		t.Errorf("%+v", letter)
	}
}

// Retention waits for every consumer but those that it is told not to wait for.
func TestRetainNotWaitedFor(t *testing.T) {
	a := newAging(t)
	done := a.append("old", 2)
	for consumer, at := range map[string]journal.Position{"etl": done, "behind": ""} {
		if err := a.Commit(t.Context(), consumer, at); err != nil {
			t.Fatal(err)
		}
	}
	limit := a.now.Add(time.Hour)
	if err := a.DontWaitFor(t.Context(), "another"); err != nil {
		t.Fatal(err)
	}
	if closed, err := a.Retain(t.Context(), limit); err != nil || len(closed) > 0 {
		t.Fatalf("closed %+v before a consumer was done: %v", closed, err)
	}
	if err := a.DontWaitFor(t.Context(), "behind"); err != nil {
		t.Fatal(err)
	}
	if closed, err := a.Retain(t.Context(), limit); err != nil || len(closed) != 1 {
		t.Errorf("closed %+v, want one segment: %v", closed, err)
	}
}
