package query

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"wellspring/lineage"
)

// nothing is a volume in µL, or a fraction, that is float noise (docs/liquid.md).
const nothing = 1e-6

var noTime time.Time

func near(a, b float64) bool { return math.Abs(a-b) <= nothing }

func sameNumber(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return near(*a, *b)
}

func merged(a, b lineage.Attributes) lineage.Attributes {
	all := make(lineage.Attributes, len(a)+len(b))
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

// wells compares what the wells held at the end, and reports whether a bound
// kept it from knowing what filled them.
func (d *differ) wells(ctx context.Context, s *Service) (cut bool, err error) {
	filled, cut, err := s.fillings(ctx, d.a.ends, d.b.ends)
	if err != nil {
		return cut, err
	}
	for _, pair := range d.paired {
		wells := make(map[string]bool)
		for _, of := range []struct {
			labware lineage.Node
			ends    map[spot]end
		}{{pair.a, d.a.ends}, {pair.b, d.b.ends}} {
			for at := range of.ends {
				if of.labware.Kind != "" && at.labware == labwareIDOf(of.labware) {
					wells[at.well] = true
				}
			}
		}
		for _, well := range slices.SortedFunc(maps.Keys(wells), compareWellNames) {
			if err := d.well(pair, well, filled); err != nil {
				return cut, err
			}
		}
	}
	d.answer.Counts.WellsDiffer = len(d.answer.Wells)
	d.fills = [2]map[string][]string{declaredFills(d.a.ends, filled), declaredFills(d.b.ends, filled)}
	return cut, nil
}

// well compares one well.
func (d *differ) well(pair deckPair, well string, filled fillings) error {
	endOf := func(labware lineage.Node, ends map[spot]end) (end, bool) {
		if labware.Kind == "" {
			return end{}, false
		}
		e, there := ends[spot{labwareIDOf(labware), well}]
		return e, there
	}
	a, inA := endOf(pair.a, d.a.ends)
	b, inB := endOf(pair.b, d.b.ends)
	if inA != inB && (a.untouched || b.untouched) {
		return nil // one plate came with something in it that its run left alone
	}
	d.answer.Counts.WellsCompared++
	change := WellChange{Labware: pair.name(), Slot: pair.slot(), Well: well}
	var err error
	if inA {
		if change.From, err = filled.content(a); err != nil {
			return err
		}
	}
	if inB {
		if change.To, err = filled.content(b); err != nil {
			return err
		}
	}
	change.What = d.wellChange(change.From, change.To)
	if len(change.What) == 0 {
		return nil
	}
	if inA && inB && a.volumeUl != nil && b.volumeUl != nil {
		by := *b.volumeUl - *a.volumeUl
		change.VolumeUl = &by
	}
	d.answer.Wells = append(d.answer.Wells, change)
	return nil
}

func (d *differ) wellChange(a, b *WellContent) []string {
	switch {
	case b == nil:
		return []string{"only-from"}
	case a == nil:
		return []string{"only-to"}
	}
	if d.planned && unknown(a.Liquids) && !unknown(b.Liquids) {
		return []string{"undeclared-in-plan"} // it did not know what the plate came with
	}
	var what []string
	if !sameNumber(a.VolumeUl, b.VolumeUl) {
		what = append(what, "volume")
	}
	if !sameShares(a.Liquids, b.Liquids) {
		what = append(what, "composition")
	}
	if !d.planned && !sameShares(a.Lots, b.Lots) && sameShares(a.Liquids, b.Liquids) {
		what = append(what, "lots") // a plan knows no lots
	}
	return what
}

// unknown reports whether nothing is known of a content.
func unknown(liquids []NameShare) bool {
	return len(liquids) == 1 && liquids[0].Name == undeclaredName
}

func sameShares(a, b []NameShare) bool {
	of := make(map[string]float64)
	for _, share := range a {
		of[share.Name] += share.Fraction
	}
	for _, share := range b {
		of[share.Name] -= share.Fraction
	}
	for _, left := range of {
		if !near(left, 0) {
			return false
		}
	}
	return true
}

// filling names what a first state was filled with.
type filling struct {
	liquid string   // the protocol's liquid, else what was declared
	lot    string   // what was declared, else the protocol's liquid
	lots   []string // declared
}

// fillings are by first state.
type fillings map[lineage.ID]filling

// fillings reads what filled the first states of all that is in the wells.
func (s *Service) fillings(ctx context.Context, sides ...map[spot]end) (fillings, bool, error) {
	firsts := make(map[lineage.ID]bool)
	for _, ends := range sides {
		for _, e := range ends {
			ids, _, err := origins(e.state)
			if err != nil {
				return nil, false, err
			}
			for _, id := range ids {
				firsts[id] = true
			}
		}
	}
	if len(firsts) == 0 {
		return fillings{}, false, nil
	}
	graph, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: slices.SortedFunc(maps.Keys(firsts), compareIDs), Direction: lineage.Upstream,
		Types: []lineage.RelationshipType{lineage.DerivedFrom}, Depth: 1, Nodes: lineage.MaxNodes,
	})
	if err != nil {
		return nil, false, err
	}
	nodes := make(map[lineage.ID]lineage.Node, len(graph.Nodes))
	for _, node := range graph.Nodes {
		nodes[node.ID] = node.Node
	}
	liquids, declared := make(map[lineage.ID][]string), make(map[lineage.ID][]string)
	for _, edge := range graph.Edges {
		switch source := nodes[edge.SourceID]; {
		case source.Kind != lineage.KindLot && source.Kind != lineage.KindSample:
		case text(source.Attributes, attrLiquid) != "":
			liquids[edge.TargetID] = append(liquids[edge.TargetID], source.Name)
		default:
			declared[edge.TargetID] = append(declared[edge.TargetID], source.Name)
		}
	}
	filled := make(fillings, len(firsts))
	for id := range firsts {
		lots := sortedSet(declared[id])
		liquid, lot := strings.Join(sortedSet(liquids[id]), " + "), strings.Join(lots, " + ")
		filled[id] = filling{liquid: cmp.Or(liquid, lot, undeclaredName), lot: cmp.Or(lot, liquid, undeclaredName), lots: lots}
	}
	return filled, graph.Truncated && len(nodes) >= lineage.MaxNodes, nil
}

