package declared

import (
	"maps"
	"slices"

	"wellspring/liquid"
)

// Explain takes the reason "undeclared source" from the states and wells that hold
// nothing undeclared any more: a fill says what was in the well. The outcome that it was
// given stays as it is.
func Explain(outcome liquid.Outcome, fills []Fill, initial map[liquid.Place]liquid.Content) liquid.Outcome {
	filled := Filled(fills)
	if len(filled) == 0 {
		return outcome
	}
	unknown := map[liquid.StateKey]bool{}
	for _, content := range initial {
		unknown[content.State] = slices.Contains(content.Incomplete, liquid.ReasonUndeclared)
	}
	outcome.States = slices.Clone(outcome.States)
	byKey := make(map[liquid.StateKey]int, len(outcome.States))
	for i, s := range outcome.States {
		byKey[s.Key] = i
	}
	var isUnknown func(liquid.StateKey) bool
	isUnknown = func(key liquid.StateKey) bool {
		if known, ok := unknown[key]; ok {
			return known
		}
		i, ok := byKey[key]
		if !ok {
			return true
		}
		s := outcome.States[i]
		unknown[key] = s.First() && s.Liquid == "" && !filled[key]
		for _, part := range s.Parts {
			if isUnknown(part.From) {
				unknown[key] = true
			}
		}
		return unknown[key]
	}
	for i := range outcome.States {
		s := &outcome.States[i]
		if at := slices.Index(s.Incomplete, liquid.ReasonUndeclared); at >= 0 && !isUnknown(s.Key) {
			s.Incomplete = slices.Delete(slices.Clone(s.Incomplete), at, at+1)
		}
	}
	outcome.Wells = maps.Clone(outcome.Wells)
	for labware, wells := range outcome.Wells {
		wells = maps.Clone(wells)
		for name, w := range wells {
			if at := slices.Index(w.Incomplete, liquid.ReasonUndeclared); at >= 0 && !isUnknown(w.State) {
				w.Incomplete = slices.Delete(slices.Clone(w.Incomplete), at, at+1)
				wells[name] = w
			}
		}
		outcome.Wells[labware] = wells
	}
	return outcome
}

// Filled are the first states that somebody declared to be a lot or a sample.
func Filled(fills []Fill) map[liquid.StateKey]bool {
	filled := map[liquid.StateKey]bool{}
	for _, f := range fills {
		if f.Lot != "" || f.Sample != "" {
			filled[f.State] = true
		}
	}
	return filled
}
