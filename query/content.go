package query

import (
	"context"
	"slices"
	"time"

	"wellspring/lineage"
)

// content is what a well of a run held in the end.
type content struct {
	wellPlace
	states    []lineage.Node // all, in executed order, also those of earlier runs; at least one
	volumeUl  *float64       // in the end; nil: not known
	inherited bool           // this run never changed it
}

func (c content) last() lineage.Node { return c.states[len(c.states)-1] }

// contentAt is what the well held that a selector names.
func (s *Service) contentAt(ctx context.Context, sel selector, asOf time.Time) (content, error) {
	var found content
	var err error
	if sel.form == formPlateWell {
		found, err = s.lastContent(ctx, sel, asOf)
	} else {
		var place wellPlace
		if place, err = s.placeOf(ctx, sel, asOf); err == nil {
			found, err = s.contentOf(ctx, place, asOf)
		}
	}
	if err == nil && len(found.states) == 0 {
		err = missing(sel.text, "", "as far as is known, nothing was ever in that well, or the labware has none of that name", nil)
	}
	return found, err
}

// contentOf is what a place held in the end; it has no states where nothing is
// known to have been there.
func (s *Service) contentOf(ctx context.Context, place wellPlace, asOf time.Time) (content, error) {
	c := content{wellPlace: place}
	own, err := s.wellStates(ctx, runName(place.run), place.labwareID(), place.well, asOf)
	if err != nil {
		return c, err
	}
	came, err := s.inheritance(ctx, place.run.ID, place.labwareID(), place.well, asOf)
	if err != nil {
		return c, err
	}
	earlier, err := s.earlier(ctx, came, asOf)
	if err != nil {
		return c, err
	}
	c.states = append(earlier, own...)
	switch {
	case len(own) > 0:
		c.volumeUl = number(own[len(own)-1].Attributes, attrEndVolumeUl)
	case came != nil:
		c.inherited, c.volumeUl = true, came.endVolumeUl
	}
	return c, nil
}

// inheritance is the state of an earlier run that a well came with.
type inheritance struct {
	state       lineage.Node
	endVolumeUl *float64 // in the end of the run that it came to, µL
}

// inheritance finds what a well came with into a run; nil: nothing, as far as is known.
func (s *Service) inheritance(ctx context.Context, run lineage.ID, labware, well string, asOf time.Time) (*inheritance, error) {
	came, err := s.inherited(ctx, run, labware, asOf)
	if found, there := came[well]; there {
		return &found, err
	}
	return nil, err
}

// inherited finds what the wells of labware came with into a run, by well.
func (s *Service) inherited(ctx context.Context, run lineage.ID, labware string, asOf time.Time) (map[string]inheritance, error) {
	graph, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: []lineage.ID{run}, Direction: lineage.Upstream, Types: []lineage.RelationshipType{lineage.Used},
		Depth: 1, Nodes: lineage.MaxNodes, AsOf: asOf,
	})
	if err != nil {
		return nil, err
	}
	states := make(map[lineage.ID]lineage.Node)
	for _, node := range graph.Nodes {
		if node.Kind == lineage.KindWellState {
			states[node.ID] = node.Node
		}
	}
	came := make(map[string]inheritance)
	for _, edge := range graph.Edges {
		state, there := states[edge.SourceID]
		if !there || edge.TargetID != run || text(edge.Attributes, lineage.AttrLabware) != labware {
			continue
		}
		from := inheritance{state: state, endVolumeUl: number(edge.Attributes, attrEndVolumeUl)}
		if from.endVolumeUl == nil {
			from.endVolumeUl = number(edge.Attributes, lineage.AttrVolumeUl)
		}
		if _, twice := came[text(edge.Attributes, lineage.AttrWell)]; !twice {
			came[text(edge.Attributes, lineage.AttrWell)] = from
		}
	}
	return came, nil
}

// maxRunsOfPlate is how many runs a chain of states is followed through.
const maxRunsOfPlate = 1000

// earlier are the states up to the one that a well came with, in executed order,
// through as many runs as it takes.
func (s *Service) earlier(ctx context.Context, came *inheritance, asOf time.Time) ([]lineage.Node, error) {
	var chain []lineage.Node
	for range maxRunsOfPlate {
		if came == nil {
			return chain, nil
		}
		a := came.state.Attributes
		run, labware, well := text(a, lineage.AttrRun), text(a, lineage.AttrLabware), text(a, lineage.AttrWell)
		states, err := s.wellStates(ctx, run, labware, well, asOf)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(states, func(n lineage.Node) bool { return n.ID == came.state.ID }); i >= 0 {
			states = states[:i+1]
		}
		chain = append(states, chain...)
		if came, err = s.inheritance(ctx, lineage.RunID(run), labware, well, asOf); err != nil {
			return nil, err
		}
	}
	return nil, &lineage.Error{Op: "read well", Kind: lineage.ErrorTooLarge, ID: "chain of states",
		Hint: "the plate went through more than 1000 runs: ask for the well in an earlier run"}
}

// lastContent is what a well of a physical plate held in the last run that had
// anything there.
func (s *Service) lastContent(ctx context.Context, sel selector, asOf time.Time) (content, error) {
	found, err := s.resolvePlate(ctx, sel, asOf)
	if err != nil {
		return content{}, err
	}
	plate, err := one(sel.text, found)
	if err != nil {
		return content{}, err
	}
	graph, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: []lineage.ID{plate.ID}, Direction: lineage.Downstream, Types: []lineage.RelationshipType{lineage.Used},
		Depth: 1, Nodes: lineage.MaxNodes, AsOf: asOf,
	})
	if err != nil {
		return content{}, err
	}
	var runs []lineage.Node
	for _, node := range graph.Nodes {
		if node.Kind == lineage.KindRun {
			runs = append(runs, node.Node)
		}
	}
	slices.SortFunc(runs, func(a, b lineage.Node) int { return compareStarted(b, a) })
	for _, run := range runs {
		deck, err := s.deck(ctx, run, asOf)
		if err != nil {
			return content{}, err
		}
		for _, labware := range slices.Backward(deck) {
			if labware.ID != plate.ID {
				continue
			}
			c, err := s.contentOf(ctx, wellPlace{run: run, labware: labware, well: wellName(sel.well)}, asOf)
			if err != nil || len(c.states) > 0 {
				return c, err
			}
		}
	}
	return content{}, nil
}

// wellStates are the states that a run gave a well, in executed order.
func (s *Service) wellStates(ctx context.Context, run, labware, well string, asOf time.Time) ([]lineage.Node, error) {
	states, err := s.findAll(ctx, lineage.Find{Kind: lineage.KindWellState, AsOf: asOf, Attrs: map[string]string{
		lineage.AttrRun: run, lineage.AttrLabware: labware, lineage.AttrWell: well,
	}}, lineage.MaxNodes)
	slices.SortFunc(states, compareInWell)
	return states, err
}

// compareInWell orders the states of one well as they came about.
func compareInWell(a, b lineage.Node) int {
	// The writer knows which state is the last; one command may make two.
	switch lastA, lastB := flag(a.Attributes, attrLast), flag(b.Attributes, attrLast); {
	case lastA && !lastB:
		return 1
	case lastB && !lastA:
		return -1
	}
	return compareExecuted(a, b)
}
