package journaltest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"wellspring/ingest"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

func testOrder(t *testing.T, engine Engine) {
	log := engine.open(t, t.TempDir())
	want := envelopes("r", 25)
	var receipts []journal.Receipt
	for chunk := range slices.Chunk(want, 4) {
		receipts = append(receipts, appendAll(t, log, chunk...)...)
	}
	for _, portion := range []int{1, 3, 25, 1000} {
		records := readAll(t, log, "", len(want), portion)
		equal(t, "records", want, contents(records))
		for i, r := range records {
			if r.Position != receipts[i].Position {
				t.Fatalf("record %d is at %q, its receipt said %q", i, r.Position, receipts[i].Position)
			}
		}
	}
	equal(t, "records after the tenth", want[10:], contents(readAll(t, log, receipts[9].Position, 15, 4)))
}

func testSubject(t *testing.T, engine Engine) {
	log := engine.open(t, t.TempDir())
	a, b := envelopes("a", 9), envelopes("b", 9)
	for i := range a {
		appendAll(t, log, b[i], a[i])
	}
	records, err := log.Subject(t.Context(), "run:a")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "records of run:a", a, contents(records))
	records, err = log.Subject(t.Context(), "run:none")
	if err != nil || len(records) != 0 {
		t.Errorf("of a subject that there is none of: %d records, %v", len(records), err)
	}
}

func testDuplicates(t *testing.T, engine Engine) {
	log := engine.open(t, t.TempDir())
	first := Envelope("r", "1", "first")
	other := Envelope("r", "2", "first") // another id, the same content
	corrected := Envelope("r", "1", "corrected")
	elsewhere := Envelope("r", "1", "first")
	elsewhere.Event.SetSource("/robots/OT2CEP2")

	receipts := appendAll(t, log, first, other, first, corrected, elsewhere)
	again := appendAll(t, log, elsewhere, corrected, other, first)
	want := []journal.Receipt{
		{Position: receipts[0].Position}, {Position: receipts[1].Position},
		{Position: receipts[0].Position, Duplicate: true}, {Position: receipts[3].Position}, {Position: receipts[4].Position},
	}
	equal(t, "receipts", want, receipts)
	equal(t, "receipts of the second time", []journal.Receipt{
		{Position: receipts[4].Position, Duplicate: true}, {Position: receipts[3].Position, Duplicate: true},
		{Position: receipts[1].Position, Duplicate: true}, {Position: receipts[0].Position, Duplicate: true},
	}, again)
	appendAll(t, log, Envelope("r", "end", "end"))
	equal(t, "ids in the journal", []string{"1", "2", "1", "1", "end"}, ids(readAll(t, log, "", 5, 100)))
}

