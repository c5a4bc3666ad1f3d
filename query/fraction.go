package query

import (
	"math"

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
	to       lineage.ID
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
	kinds := make(map[lineage.ID]lineage.Kind, len(graph.Nodes))
	for _, node := range graph.Nodes {
		kinds[node.ID] = node.Kind
	}
	isRoot := make(map[lineage.ID]bool, len(roots))
	for _, root := range roots {
		isRoot[root] = true
	}

	result := shares{of: make(map[lineage.ID]float64, len(graph.Nodes))}
	out := make(map[lineage.ID][]flow, len(graph.Nodes))
	waiting := make(map[lineage.ID]int, len(graph.Nodes)) // edges towards the roots not yet counted
	for _, edge := range graph.Edges {
		from, to := edge.SourceID, edge.TargetID
		if direction == lineage.Upstream {
			from, to = to, from
		}
		if isRoot[to] {
			continue
		}
		fraction, quantitative := edgeFraction(edge)
		if !quantitative {
			if edge.RelationshipType == lineage.DerivedFrom && kinds[edge.TargetID] == lineage.KindWellState {
				result.unknown = true
			}
			continue
		}
		out[from] = append(out[from], flow{to, fraction, direction == lineage.Downstream && isStock(kinds[edge.SourceID])})
		waiting[to]++
	}

	// Kahn's algorithm. Nodes that only other relationships lead to wait for
	// nothing; they have no share to hand on.
	ready := make([]lineage.ID, 0, len(graph.Nodes))
	for _, node := range graph.Nodes {
		if isRoot[node.ID] {
			result.of[node.ID] = 1
		}
		if waiting[node.ID] == 0 {
			ready = append(ready, node.ID)
		}
	}
	done := 0
	for ; done < len(ready); done++ {
		from := ready[done]
		share, has := result.of[from]
		for _, flow := range out[from] {
			switch {
			case has && flow.is:
				result.of[flow.to] = max(result.of[flow.to], share*flow.fraction)
			case has:
				result.of[flow.to] += share * flow.fraction
			}
			if waiting[flow.to]--; waiting[flow.to] == 0 {
				ready = append(ready, flow.to)
			}
		}
	}
	if done < len(graph.Nodes) {
		result.cyclic = true
		for id, left := range waiting {
			if left > 0 {
				delete(result.of, id)
			}
		}
	}
	return result
}

// edgeFraction is the part of the target's content that came along the edge. A
// measurement is wholly of the state it was read from.
func edgeFraction(edge lineage.Edge) (fraction float64, quantitative bool) {
	switch edge.RelationshipType {
	case lineage.MeasuredFrom:
		return 1, true
	case lineage.DerivedFrom:
		fraction, ok := edge.Attributes[lineage.AttrFraction].(float64)
		return fraction, ok && !math.IsNaN(fraction)
	}
	return 0, false
}
