package query

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"wellspring/lineage"
)

// Plate is what all wells of one labware held in the end of a run: what Well
// answers for one of them, at once for all.
type Plate struct {
	Run     lineage.Node   `json:"run"`     // of plate:BARCODE, the last that used it
	Runs    []lineage.Node `json:"runs"`    // all that used it, in order of start
	Labware lineage.Node   `json:"labware"` // with what the run says about it
	Wells   []PlateWell    `json:"wells"`   // those that ever held anything, row by row
	// Complete: nothing that these contents rest on is unknown.
	Complete     bool     `json:"complete"`
	Reasons      []string `json:"reasons"`
	Explanations []string `json:"explanations"`
}

// PlateWell is one well of a Plate.
type PlateWell struct {
	Well      string        `json:"well"`
	State     lineage.Node  `json:"state"` // the last
	Inherited bool          `json:"inherited"`
	VolumeUl  *float64      `json:"volume_ul"` // in the end; nil: not known
	Liquids   []LiquidShare `json:"liquids"`   // largest first
	// Measurements of the states that the run found or made, by the time of reading.
	Measurements []lineage.Node `json:"measurements"`
}

const opPlate = "show plate"

// Plate answers for the labware that a selector names: RUN/LABWARE,
// plate:BARCODE, or an id. asOf asks for what was known then; zero means now.
func (s *Service) Plate(ctx context.Context, selector string, asOf time.Time) (Plate, error) {
	answer, err := s.plateOf(ctx, selector, asOf)
	if err != nil {
		return Plate{}, err
	}
	found, err := s.contents(ctx, answer.Run, labwareIDOf(answer.Labware), asOf)
	if err != nil {
		return Plate{}, err
	}
	filled, err := s.stocksOfWells(ctx, found, asOf)
	if err != nil {
		return Plate{}, err
	}
	read, err := s.measurementsOf(ctx, found, asOf)
	if err != nil {
		return Plate{}, err
	}
	lasts := []lineage.Node{}
	undeclared := false
	for _, name := range slices.SortedFunc(maps.Keys(found), compareWellNames) {
		c := found[name]
		well := PlateWell{Well: name, State: c.last(), Inherited: c.inherited, VolumeUl: c.volumeUl, Measurements: []lineage.Node{}}
		shares, err := filled.shares(c.last(), c.volumeUl)
		if err != nil {
			return Plate{}, err
		}
		for _, share := range shares {
			undeclared = undeclared || share.Undeclared
		}
		for _, state := range c.states {
			well.Measurements = append(well.Measurements, read[state.ID]...)
		}
		well.Liquids = byName(shares)
		answer.Wells = append(answer.Wells, well)
		lasts = append(lasts, c.last())
	}
	return s.closePlate(ctx, answer, lasts, undeclared, filled.cut, asOf)
}

func (s *Service) closePlate(ctx context.Context, answer Plate, lasts []lineage.Node, undeclared, cut bool, asOf time.Time) (Plate, error) {
	reasons, err := s.gaps(ctx, slices.Values(lasts), lineage.Upstream, asOf)
	if err != nil {
		return Plate{}, err
	}
	if undeclared {
		reasons = append(reasons, ReasonUndeclared)
	}
	if cut {
		reasons = append(reasons, ReasonTruncated)
	}
	for _, reason := range runGaps(answer.Run) {
		if !ofStates(reason) {
			reasons = append(reasons, reason)
		}
	}
	answer.Reasons = sortedSet(reasons)
	answer.Complete, answer.Explanations = len(answer.Reasons) == 0, explained(answer.Reasons)
	return answer, nil
}

// plateOf finds the labware, the run that it is looked at in, and its other runs.
func (s *Service) plateOf(ctx context.Context, selector string, asOf time.Time) (Plate, error) {
	answer := Plate{Wells: []PlateWell{}}
	sel, err := parseSelector(selector)
	if err != nil {
		return Plate{}, err
	}
	var labware lineage.Node
	if sel.form == formLabware {
		run, fitting, err := s.labwareOf(ctx, sel, asOf)
		if err != nil {
			return Plate{}, err
		}
		if labware, err = one(selector, fitting); err != nil {
			return Plate{}, err
		}
		answer.Run, answer.Labware = run, labware
	} else if labware, err = s.Resolve(ctx, selector, asOf); err != nil {
		return Plate{}, err
	}
	if labware.Kind != lineage.KindLabware {
		return Plate{}, lineage.Invalid(opPlate, selector, "that is a "+string(labware.Kind)+": use RUN/LABWARE or plate:BARCODE")
	}
	if answer.Runs, err = s.runsOf(ctx, labware, asOf); err != nil {
		return Plate{}, err
	}
	for _, run := range slices.Backward(answer.Runs) {
		if answer.Labware.Kind != "" {
			break
		}
		deck, err := s.deck(ctx, run, asOf)
		if err != nil {
			return Plate{}, err
		}
		if i := slices.IndexFunc(deck, func(n lineage.Node) bool { return n.ID == labware.ID }); i >= 0 {
			answer.Run, answer.Labware = run, deck[i]
		}
	}
	if answer.Labware.Kind == "" {
		return Plate{}, lineage.NotFound(opPlate, selector, "no run used it, as far as is known")
	}
	return answer, nil
}

