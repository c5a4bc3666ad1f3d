package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"wellspring/graphstore"
	"wellspring/lineage"
)

func attributesRoundTrip(t *testing.T, s graphstore.Store) {
	all := lineage.Attributes{
		"text":        "Grüße, 水, 🧪, \"quoted\", back\\slash, <b>&amp;</b>, line\nbreak, tab\t",
		"emptyText":   "",
		"yes":         true,
		"no":          false,
		"zero":        0.0,
		"whole":       20.0,
		"tenth":       0.1,
		"third":       1.0 / 3,
		"tiny":        5e-324,
		"huge":        1.7976931348623157e308,
		"beyondInt":   9007199254740993.0,
		"negative":    -0.25,
		"texts":       []string{"b", "a", ""},
		"oneText":     []string{"1"},
		"numbers":     []float64{0.25, 3, -1e-9},
		"oneNumber":   []float64{1},
		"ключ":        "a key beyond ASCII",
		"a.b c`\"'$1": "a key that no query language likes",
		"numberText":  "1.0",
		"boolText":    "true",
		"nullText":    "null",
		"long":        strings.Repeat("0123456789", 2000),
		"id":          "an attribute may be called as a field is",
		"name":        "so",
		"kind":        "and so",
		"created_at":  "and so",
	}
	n := node(lineage.KindDataset, "all types, 水 \"quoted\" 'x' $y", all)
	bare := node(lineage.KindDataset, "bare")
	bare.Attributes = nil
	e := edge(n, lineage.DerivedFrom, bare, all)
	p := part(ownerA, []lineage.Node{n, bare}, e)
	apply(t, s, p, at(1), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})

	same(t, "nodes", created(at(1), n, bare), nodesAt(t, s, now, n.ID, bare.ID))
	same(t, "edge", createdEdges(at(1), e), edgesOf(t, s, bare.ID))
	apply(t, s, owned(t, s, ownerA), at(2), lineage.Applied{})

	// An empty list has no element type.
	n.Attributes = lineage.Attributes{"strings": []string{}, "numbers": []float64{}, "nil": []string(nil)}
	apply(t, s, part(ownerA, []lineage.Node{n, bare}, e), at(3), lineage.Applied{NodesChanged: 1})
	got := nodesAt(t, s, now, n.ID)[0].Attributes
	same(t, "empty lists", lineage.Attributes{"strings": []string{}, "numbers": []string{}, "nil": []string{}}, got)
	apply(t, s, owned(t, s, ownerA), at(4), lineage.Applied{})
}

func readOwned(t *testing.T, s graphstore.Store) {
	same(t, "of nobody", part("run:nobody", nil), owned(t, s, "run:nobody"))
	nodes, edges := chain("s", 6)
	apply(t, s, part(ownerA, nodes[:4], edges[:3]...), at(1), lineage.Applied{NodesAdded: 4, EdgesAdded: 3})
	apply(t, s, part(ownerB, nodes[4:], edges[3:]...), at(2), lineage.Applied{NodesAdded: 2, EdgesAdded: 2})
	apply(t, s, part(ownerA, nodes[:3], edges[:2]...), at(3), lineage.Applied{NodesRetracted: 1, EdgesRetracted: 1})

	same(t, "of a", part(ownerA, sorted(created(at(1), nodes[:3]...)), createdEdges(at(1), edges[:2]...)...), owned(t, s, ownerA))
	same(t, "of b", part(ownerB, sorted(created(at(2), nodes[4:]...)), createdEdges(at(2), edges[3:]...)...), owned(t, s, ownerB))
}

