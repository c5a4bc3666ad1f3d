package etl_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/etl"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

func TestARunBecomesAGraph(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	receipt := l.take(example(t, "runs/stock_dilution.json"))
	processing, err := l.settle(receipt)
	if err != nil {
		t.Fatal(err)
	}
	if processing.Status != etl.Done || processing.Envelopes != 1 || processing.Position != receipt.Position {
		t.Errorf("processing %+v, want it done up to %s", processing, receipt.Position)
	}
	owned := l.owned(lineage.Owner(receipt.Subject))
	if len(owned.Nodes) != processing.Applied.NodesAdded || len(owned.Edges) != processing.Applied.EdgesAdded {
		t.Errorf("the store has %d nodes and %d edges, the processing says it added %+v", len(owned.Nodes), len(owned.Edges), processing.Applied)
	}
	kinds := map[lineage.Kind]int{}
	for _, n := range owned.Nodes {
		kinds[n.Kind]++
	}
	for _, kind := range []lineage.Kind{lineage.KindRun, lineage.KindWellState, lineage.KindStep, lineage.KindLabware, lineage.KindLot, lineage.KindDataset} {
		if kinds[kind] == 0 {
			t.Errorf("the graph of the run has no %s: %v", kind, kinds)
		}
	}
	if letters := l.letters(); len(letters) != 0 {
		t.Errorf("dead letters: %v", letters)
	}
}

func TestTheSameTwiceIsTheSameGraph(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	text := example(t, "runs/two_transfers.json")
	first := l.take(text)
	if _, err := l.settle(first); err != nil {
		t.Fatal(err)
	}
	want := l.owned(lineage.Owner(first.Subject))
	again := l.take(text)
	if !again.Duplicate || again.Position != first.Position {
		t.Errorf("the second time: %+v, want a duplicate of %s", again, first.Position)
	}
	if _, err := l.settle(again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, l.owned(lineage.Owner(first.Subject))); diff != "" {
		t.Errorf("the graph changed (-first +second):\n%s", diff)
	}
}

func TestWhatCannotBeReadIsBuriedAndTheRestGoesOn(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	bad := l.take([]byte(`{"not": "a run"}`))
	good := l.take(example(t, "runs/two_transfers.json"))
	if _, err := l.settle(good); err != nil {
		t.Error(err)
	}
	processing, err := l.settle(bad)
	if err == nil || processing.Status != etl.Failed || processing.Remedy == "" {
		t.Errorf("the bad one: %+v, %v, want it failed with a remedy", processing, err)
	}
	letters := l.letters()
	if len(letters) != 1 {
		t.Fatalf("dead letters: %v, want one", letters)
	}
	letter := letters[0]
	if letter.State != journal.StateDead || letter.Stage != string(etl.Extract) || letter.Error == "" || letter.Remedy == "" || letter.Attempts != 1 {
		t.Errorf("letter %+v, want it dead in extract after one attempt, with error and remedy", letter)
	}
	if string(letter.Record.Envelope.Event.Data()) != `{"not": "a run"}` {
		t.Errorf("the letter holds %q", letter.Record.Envelope.Event.Data())
	}
}

func TestTheNextPipelineGoesOnWhereTheLastOneWas(t *testing.T) {
	l := newLab(t, nil)
	bad, good := l.take([]byte(`{"not": "a run"}`)), l.take(example(t, "runs/two_transfers.json"))
	for range 3 {
		l.restart()
		if _, err := l.settle(good); err != nil {
			t.Error(err)
		}
		if _, err := l.settle(bad); err == nil {
			t.Error("the bad one is no longer dead")
		}
	}
	letters := l.letters()
	if len(letters) != 1 || len(letters[0].History) != 1 {
		t.Errorf("dead letters after restarts: %+v, want one that died once", letters)
	}
}
