package storetest

import (
	"testing"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// holding says that a content is in equal parts of first states, and of something else.
func holding(a lineage.Attributes, firsts ...lineage.Node) {
	var ids []string
	var fractions []float64
	for _, first := range firsts {
		ids, fractions = append(ids, first.ID.String()), append(fractions, 0.25)
	}
	a[lineage.AttrOriginIDs], a[lineage.AttrOriginFractions] = ids, fractions
}

func holders(t *testing.T, s graphstore.Store, firsts ...lineage.Node) []lineage.HeldWell {
	t.Helper()
	wells, more, err := s.Holders(t.Context(), ids(firsts), lineage.MaxNodes)
	if err != nil || more {
		t.Fatalf("holders: more %v, %v", more, err)
	}
	return wells
}

// plateOf is a plate and what its wells hold: water, dye and two mixtures one after the
// other, of which the second was measured.
type plateOf struct {
	water, dye, first, second, reading, plate lineage.Node
}

func newPlate() plateOf {
	state := func(name, well string, firsts ...lineage.Node) lineage.Node {
		n := node(lineage.KindWellState, name, lineage.Attributes{lineage.AttrRun: "r-1", lineage.AttrLabware: "plate", lineage.AttrWell: well})
		if holding(n.Attributes, firsts...); firsts == nil {
			n.Attributes[lineage.AttrOriginIDs], n.Attributes[lineage.AttrOriginFractions] = []string{n.ID.String()}, []float64{1}
		}
		return n
	}
	p := plateOf{water: state("water", "A1"), dye: state("dye", "A2"), reading: node(lineage.KindMeasurement, "reading"), plate: node(lineage.KindLabware, "P-1")}
	p.first = state("first", "B1", p.water)
	p.second = state("second", "B1", p.water, p.dye)
	return p
}

func (p plateOf) edges() []lineage.Edge {
	edges := []lineage.Edge{edge(p.reading, lineage.MeasuredFrom, p.second)}
	for _, n := range []lineage.Node{p.water, p.dye, p.first, p.second} {
		edges = append(edges, edge(n, lineage.HeldIn, p.plate))
	}
	return edges
}

func (p plateOf) apply(t *testing.T, s graphstore.Store) {
	t.Helper()
	apply(t, s, part(ownerA, []lineage.Node{p.water, p.dye, p.first, p.second, p.reading, p.plate}, p.edges()...), at(1),
		lineage.Applied{NodesAdded: 6, EdgesAdded: 5})
}

func (p plateOf) well(name string, contents, measurements int, least, most float64) lineage.HeldWell {
	return lineage.HeldWell{Run: "r-1", Labware: "plate", Well: name,
		Contents: contents, Measurements: measurements, FractionMin: least, FractionMax: most}
}

func holdersOfFirsts(t *testing.T, s graphstore.Store) {
	p := newPlate()
	p.apply(t, s)
	same(t, "water", []lineage.HeldWell{p.well("A1", 1, 0, 1, 1), p.well("B1", 2, 1, 0.25, 0.25)}, holders(t, s, p.water))
	same(t, "dye", []lineage.HeldWell{p.well("A2", 1, 0, 1, 1), p.well("B1", 1, 1, 0.25, 0.25)}, holders(t, s, p.dye))
	both := []lineage.HeldWell{p.well("A1", 1, 0, 1, 1), p.well("A2", 1, 0, 1, 1), p.well("B1", 2, 1, 0.25, 0.5)}
	same(t, "both, one of them twice", both, holders(t, s, p.water, p.dye, p.dye))
	same(t, "what is no first state", []lineage.HeldWell(nil), holders(t, s, p.second))
	same(t, "nothing", []lineage.HeldWell(nil), holders(t, s))

	wells, more, err := s.Holders(t.Context(), ids(layer(p.water, p.dye)), 2)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the first two", both[:2], wells)
	same(t, "that there are more", true, more)
	_, _, err = s.Holders(t.Context(), ids(layer(p.water)), 0)
	same(t, "the kind of error for a limit of 0", lineage.ErrorInvalid, lineage.KindOf(err))
}

// holdersFollow has contents change, go and come again.
func holdersFollow(t *testing.T, s graphstore.Store) {
	p := newPlate()
	p.apply(t, s)
	other := p
	other.second.Attributes = lineage.Attributes{lineage.AttrRun: "r-1", lineage.AttrLabware: "plate", lineage.AttrWell: "B1"}
	holding(other.second.Attributes, p.dye)
	all := func(p plateOf) lineage.Projection {
		return part(ownerA, []lineage.Node{p.water, p.dye, p.first, p.second, p.reading, p.plate}, p.edges()...)
	}
	apply(t, s, all(other), at(2), lineage.Applied{NodesChanged: 1})
	same(t, "water that left the second", []lineage.HeldWell{p.well("A1", 1, 0, 1, 1), p.well("B1", 1, 0, 0.25, 0.25)}, holders(t, s, p.water))
	apply(t, s, all(p), at(3), lineage.Applied{NodesChanged: 1})
	same(t, "water that came again", []lineage.HeldWell{p.well("A1", 1, 0, 1, 1), p.well("B1", 2, 1, 0.25, 0.25)}, holders(t, s, p.water))

	// Without its first state in the graph a content still says what it is of.
	less := part(ownerA, []lineage.Node{p.first, p.plate}, edge(p.first, lineage.HeldIn, p.plate))
	apply(t, s, less, at(4), lineage.Applied{NodesRetracted: 4, EdgesRetracted: 4})
	same(t, "water whose first state went", []lineage.HeldWell{p.well("B1", 1, 0, 0.25, 0.25)}, holders(t, s, p.water))
	same(t, "dye of which nothing is left", []lineage.HeldWell(nil), holders(t, s, p.dye))
	apply(t, s, part(ownerA, nil), at(5), lineage.Applied{NodesRetracted: 2, EdgesRetracted: 1})
	same(t, "nothing is left", []lineage.HeldWell(nil), holders(t, s, p.water, p.dye))
}