func readOwners(t *testing.T, s graphstore.Store) {
	check := func(what string, after lineage.Owner, limit int, want ...lineage.Owner) {
		t.Helper()
		got, err := s.Owners(t.Context(), after, limit)
		if err != nil {
			t.Fatal(err)
		}
		same(t, what, want, got)
	}
	check("of an empty graph", "", 10)
	shared, own := node(lineage.KindLot, "shared"), node(lineage.KindLot, "own")
	for i, owner := range []lineage.Owner{"run:2", "plan:1", "run:10"} {
		apply(t, s, part(owner, []lineage.Node{shared}), at(i+1), lineage.Applied{NodesAdded: 1})
	}
	apply(t, s, part("run:1", []lineage.Node{own}), at(4), lineage.Applied{NodesAdded: 1})
	check("all", "", 10, "plan:1", "run:1", "run:10", "run:2")
	check("the first page", "", 2, "plan:1", "run:1")
	check("the next page", "run:1", 2, "run:10", "run:2")
	check("after the last", "run:2", 2)
	apply(t, s, part("run:1", nil), at(5), lineage.Applied{NodesRetracted: 1})
	check("one of them retracted", "", 10, "plan:1", "run:10", "run:2")
	_, err := s.Owners(t.Context(), "", 0)
	checkError(t, err, lineage.ErrorInvalid, "limit")
}

func readNodes(t *testing.T, s graphstore.Store) {
	a, b := node(lineage.KindLot, "a"), node(lineage.KindLot, "b")
	apply(t, s, part(ownerA, []lineage.Node{a, b}), at(1), lineage.Applied{NodesAdded: 2})
	changed := b
	changed.Name = "b, renamed"
	apply(t, s, part(ownerA, []lineage.Node{changed}), at(3), lineage.Applied{NodesChanged: 1, NodesRetracted: 1})

	nobody := node(lineage.KindLot, "nobody")
	for _, c := range []struct {
		name string
		asOf time.Time
		want []lineage.Node
	}{
		{"now", now, created(at(3), changed)},
		{"before the first", at(1).Add(-1), nil},
		{"at the first", at(1), created(at(1), b, a)},
		{"between", at(2), created(at(1), b, a)},
		{"just before the change", at(3).Add(-1), created(at(1), b, a)},
		{"at the change", at(3), created(at(3), changed)},
		{"later", at(99), created(at(3), changed)},
		{"out of range before", time.Date(1, 2, 3, 4, 5, 6, 7, time.UTC), nil},
		{"out of range after", time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), created(at(3), changed)},
	} {
		same(t, c.name, c.want, nodesAt(t, s, c.asOf, b.ID, nobody.ID, a.ID))
	}
	same(t, "none asked", nil, nodesAt(t, s, now))
}

func readEdges(t *testing.T, s graphstore.Store) {
	hub := node(lineage.KindLot, "hub")
	ups, downs := numbered(lineage.KindSample, "up", 3), numbered(lineage.KindWellState, "down", 4)
	var edges []lineage.Edge
	for _, up := range ups {
		edges = append(edges, derived(hub, up))
	}
	for _, down := range downs {
		edges = append(edges, derived(down, hub), edge(down, lineage.CarriedOver, hub))
	}
	p := part(ownerA, slices.Concat([]lineage.Node{hub}, ups, downs), edges...)
	apply(t, s, p, at(1), lineage.Applied{NodesAdded: 8, EdgesAdded: 11})

	want := createdEdges(at(1), edges...)
	for _, limit := range []int{1, 5, 10, 11, 12} {
		got, more, err := s.Edges(t.Context(), hub.ID, limit, now)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "edges", want[:min(limit, 11)], got)
		same(t, "more", limit < 11, more)
	}
	same(t, "of nobody", nil, edgesOf(t, s, node(lineage.KindLot, "nobody").ID))
	_, _, err := s.Edges(t.Context(), hub.ID, 0, now)
	checkError(t, err, lineage.ErrorInvalid, "limit")
}

