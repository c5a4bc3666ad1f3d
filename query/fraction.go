package query

import (
	"math"
	"slices"

	"wellspring/lineage"
)

// shares says which part of a content each node stands for.
type shares struct {
	// of holds a share for every node that a quantitative path joins to a root.
	of map[lineage.ID]float64
	// unknown: an edge on the way to a well state doesn't say how much came
	// along it, so some shares are lower bounds.
	unknown bool
	// cyclic: the edges go in a circle, which no honest history does. Nodes on or
	// behind the circle have no share.
	cyclic bool
}

// flow is a quantitative edge in the direction of the question.
type flow struct {
	to       int // place of the node in the graph
	fraction float64
	// is: the edge says what a first state is. A lot and the liquid of its name
	// fill it once, not twice.
	is bool
}

// propagate computes shares over the graph in topological order: the share of a
// node is the sum over its edges towards the roots of the edge's fraction times
// the share at its other end. That equals the sum over all paths of the
// products, however many paths there are (a ladder of forty diamonds has 2^40).
//
// A root has all of itself, also when another root leads to it.
func propagate(graph lineage.Graph, roots []lineage.ID, direction lineage.Direction) shares {
	places := make(map[lineage.ID]int, len(graph.Nodes))
	for i := range graph.Nodes {
		places[graph.Nodes[i].ID] = i
	}
	share, has := make([]float64, len(graph.Nodes)), make([]bool, len(graph.Nodes))
	for _, root := range roots {
		if i, there := places[root]; there {
			share[i], has[i] = 1, true
		}
	}
	isRoot := slices.Clone(has)

	result := shares{of: make(map[lineage.ID]float64, len(graph.Nodes))}
	out := make([][]flow, len(graph.Nodes))
	waiting := make([]int, len(graph.Nodes)) // edges towards the roots not yet counted
	for i := range graph.Edges {
		edge := &graph.Edges[i]
		source, hasSource := places[edge.SourceID]
		target, hasTarget := places[edge.TargetID]
		if !hasSource || !hasTarget {
			continue
		}
		from, to := source, target
		if direction == lineage.Upstream {
			from, to = to, from
		}
		if isRoot[to] {
			continue
		}
		fraction, quantitative := edgeFraction(edge)
		if !quantitative {
			if edge.RelationshipType == lineage.DerivedFrom && graph.Nodes[target].Kind == lineage.KindWellState {
				result.unknown = true
			}
			continue
		}
		out[from] = append(out[from], flow{to, fraction, direction == lineage.Downstream && isStock(graph.Nodes[source].Kind)})
		waiting[to]++
	}

	// Kahn's algorithm. Nodes that only other relationships lead to wait for
	// nothing; they have no share to hand on.
	ready := make([]int, 0, len(graph.Nodes))
	for i, edges := range waiting {
		if edges == 0 {
			ready = append(ready, i)
		}
	}
	done := 0
	for ; done < len(ready); done++ {
		from := ready[done]
		for _, flow := range out[from] {
			switch came := share[from] * flow.fraction; {
			case has[from] && flow.is:
				share[flow.to], has[flow.to] = max(share[flow.to], came), true
			case has[from]:
				share[flow.to], has[flow.to] = share[flow.to]+came, true
			}
			if waiting[flow.to]--; waiting[flow.to] == 0 {
				ready = append(ready, flow.to)
			}
		}
	}
	result.cyclic = done < len(graph.Nodes)
	for i := range graph.Nodes {
		if has[i] && waiting[i] == 0 {
			result.of[graph.Nodes[i].ID] = share[i]
		}
	}
	return result
}

// edgeFraction is the part of the target's content that came along the edge. A
// measurement is wholly of the state it was read from.
func edgeFraction(edge *lineage.Edge) (fraction float64, quantitative bool) {
	switch edge.RelationshipType {
	case lineage.MeasuredFrom:
		return 1, true
	case lineage.DerivedFrom:
		fraction, ok := edge.Attributes[lineage.AttrFraction].(float64)
		return fraction, ok && !math.IsNaN(fraction)
	}
	return 0, false
}