// content names what a well held.
func (f fillings) content(e end) (*WellContent, error) {
	ids, fractions, err := origins(e.state)
	if err != nil {
		return nil, err
	}
	liquids, lots := make(map[string]float64), make(map[string]float64)
	for i, id := range ids {
		liquids[f[id].liquid] += fractions[i]
		lots[f[id].lot] += fractions[i]
	}
	return &WellContent{State: e.state.ID, VolumeUl: e.volumeUl, Liquids: named(liquids), Lots: named(lots)}, nil
}

func named(of map[string]float64) []NameShare {
	shares := make([]NameShare, 0, len(of))
	for name, fraction := range of {
		shares = append(shares, NameShare{name, fraction})
	}
	slices.SortFunc(shares, func(a, b NameShare) int {
		return cmp.Or(cmp.Compare(b.Fraction, a.Fraction), cmp.Compare(a.Name, b.Name))
	})
	return shares
}

// declaredFills are the lots and samples by the liquid that they are.
func declaredFills(ends map[spot]end, filled fillings) map[string][]string {
	all := make(map[string][]string)
	for _, e := range ends {
		ids, _, err := origins(e.state)
		if err != nil {
			continue // it was refused before
		}
		for _, id := range ids {
			f := filled[id]
			all[f.liquid] = append(all[f.liquid], f.lots...)
		}
	}
	for name, lots := range all {
		all[name] = sortedSet(lots)
	}
	return all
}

// compareWellNames orders wells as a person reads a plate: A1, A2, … A12, B1.
func compareWellNames(a, b string) int {
	split := func(well string) (string, int) {
		row := strings.TrimRight(well, "0123456789")
		column, _ := strconv.Atoi(well[len(row):])
		return row, column
	}
	rowA, columnA := split(a)
	rowB, columnB := split(b)
	return cmp.Or(cmp.Compare(len(rowA), len(rowB)), cmp.Compare(rowA, rowB), cmp.Compare(columnA, columnB), cmp.Compare(a, b))
}
