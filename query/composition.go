package query

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"wellspring/lineage"
)

// Share is the part of a content that came from one first state.
type Share struct {
	State      lineage.Node `json:"state"`
	Name       string       `json:"name"` // of the lots, else "undeclared"
	Lots       []lineage.ID `json:"lots"` // lots, liquids and samples that filled it
	Fraction   float64      `json:"fraction"`
	VolumeUl   *float64     `json:"volume_ul"`
	Undeclared bool         `json:"undeclared"`
	// Concentrations in the content of what the lot or sample was declared to
	// hold. Empty where nobody said: unknown is not zero.
	Concentrations []Concentration `json:"concentrations"`
}

// LiquidShare is the part of a content that came from first states of one name.
type LiquidShare struct {
	Name       string       `json:"name"`
	Lots       []lineage.ID `json:"lots"`
	Fraction   float64      `json:"fraction"`
	VolumeUl   *float64     `json:"volume_ul"`
	Undeclared bool         `json:"undeclared"`
	// Concentrations in the content. One that is not known of every part of the
	// share is left out.
	Concentrations []Concentration `json:"concentrations"`
}

// shares are the first states in a state's content, with who filled them.
func (s *Service) shares(ctx context.Context, state lineage.Node, volume *float64, asOf time.Time) ([]Share, error) {
	ids, _, err := origins(state)
	if err != nil {
		return nil, err
	}
	filled, err := s.stocks(ctx, ids, asOf)
	if err != nil {
		return nil, err
	}
	return filled.shares(state, volume)
}

// stocks are first states with who filled them and what was declared of that.
type stocks struct {
	nodes  map[lineage.ID]lineage.Node
	lots   map[lineage.ID][]lineage.Node // by first state
	stocks map[lineage.ID][]Concentration
	cut    bool // a bound kept some of it back
}

// stocks reads what filled first states.
func (s *Service) stocks(ctx context.Context, ids []lineage.ID, asOf time.Time) (stocks, error) {
	graph, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: ids, Direction: lineage.Upstream, Types: []lineage.RelationshipType{lineage.DerivedFrom},
		Depth: 1, Nodes: lineage.MaxNodes, AsOf: asOf,
	})
	if err != nil {
		return stocks{}, err
	}
	filled := stocks{nodes: make(map[lineage.ID]lineage.Node, len(graph.Nodes)), lots: make(map[lineage.ID][]lineage.Node),
		stocks: make(map[lineage.ID][]Concentration), cut: graph.Truncated && len(graph.Nodes) >= lineage.MaxNodes}
	for _, node := range graph.Nodes {
		filled.nodes[node.ID] = node.Node
	}
	for _, edge := range graph.Edges {
		source := filled.nodes[edge.SourceID]
		if !isStock(source.Kind) {
			continue
		}
		filled.lots[edge.TargetID] = append(filled.lots[edge.TargetID], source)
		// One row that names a lot and a sample says its concentration once.
		if stock, known := stockOf(edge); known && !slices.Contains(filled.stocks[edge.TargetID], stock) {
			filled.stocks[edge.TargetID] = append(filled.stocks[edge.TargetID], stock)
		}
	}
	return filled, nil
}

// shares is what a state's content is made of. volume is that of the content, µL.
func (f stocks) shares(state lineage.Node, volume *float64) ([]Share, error) {
	ids, fractions, err := origins(state)
	if err != nil {
		return nil, err
	}
	shares := make([]Share, 0, len(ids))
	for i, id := range ids {
		first, ok := f.nodes[id]
		if !ok {
			return nil, lineage.NotFound("read composition", id.String(), "an origin of the state is not in the graph: check the graph")
		}
		share := Share{State: first, Lots: []lineage.ID{}, Fraction: fractions[i], Undeclared: flag(first.Attributes, attrUndeclared)}
		share.Name, share.Lots = filledBy(f.lots[id])
		share.Concentrations = diluted(f.stocks[id], share.Fraction)
		if volume != nil {
			part := fractions[i] * *volume
			share.VolumeUl = &part
		}
		shares = append(shares, share)
	}
	slices.SortStableFunc(shares, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Fraction, a.Fraction), cmp.Compare(a.Name, b.Name), compareIDs(a.State.ID, b.State.ID))
	})
	return shares, nil
}

// origins are the first states of a state's content and their fractions. A
// first state is its own.
func origins(state lineage.Node) ([]lineage.ID, []float64, error) {
	names := texts(state.Attributes, lineage.AttrOriginIDs)
	fractions, _ := state.Attributes[lineage.AttrOriginFractions].([]float64)
	if len(names) == 0 {
		return []lineage.ID{state.ID}, []float64{1}, nil
	}
	damaged := &lineage.Error{Op: "read composition", Kind: lineage.ErrorInternal, ID: state.ID.String(),
		Hint: "the state's origins are damaged: rebuild the graph of its run"}
	if len(names) != len(fractions) {
		return nil, nil, damaged
	}
	ids := make([]lineage.ID, len(names))
	for i, name := range names {
		id, err := uuid.Parse(name)
		if err != nil {
			return nil, nil, damaged
		}
		ids[i] = id
	}
	return ids, fractions, nil
}

const undeclaredName = "undeclared"

// filledBy names what a first state was filled with: declared lots and samples
// where there are any, else the liquids of the protocol.
func filledBy(lots []lineage.Node) (string, []lineage.ID) {
	ids := []lineage.ID{}
	var declared, liquids []string
	for _, lot := range lots {
		ids = append(ids, lot.ID)
		if text(lot.Attributes, attrLiquid) == "" {
			declared = append(declared, lot.Name)
		} else {
			liquids = append(liquids, lot.Name)
		}
	}
	if len(declared) == 0 {
		declared = liquids
	}
	return cmp.Or(strings.Join(sortedSet(declared), " + "), undeclaredName), ids
}

// byName sums shares that have one name.
func byName(shares []Share) []LiquidShare {
	liquids := []LiquidShare{}
	index := make(map[string]int)
	sums := make(map[string][][]Concentration) // of the parts of each name
	for _, share := range shares {
		i, ok := index[share.Name]
		if !ok {
			i = len(liquids)
			index[share.Name] = i
			liquids = append(liquids, LiquidShare{Name: share.Name, Lots: []lineage.ID{}})
		}
		liquid := &liquids[i]
		liquid.Fraction += share.Fraction
		if share.Fraction > 0 {
			sums[share.Name] = append(sums[share.Name], share.Concentrations)
		}
		liquid.Undeclared = liquid.Undeclared || share.Undeclared
		liquid.Lots = append(liquid.Lots, share.Lots...)
		if share.VolumeUl != nil {
			sum := *share.VolumeUl
			if liquid.VolumeUl != nil {
				sum += *liquid.VolumeUl
			}
			liquid.VolumeUl = &sum
		}
	}
	for i := range liquids {
		slices.SortFunc(liquids[i].Lots, compareIDs)
		liquids[i].Lots = slices.Compact(liquids[i].Lots)
		liquids[i].Concentrations = sumOfAll(sums[liquids[i].Name])
	}
	slices.SortStableFunc(liquids, func(a, b LiquidShare) int {
		return cmp.Or(cmp.Compare(b.Fraction, a.Fraction), cmp.Compare(a.Name, b.Name))
	})
	return liquids
}
