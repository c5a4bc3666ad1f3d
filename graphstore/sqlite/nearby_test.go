package sqlite_test

import (
	"testing"
	"time"

	"wellspring/graphstore/sqlite"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/lineage"
)

// TestWhereAStepWas asks for a step by the number that an edge told of, after another
// node has taken that number, and after the step has come again with a new one.
func TestWhereAStepWas(t *testing.T) {
	s := open(t, sqlite.Memory)
	run := (labgraph.Lab{Seed: 7}).Experiment(0)[0]
	apply(t, s, run, 0)
	var edge lineage.Edge
	for _, e := range run.Edges {
		if e.RelationshipType == lineage.DerivedFrom && e.TransformationID != (lineage.ID{}) {
			edge = e
		}
	}
	told := func() {
		t.Helper()
		g, err := s.Traverse(t.Context(), lineage.Traversal{Roots: []lineage.ID{edge.TargetID}, Direction: lineage.Upstream})
		if err != nil || len(g.Edges) == 0 {
			t.Fatalf("%d edges, error %v", len(g.Edges), err)
		}
	}
	steps := func(want int) {
		t.Helper()
		nodes, err := s.Nodes(t.Context(), []lineage.ID{edge.TransformationID}, time.Time{})
		if err != nil || len(nodes) != want || want == 1 && nodes[0].ID != edge.TransformationID {
			t.Fatalf("%v, error %v, want %d of %s", nodes, err, want, edge.TransformationID)
		}
	}
	told()
	steps(1)
	apply(t, s, lineage.Projection{Owner: run.Owner}, 1)
	steps(0)
	apply(t, s, (labgraph.Lab{Seed: 8}).Experiment(0)[0], 2)
	steps(0)
	apply(t, s, run, 3)
	steps(1)
	told()
	steps(1)
}
