package query

import (
	"context"
	"slices"
	"time"

	"wellspring/lineage"
)

// Diff is how two runs, or a run and its plan, differ: why, in which steps, and
// in which wells at the end. In a diff with a plan, From is the plan.
type Diff struct {
	From lineage.Node `json:"from"`
	To   lineage.Node `json:"to"`
	Plan bool         `json:"plan"` // From is what the robot meant to do

	Why      []Difference   `json:"why"`
	OnlyFrom []lineage.Node `json:"only_from"` // steps of From alone: planned and not done
	OnlyTo   []lineage.Node `json:"only_to"`   // steps of To alone: done and not planned
	Changed  []StepChange   `json:"changed"`   // steps of both that differ
	Wells    []WellChange   `json:"wells"`     // that differ at the end, by deck slot

	Counts    DiffCounts `json:"counts"`
	Truncated bool       `json:"truncated"` // a list was cut at the limit; counts count all
	Complete  bool       `json:"complete"`  // nothing is unknown of either, and not truncated
	Reasons   []string   `json:"reasons"`
}

// Difference is one reason why wells differ.
type Difference struct {
	// What: protocol, software, robot, pipette, module, parameter, labware, lot,
	// offset, order, volumes, steps.
	What string `json:"what"`
	Name string `json:"name"` // of what: the parameter, the mount, the labware, the liquid
	From string `json:"from"` // empty: it has none, or doesn't say
	To   string `json:"to"`
}

// StepChange is a step of both that was done otherwise.
type StepChange struct {
	From lineage.Node `json:"from"`
	To   lineage.Node `json:"to"`
	What []string     `json:"what"` // volume, wells, failed
}

// WellChange is a well whose content at the end differs.
type WellChange struct {
	Labware  string       `json:"labware"` // what a person calls it
	Slot     string       `json:"slot"`
	Well     string       `json:"well"`
	What     []string     `json:"what"` // only-from, only-to, undeclared-in-plan, volume, composition, lots
	VolumeUl *float64     `json:"volume_ul"`
	From     *WellContent `json:"from"` // null: nothing was ever in it, as far as is known
	To       *WellContent `json:"to"`
}

// WellContent is what a well held at the end.
type WellContent struct {
	State    lineage.ID  `json:"state"`
	VolumeUl *float64    `json:"volume_ul"`
	Liquids  []NameShare `json:"liquids"` // by the protocol's liquid, largest share first
	Lots     []NameShare `json:"lots"`    // by declared lot or sample, else as Liquids
}

// NameShare is a share of a content that has a name.
type NameShare struct {
	Name     string  `json:"name"`
	Fraction float64 `json:"fraction"`
}

// DiffCounts count everything, whether it is listed or not.
type DiffCounts struct {
	StepsMatched  int `json:"steps_matched"` // changed ones too
	StepsOnlyFrom int `json:"steps_only_from"`
	StepsOnlyTo   int `json:"steps_only_to"`
	StepsChanged  int `json:"steps_changed"`
	OutOfOrder    int `json:"out_of_order"` // matched steps done in another order
	WellsCompared int `json:"wells_compared"`
	WellsDiffer   int `json:"wells_differ"`
}

const opDiff = "compare runs"

// DiffPlan compares a run with the analysis that it carried out. limit bounds
// each list: 1 to MaxLimit, 0 means DefaultLimit.
func (s *Service) DiffPlan(ctx context.Context, selector string, limit int) (Diff, error) {
	run, err := s.runNode(ctx, selector, time.Time{})
	if err != nil {
		return Diff{}, err
	}
	if run.Kind != lineage.KindRun {
		return Diff{}, lineage.Invalid(opDiff, selector, "that is a plan: name the run that carried it out")
	}
	graph, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: []lineage.ID{run.ID}, Direction: lineage.Upstream, Types: []lineage.RelationshipType{lineage.PlannedBy}, Depth: 1,
	})
	if err != nil {
		return Diff{}, err
	}
	for _, node := range graph.Nodes {
		if node.Kind == lineage.KindPlan {
			return s.diff(ctx, node.Node, run, limit)
		}
	}
	return Diff{}, lineage.NotFound(opDiff, "the plan of "+selector,
		"import the analysis of its protocol, or declare which analysis the run carried out (docs/events.md)")
}

// DiffRuns compares two runs: RUN as in a selector. Either may be a plan.
func (s *Service) DiffRuns(ctx context.Context, from, to string, limit int) (Diff, error) {
	a, err := s.runNode(ctx, from, time.Time{})
	if err != nil {
		return Diff{}, err
	}
	b, err := s.runNode(ctx, to, time.Time{})
	if err != nil {
		return Diff{}, err
	}
	return s.diff(ctx, a, b, limit)
}

func (s *Service) diff(ctx context.Context, from, to lineage.Node, limit int) (Diff, error) {
	if limit < 0 || limit > MaxLimit {
		return Diff{}, lineage.Invalid(opDiff, "limit", "use 1 to 10000")
	}
	if limit == 0 {
		limit = DefaultLimit
	}
	a, err := s.side(ctx, from)
	if err != nil {
		return Diff{}, err
	}
	b, err := s.side(ctx, to)
	if err != nil {
		return Diff{}, err
	}
	d := &differ{a: a, b: b, planned: from.Kind == lineage.KindPlan && to.Kind == lineage.KindRun, paired: pairDecks(a.deck, b.deck)}
	d.answer = Diff{From: from, To: to, Plan: d.planned}
	d.steps()
	cut, err := d.wells(ctx, s)
	if err != nil {
		return Diff{}, err
	}
	d.why()
	return d.close(limit, cut), nil
}

// differ compares two sides.
type differ struct {
	a, b    side
	planned bool
	paired  []deckPair
	answer  Diff
	fills   [2]map[string][]string // of each side: what was declared of a liquid, by its name
}

// close cuts the lists and says how far they can be trusted.
func (d *differ) close(limit int, cut bool) Diff {
	answer := &d.answer
	answer.Why, cut = bounded(answer.Why, limit, cut)
	answer.OnlyFrom, cut = bounded(answer.OnlyFrom, limit, cut)
	answer.OnlyTo, cut = bounded(answer.OnlyTo, limit, cut)
	answer.Changed, cut = bounded(answer.Changed, limit, cut)
	answer.Wells, cut = bounded(answer.Wells, limit, cut)
	answer.Truncated = cut
	answer.Reasons = slices.Concat([]string{}, runGaps(answer.From), runGaps(answer.To))
	if d.planned && text(answer.From.Attributes, "status") == "completed" {
		// A completed analysis is whole: it has no count to compare with.
		answer.Reasons = slices.DeleteFunc(answer.Reasons, func(reason string) bool { return reason == "commands-uncounted" })
		answer.Reasons = append(answer.Reasons, runGaps(answer.To)...)
	}
	if cut {
		answer.Reasons = append(answer.Reasons, ReasonTruncated)
	}
	answer.Reasons = sortedSet(answer.Reasons)
	answer.Complete = len(answer.Reasons) == 0
	return *answer
}

// bounded is at most limit of a list, and whether this or an earlier list was cut.
func bounded[T any](list []T, limit int, cut bool) ([]T, bool) {
	if len(list) > limit {
		return list[:limit], true
	}
	return nonNil(list), cut
}