// runsOf are the runs that used labware, in order of start; a plan where no run did.
func (s *Service) runsOf(ctx context.Context, labware lineage.Node, asOf time.Time) ([]lineage.Node, error) {
	graph, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: []lineage.ID{labware.ID}, Direction: lineage.Downstream, Types: []lineage.RelationshipType{lineage.Used},
		Depth: 1, Nodes: lineage.MaxNodes, AsOf: asOf,
	})
	if err != nil {
		return nil, err
	}
	of := func(kind lineage.Kind) []lineage.Node {
		runs := []lineage.Node{}
		for _, node := range graph.Nodes {
			if node.Kind == kind {
				runs = append(runs, node.Node)
			}
		}
		slices.SortFunc(runs, compareStarted)
		return runs
	}
	if runs := of(lineage.KindRun); len(runs) > 0 {
		return runs, nil
	}
	return of(lineage.KindPlan), nil
}

// contents is what every well of a run's labware held in the end, by well: the
// state that it came with, where there is one, then those that the run gave it.
func (s *Service) contents(ctx context.Context, run lineage.Node, labware string, asOf time.Time) (map[string]content, error) {
	states, err := s.findAll(ctx, lineage.Find{Kind: lineage.KindWellState, AsOf: asOf, Attrs: map[string]string{
		lineage.AttrRun: runName(run), lineage.AttrLabware: labware,
	}}, lineage.MaxNodes)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(states, compareInWell)
	came, err := s.inherited(ctx, run.ID, labware, asOf)
	if err != nil {
		return nil, err
	}
	found := make(map[string]content, len(states))
	for well, from := range came {
		found[well] = content{wellPlace: wellPlace{run: run, well: well}, states: []lineage.Node{from.state}, inherited: true, volumeUl: from.endVolumeUl}
	}
	for _, state := range states {
		well := text(state.Attributes, lineage.AttrWell)
		c := found[well]
		c.run, c.well, c.inherited, c.volumeUl = run, well, false, number(state.Attributes, attrEndVolumeUl)
		c.states = append(c.states, state)
		found[well] = c
	}
	return found, nil
}

// stocksOfWells are the first states in the contents of wells.
func (s *Service) stocksOfWells(ctx context.Context, wells map[string]content, asOf time.Time) (stocks, error) {
	firsts := make(map[lineage.ID]bool)
	for _, c := range wells {
		ids, _, err := origins(c.last())
		if err != nil {
			return stocks{}, err
		}
		for _, id := range ids {
			firsts[id] = true
		}
	}
	if len(firsts) == 0 {
		return stocks{}, nil
	}
	return s.stocks(ctx, slices.SortedFunc(maps.Keys(firsts), compareIDs), asOf)
}

// measurementsOf are the values read from the states of wells, by state.
func (s *Service) measurementsOf(ctx context.Context, wells map[string]content, asOf time.Time) (map[lineage.ID][]lineage.Node, error) {
	var roots []lineage.ID
	for _, c := range wells {
		for _, state := range c.states {
			roots = append(roots, state.ID)
		}
	}
	if len(roots) == 0 {
		return nil, nil
	}
	slices.SortFunc(roots, compareIDs)
	graph, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: roots, Direction: lineage.Downstream, Types: []lineage.RelationshipType{lineage.MeasuredFrom},
		Depth: 1, Nodes: lineage.MaxNodes, AsOf: asOf,
	})
	if err != nil {
		return nil, err
	}
	nodes := make(map[lineage.ID]lineage.Node, len(graph.Nodes))
	for _, node := range graph.Nodes {
		nodes[node.ID] = node.Node
	}
	read := make(map[lineage.ID][]lineage.Node)
	for _, edge := range graph.Edges {
		if node, there := nodes[edge.TargetID]; there && edge.RelationshipType == lineage.MeasuredFrom {
			read[edge.SourceID] = append(read[edge.SourceID], node)
		}
	}
	for _, list := range read {
		slices.SortFunc(list, compareRead)
	}
	return read, nil
}

// compareRead orders measurements by the time of reading.
func compareRead(a, b lineage.Node) int {
	return cmp.Or(instant(a, lineage.AttrAt).Compare(instant(b, lineage.AttrAt)), strings.Compare(a.Name, b.Name), compareIDs(a.ID, b.ID))
}
