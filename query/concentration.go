package query

import (
	"cmp"
	"maps"
	"slices"

	"wellspring/bench"
	"wellspring/lineage"
)

// Concentration is how much of an analyte is in a content: the share of a lot or
// sample there times what was declared of it, in the declared unit.
type Concentration struct {
	Analyte string  `json:"analyte,omitempty"` // empty: the lot or sample itself
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"` // as declared: mg/mL, mM, …
}

// in returns c in a unit; false where that is one of another dimension.
func (c Concentration) in(unit string) (Concentration, bool) {
	converted, err := bench.Concentration{Value: c.Value, Unit: c.Unit, Analyte: c.Analyte}.In(unit)
	return Concentration{c.Analyte, converted.Value, converted.Unit}, err == nil
}

// stockOf is what was declared of the lot or sample at an edge's source.
func stockOf(edge lineage.Edge) (Concentration, bool) {
	if edge.RelationshipType != lineage.DerivedFrom {
		return Concentration{}, false
	}
	value, unit := number(edge.Attributes, "concentration"), text(edge.Attributes, "concentrationUnit")
	if value == nil || unit == "" {
		return Concentration{}, false
	}
	return Concentration{Analyte: text(edge.Attributes, "analyte"), Value: *value, Unit: unit}, true
}

// diluted are stocks of which a content holds a fraction, by analyte.
func diluted(stocks []Concentration, fraction float64) []Concentration {
	all := make([]Concentration, len(stocks))
	for i, stock := range stocks {
		all[i] = Concentration{stock.Analyte, fraction * stock.Value, stock.Unit}
	}
	slices.SortStableFunc(all, func(a, b Concentration) int { return cmp.Compare(a.Analyte, b.Analyte) })
	return all
}

// sumOfAll adds what each part of a content brings, in the unit of the first. An
// analyte that one part doesn't know, or knows in another dimension, is unknown.
func sumOfAll(parts [][]Concentration) []Concentration {
	sums := []Concentration{}
	if len(parts) == 0 {
		return sums
	}
	for _, first := range parts[0] {
		sum, known := first, true
		for _, part := range parts[1:] {
			i := slices.IndexFunc(part, func(c Concentration) bool { return c.Analyte == first.Analyte })
			if i < 0 {
				known = false
				break
			}
			more, fits := part[i].in(sum.Unit)
			known = known && fits
			sum.Value += more.Value
		}
		if known {
			sums = append(sums, sum)
		}
	}
	return sums
}

// concentrations are those of the nodes of an answer. Upstream: of each lot and
// sample in the content of the root. Downstream, from lots and samples: in each
// content that they reached.
func concentrations(graph lineage.Graph, roots []lineage.ID, direction lineage.Direction, shares shares) map[lineage.ID][]Concentration {
	if direction == lineage.Upstream {
		return concentrationsUpstream(graph, shares)
	}
	return concentrationsDownstream(graph, roots)
}

func concentrationsUpstream(graph lineage.Graph, shares shares) map[lineage.ID][]Concentration {
	parts := make(map[lineage.ID][][]Concentration)
	for _, edge := range stockEdges(graph) {
		share, ok := shares.of[edge.TargetID]
		switch stock, known := stockOf(edge); {
		case !ok || share == 0:
		case known:
			parts[edge.SourceID] = append(parts[edge.SourceID], diluted([]Concentration{stock}, share))
		default:
			parts[edge.SourceID] = append(parts[edge.SourceID], nil)
		}
	}
	of := make(map[lineage.ID][]Concentration, len(parts))
	for id, all := range parts {
		of[id] = sumOfAll(all)
	}
	return of
}

// concentrationsDownstream lets each root's stock flow to where its shares do: a
// concentration is a share whose first step counts as much as was declared.
func concentrationsDownstream(graph lineage.Graph, roots []lineage.ID) map[lineage.ID][]Concentration {
	stocks := make(map[string]map[lineage.ID]Concentration) // by analyte and first state
	filled := make(map[lineage.ID]bool)
	for _, edge := range stockEdges(graph) {
		if !slices.Contains(roots, edge.SourceID) {
			continue
		}
		filled[edge.TargetID] = true
		if stock, known := stockOf(edge); known {
			if stocks[stock.Analyte] == nil {
				stocks[stock.Analyte] = make(map[lineage.ID]Concentration)
			}
			stocks[stock.Analyte][edge.TargetID] = stock
		}
	}
	of := make(map[lineage.ID][]Concentration)
	for _, analyte := range slices.Sorted(maps.Keys(stocks)) {
		known := stocks[analyte]
		unit := known[slices.MinFunc(slices.Collect(maps.Keys(known)), compareIDs)].Unit
		values, unknown := make(map[lineage.ID]float64), make(map[lineage.ID]float64)
		for first := range filled {
			stock, fits := known[first].in(unit)
			if fits {
				values[first] = stock.Value
			} else {
				unknown[first] = 1
			}
		}
		here, blurred := flowFrom(graph, roots, values), flowFrom(graph, roots, unknown)
		for _, node := range graph.Nodes {
			if value, ok := here[node.ID]; ok && value > 0 && blurred[node.ID] == 0 && !slices.Contains(roots, node.ID) {
				of[node.ID] = append(of[node.ID], Concentration{analyte, value, unit})
			}
		}
	}
	return of
}

// flowFrom propagates with other weights on the edges from lots and samples.
func flowFrom(graph lineage.Graph, roots []lineage.ID, weights map[lineage.ID]float64) map[lineage.ID]float64 {
	weighted := graph
	weighted.Edges = slices.Clone(graph.Edges)
	stock := make(map[lineage.EdgeKey]bool)
	for _, edge := range stockEdges(graph) {
		stock[edge.Key()] = true
	}
	for i, edge := range weighted.Edges {
		if stock[edge.Key()] {
			weighted.Edges[i].Attributes = lineage.Attributes{lineage.AttrFraction: weights[edge.TargetID]}
		}
	}
	return propagate(weighted, roots, lineage.Downstream).of
}

// stockEdges lead from lots and samples to the first states that they fill.
func stockEdges(graph lineage.Graph) []lineage.Edge {
	stocks := make(map[lineage.ID]bool) // there are few
	for i := range graph.Nodes {
		if isStock(graph.Nodes[i].Kind) {
			stocks[graph.Nodes[i].ID] = true
		}
	}
	var edges []lineage.Edge
	filled := make(map[lineage.ID]bool) // whether it is a well state
	for _, edge := range graph.Edges {
		if edge.RelationshipType == lineage.DerivedFrom && stocks[edge.SourceID] {
			edges = append(edges, edge)
			filled[edge.TargetID] = false
		}
	}
	for i := range graph.Nodes {
		if _, is := filled[graph.Nodes[i].ID]; is {
			filled[graph.Nodes[i].ID] = graph.Nodes[i].Kind == lineage.KindWellState
		}
	}
	return slices.DeleteFunc(edges, func(e lineage.Edge) bool { return !filled[e.TargetID] })
}

func isStock(kind lineage.Kind) bool { return kind == lineage.KindLot || kind == lineage.KindSample }
