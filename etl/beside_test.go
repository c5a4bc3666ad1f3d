package etl_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wellspring/etl"
	"wellspring/etl/statesqlite"
	graphsqlite "wellspring/graphstore/sqlite"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// beside is a second pipeline on the lab's journal, with a graph and a place of its own.
type beside struct {
	*etl.Pipeline
	graph   *graphsqlite.Store
	letters journal.DeadLetters
	start   func()
}

func (l *lab) beside(configure func(*etl.Config)) *beside {
	l.t.Helper()
	dir := l.t.TempDir()
	states, err := statesqlite.Open(l.t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		l.t.Fatal(err)
	}
	graph, err := graphsqlite.Open(l.t.Context(), filepath.Join(dir, "graph.db"), graphsqlite.Options{})
	if err != nil {
		l.t.Fatal(err)
	}
	b := &beside{graph: graph, letters: l.journal.LettersOf("second")}
	config := etl.Config{
		Journal: l.journal, DeadLetters: b.letters, Store: graph, States: states, CodeVersion: "test",
		Consumer: "second", Window: time.Minute, Logger: slog.New(slog.DiscardHandler),
	}
	if configure != nil {
		configure(&config)
	}
	if b.Pipeline, err = etl.New(config); err != nil {
		l.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	close(ended) // until it begins
	b.start = func() {
		ended = make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
	}
	l.t.Cleanup(func() {
		stop()
		for _, err := range []error{<-ended, graph.Close(context.Background()), states.Close()} {
			if err != nil {
				l.t.Error(err)
			}
		}
	})
	return b
}

func (l *lab) compare(b *beside) etl.Fsck {
	l.t.Helper()
	report, err := l.pipeline.Compare(l.t.Context(), b.Pipeline, etl.FsckOptions{})
	if err != nil {
		l.t.Fatal(err)
	}
	return report
}

// A second graph is filled from the beginning, in the background and with dead letters
// of its own, and is what the first is.
func TestASecondGraphIsFilledAndCompared(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	for _, envelope := range story(t) {
		l.tell(envelope)
	}
	dead := l.take([]byte("{"))
	if _, err := l.settle(dead); err == nil {
		t.Fatal("what is cut was processed")
	}
	b := l.beside(nil)
	if _, err := l.pipeline.Compare(t.Context(), b.Pipeline, etl.FsckOptions{Patience: time.Millisecond}); lineage.KindOf(err) != lineage.ErrorConflict || !strings.Contains(err.Error(), "0 of ") {
		t.Errorf("compared with a graph that is behind: %v", err)
	}
	b.start()
	if err := b.Quiet(t.Context()); err != nil {
		t.Fatal(err)
	}
	report := l.compare(b)
	for _, d := range report.Differences {
		t.Errorf("%s: %s %q", d.Owner, d.Problem, d.Parts)
	}
	first := l.check()
	if report.Owners != first.Owners-1 || report.Nodes != first.Nodes || report.Edges != first.Edges || report.Records != first.Records || len(report.Unsettled) > 0 || report.DeadLetters != 1 {
		t.Errorf("compared %+v, want all that fsck checks, %+v, but the one who has nothing", report, first)
	}
	letters, err := b.letters.Letters(t.Context(), "", 10)
	if err != nil || len(letters) != 1 || journal.Position(letters[0].ID) != dead.Position || len(l.letters()) != 1 {
		t.Errorf("letters of the second: %+v, %v; of the first: %+v", letters, err, l.letters())
	}
}

// What differs is named down to the field, also what only one of the graphs has.
func TestCompareNamesWhatDiffers(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	for _, envelope := range story(t) {
		l.tell(envelope)
	}
	b := l.beside(nil)
	b.start()
	if err := b.Quiet(t.Context()); err != nil {
		t.Fatal(err)
	}
	run := lineage.Owner("run:" + stockRun)
	owned, err := b.graph.Owned(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	n := lineage.Node{ID: lineage.NewID(lineage.KindLot, "made up"), Kind: lineage.KindLot, Name: "made up"}
	for _, p := range []lineage.Projection{{Owner: "run:made-up", Nodes: []lineage.Node{n}}, {Owner: "measurement:1"}} {
		if _, err := b.graph.Apply(t.Context(), p, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range owned.Nodes {
		if owned.Nodes[i].Kind == lineage.KindRun {
			owned.Nodes[i].Name = "tampered"
			owned.Nodes[i].Attributes = lineage.Attributes{"status": "made up"}
		}
	}
	if _, err := b.graph.Apply(t.Context(), owned, time.Now()); err != nil {
		t.Fatal(err)
	}
	report := l.compare(b)
	said := map[lineage.Owner]string{}
	for _, d := range report.Differences {
		said[d.Owner] = d.Problem + "\n" + strings.Join(d.Parts, "\n")
	}
	for owner, want := range map[lineage.Owner][]string{
		run:             {"1 nodes different", lineage.RunID(stockRun).String(), `name is "tampered", not "`, `status is "made up", not "succeeded"`, `commands is absent, not `},
		"run:made-up":   {"1 nodes too many", n.ID.String()},
		"measurement:1": {"nodes missing", "missing edge"},
	} {
		for _, part := range want {
			if !strings.Contains(said[owner], part) {
				t.Errorf("%s: %q does not say %q", owner, said[owner], part)
			}
		}
	}
	if report.DifferenceCount != 3 {
		t.Errorf("%d differences, want 3", report.DifferenceCount)
	}
}

// By which version of the program a graph was derived is no difference, and is told.
func TestCompareAcrossVersions(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	for _, envelope := range story(t) {
		l.tell(envelope)
	}
	b := l.beside(func(c *etl.Config) { c.CodeVersion = "newer" })
	b.start()
	if err := b.Quiet(t.Context()); err != nil {
		t.Fatal(err)
	}
	report := l.compare(b)
	if report.DifferenceCount > 0 || report.Older == 0 || len(report.Versions) != 1 || report.Versions[0] != "newer" {
		t.Errorf("%+v", report)
	}
}

// While events go on arriving, a comparison sees no difference where there is none.
func TestCompareWhileEventsArrive(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	b := l.beside(nil)
	b.start()
	said := make(chan struct{})
	go func() {
		defer close(said)
		for _, envelope := range story(t) {
			if _, err := l.journal.Append(t.Context(), envelope); err != nil {
				t.Error(err)
			}
		}
	}()
	for told := false; !told; {
		select {
		case <-said:
			told = true
		default:
		}
		report, err := l.pipeline.Compare(t.Context(), b.Pipeline, etl.FsckOptions{})
		if err != nil && lineage.KindOf(err) != lineage.ErrorConflict {
			t.Fatal(err)
		}
		for _, d := range report.Differences {
			t.Errorf("%s: %s %q", d.Owner, d.Problem, d.Parts)
		}
	}
	l.quiet()
	if report := l.compare(b); report.DifferenceCount > 0 || report.Owners == 0 {
		t.Errorf("%+v", report)
	}
}
