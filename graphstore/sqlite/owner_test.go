package sqlite

import (
	"testing"

	"wellspring/graphstore"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/lineage"
)

// TestWhereEdgesEnd: as edges come and go, what is kept of where an owner's end is what
// the edges say.
func TestWhereEdgesEnd(t *testing.T) {
	s := opened(t)
	parts := (labgraph.Lab{Seed: 2}).Experiment(0)
	for _, p := range parts {
		apply(t, s, p, 0)
		same(t, s, p)
	}
	for i, p := range parts {
		part := graphstore.Amendment{Owner: p.Owner, RetractEdges: keysOf(p.Edges[:len(p.Edges)/2])}
		if _, err := s.Amend(t.Context(), part, labgraph.At(1)); err != nil {
			t.Fatal(err)
		}
		rest := p
		rest.Edges = p.Edges[len(p.Edges)/2:]
		same(t, s, rest)
		rest.Edges = p.Edges[len(p.Edges)/3:]
		apply(t, s, rest, 2+i)
		same(t, s, rest)
	}
	// The later parts have edges at the first one's nodes: when that goes, they stay.
	for i, p := range parts {
		apply(t, s, lineage.Projection{Owner: p.Owner}, 10+i)
		same(t, s, lineage.Projection{Owner: p.Owner})
	}
}

func keysOf(edges []lineage.Edge) []lineage.EdgeKey {
	keys := make([]lineage.EdgeKey, len(edges))
	for i, e := range edges {
		keys[i] = e.Key()
	}
	return keys
}

func apply(t *testing.T, s *Store, p lineage.Projection, hours int) {
	t.Helper()
	if _, err := s.Apply(t.Context(), p, labgraph.At(hours)); err != nil {
		t.Fatal(err)
	}
}

// same compares the owner's part with what is wanted by number, and the places where
// edges end with the edges.
func same(t *testing.T, s *Store, want lineage.Projection) {
	t.Helper()
	got, err := s.Owned(t.Context(), want.Owner)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Nodes) != len(want.Nodes) || len(got.Edges) != len(want.Edges) {
		t.Errorf("%s owns %d nodes and %d edges, want %d and %d", want.Owner, len(got.Nodes), len(got.Edges), len(want.Nodes), len(want.Edges))
	}
	const differ = `SELECT count(*) FROM (SELECT * FROM (SELECT owner, target FROM edge EXCEPT SELECT owner, target FROM edge_owner)
		UNION ALL SELECT * FROM (SELECT owner, target FROM edge_owner EXCEPT SELECT owner, target FROM edge))`
	var n int
	if err := s.read.QueryRowContext(t.Context(), differ).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n != 0 {
		t.Errorf("after %s, %d places where edges end differ from what the edges say", want.Owner, n)
	}
}
