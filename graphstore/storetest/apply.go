package storetest

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"wellspring/graphstore"
	"wellspring/lineage"
)

const ownerA, ownerB = lineage.Owner("run:a"), lineage.Owner("run:b")

func applyAdds(t *testing.T, s graphstore.Store) {
	lot := node(lineage.KindLot, "water", lineage.Attributes{"description": "from the tap"})
	well := node(lineage.KindWellState, "A1", lineage.Attributes{lineage.AttrVolumeUl: 200.0})
	loaded := edge(well, lineage.DerivedFrom, lot, lineage.Attributes{lineage.AttrFraction: 1.0})
	loaded.TransformationID = lineage.StepID("a", "load")

	apply(t, s, part(ownerA, []lineage.Node{lot, well}, loaded), at(1), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})

	same(t, "nodes", created(at(1), lot, well), nodesAt(t, s, now, lot.ID, well.ID))
	same(t, "edges", createdEdges(at(1), loaded), edgesOf(t, s, lot.ID))
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
}

func applyTwice(t *testing.T, s graphstore.Store) {
	nodes, edges := chain("s", 5)
	apply(t, s, part(ownerA, nodes, edges...), at(1), lineage.Applied{NodesAdded: 5, EdgesAdded: 4})
	before := owned(t, s, ownerA)

	slices.Reverse(nodes)
	slices.Reverse(edges)
	nodes[0].CreatedAt, edges[0].CreatedAt = at(7), at(8) // what the projection says of it counts for nothing
	apply(t, s, part(ownerA, nodes, edges...), at(2), lineage.Applied{})

	same(t, "the owner's part", before, owned(t, s, ownerA))
	if n := len(history(t, s, nodes[0].ID)); n != 2 {
		t.Errorf("%d revisions at the last node, want the node and its edge", n)
	}
}

// applyGrows applies a run as it happens: command by command, each projection
// the whole so far.
func applyGrows(t *testing.T, s graphstore.Store) {
	nodes, edges := chain("s", 30)
	apply(t, s, part(ownerA, nodes[:1]), at(0), lineage.Applied{NodesAdded: 1})
	for i := 1; i < len(nodes); i++ {
		apply(t, s, part(ownerA, nodes[:i+1], edges[:i]...), at(i), lineage.Applied{NodesAdded: 1, EdgesAdded: 1})
	}
	got := nodesAt(t, s, now, nodes[0].ID, nodes[29].ID)
	same(t, "first and last", append(created(at(0), nodes[0]), created(at(29), nodes[29])...), got)
}

func applyChanges(t *testing.T, s graphstore.Store) {
	lot, well := node(lineage.KindLot, "lot"), node(lineage.KindWellState, "A1", lineage.Attributes{lineage.AttrVolumeUl: 100.0})
	loaded := edge(well, lineage.DerivedFrom, lot, lineage.Attributes{lineage.AttrVolumeUl: 100.0})
	apply(t, s, part(ownerA, []lineage.Node{lot, well}, loaded), at(1), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})

	corrected, reloaded := well, loaded
	corrected.Attributes = lineage.Attributes{lineage.AttrVolumeUl: 90.0}
	reloaded.Attributes = lineage.Attributes{lineage.AttrVolumeUl: 90.0}
	apply(t, s, part(ownerA, []lineage.Node{lot, corrected}, reloaded), at(2), lineage.Applied{NodesChanged: 1, EdgesChanged: 1})

	same(t, "current nodes", append(created(at(1), lot), created(at(2), corrected)...), nodesAt(t, s, now, lot.ID, well.ID))
	same(t, "nodes before the change", created(at(1), lot, well), nodesAt(t, s, at(1), lot.ID, well.ID))
	same(t, "current edges", createdEdges(at(2), reloaded), edgesOf(t, s, well.ID))
}

func applyRetracts(t *testing.T, s graphstore.Store) {
	nodes, edges := chain("s", 4)
	apply(t, s, part(ownerA, nodes, edges...), at(1), lineage.Applied{NodesAdded: 4, EdgesAdded: 3})
	apply(t, s, part(ownerA, nodes[:3], edges[0]), at(2), lineage.Applied{NodesRetracted: 1, EdgesRetracted: 2})

	same(t, "current nodes", created(at(1), nodes[:3]...), nodesAt(t, s, now, ids(nodes)...))
	same(t, "nodes before", created(at(1), nodes...), nodesAt(t, s, at(1), ids(nodes)...))
	same(t, "edges of the third", nil, edgesOf(t, s, nodes[2].ID))
}

func applyEmpty(t *testing.T, s graphstore.Store) {
	apply(t, s, part(ownerA, nil), at(0), lineage.Applied{})
	nodes, edges := chain("s", 3)
	apply(t, s, part(ownerA, nodes, edges...), at(1), lineage.Applied{NodesAdded: 3, EdgesAdded: 2})
	apply(t, s, part(ownerA, nil), at(2), lineage.Applied{NodesRetracted: 3, EdgesRetracted: 2})

	same(t, "the owner's part", part(ownerA, nil), owned(t, s, ownerA))
	same(t, "current nodes", nil, nodesAt(t, s, now, ids(nodes)...))
	same(t, "found", nil, find(t, s, lineage.Find{Kind: lineage.KindWellState}))
}

func applyAgain(t *testing.T, s graphstore.Store) {
	nodes, edges := chain("s", 2)
	all := part(ownerA, nodes, edges...)
	apply(t, s, all, at(1), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})
	apply(t, s, part(ownerA, nil), at(2), lineage.Applied{NodesRetracted: 2, EdgesRetracted: 1})
	apply(t, s, all, at(3), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})

	same(t, "current", created(at(3), nodes...), nodesAt(t, s, now, ids(nodes)...))
	same(t, "between", nil, nodesAt(t, s, at(2), ids(nodes)...))
	same(t, "first time", created(at(1), nodes...), nodesAt(t, s, at(1), ids(nodes)...))
}

