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

// Well is what a well of a run held in the end, and how that came about.
type Well struct {
	Run     string         `json:"run"`     // the robot's run id
	Labware lineage.Node   `json:"labware"` // with what the run says about it
	Well    string         `json:"well"`
	State   lineage.Node   `json:"state"`  // the last
	States  []lineage.Node `json:"states"` // all, in executed order
	// VolumeUl is what the well held in the end, µL: less than the last state began
	// with, where some was drawn. Nil where it is not known.
	VolumeUl *float64      `json:"volume_ul"`
	Shares   []Share       `json:"shares"`  // the content by first state, largest first
	Liquids  []LiquidShare `json:"liquids"` // the content by lot or liquid name, largest first
	// Uncertain: a failed command may have moved liquid here.
	Uncertain bool     `json:"uncertain"`
	Complete  bool     `json:"complete"`
	Reasons   []string `json:"reasons"` // why what is known of the content may not be all
}

// Share is the part of a content that came from one first state.
type Share struct {
	State      lineage.Node `json:"state"`
	Name       string       `json:"name"` // of the lots, else "undeclared"
	Lots       []lineage.ID `json:"lots"` // lots, liquids and samples that filled it
	Fraction   float64      `json:"fraction"`
	VolumeUl   *float64     `json:"volume_ul"`
	Undeclared bool         `json:"undeclared"`
}

// LiquidShare is the part of a content that came from first states of one name.
type LiquidShare struct {
	Name       string       `json:"name"`
	Lots       []lineage.ID `json:"lots"`
	Fraction   float64      `json:"fraction"`
	VolumeUl   *float64     `json:"volume_ul"`
	Undeclared bool         `json:"undeclared"`
}

// Well answers for one well: run, labware and well as in a selector.
func (s *Service) Well(ctx context.Context, run, labware, well string) (Well, error) {
	sel := selector{text: JoinSelector(run, labware, well), form: formWell, name: strings.TrimPrefix(run, "run:"), labware: labware, well: well}
	place, err := s.placeOf(ctx, sel)
	if err != nil {
		return Well{}, err
	}
	states, err := s.wellStates(ctx, place)
	if err != nil {
		return Well{}, err
	}
	if len(states) == 0 {
		return Well{}, neverFilled(sel)
	}
	last := states[len(states)-1]
	answer := Well{Run: place.run, Labware: place.labware, Well: place.well, State: last, States: states}
	answer.VolumeUl = number(last.Attributes, attrEndVolumeUl)
	if answer.Shares, err = s.shares(ctx, last, answer.VolumeUl); err != nil {
		return Well{}, err
	}
	answer.Liquids = byName(answer.Shares)
	if answer.Reasons, err = s.gaps(ctx, []lineage.Node{last}, lineage.Upstream, time.Time{}); err != nil {
		return Well{}, err
	}
	for _, share := range answer.Shares {
		if share.Undeclared {
			answer.Reasons = sortedSet(append(answer.Reasons, ReasonUndeclared))
		}
	}
	answer.Uncertain = slices.Contains(answer.Reasons, reasonUncertain)
	answer.Complete = len(answer.Reasons) == 0
	return answer, nil
}

// shares are the first states in a state's content, with who filled them.
func (s *Service) shares(ctx context.Context, state lineage.Node, volume *float64) ([]Share, error) {
	ids, fractions, err := origins(state)
	if err != nil {
		return nil, err
	}
	graph, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: ids, Direction: lineage.Upstream, Types: []lineage.RelationshipType{lineage.DerivedFrom},
		Depth: 1, Nodes: lineage.MaxNodes,
	})
	if err != nil {
		return nil, err
	}
	nodes := make(map[lineage.ID]lineage.Node, len(graph.Nodes))
	for _, node := range graph.Nodes {
		nodes[node.ID] = node.Node
	}
	lots := make(map[lineage.ID][]lineage.Node)
	for _, edge := range graph.Edges {
		if source := nodes[edge.SourceID]; source.Kind == lineage.KindLot || source.Kind == lineage.KindSample {
			lots[edge.TargetID] = append(lots[edge.TargetID], source)
		}
	}
	shares := make([]Share, 0, len(ids))
	for i, id := range ids {
		first, ok := nodes[id]
		if !ok {
			return nil, lineage.NotFound("read composition", id.String(), "an origin of the state is not in the graph: check the graph")
		}
		share := Share{State: first, Lots: []lineage.ID{}, Fraction: fractions[i], Undeclared: flag(first.Attributes, attrUndeclared)}
		share.Name, share.Lots = filledBy(lots[id])
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
	for _, share := range shares {
		i, ok := index[share.Name]
		if !ok {
			i = len(liquids)
			index[share.Name] = i
			liquids = append(liquids, LiquidShare{Name: share.Name, Lots: []lineage.ID{}})
		}
		liquid := &liquids[i]
		liquid.Fraction += share.Fraction
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
	}
	slices.SortStableFunc(liquids, func(a, b LiquidShare) int {
		return cmp.Or(cmp.Compare(b.Fraction, a.Fraction), cmp.Compare(a.Name, b.Name))
	})
	return liquids
}
