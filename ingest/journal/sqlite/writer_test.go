package sqlite

import (
	"errors"
	"testing"

	"wellspring/ingest/journal/journaltest"
)

// A transaction that failed for a reason that SQLite did not roll back for is over
// all the same: the next one writes.
func TestWriterGoesOnAfterAFailure(t *testing.T) {
	j, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Commit(t.Context(), "first of all", ""); err != nil {
		t.Fatalf("a batch that appends nothing to an empty journal: %v", err)
	}
	failure := errors.New("no")
	err = j.writer.do(t.Context(), "fail", func(t *transaction) error {
		t.broken = errors.Join(t.exec("DELETE FROM consumer"), failure)
		return nil
	})
	if !errors.Is(err, failure) {
		t.Fatal(err)
	}
	if _, err := j.Append(t.Context(), journaltest.Envelope("run", "1", "one")); err != nil {
		t.Error(err)
	}
	var consumers int
	if err := j.reads.QueryRow("SELECT count(*) FROM consumer").Scan(&consumers); err != nil || consumers != 1 {
		t.Errorf("%d consumers, %v: what failed is not taken back", consumers, err)
	}
}
