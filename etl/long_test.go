package etl_test

import (
	"slices"
	"testing"

	"wellspring/ingest/intake"
	"wellspring/internal/testruns"
	"wellspring/lineage"
)

// What a long run was derived from is let go before its projection is written. When
// the store then refuses, it is read again.
func TestALongRunIsReadAgainWhereItWasRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("10,000 commands, derived several times")
	}
	record := testruns.New(testruns.Normalize, "long", 10_000)
	owner := lineage.RunOwner("long")
	process := func(l *lab, payloads ...[]byte) lineage.Projection {
		for _, payload := range payloads {
			if _, err := l.intake.Accept(t.Context(), intake.Message{Door: "files", Payload: payload}); err != nil {
				t.Fatal(err)
			}
		}
		l.start()
		if err := l.pipeline.Quiet(t.Context()); err != nil {
			t.Fatal(err)
		}
		if letters := l.letters(); len(letters) > 0 {
			t.Fatal(letters[0].Error)
		}
		return l.owned(owner)
	}
	want := process(newLab(t, nil), record.Begin(), record.Part(0, len(record.Commands)), record.End())

	l := newLab(t, nil)
	refused := 0
	l.store.fail(func(lineage.Projection) error {
		if refused++; refused > 1 {
			return nil
		}
		return &lineage.Error{Op: "apply", Kind: lineage.ErrorConflict, ID: "a node", Hint: "try the others"}
	}, nil)
	got := process(l, record.Begin(), record.Part(0, len(record.Commands)), record.End())
	if !slices.EqualFunc(want.Nodes, got.Nodes, lineage.Node.Same) || !slices.EqualFunc(want.Edges, got.Edges, lineage.Edge.Same) {
		t.Errorf("the graph is not that of a clean import: %d nodes and %d edges, want %d and %d", len(got.Nodes), len(got.Edges), len(want.Nodes), len(want.Edges))
	}
	if refused < 3 {
		t.Errorf("the store was asked %d times, want once for all and once for each half", refused)
	}
}