// An envelope that can't be kept keeps its companions out too, and harms nobody else.
func testRefusal(t *testing.T, engine Engine) {
	log := engine.open(t, t.TempDir())
	nameless := Envelope("r", "", "no id")
	if _, err := log.Append(t.Context(), Envelope("r", "1", "good"), nameless); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Fatalf("appending an invalid event: %v, want kind invalid", err)
	}
	appendAll(t, log, Envelope("r", "2", "good"))
	equal(t, "ids in the journal", []string{"2"}, ids(readAll(t, log, "", 1, 100)))
	if receipts, err := log.Append(t.Context()); err != nil || len(receipts) != 0 {
		t.Errorf("appending nothing: %v, %v", receipts, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := log.Append(ended, Envelope("r", "3", "late")); !errors.Is(err, context.Canceled) {
		t.Errorf("appending under an ended context: %v", err)
	}
}

// Many writers at once: each one's records are there once, in its order.
func testWriters(t *testing.T, engine Engine) {
	const writers, each = 32, 20
	log := engine.open(t, t.TempDir())
	group, ctx := errgroup.WithContext(t.Context())
	for w := range writers {
		group.Go(func() error {
			run := fmt.Sprintf("w%d", w)
			for i, e := range envelopes(run, each) {
				batch := []ingest.Envelope{e}
				if i%5 == 0 {
					batch = append(batch, Envelope("shared", fmt.Sprint(i), "the same from all"))
				}
				if _, err := log.Append(ctx, batch...); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	records := readAll(t, log, "", writers*each+each/5, 100)
	seen := make(map[string][]string)
	for _, r := range records {
		subject := r.Envelope.Event.Subject()
		seen[subject] = append(seen[subject], r.Envelope.Event.ID())
	}
	for w := range writers {
		run := fmt.Sprintf("w%d", w)
		want := make([]string, each)
		for i := range want {
			want[i] = fmt.Sprintf("%s-%d", run, i)
		}
		equal(t, "ids of "+run, want, seen["run:"+run])
	}
	equal(t, "ids of what all sent", []string{"0", "10", "15", "5"}, slices.Sorted(slices.Values(seen["run:shared"])))
	if lag, _, err := log.Lag(t.Context(), records[len(records)-1].Position); lag != 0 || err != nil {
		t.Errorf("%d records too many, %v", lag, err)
	}
}

func testWaitingRead(t *testing.T, engine Engine) {
	log := engine.open(t, t.TempDir())
	type answer struct {
		ids []string
		err error
	}
	read := func(ctx context.Context, after journal.Position) <-chan answer {
		out := make(chan answer, 1)
		go func() {
			records, err := log.Read(ctx, after, 10)
			out <- answer{ids(records), err}
		}()
		return out
	}
	// Whether the read or the append comes first, the read answers.
	var last journal.Position
	for i := range 50 {
		waiting := read(t.Context(), last)
		last = appendAll(t, log, Envelope("r", fmt.Sprint(i), "x"))[0].Position
		got := <-waiting
		if got.err != nil {
			t.Fatal(got.err)
		}
		equal(t, "what a waiting read got", []string{fmt.Sprint(i)}, got.ids)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	waiting := read(ctx, last)
	cause := errors.New("enough")
	cancel(cause)
	if got := <-waiting; !errors.Is(got.err, cause) {
		t.Errorf("a read whose context ends: %v, want %v", got.err, cause)
	}
	if _, err := log.Read(t.Context(), "no position of ours", 1); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("reading after a place that is none: %v, want kind invalid", err)
	}
	if _, err := log.Read(t.Context(), "", 0); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("reading no records: %v, want kind invalid", err)
	}
}

// The journal's time follows the clock forward and never back, through a restart too.
func testTime(t *testing.T, engine Engine) {
	dir, now := t.TempDir(), start
	clock := func() time.Time { return now }
	log := engine.openAt(t, dir, clock)
	appendAll(t, log, Envelope("r", "1", ""))
	now = start.Add(time.Hour)
	appendAll(t, log, Envelope("r", "2", ""))
	now = start
	appendAll(t, log, Envelope("r", "3", ""))
	closeLog(t, log)
	log = engine.openAt(t, dir, clock)
	appendAll(t, log, Envelope("r", "4", ""))
	now = start.Add(2 * time.Hour)
	appendAll(t, log, Envelope("r", "5", ""))
	var got []time.Duration
	for _, r := range readAll(t, log, "", 5, 10) {
		got = append(got, r.AppendedAt.Sub(start))
	}
	equal(t, "appended at, from the start", []time.Duration{0, time.Hour, time.Hour, time.Hour, 2 * time.Hour}, got)
}

func testReopen(t *testing.T, engine Engine) {
	dir := t.TempDir()
	want := envelopes("r", 10)
	var before []journal.Record
	for i := range want {
		log := engine.open(t, dir)
		appendAll(t, log, want[i])
		before = readAll(t, log, "", i+1, 100)
		closeLog(t, log)
	}
	log := engine.open(t, dir)
	if receipt := appendAll(t, log, want[3])[0]; !receipt.Duplicate {
		t.Error("a duplicate was not known again after a restart")
	}
	equal(t, "records after a restart", before, readAll(t, log, "", 10, 3))
}

func testConsumers(t *testing.T, engine Engine) {
	dir := t.TempDir()
	log := engine.open(t, dir)
	receipts := appendAll(t, log, envelopes("r", 5)...)
	committed := func(consumer string, want journal.Position) {
		t.Helper()
		got, err := log.Committed(t.Context(), consumer)
		if err != nil || got != want {
			t.Errorf("committed of %s: %q, %v, want %q", consumer, got, err, want)
		}
	}
	commit := func(consumer string, at journal.Position) {
		t.Helper()
		if err := log.Commit(t.Context(), consumer, at); err != nil {
			t.Fatal(err)
		}
	}
	committed("etl", "")
	commit("etl", receipts[1].Position)
	commit("audit", receipts[4].Position)
	commit("etl", receipts[2].Position)
	committed("etl", receipts[2].Position)
	closeLog(t, log)
	log = engine.open(t, dir)
	committed("etl", receipts[2].Position)
	committed("audit", receipts[4].Position)
	commit("etl", "") // begin again
	committed("etl", "")
	if err := log.Commit(t.Context(), "etl", "no position of ours"); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("committing a place that is none: %v, want kind invalid", err)
	}
	if err := log.Commit(t.Context(), "", receipts[0].Position); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("committing for nobody: %v, want kind invalid", err)
	}
}

func testLag(t *testing.T, engine Engine) {
	now := start
	log := engine.openAt(t, t.TempDir(), func() time.Time { return now })
	check := func(after journal.Position, records int64, oldest time.Duration) {
		t.Helper()
		gotRecords, gotOldest, err := log.Lag(t.Context(), after)
		if err != nil || gotRecords != records || gotOldest != oldest {
			t.Errorf("lag after %q: %d records, %v, %v, want %d, %v", after, gotRecords, gotOldest, err, records, oldest)
		}
	}
	check("", 0, 0)
	var positions []journal.Position
	for _, e := range envelopes("r", 4) {
		positions = append(positions, appendAll(t, log, e)[0].Position)
		now = now.Add(time.Minute)
	}
	check("", 4, 4*time.Minute)
	check(positions[2], 1, time.Minute)
	check(positions[3], 0, 0)
	now = start // the clock went back
	check(positions[2], 1, 0)
}

func testClosed(t *testing.T, engine Engine) {
	log := engine.open(t, t.TempDir())
	last := appendAll(t, log, Envelope("r", "1", ""))[0].Position
	waiting := make(chan error, 1)
	go func() {
		_, err := log.Read(t.Context(), last, 1)
		waiting <- err
	}()
	closeLog(t, log)
	if err := <-waiting; lineage.KindOf(err) != lineage.ErrorUnavailable {
		t.Errorf("a read that waits while the journal is closed: %v, want kind unavailable", err)
	}
	_, err := log.Append(t.Context(), Envelope("r", "2", ""))
	if lineage.KindOf(err) != lineage.ErrorUnavailable {
		t.Errorf("append after close: %v, want kind unavailable", err)
	}
	if err := log.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}