func readHistory(t *testing.T, s graphstore.Store) {
	lot, well := node(lineage.KindLot, "lot"), node(lineage.KindWellState, "well", lineage.Attributes{"v": 1.0})
	carried := edge(well, lineage.CarriedOver, lot)
	apply(t, s, part(ownerA, []lineage.Node{lot, well}, derived(well, lot)), at(1), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})
	changed := well
	changed.Attributes = lineage.Attributes{"v": 2.0}
	apply(t, s, part(ownerA, []lineage.Node{lot, changed}, derived(well, lot), carried), at(2), lineage.Applied{NodesChanged: 1, EdgesAdded: 1})
	apply(t, s, part(ownerA, []lineage.Node{lot}), at(3), lineage.Applied{NodesRetracted: 1, EdgesRetracted: 2})
	apply(t, s, part(ownerA, []lineage.Node{lot, well}), at(4), lineage.Applied{NodesAdded: 1})

	want := []lineage.Revision{
		nodeRevision(well, at(1), at(2)),
		edgeRevision(derived(well, lot), at(1), at(3)),
		nodeRevision(changed, at(2), at(3)),
		edgeRevision(carried, at(2), at(3)),
		nodeRevision(well, at(4), now),
	}
	same(t, "of the well", want, history(t, s, well.ID))
	same(t, "of nobody", nil, history(t, s, node(lineage.KindLot, "nobody").ID))

	nobody := node(lineage.KindLot, "nobody").ID
	same(t, "what was before", want[:4], past(t, s, at(3), well.ID, lot.ID, nobody))
	same(t, "what was before at an earlier time", want[:1], past(t, s, at(2), well.ID, lot.ID))
	same(t, "what was before anything", nil, past(t, s, at(1), well.ID, lot.ID))
	same(t, "edges are told of at their targets", nil, past(t, s, at(9), lot.ID))
}

func contextCancelled(t *testing.T, s graphstore.Store) {
	nodes, edges := chain("s", 3)
	apply(t, s, part(ownerA, nodes, edges...), at(1), lineage.Applied{NodesAdded: 3, EdgesAdded: 2})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	_, applyErr := s.Apply(ctx, part(ownerA, nil), at(2))
	_, ownedErr := s.Owned(ctx, ownerA)
	_, nodesErr := s.Nodes(ctx, ids(nodes), now)
	_, _, edgesErr := s.Edges(ctx, nodes[0].ID, 10, now)
	_, findErr := s.Find(ctx, lineage.Find{})
	_, traverseErr := s.Traverse(ctx, lineage.Traversal{Roots: ids(nodes[:1]), Direction: lineage.Downstream})
	_, historyErr := s.History(ctx, nodes[0].ID)
	_, pastErr := s.Past(ctx, ids(nodes), at(9))
	for name, err := range map[string]error{
		"apply": applyErr, "owned": ownedErr, "nodes": nodesErr, "edges": edgesErr,
		"find": findErr, "traverse": traverseErr, "history": historyErr, "past": pastErr, "ping": s.Ping(ctx),
	} {
		if !errors.Is(err, context.Canceled) || lineage.KindOf(err) != lineage.ErrorUnavailable {
			t.Errorf("%s: %v, want an error of kind unavailable that wraps context.Canceled", name, err)
		}
	}
	same(t, "nothing was written", created(at(1), nodes...), nodesAt(t, s, now, ids(nodes)...))
}

func nodeRevision(n lineage.Node, from, to time.Time) lineage.Revision {
	n.CreatedAt = from
	return lineage.Revision{Node: &n, CreatedAt: from, RetractedAt: moment(to)}
}

func edgeRevision(e lineage.Edge, from, to time.Time) lineage.Revision {
	e.CreatedAt = from
	return lineage.Revision{Edge: &e, CreatedAt: from, RetractedAt: moment(to)}
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func edgesCut(t *testing.T, s graphstore.Store, id lineage.ID, limit int) bool {
	t.Helper()
	_, more, err := s.Edges(t.Context(), id, limit, now)
	if err != nil {
		t.Fatal(err)
	}
	return more
}

func sorted(nodes []lineage.Node) []lineage.Node {
	nodes = slices.Clone(nodes)
	slices.SortFunc(nodes, func(a, b lineage.Node) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return nodes
}

func inTimeOrder(edges []lineage.Edge) []lineage.Edge {
	slices.SortStableFunc(edges, func(a, b lineage.Edge) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return edges
}
