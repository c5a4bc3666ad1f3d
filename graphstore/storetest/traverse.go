package storetest

import (
	"slices"
	"testing"
	"time"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// dilution is two lots, mixed, split and measured, within one run:
//
//	water ─┐            ┌─ left ─── reading
//	       ├─ mixed ────┤
//	dye ───┘            └─ right
type dilution struct {
	water, dye, mixed, left, right, reading, run, step lineage.Node
	edges                                              []lineage.Edge
}

func newDilution() dilution {
	d := dilution{
		water: node(lineage.KindLot, "water"), dye: node(lineage.KindLot, "dye"),
		mixed: node(lineage.KindWellState, "mixed"),
		left:  node(lineage.KindWellState, "left"), right: node(lineage.KindWellState, "right"),
		reading: node(lineage.KindMeasurement, "reading"),
		run:     node(lineage.KindRun, "run"), step: node(lineage.KindStep, "step"),
	}
	d.edges = []lineage.Edge{
		derived(d.mixed, d.water), derived(d.mixed, d.dye), derived(d.left, d.mixed), derived(d.right, d.mixed),
		edge(d.reading, lineage.MeasuredFrom, d.left),
		edge(d.mixed, lineage.GeneratedBy, d.step), edge(d.step, lineage.Used, d.water), edge(d.step, lineage.PartOf, d.run),
		edge(d.right, lineage.CarriedOver, d.left),
	}
	return d
}

func (d dilution) nodes() []lineage.Node {
	return []lineage.Node{d.water, d.dye, d.mixed, d.left, d.right, d.reading, d.run, d.step}
}

func (d dilution) apply(t *testing.T, s graphstore.Store) {
	t.Helper()
	apply(t, s, part(ownerA, d.nodes(), d.edges...), at(1), lineage.Applied{NodesAdded: 8, EdgesAdded: 9})
}

func layer(nodes ...lineage.Node) []lineage.Node { return nodes }

func traverseDirections(t *testing.T, s graphstore.Store) {
	d := newDilution()
	d.apply(t, s)

	up := traverse(t, s, lineage.Traversal{Roots: []lineage.ID{d.reading.ID}, Direction: lineage.Upstream})
	same(t, "ancestry", reached(layer(d.reading), layer(d.left), layer(d.mixed), layer(d.water, d.dye)), names(up.Nodes))
	same(t, "its edges", createdEdges(at(1), d.edges[0], d.edges[1], d.edges[2], d.edges[4]), up.Edges)
	same(t, "truncated", false, up.Truncated)
	same(t, "whole nodes", created(at(1), d.reading)[0], up.Nodes[0].Node)

	down := traverse(t, s, lineage.Traversal{Roots: []lineage.ID{d.dye.ID}, Direction: lineage.Downstream})
	same(t, "impact", reached(layer(d.dye), layer(d.mixed), layer(d.left, d.right), layer(d.reading)), names(down.Nodes))
	same(t, "its edges", createdEdges(at(1), d.edges[1], d.edges[2], d.edges[3], d.edges[4]), down.Edges)

	leaf := traverse(t, s, lineage.Traversal{Roots: []lineage.ID{d.dye.ID}, Direction: lineage.Upstream})
	same(t, "nothing upstream", reached(layer(d.dye)), names(leaf.Nodes))
	same(t, "no edges", nil, leaf.Edges)
}

func traverseTypes(t *testing.T, s graphstore.Store) {
	d := newDilution()
	d.apply(t, s)

	steps := traverse(t, s, lineage.Traversal{
		Roots: []lineage.ID{d.mixed.ID}, Direction: lineage.Upstream,
		Types: []lineage.RelationshipType{lineage.GeneratedBy, lineage.Used, lineage.PartOf},
	})
	same(t, "by its step", reached(layer(d.mixed), layer(d.step), layer(d.water, d.run)), names(steps.Nodes))
	same(t, "edges of these types alone", createdEdges(at(1), d.edges[5], d.edges[6], d.edges[7]), steps.Edges)

	carried := traverse(t, s, lineage.Traversal{
		Roots: []lineage.ID{d.right.ID}, Direction: lineage.Upstream, Depth: 1,
		Types: []lineage.RelationshipType{lineage.DerivedFrom, lineage.CarriedOver, lineage.DerivedFrom},
	})
	same(t, "with carry-over", reached(layer(d.right), layer(d.left, d.mixed)), names(carried.Nodes))
	same(t, "every edge between two of them", createdEdges(at(1), d.edges[2], d.edges[3], d.edges[8]), carried.Edges)
}

func traverseDepth(t *testing.T, s graphstore.Store) {
	nodes, edges := chain("s", lineage.DefaultDepth+3)
	apply(t, s, part(ownerA, nodes, edges...), at(1), lineage.Applied{NodesAdded: len(nodes), EdgesAdded: len(edges)})
	for _, c := range []struct {
		depth, root, want int
		truncated         bool
	}{
		{1, 0, 2, true},
		{2, 0, 3, true},
		{0, 0, lineage.DefaultDepth + 1, true},
		{0, 2, lineage.DefaultDepth + 1, false}, // the end is exactly at the bound
		{lineage.MaxDepth, 0, len(nodes), false},
	} {
		g := traverse(t, s, lineage.Traversal{Roots: ids(nodes[c.root : c.root+1]), Direction: lineage.Downstream, Depth: c.depth})
		if len(g.Nodes) != c.want || len(g.Edges) != c.want-1 || g.Truncated != c.truncated {
			t.Errorf("depth %d from %d: %d nodes, %d edges, truncated %v; want %d, %d, %v",
				c.depth, c.root, len(g.Nodes), len(g.Edges), g.Truncated, c.want, c.want-1, c.truncated)
		}
	}
	// A bound that only leads back to what was reached cuts nothing.
	d := newDilution()
	apply(t, s, part(ownerB, d.nodes(), d.edges...), at(2), lineage.Applied{NodesAdded: 8, EdgesAdded: 9})
	g := traverse(t, s, lineage.Traversal{
		Roots: []lineage.ID{d.left.ID, d.mixed.ID}, Direction: lineage.Downstream, Depth: 1,
	})
	same(t, "truncated", false, g.Truncated)
}

func traverseNodes(t *testing.T, s graphstore.Store) {
	d := newDilution()
	d.apply(t, s)
	whole := traverse(t, s, lineage.Traversal{Roots: []lineage.ID{d.reading.ID}, Direction: lineage.Upstream})
	for bound := 1; bound <= len(whole.Nodes)+1; bound++ {
		g := traverse(t, s, lineage.Traversal{Roots: []lineage.ID{d.reading.ID}, Direction: lineage.Upstream, Nodes: bound})
		kept := min(bound, len(whole.Nodes))
		same(t, "the first in order", whole.Nodes[:kept], g.Nodes)
		same(t, "edges between them", kept-1, len(g.Edges))
		same(t, "truncated", bound < len(whole.Nodes), g.Truncated)
	}
}

func traverseRoots(t *testing.T, s graphstore.Store) {
	d := newDilution()
	d.apply(t, s)
	nobody := node(lineage.KindLot, "nobody")

	g := traverse(t, s, lineage.Traversal{
		Roots: []lineage.ID{d.reading.ID, d.mixed.ID, nobody.ID, d.reading.ID}, Direction: lineage.Upstream,
	})
	same(t, "distance from the nearest", reached(layer(d.reading, d.mixed), layer(d.left, d.water, d.dye)), names(g.Nodes))
	same(t, "edges", 4, len(g.Edges))

	cut := traverse(t, s, lineage.Traversal{Roots: ids(d.nodes()), Direction: lineage.Upstream, Nodes: 3})
	same(t, "more roots than nodes", reached(sorted(d.nodes())[:3]), names(cut.Nodes))
	same(t, "truncated", true, cut.Truncated)

	none := traverse(t, s, lineage.Traversal{Roots: []lineage.ID{nobody.ID}, Direction: lineage.Upstream})
	same(t, "of nobody", lineage.Graph{}, none)
}

func traverseCycle(t *testing.T, s graphstore.Store) {
	a, b, c := node(lineage.KindExperiment, "a"), node(lineage.KindExperiment, "b"), node(lineage.KindExperiment, "c")
	edges := []lineage.Edge{edge(a, lineage.PartOf, b), edge(b, lineage.PartOf, c), edge(c, lineage.PartOf, a)}
	apply(t, s, part(ownerA, []lineage.Node{a, b, c}, edges...), at(1), lineage.Applied{NodesAdded: 3, EdgesAdded: 3})
	for _, asOf := range []time.Time{now, at(2)} {
		g := traverse(t, s, lineage.Traversal{
			Roots: []lineage.ID{a.ID}, Direction: lineage.Upstream, Depth: lineage.MaxDepth,
			Types: []lineage.RelationshipType{lineage.PartOf}, AsOf: asOf,
		})
		same(t, "once round", reached(layer(a), layer(b), layer(c)), names(g.Nodes))
		same(t, "with the edge that closes it", createdEdges(at(1), edges...), g.Edges)
		same(t, "truncated", false, g.Truncated)
	}
}

// traverseLadder has 2^40 paths from end to end: who follows paths instead of
// nodes does not come back.
func traverseLadder(t *testing.T, s graphstore.Store) {
	const rungs = 40
	left, right := numbered(lineage.KindWellState, "left", rungs), numbered(lineage.KindWellState, "right", rungs)
	var edges []lineage.Edge
	for i := 1; i < rungs; i++ {
		edges = append(edges, derived(left[i], left[i-1]), derived(left[i], right[i-1]), derived(right[i], left[i-1]), derived(right[i], right[i-1]))
	}
	apply(t, s, part(ownerA, slices.Concat(left, right), edges...), at(1), lineage.Applied{NodesAdded: 2 * rungs, EdgesAdded: len(edges)})
	apply(t, s, part(ownerB, numbered(lineage.KindLot, "later", 1)), at(2), lineage.Applied{NodesAdded: 1})
	for _, asOf := range []time.Time{now, at(1)} {
		g := traverse(t, s, lineage.Traversal{Roots: ids(left[rungs-1:]), Direction: lineage.Upstream, AsOf: asOf})
		if len(g.Nodes) != 2*rungs-1 || len(g.Edges) != len(edges)-2 || g.Truncated {
			t.Errorf("%d nodes, %d edges, truncated %v", len(g.Nodes), len(g.Edges), g.Truncated)
		}
		same(t, "the far end", rungs-1, g.Nodes[len(g.Nodes)-1].Depth)
	}
}

func traverseHub(t *testing.T, s graphstore.Store) {
	const spokes = 20_000
	hub, wells := node(lineage.KindLot, "hub"), numbered(lineage.KindWellState, "well", spokes)
	edges := make([]lineage.Edge, spokes)
	for i, well := range wells {
		edges[i] = derived(well, hub)
	}
	apply(t, s, part(ownerA, append(wells, hub), edges...), at(1), lineage.Applied{NodesAdded: spokes + 1, EdgesAdded: spokes})

	q := lineage.Traversal{Roots: []lineage.ID{hub.ID}, Direction: lineage.Downstream, Nodes: spokes + 1}
	g := traverse(t, s, q)
	if len(g.Nodes) != spokes+1 || len(g.Edges) != spokes || g.Truncated {
		t.Errorf("%d nodes, %d edges, truncated %v", len(g.Nodes), len(g.Edges), g.Truncated)
	}
	q.Nodes = 0
	g = traverse(t, s, q)
	if len(g.Nodes) != lineage.DefaultNodes || len(g.Edges) != lineage.DefaultNodes-1 || !g.Truncated {
		t.Errorf("by default %d nodes, %d edges, truncated %v", len(g.Nodes), len(g.Edges), g.Truncated)
	}
	q.Roots, q.Direction = ids(wells[:1]), lineage.Upstream
	same(t, "from a spoke", 2, len(traverse(t, s, q).Nodes))
	same(t, "edges of a hub are cut", true, edgesCut(t, s, hub.ID, 100))
}

func traverseAsOf(t *testing.T, s graphstore.Store) {
	d := newDilution()
	d.apply(t, s)
	// It was ink, not dye, and the right well never got anything.
	ink := node(lineage.KindLot, "ink")
	renamed := d.mixed
	renamed.Name = "mixed, corrected"
	p := part(ownerA, []lineage.Node{d.water, ink, renamed, d.left, d.reading},
		d.edges[0], derived(d.mixed, ink), d.edges[2], d.edges[4])
	apply(t, s, p, at(3), lineage.Applied{NodesAdded: 1, NodesChanged: 1, NodesRetracted: 4, EdgesAdded: 1, EdgesRetracted: 6})

	for _, c := range []struct {
		name string
		asOf time.Time
		want []string
	}{
		{"before", at(0), nil},
		{"then", at(2), reached(layer(d.reading), layer(d.left), layer(d.mixed), layer(d.water, d.dye))},
		{"at the correction", at(3), reached(layer(d.reading), layer(d.left), layer(renamed), layer(d.water, ink))},
		{"now", now, reached(layer(d.reading), layer(d.left), layer(renamed), layer(d.water, ink))},
	} {
		g := traverse(t, s, lineage.Traversal{Roots: []lineage.ID{d.reading.ID}, Direction: lineage.Upstream, AsOf: c.asOf})
		same(t, c.name, c.want, names(g.Nodes))
		same(t, c.name+": edges", max(len(c.want)-1, 0), len(g.Edges))
	}
	gone := traverse(t, s, lineage.Traversal{Roots: []lineage.ID{d.dye.ID}, Direction: lineage.Downstream, AsOf: at(2), Nodes: 3})
	same(t, "from what is gone, cut", reached(layer(d.dye), layer(d.mixed), sorted(layer(d.left, d.right))[:1]), names(gone.Nodes))
	same(t, "truncated", true, gone.Truncated)
}

func traverseInvalid(t *testing.T, s graphstore.Store) {
	root := []lineage.ID{lineage.RunID("r")}
	for _, c := range []struct {
		traversal lineage.Traversal
		naming    string
	}{
		{lineage.Traversal{Direction: lineage.Upstream}, "roots"},
		{lineage.Traversal{Roots: root}, "direction"},
		{lineage.Traversal{Roots: root, Direction: lineage.Upstream, Types: []lineage.RelationshipType{"RELATED_TO"}}, "RELATED_TO"},
		{lineage.Traversal{Roots: root, Direction: lineage.Upstream, Depth: lineage.MaxDepth + 1}, "depth"},
		{lineage.Traversal{Roots: root, Direction: lineage.Upstream, Nodes: lineage.MaxNodes + 1}, "nodes"},
	} {
		_, err := s.Traverse(t.Context(), c.traversal)
		checkError(t, err, lineage.ErrorInvalid, c.naming)
	}
}