func applyPure(t *testing.T, s graphstore.Store) {
	nodes, edges := chain("s", 3)
	slices.Reverse(nodes)
	slices.Reverse(edges)
	p := part(ownerA, slices.Clone(nodes), slices.Clone(edges)...)
	apply(t, s, p, at(1), lineage.Applied{NodesAdded: 3, EdgesAdded: 2})
	same(t, "the argument", part(ownerA, nodes, edges...), p)
}

func applyInvalid(t *testing.T, s graphstore.Store) {
	good, other := node(lineage.KindLot, "good"), node(lineage.KindWellState, "other")
	with := func(value any) lineage.Node {
		return node(lineage.KindLot, "bad", lineage.Attributes{"key": value})
	}
	loop := derived(good, good)
	unknownType := edge(other, "RELATED_TO", good)
	badEdge := edge(other, lineage.DerivedFrom, good, lineage.Attributes{"volume": math.Inf(1)})
	for _, c := range []struct {
		name   string
		bad    lineage.Projection
		naming string
	}{
		{"no owner", part("", []lineage.Node{good}), "owner"},
		{"no id", part(ownerA, []lineage.Node{good, {Kind: lineage.KindLot}}), lineage.ID{}.String()},
		{"no such kind", part(ownerA, []lineage.Node{good, node("Thing", "x")}), "Thing"},
		{"a node twice", part(ownerA, []lineage.Node{good, good}), good.ID.String()},
		{"not a number", part(ownerA, []lineage.Node{good, with(math.NaN())}), "key"},
		{"an int", part(ownerA, []lineage.Node{good, with(7)}), "key"},
		{"not UTF-8", part(ownerA, []lineage.Node{good, with("\xff")}), "key"},
		{"no such type", part(ownerA, []lineage.Node{good, other}, unknownType), "RELATED_TO"},
		{"a loop", part(ownerA, []lineage.Node{good}, loop), good.ID.String()},
		{"an edge twice", part(ownerA, []lineage.Node{good, other}, derived(other, good), derived(other, good)), other.ID.String()},
		{"a bad edge", part(ownerA, []lineage.Node{good, other}, badEdge), "volume"},
	} {
		t.Run(c.name, func(t *testing.T) {
			refuse(t, s, c.bad, at(1), lineage.ErrorInvalid, c.naming)
			same(t, "nodes", nil, nodesAt(t, s, now, good.ID))
		})
	}
	t.Run("no time", func(t *testing.T) {
		refuse(t, s, part(ownerA, []lineage.Node{good}), time.Time{}, lineage.ErrorInvalid, "0001")
	})
}

func applyMissingEnd(t *testing.T, s graphstore.Store) {
	here, nowhere := node(lineage.KindWellState, "here"), node(lineage.KindWellState, "nowhere")
	refuse(t, s, part(ownerA, []lineage.Node{here}, derived(here, nowhere)), at(1), lineage.ErrorNotFound, nowhere.ID.String())
	refuse(t, s, part(ownerA, []lineage.Node{here}, derived(nowhere, here)), at(1), lineage.ErrorNotFound, nowhere.ID.String())
	same(t, "nothing half written", nil, nodesAt(t, s, now, here.ID))

	apply(t, s, part(ownerB, []lineage.Node{nowhere}), at(2), lineage.Applied{NodesAdded: 1})
	apply(t, s, part(ownerB, nil), at(3), lineage.Applied{NodesRetracted: 1})
	refuse(t, s, part(ownerA, []lineage.Node{here}, derived(here, nowhere)), at(4), lineage.ErrorNotFound, nowhere.ID.String())
}

// applyMany crosses every batch size that an engine may write in.
func applyMany(t *testing.T, s graphstore.Store) {
	const n = 2500
	nodes, edges := chain("s", n)
	apply(t, s, part(ownerA, nodes, edges...), at(1), lineage.Applied{NodesAdded: n, EdgesAdded: n - 1})
	for i := range nodes {
		nodes[i].Attributes = lineage.Attributes{"round": 2.0}
	}
	for i := range edges {
		edges[i].Attributes = lineage.Attributes{"round": 2.0}
	}
	apply(t, s, part(ownerA, nodes, edges...), at(2), lineage.Applied{NodesChanged: n, EdgesChanged: n - 1})
	got := owned(t, s, ownerA)
	if len(got.Nodes) != n || len(got.Edges) != n-1 {
		t.Fatalf("%d nodes and %d edges, want %d and %d", len(got.Nodes), len(got.Edges), n, n-1)
	}
	same(t, "all, in the order asked", created(at(2), nodes...), nodesAt(t, s, now, ids(nodes)...))
	apply(t, s, part(ownerA, nodes[:1]), at(3), lineage.Applied{NodesRetracted: n - 1, EdgesRetracted: n - 1})
	same(t, "what is left", created(at(2), nodes[0]), nodesAt(t, s, now, ids(nodes)...))
}

func ids(nodes []lineage.Node) []lineage.ID {
	out := make([]lineage.ID, len(nodes))
	for i, n := range nodes {
		out[i] = n.ID
	}
	return out
}

func numbered(kind lineage.Kind, name string, n int) []lineage.Node {
	nodes := make([]lineage.Node, n)
	for i := range nodes {
		nodes[i] = node(kind, fmt.Sprintf("%s-%05d", name, i))
	}
	return nodes
}
