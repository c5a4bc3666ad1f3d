package query

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"wellspring/lineage"
)

func stateID(i int) lineage.ID { return lineage.NewID(lineage.KindWellState, fmt.Sprint(i)) }

// drawGraph makes an acyclic graph of well states, edges from lower to higher
// numbers. Fractions of a target sum to at most one.
func drawGraph(t *rapid.T) lineage.Graph {
	n := rapid.IntRange(1, 9).Draw(t, "nodes")
	var graph lineage.Graph
	for target := range n {
		graph.Nodes = append(graph.Nodes, lineage.Reached{Node: lineage.Node{ID: stateID(target), Kind: lineage.KindWellState}})
		left := 1.0
		for source := range target {
			if !rapid.Bool().Draw(t, "edge") {
				continue
			}
			fraction := left * rapid.Float64Range(0, 1).Draw(t, "fraction")
			left -= fraction
			graph.Edges = append(graph.Edges, lineage.Edge{
				SourceID: stateID(source), TargetID: stateID(target), RelationshipType: lineage.DerivedFrom,
				TransformationID: lineage.StepID("run", fmt.Sprint(target)),
				Attributes:       lineage.Attributes{lineage.AttrFraction: fraction},
			})
		}
	}
	slices.SortFunc(graph.Edges, func(a, b lineage.Edge) int { return a.Key().Compare(b.Key()) })
	return graph
}

// naiveShares walks every path from the roots and adds up the products. A path
// does not go through another root: that has all of itself already.
func naiveShares(graph lineage.Graph, roots []lineage.ID, direction lineage.Direction) map[lineage.ID]float64 {
	shares := make(map[lineage.ID]float64)
	var walk func(at lineage.ID, product float64)
	walk = func(at lineage.ID, product float64) {
		shares[at] += product
		for _, edge := range graph.Edges {
			from, to := edge.SourceID, edge.TargetID
			if direction == lineage.Upstream {
				from, to = to, from
			}
			if from == at && !slices.Contains(roots, to) {
				walk(to, product*edge.Attributes[lineage.AttrFraction].(float64))
			}
		}
	}
	for _, root := range roots {
		walk(root, 1)
	}
	return shares
}

func TestPropagateEqualsSumOverAllPaths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		graph := drawGraph(t)
		direction := rapid.SampledFrom([]lineage.Direction{lineage.Upstream, lineage.Downstream}).Draw(t, "direction")
		roots := rapid.SliceOfNDistinct(rapid.IntRange(0, len(graph.Nodes)-1), 1, min(3, len(graph.Nodes)), rapid.ID).Draw(t, "roots")
		ids := make([]lineage.ID, len(roots))
		for i, root := range roots {
			ids[i] = stateID(root)
		}
		got, want := propagate(graph, ids, direction), naiveShares(graph, ids, direction)
		if got.cyclic || got.unknown {
			t.Fatalf("cyclic %v, unknown %v on an acyclic graph with fractions", got.cyclic, got.unknown)
		}
		if len(got.of) != len(want) {
			t.Fatalf("%d nodes have a share, want %d", len(got.of), len(want))
		}
		for id, share := range want {
			if math.Abs(got.of[id]-share) > 1e-12 {
				t.Fatalf("share of %s is %g, want %g", id, got.of[id], share)
			}
		}
	})
}

// When all of every content is known, the shares of the first states of any
// state sum to one, and no share is above one.
func TestPropagateKeepsTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		graph := drawGraph(t)
		sums := make(map[lineage.ID]float64)
		lastEdge := make(map[lineage.ID]int)
		for i, edge := range graph.Edges {
			sums[edge.TargetID] += edge.Attributes[lineage.AttrFraction].(float64)
			lastEdge[edge.TargetID] = i
		}
		for target, i := range lastEdge { // give the rest to one edge
			attributes := graph.Edges[i].Attributes
			attributes[lineage.AttrFraction] = attributes[lineage.AttrFraction].(float64) + 1 - sums[target]
		}
		root := graph.Nodes[len(graph.Nodes)-1].ID
		shares := propagate(graph, []lineage.ID{root}, lineage.Upstream)
		var whole float64
		for id, share := range shares.of {
			if share > 1+1e-9 {
				t.Fatalf("share of %s is %g", id, share)
			}
			if _, derived := lastEdge[id]; !derived {
				whole += share
			}
		}
		if math.Abs(whole-1) > 1e-9 {
			t.Fatalf("the first states have %g of the content", whole)
		}
	})
}

func TestPropagateThroughALadderOfDiamonds(t *testing.T) {
	const rungs = 40 // 2^40 paths
	var graph lineage.Graph
	id := func(rung, side int) lineage.ID {
		return lineage.NewID(lineage.KindWellState, fmt.Sprint(rung), fmt.Sprint(side))
	}
	half := func(source, target lineage.ID) {
		graph.Edges = append(graph.Edges, lineage.Edge{SourceID: source, TargetID: target, RelationshipType: lineage.DerivedFrom,
			Attributes: lineage.Attributes{lineage.AttrFraction: 0.5}})
	}
	node := func(id lineage.ID) {
		graph.Nodes = append(graph.Nodes, lineage.Reached{Node: lineage.Node{ID: id, Kind: lineage.KindWellState}})
	}
	node(id(0, 0))
	for rung := range rungs {
		for _, side := range []int{1, 2} {
			node(id(rung, side))
			graph.Edges = append(graph.Edges, lineage.Edge{SourceID: id(rung, 0), TargetID: id(rung, side),
				RelationshipType: lineage.DerivedFrom, Attributes: lineage.Attributes{lineage.AttrFraction: 1.0}})
			half(id(rung, side), id(rung+1, 0))
		}
		node(id(rung+1, 0))
	}
	for _, tt := range []struct {
		direction lineage.Direction
		from, to  lineage.ID
	}{
		{lineage.Downstream, id(0, 0), id(rungs, 0)},
		{lineage.Upstream, id(rungs, 0), id(0, 0)},
	} {
		if got := propagate(graph, []lineage.ID{tt.from}, tt.direction).of[tt.to]; got != 1 {
			t.Errorf("%s: share %g, want 1", tt.direction, got)
		}
	}
}

func TestPropagateNamesWhatItCannotSay(t *testing.T) {
	edge := func(source, target int, attributes lineage.Attributes) lineage.Edge {
		return lineage.Edge{SourceID: stateID(source), TargetID: stateID(target), RelationshipType: lineage.DerivedFrom,
			TransformationID: uuid.Nil, Attributes: attributes}
	}
	nodes := func(n int) (all []lineage.Reached) {
		for i := range n {
			all = append(all, lineage.Reached{Node: lineage.Node{ID: stateID(i), Kind: lineage.KindWellState}})
		}
		return all
	}
	half := lineage.Attributes{lineage.AttrFraction: 0.5}

	circle := propagate(lineage.Graph{Nodes: nodes(4), Edges: []lineage.Edge{
		edge(0, 1, half), edge(1, 2, half), edge(2, 1, half), edge(2, 3, half),
	}}, []lineage.ID{stateID(0)}, lineage.Downstream)
	if _, has := circle.of[stateID(1)]; !circle.cyclic || has || len(circle.of) != 1 {
		t.Errorf("circle: %+v", circle)
	}

	silent := propagate(lineage.Graph{Nodes: nodes(2), Edges: []lineage.Edge{edge(0, 1, nil)}},
		[]lineage.ID{stateID(0)}, lineage.Downstream)
	if _, has := silent.of[stateID(1)]; !silent.unknown || has {
		t.Errorf("edge without a fraction: %+v", silent)
	}
}
