package quality

import (
	"maps"
	"slices"

	"wellspring/liquid"
	"wellspring/ot2"
)

// incomplete collects the reasons why the record may not be all of the truth.
// A run that failed or was stopped is complete when all of it is here: complete
// is about the record, not about success.
func incomplete(run ot2.Run, outcome liquid.Outcome, findings []liquid.Finding) []string {
	reasons := map[string]bool{}
	for _, s := range outcome.States {
		for _, r := range s.Incomplete {
			reasons[string(r)] = true
		}
	}
	for _, f := range findings {
		switch f.Kind {
		case MassBalance, CommandsMissing, RecordGap, NoCommands, UnknownCommand, Unfinished, ClockBackwards:
			reasons[f.Kind] = true
		case UndeclaredLiquid:
			reasons[string(liquid.ReasonUndeclared)] = true
		case Uncertain:
			reasons[string(liquid.ReasonUncertain)] = true
		case UnknownLabware:
			reasons[string(liquid.ReasonNoGeometry)] = true
		}
	}
	if !run.Ended() {
		reasons[ReasonNotEnded] = true
	}
	if run.CommandsTotal < 0 {
		reasons[ReasonUncounted] = true
	}
	if run.Plan && run.Result == "not-ok" {
		reasons[ReasonPlanFailed] = true
	}
	return slices.Sorted(maps.Keys(reasons))
}
