package etl_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wellspring/ingest"
	"wellspring/ingest/journal"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/internal/testruns"
	"wellspring/lineage"
)

// fragments are a run in pieces, each an envelope.
func fragments(run testruns.Record) []ingest.Envelope {
	pieces := [][]byte{run.Begin()}
	for at := 0; at < len(run.Commands); at += 10 {
		pieces = append(pieces, run.Part(at, min(at+10, len(run.Commands))))
	}
	var all []ingest.Envelope
	for i, piece := range append(pieces, run.End()) {
		e := document(ingest.TypeRun, "run:"+run.ID, piece)
		e.Event.SetID(run.ID + "-" + string(rune('a'+i)))
		e.Hash = e.Event.ID()
		all = append(all, e)
	}
	return all
}

// A record is damaged in the midst of a run, before it was processed: it is named
// among the dead letters, the others are processed, and the run says that
// commands are missing.
func TestARecordDamagedWithinARun(t *testing.T) {
	l := newLab(t, nil)
	run := testruns.New(testruns.Normalize, "torn", 50)
	if _, err := l.journal.Append(t.Context(), fragments(run)...); err != nil {
		t.Fatal(err)
	}
	l.execute("journal.db", `UPDATE record SET envelope = CAST(substr(envelope, 1, 300) AS BLOB) WHERE position = 4`)
	l.start()
	if err := l.pipeline.Quiet(t.Context()); err != nil {
		t.Fatal(err)
	}
	letters := l.letters()
	if len(letters) != 1 || letters[0].Record.Position != journal.Position("4") {
		t.Fatalf("the dead letters are %+v, want the damaged record 4", letters)
	}
	owned := l.owned("run:torn")
	var complete, said bool
	for _, n := range owned.Nodes {
		if n.Kind == lineage.KindRun {
			complete, _ = n.Attributes["complete"].(bool)
		}
		content, _ := n.Attributes["content"].(string)
		said = said || n.Kind == lineage.KindDataset && strings.Contains(content, `"commands-missing"`)
	}
	if len(owned.Nodes) == 0 || complete || !said {
		t.Errorf("%d nodes; complete: %t; commands-missing: %t", len(owned.Nodes), complete, said)
	}
	report := l.fsck()
	if len(report.Differences) != 1 || report.Differences[0].Position != journal.Position("4") {
		t.Errorf("fsck: %+v, want the damaged record 4 alone", report.Differences)
	}
}

// The clock jumps an hour back between two documents: the journal's time does not,
// and everything is as if it had not.
func TestTheClockJumpsBack(t *testing.T) {
	var back atomic.Int64 // ns
	l := newLab(t, nil)
	if err := l.journal.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if l.journal, err = journalsqlite.Open(l.dir, journalsqlite.Options{Clock: func() time.Time { return time.Now().Add(-time.Duration(back.Load())) }}); err != nil {
		t.Fatal(err)
	}
	l.build()
	l.start()
	all := fragments(testruns.New(testruns.Normalize, "back", 50))
	for i, e := range all {
		if i == len(all)/2 {
			back.Store(int64(time.Hour))
		}
		l.tell(e)
	}
	l.check()
	records, err := l.journal.Subject(t.Context(), "run:back")
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(records); i++ {
		if records[i].AppendedAt.Before(records[i-1].AppendedAt) {
			t.Errorf("record %s is before the one before it", records[i].Position)
		}
	}
}
