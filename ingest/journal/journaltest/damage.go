package journaltest

import (
	"testing"

	"wellspring/ingest/journal"
)

// A damaged record is found and named; the rest stays readable.
func testDamage(t *testing.T, engine Engine) {
	dir := t.TempDir()
	log := engine.open(t, dir)
	receipts := appendAll(t, log, envelopes("r", 5)...)
	closeLog(t, log)
	engine.Damage(t, dir, receipts[2].Position)
	log = engine.open(t, dir)

	equal(t, "records before the damage", []string{"r-0", "r-1"}, ids(readAll(t, log, "", 2, 100)))
	_, err := log.Read(t.Context(), receipts[1].Position, 100)
	at, damaged := journal.DamagedAt(err)
	if !damaged || at != receipts[2].Position {
		t.Fatalf("reading a damaged record: %v, want *journal.Damaged at %s", err, receipts[2].Position)
	}
	equal(t, "records after the damage", []string{"r-3", "r-4"}, ids(readAll(t, log, at, 2, 100)))

	records, err := log.Subject(t.Context(), "run:r")
	if at, damaged := journal.DamagedAt(err); !damaged || at != receipts[2].Position {
		t.Errorf("reading the subject of a damaged record: %v, want *journal.Damaged at %s", err, receipts[2].Position)
	}
	equal(t, "the subject's other records", []string{"r-0", "r-1", "r-3", "r-4"}, ids(records))
	appendAll(t, log, Envelope("r", "new", ""))
	equal(t, "records appended after the damage", []string{"new"}, ids(readAll(t, log, receipts[4].Position, 1, 100)))
}

func testDamagedLetter(t *testing.T, engine Engine) {
	dir := t.TempDir()
	log := engine.open(t, dir)
	receipts := appendAll(t, log, envelopes("r", 2)...)
	closeLog(t, log)
	engine.Damage(t, dir, receipts[0].Position)
	log = engine.open(t, dir)
	record := journal.Record{Position: receipts[0].Position}
	bury(t, log, journal.DeadLetter{Record: record, Stage: "extract", Error: "damaged", DiedAt: start})
	letters, err := log.Letters(t.Context(), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "letters", []journal.DeadLetter{{
		ID: string(record.Position), Record: record, Stage: "extract", Error: "damaged", DiedAt: start, State: journal.StateDead,
		History: []journal.Turn{{At: start, State: journal.StateDead, Stage: "extract", Error: "damaged"}},
	}}, letters)
}

func bury(t *testing.T, log Log, letter journal.DeadLetter) {
	t.Helper()
	if err := log.Bury(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
}
