package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// at is the n-th moment of a test, to the nanosecond: stores keep those.
func at(n int) time.Time {
	return time.Date(2026, time.March, 2, 9, 0, 0, 123_456_789, time.UTC).Add(time.Duration(n) * time.Second)
}

// now asks for the current graph.
var now time.Time

// node is the node of a kind and a name; its id follows from these two.
func node(kind lineage.Kind, name string, attributes ...lineage.Attributes) lineage.Node {
	n := lineage.Node{ID: lineage.NewID(kind, name), Kind: kind, Name: name, Attributes: lineage.Attributes{}}
	for _, a := range attributes {
		n.Attributes = a
	}
	return n
}

// edge says that target depends on source.
func edge(target lineage.Node, typ lineage.RelationshipType, source lineage.Node, attributes ...lineage.Attributes) lineage.Edge {
	e := lineage.Edge{SourceID: source.ID, TargetID: target.ID, RelationshipType: typ, Attributes: lineage.Attributes{}}
	for _, a := range attributes {
		e.Attributes = a
	}
	return e
}

// derived says that target was derived from source.
func derived(target, source lineage.Node) lineage.Edge {
	return edge(target, lineage.DerivedFrom, source)
}

// chain is a row of n well states, each derived from the one before.
func chain(name string, n int) ([]lineage.Node, []lineage.Edge) {
	nodes := make([]lineage.Node, n)
	var edges []lineage.Edge
	for i := range nodes {
		nodes[i] = node(lineage.KindWellState, fmt.Sprintf("%s-%05d", name, i))
		if i > 0 {
			edges = append(edges, derived(nodes[i], nodes[i-1]))
		}
	}
	return nodes, edges
}

// part is a projection of an owner.
func part(owner lineage.Owner, nodes []lineage.Node, edges ...lineage.Edge) lineage.Projection {
	return lineage.Projection{Owner: owner, Nodes: nodes, Edges: edges}
}

// apply makes a projection true and compares what it counted.
func apply(t *testing.T, s graphstore.Store, p lineage.Projection, when time.Time, want lineage.Applied) {
	t.Helper()
	got, err := s.Apply(t.Context(), p, when)
	if err != nil {
		t.Fatalf("apply %s: %v", p.Owner, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("apply %s changed (-want +got):\n%s", p.Owner, diff)
	}
}

// refuse applies a projection that must fail with an error of a kind and a
// text that names the thing, and leave no trace in the owner's part.
func refuse(t *testing.T, s graphstore.Store, p lineage.Projection, when time.Time, kind lineage.ErrorKind, naming string) {
	t.Helper()
	before := owned(t, s, p.Owner)
	_, err := s.Apply(t.Context(), p, when)
	checkError(t, err, kind, naming)
	same(t, "the owner's part after a refusal", before, owned(t, s, p.Owner))
}

// ownedNow returns the owner's part of the graph at some moment.
func ownedNow(t *testing.T, s graphstore.Store, owner lineage.Owner) lineage.Projection {
	t.Helper()
	p, err := s.Owned(t.Context(), owner)
	if err != nil {
		t.Fatalf("owned %s: %v", owner, err)
	}
	return p
}

// owned returns the owner's part of a graph that nobody writes to now, and holds
// what the store tells of it against that.
func owned(t *testing.T, s graphstore.Store, owner lineage.Owner) lineage.Projection {
	t.Helper()
	p, told := ownedNow(t, s, owner), lineage.Projection{Owner: owner}
	err := graphstore.Tell(t.Context(), s, owner,
		func(n lineage.Node) error { told.Nodes = append(told.Nodes, n); return nil },
		func(e lineage.Edge) error { told.Edges = append(told.Edges, e); return nil })
	told.Sort()
	if err != nil || !slices.EqualFunc(p.Nodes, told.Nodes, lineage.Node.Same) || !slices.EqualFunc(p.Edges, told.Edges, lineage.Edge.Same) {
		t.Errorf("told of %s: %d nodes and %d edges, %v, want %d and %d", owner, len(told.Nodes), len(told.Edges), err, len(p.Nodes), len(p.Edges))
	}
	return p
}

// nodesAt returns the nodes of these ids as of a time.
func nodesAt(t *testing.T, s graphstore.Store, asOf time.Time, ids ...lineage.ID) []lineage.Node {
	t.Helper()
	nodes, err := s.Nodes(t.Context(), ids, asOf)
	if err != nil {
		t.Fatalf("nodes: %v", err)
	}
	return nodes
}

func edgesOf(t *testing.T, s graphstore.Store, id lineage.ID) []lineage.Edge {
	t.Helper()
	return edgesAt(t, s, now, id)
}

func edgesAt(t *testing.T, s graphstore.Store, asOf time.Time, id lineage.ID) []lineage.Edge {
	t.Helper()
	edges, more, err := s.Edges(t.Context(), id, 1000, asOf)
	if err != nil || more {
		t.Fatalf("edges: more %v, error %v", more, err)
	}
	return edges
}

func traverse(t *testing.T, s graphstore.Store, q lineage.Traversal) lineage.Graph {
	t.Helper()
	g, err := s.Traverse(t.Context(), q)
	if err != nil {
		t.Fatalf("traverse: %v", err)
	}
	return g
}

func history(t *testing.T, s graphstore.Store, id lineage.ID) []lineage.Revision {
	t.Helper()
	revisions, err := s.History(t.Context(), id)
	if err != nil {
		t.Fatalf("history: %v", err)
	}
	return revisions
}

func past(t *testing.T, s graphstore.Store, then time.Time, ids ...lineage.ID) []lineage.Revision {
	t.Helper()
	revisions, err := s.Past(t.Context(), ids, then)
	if err != nil {
		t.Fatalf("past: %v", err)
	}
	return revisions
}

// same compares, taking nil and empty for one.
func same[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// created returns the nodes with their created_at.
func created(when time.Time, nodes ...lineage.Node) []lineage.Node {
	nodes = slices.Clone(nodes)
	for i := range nodes {
		nodes[i].CreatedAt = when
	}
	return nodes
}

// createdEdges returns the edges with their created_at, in order of key.
func createdEdges(when time.Time, edges ...lineage.Edge) []lineage.Edge {
	edges = slices.Clone(edges)
	for i := range edges {
		edges[i].CreatedAt = when
	}
	slices.SortFunc(edges, func(a, b lineage.Edge) int { return a.Key().Compare(b.Key()) })
	return edges
}

// names lists nodes by name: enough where content is not the question.
func names[N lineage.Node | lineage.Reached](nodes []N) []string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		switch n := any(n).(type) {
		case lineage.Node:
			out[i] = n.Name
		case lineage.Reached:
			out[i] = fmt.Sprintf("%d %s", n.Depth, n.Name)
		}
	}
	return out
}

// reached lists nodes as a traversal does: in order of depth, then id.
func reached(layers ...[]lineage.Node) []string {
	var out []string
	for depth, layer := range layers {
		layer = slices.Clone(layer)
		slices.SortFunc(layer, func(a, b lineage.Node) int { return slices.Compare(a.ID[:], b.ID[:]) })
		for _, n := range layer {
			out = append(out, fmt.Sprintf("%d %s", depth, n.Name))
		}
	}
	return out
}

func checkError(t *testing.T, err error, kind lineage.ErrorKind, naming string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one of kind %s that names %q", kind, naming)
	}
	if got := lineage.KindOf(err); got != kind {
		t.Fatalf("error of kind %s, want %s: %v", got, kind, err)
	}
	if !strings.Contains(err.Error(), naming) {
		t.Fatalf("the error does not name %q: %v", naming, err)
	}
}
