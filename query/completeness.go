package query

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"wellspring/lineage"
)

// Reasons why an answer is not complete, besides those that well states and
// runs carry in their incomplete attribute (liquid.Reason and the pipeline's).
const (
	ReasonTruncated       = "truncated"         // a bound cut the answer
	ReasonUndeclared      = "undeclared-source" // content of unknown origin is in it
	ReasonRunNotEnded     = "run-not-ended"     // a run that it rests on still goes on
	ReasonRunUnknown      = "run-unknown"       // a run that it rests on has no node
	ReasonUnknownFraction = "unknown-fraction"  // a derivation doesn't say how much
	ReasonCycle           = "cycle"             // derivations go in a circle: the graph is damaged
)

// reasonUncertain is liquid.ReasonUncertain: a failed command may have moved liquid here.
const reasonUncertain = "uncertain-state"

// ofStates are the reasons that a run only passes on from its well states
// (liquid.Reason). They say nothing about the origins of a state that doesn't
// have them itself; about what else a lot may have reached they do.
func ofStates(reason string) bool {
	switch reason {
	case ReasonUndeclared, reasonUncertain, "source-short-later", "unlike-liquids-in-tip", "no-definition", "no-height":
		return true
	}
	return false
}

// reasons collects why an answer may not be all of the truth, from everything
// that was reached, whether or not the answer keeps it.
func (s *Service) reasons(ctx context.Context, ask Ask, graph lineage.Graph, shares shares) ([]string, error) {
	nodes := func(yield func(lineage.Node) bool) {
		for _, node := range graph.Nodes {
			if !yield(node.Node) {
				return
			}
		}
	}
	reasons, err := s.gaps(ctx, nodes, ask.Direction, ask.AsOf)
	if err != nil {
		return nil, err
	}
	if graph.Truncated {
		reasons = append(reasons, ReasonTruncated)
	}
	if shares.unknown {
		reasons = append(reasons, ReasonUnknownFraction)
	}
	if shares.cyclic {
		reasons = append(reasons, ReasonCycle)
	}
	return sortedSet(reasons), nil
}

// gaps is what nodes, and the runs they belong to, say of their own incompleteness.
func (s *Service) gaps(ctx context.Context, nodes iter.Seq[lineage.Node], direction lineage.Direction, asOf time.Time) ([]string, error) {
	said, of := map[string]bool{}, map[string]bool{}
	for node := range nodes {
		for _, reason := range texts(node.Attributes, lineage.AttrIncomplete) {
			said[reason] = true
		}
		if flag(node.Attributes, attrUndeclared) {
			said[ReasonUndeclared] = true
		}
		switch node.Kind {
		case lineage.KindWellState, lineage.KindStep:
			of[text(node.Attributes, lineage.AttrRun)] = true
		case lineage.KindRun, lineage.KindPlan:
			for _, reason := range runGaps(node) {
				said[reason] = true
			}
		}
	}
	delete(of, "")
	reasons, runs := nonNil(slices.Sorted(maps.Keys(said))), slices.Sorted(maps.Keys(of))
	ids := make([]lineage.ID, 0, 2*len(runs))
	for _, run := range runs {
		ids = append(ids, lineage.RunID(run), lineage.PlanID(run))
	}
	if len(ids) == 0 {
		return reasons, nil
	}
	found, err := s.store.Nodes(ctx, ids, asOf)
	if err != nil {
		return nil, err
	}
	if len(found) < len(runs) {
		reasons = append(reasons, ReasonRunUnknown)
	}
	for _, run := range found {
		for _, reason := range runGaps(run) {
			if direction == lineage.Downstream || !ofStates(reason) {
				reasons = append(reasons, reason)
			}
		}
	}
	return sortedSet(reasons), nil
}

// runGaps is what a run or plan says of its own completeness.
func runGaps(run lineage.Node) []string {
	reasons := texts(run.Attributes, lineage.AttrIncomplete)
	if len(reasons) == 0 && !flag(run.Attributes, attrComplete) {
		return []string{ReasonRunNotEnded}
	}
	return reasons
}
