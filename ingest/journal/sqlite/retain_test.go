package sqlite_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/archive"
	"wellspring/ingest/journal"
	"wellspring/ingest/journal/journaltest"
	"wellspring/ingest/journal/sqlite"
)

// aging is a journal whose clock a test sets.
type aging struct {
	*sqlite.Journal
	t   *testing.T
	dir string
	now time.Time
}

func newAging(t *testing.T) *aging {
	a := &aging{t: t, dir: t.TempDir(), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	a.open()
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func (a *aging) open() {
	a.t.Helper()
	var err error
	if a.Journal, err = sqlite.Open(a.dir, sqlite.Options{Clock: func() time.Time { return a.now }}); err != nil {
		a.t.Fatal(err)
	}
}

// append appends n envelopes of a run, a day after what came before.
func (a *aging) append(run string, n int) (last journal.Position) {
	a.t.Helper()
	a.now = a.now.Add(24 * time.Hour)
	for i := range n {
		receipts, err := a.Append(a.t.Context(), journaltest.Envelope(run, fmt.Sprintf("%s-%d", run, i), strings.Repeat(run, 100)))
		if err != nil {
			a.t.Fatal(err)
		}
		last = receipts[0].Position
	}
	return last
}

// all is what the journal says of everything.
func (a *aging) all() (records []journal.Record) {
	a.t.Helper()
	for after := journal.Position(""); ; {
		behind, _, err := a.Lag(a.t.Context(), after)
		if err != nil {
			a.t.Fatal(err)
		}
		if behind == 0 {
			return records
		}
		page, err := a.Read(a.t.Context(), after, 2)
		if err != nil {
			a.t.Fatal(err)
		}
		records = append(records, page...)
		after = page[len(page)-1].Position
	}
}

func (a *aging) retain(before time.Time) []journal.Segment {
	a.t.Helper()
	segments, err := a.Retain(a.t.Context(), before)
	if err != nil {
		a.t.Fatal(err)
	}
	return segments
}

func TestRetain(t *testing.T) {
	a := newAging(t)
	a.append("old", 3)
	dead := a.append("dead", 1)
	a.append("heard-of-again", 1)
	a.append("old-too", 2)
	limit := a.now.Add(time.Hour)
	a.append("young", 1)
	done := a.append("heard-of-again", 2)
	a.append("not-processed", 1)
	before := a.all()
	record := before[3]
	if err := a.Bury(t.Context(), journal.DeadLetter{ID: string(dead), Record: record, State: journal.StateDead, DiedAt: a.now}); err != nil {
		t.Fatal(err)
	}

	if got := a.retain(a.now.Add(time.Hour)); len(got) != 0 {
		t.Fatalf("nobody has processed anything, and it closed %+v", got)
	}
	if err := a.Commit(t.Context(), "etl", done); err != nil {
		t.Fatal(err)
	}
	if all, err := a.Retainable(t.Context(), limit); err != nil || all.Records != 5 || all.Subjects != 2 || all.Bytes < 500 {
		t.Errorf("retainable are %+v, %v; want the five records of old and old-too", all, err)
	}
	closed := a.retain(limit)
	if len(closed) != 1 || closed[0].Records != 5 || closed[0].Subjects != 2 || !closed[0].Present {
		t.Fatalf("closed %+v, want the five records of old and old-too", closed)
	}
	if got := a.retain(limit); len(got) != 0 {
		t.Errorf("closed twice: %+v", got)
	}
	if all, err := a.Retainable(t.Context(), limit); err != nil || all != (journal.Retainable{}) {
		t.Errorf("retainable are %+v, %v; want nothing more", all, err)
	}

	same := func(when string) {
		t.Helper()
		if diff := cmp.Diff(said(before), said(a.all())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
		if records, err := a.Subject(t.Context(), "run:old"); err != nil || len(records) != 3 {
			t.Errorf("%s: %d records of run:old, %v", when, len(records), err)
		}
		if wrong, err := a.Check(t.Context()); err != nil || len(wrong) > 0 {
			t.Errorf("%s: %v, %v", when, wrong, err)
		}
	}
	same("with the segment")
	receipts, err := a.Append(t.Context(), journaltest.Envelope("old", "old-0", strings.Repeat("old", 100)))
	if err != nil || !receipts[0].Duplicate || receipts[0].Position != "1" {
		t.Errorf("what was put aside is known as a duplicate: %+v, %v", receipts, err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a.open()
	same("after a restart")

	// The file is what it says, for anybody with gzip.
	file := filepath.Join(a.dir, archive.Dir, closed[0].Name)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(z); err != nil || bytes.Count(plain, []byte(`"subject":"run:old`)) < 5 {
		t.Errorf("%v: %.300s", err, plain)
	}

	spoiled := bytes.Clone(text)
	spoiled[len(spoiled)/2] ^= 1
	for name, spoil := range map[string]func() error{
		"moved away": func() error { return os.Remove(file) },
		"changed":    func() error { return os.WriteFile(file, spoiled, 0o600) },
		"cut":        func() error { return os.WriteFile(file, text[:len(text)/2], 0o600) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		_, one := a.Subject(t.Context(), "run:old")
		_, two := a.Subject(t.Context(), "run:old-too")
		if !journal.IsArchived(one) && !journal.IsArchived(two) {
			t.Errorf("%s: %v, %v", name, one, two)
		}
		if records, err := a.Subject(t.Context(), "run:young"); err != nil || len(records) != 1 {
			t.Errorf("%s: others are readable: %v", name, err)
		}
		if wrong, err := a.Check(t.Context()); err != nil || len(wrong) != 1 || !strings.Contains(wrong[0], closed[0].Name) {
			t.Errorf("%s: the check says %q, %v", name, wrong, err)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		same("once it is back, having been " + name)
	}
}

// said is what records say, to be compared.
func said(records []journal.Record) (all []string) {
	for _, r := range records {
		all = append(all, fmt.Sprint(r.Position, r.AppendedAt, r.Envelope.Hash, r.Envelope.Event))
	}
	return all
}
