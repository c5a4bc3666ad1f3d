package query

import (
	"context"
	"slices"
	"time"

	"wellspring/lineage"
)

// Well is what a well of a run held in the end, and how that came about.
type Well struct {
	Run     string         `json:"run"`     // the robot's run id; of plate:BARCODE/WELL, the last that had anything there
	Labware lineage.Node   `json:"labware"` // with what the run says about it
	Well    string         `json:"well"`
	State   lineage.Node   `json:"state"`  // the last
	States  []lineage.Node `json:"states"` // all, in executed order, also those of earlier runs
	// Inherited: the run never changed the content; it is an earlier run's.
	Inherited bool `json:"inherited"`
	// VolumeUl is what the well held in the end, µL: less than the last state began
	// with, where some was drawn. Nil where it is not known.
	VolumeUl *float64      `json:"volume_ul"`
	Shares   []Share       `json:"shares"`  // the content by first state, largest first
	Liquids  []LiquidShare `json:"liquids"` // the content by lot or liquid name, largest first
	// Measurements of its states, by the time of reading.
	Measurements []lineage.Node `json:"measurements"`
	// Uncertain: a failed command may have moved liquid here.
	Uncertain bool     `json:"uncertain"`
	Complete  bool     `json:"complete"`
	Reasons   []string `json:"reasons"` // why what is known of the content may not be all
	// Explanations says each reason in a sentence, in their order.
	Explanations []string `json:"explanations"`
}

// Well answers for the one well that a selector names: RUN/LABWARE/WELL, or
// plate:BARCODE/WELL for what it held last over all runs. asOf asks for what was
// known then; zero means now.
func (s *Service) Well(ctx context.Context, selector string, asOf time.Time) (Well, error) {
	return s.well(ctx, selector, time.Time{}, asOf)
}

func (s *Service) well(ctx context.Context, selector string, at, asOf time.Time) (Well, error) {
	sel, err := parseSelector(selector)
	if err != nil {
		return Well{}, err
	}
	if sel.form != formWell && sel.form != formPlateWell {
		return Well{}, lineage.Invalid("show well", selector, "use RUN/LABWARE/WELL or plate:BARCODE/WELL")
	}
	content, err := s.contentAt(ctx, sel, asOf)
	if err == nil && !at.IsZero() {
		content, err = s.until(ctx, content, at, asOf)
	}
	if err != nil {
		return Well{}, err
	}
	last := content.last()
	answer := Well{
		Run: runName(content.run), Labware: content.labware, Well: content.well, State: last, States: content.states,
		Inherited: content.inherited, VolumeUl: content.volumeUl,
	}
	if answer.Shares, err = s.shares(ctx, last, answer.VolumeUl, asOf); err != nil {
		return Well{}, err
	}
	answer.Liquids = byName(answer.Shares)
	if answer.Measurements, err = s.measurements(ctx, content.states, asOf); err != nil {
		return Well{}, err
	}
	if answer.Reasons, err = s.wellGaps(ctx, content, answer.Shares, asOf); err != nil {
		return Well{}, err
	}
	answer.Uncertain = slices.Contains(answer.Reasons, reasonUncertain)
	answer.Complete, answer.Explanations = len(answer.Reasons) == 0, explained(answer.Reasons)
	return answer, nil
}

// wellGaps is why what is known of a content may not be all.
func (s *Service) wellGaps(ctx context.Context, content content, shares []Share, asOf time.Time) ([]string, error) {
	reasons, err := s.gaps(ctx, slices.Values([]lineage.Node{content.last()}), lineage.Upstream, asOf)
	if err != nil {
		return nil, err
	}
	for _, share := range shares {
		if share.Undeclared {
			reasons = append(reasons, ReasonUndeclared)
		}
	}
	for _, reason := range runGaps(content.run) { // of an inherited content, the run is another than the state's
		if !ofStates(reason) {
			reasons = append(reasons, reason)
		}
	}
	return sortedSet(reasons), nil
}

// measurements are the values read from states, by the time of reading.
func (s *Service) measurements(ctx context.Context, states []lineage.Node, asOf time.Time) ([]lineage.Node, error) {
	roots := make([]lineage.ID, len(states))
	for i, state := range states {
		roots[i] = state.ID
	}
	graph, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: roots, Direction: lineage.Downstream, Types: []lineage.RelationshipType{lineage.MeasuredFrom},
		Depth: 1, Nodes: lineage.MaxNodes, AsOf: asOf,
	})
	if err != nil {
		return nil, err
	}
	read := []lineage.Node{}
	for _, node := range graph.Nodes {
		if node.Kind == lineage.KindMeasurement {
			read = append(read, node.Node)
		}
	}
	slices.SortFunc(read, compareRead)
	return read, nil
}
