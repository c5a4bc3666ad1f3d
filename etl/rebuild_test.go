package etl_test

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wellspring/etl"
	"wellspring/graphstore"
	graphsqlite "wellspring/graphstore/sqlite"
	"wellspring/lineage"
)

func (l *lab) rebuild(o etl.RebuildOptions) etl.Rebuild {
	l.t.Helper()
	report, err := l.pipeline.Rebuild(l.t.Context(), o)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, d := range report.Fsck.Differences {
		l.t.Errorf("fsck after rebuild: %s %s %s: %s %v", d.Kind, d.Owner, d.Position, d.Problem, d.Parts)
	}
	if len(report.Fsck.Unsettled) > 0 {
		l.t.Errorf("fsck after rebuild: unsettled: %v", report.Fsck.Unsettled)
	}
	return report
}

func (l *lab) fresh() graphstore.Store {
	l.t.Helper()
	s, err := graphsqlite.Open(l.t.Context(), filepath.Join(l.t.TempDir(), "fresh.db"), graphsqlite.Options{})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

// sameContent compares what two projections say, not since when.
func sameContent(t *testing.T, name string, want, got lineage.Projection) {
	t.Helper()
	if !cmp.Equal(want, got, cmpopts.IgnoreFields(lineage.Node{}, "CreatedAt"), cmpopts.IgnoreFields(lineage.Edge{}, "CreatedAt"), cmpopts.EquateEmpty()) {
		t.Errorf("%s is another: it had %d nodes and %d edges, now %d and %d", name, len(want.Nodes), len(want.Edges), len(got.Nodes), len(got.Edges))
	}
}

// Whatever was spoiled, the graph, the index and the states are as the journal says.
func TestRebuildInPlace(t *testing.T) {
	for name, running := range map[string]bool{"while the pipeline runs": true, "alone": false} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, nil)
			l.start()
			all := story(t)
			for _, name := range slices.Sorted(maps.Keys(all)) {
				l.tell(all[name])
			}
			want := l.parts(all)
			l.halt()
			n := lineage.Node{ID: lineage.NewID(lineage.KindLot, "made up"), Kind: lineage.KindLot, Name: "made up"}
			for _, p := range []lineage.Projection{
				{Owner: "run:made-up", Nodes: []lineage.Node{n}},
				{Owner: "measurement:1"},
			} {
				if _, err := l.store.Apply(t.Context(), p, time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			l.execute("graph.db", `UPDATE node SET name = 'tampered' WHERE kind = 'Run' AND run = ?`, stockRun)
			l.execute("state.db", `DELETE FROM processing WHERE owner = 'measurement:1'`)
			l.execute("state.db", `UPDATE run SET inputs = x'00' WHERE run = ?`, assayRun)
			if err := l.states.Put(t.Context(), etl.Processing{ID: "x", Owner: "run:nobody", Status: etl.Done}); err != nil {
				t.Fatal(err)
			}
			if running {
				l.build()
				l.start()
				l.quiet()
			}
			if report := l.rebuild(etl.RebuildOptions{}); report.Retracted != 1 || report.Owners != len(all) {
				t.Errorf("%d owners made, %d retracted", report.Owners, report.Retracted)
			}
			for name, p := range l.parts(all) {
				sameContent(t, name, want[name], p)
			}
		})
	}
}

// A graph made from nothing is the same graph, and its history is that of the journal.
func TestRebuildIntoAnother(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	all := story(t)
	told := []string{"stock", "assay", "manifest", "plan", "reading", "correction"}
	for _, name := range told {
		l.tell(all[name])
	}
	into := l.fresh()
	report := l.rebuild(etl.RebuildOptions{Into: into})
	if report.Owners != len(told) || report.Fsck.Nodes < 100 {
		t.Errorf("%+v", report)
	}
	for name, e := range all {
		want := l.owned(lineage.Owner(e.Event.Subject()))
		got, err := into.Owned(t.Context(), want.Owner)
		if err != nil {
			t.Fatal(err)
		}
		sameContent(t, name, want, got)
	}
}

// While the graph is made again, documents come in; they are in what was made.
func TestRebuildSwapsWhileDocumentsComeIn(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	all := story(t)
	l.tell(all["stock"])
	into, swapped := l.fresh(), false
	before := l.store.Store
	defer func() { l.store.Store = before }() // the lab closes what it opened
	report := l.rebuild(etl.RebuildOptions{
		Into: into,
		Progress: func(p etl.FsckProgress) {
			if p.Step == "derive" { // in the midst of it
				if _, err := l.journal.Append(t.Context(), all["assay"], all["reading"]); err != nil {
					t.Error(err)
				}
			}
		},
		Swap: func(context.Context) error {
			swapped = true
			l.store.mu.Lock()
			defer l.store.mu.Unlock()
			l.store.Store = into
			return nil
		},
	})
	l.quiet()
	if !swapped || report.Owners < 3 {
		t.Errorf("swapped: %t, owners: %d", swapped, report.Owners)
	}
	l.check()
}

// A processing whose end was not written down, as after a power cut, is taken up
// with all that the journal has, not with what its last one covered.
func TestTakeUpCoversAll(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	all := story(t)
	l.tell(all["stock"])
	l.halt()
	state, err := l.states.Get(t.Context(), "run:"+stockRun)
	if err != nil {
		t.Fatal(err)
	}
	again := all["stock"]
	again.Event.SetID("again")
	again.Hash = "again"
	receipts, err := l.journal.Append(t.Context(), again)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.journal.Commit(t.Context(), etl.Consumer, receipts[0].Position); err != nil {
		t.Fatal(err)
	}
	state.Status, state.EndedAt = etl.Running, nil
	if err := l.states.Put(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	l.build()
	l.start()
	l.quiet()
	l.check()
}
