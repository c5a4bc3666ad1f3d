package quality

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"wellspring/liquid"
	"wellspring/ot2"
)

// liquids checks volumes and contents.
func liquids(run ot2.Run, outcome liquid.Outcome, options Options, filled map[liquid.StateKey]bool) []liquid.Finding {
	var found []liquid.Finding
	if d := outcome.Balance.Difference; math.Abs(d) > options.BalanceUl {
		found = append(found, liquid.Finding{
			Kind:   MassBalance,
			Detail: fmt.Sprintf("loaded and unknown liquid differ from wells, tips and trash by %g µL", d),
		})
	}
	found = append(found, overflows(outcome)...)
	loaded := map[string]bool{}
	for _, s := range outcome.States {
		if !s.First() {
			continue
		}
		if s.Liquid != "" {
			loaded[s.Liquid] = true
			continue
		}
		if filled[s.Key] {
			continue
		}
		found = append(found, liquid.Finding{
			Kind: UndeclaredLiquid, Labware: s.Key.Labware, Well: s.Key.Well, Missing: s.VolumeUl,
			Detail: "nothing in the run declares what this well held",
		})
	}
	for _, l := range run.Liquids {
		if !loaded[l.ID] {
			found = append(found, liquid.Finding{Kind: UnusedLiquid, Detail: fmt.Sprintf("liquid %s (%s) was declared and never loaded", l.ID, l.DisplayName)})
		}
	}
	return append(found, places(outcome)...)
}

// overflows finds, per well, the most that it was ever said to hold above its
// capacity.
func overflows(outcome liquid.Outcome) []liquid.Finding {
	most := map[liquid.Place]liquid.State{}
	for _, s := range outcome.States {
		capacity := outcome.Labware[s.Key.Labware].Capacity[s.Key.Well]
		place := liquid.Place{Labware: s.Key.Labware, Well: s.Key.Well}
		if capacity > 0 && s.VolumeUl > capacity+liquid.Epsilon && s.VolumeUl > most[place].VolumeUl && s.Sequence >= 0 {
			most[place] = s
		}
	}
	var found []liquid.Finding
	for place, s := range most {
		found = append(found, liquid.Finding{
			Kind: Overflow, Command: s.Key.Command, Labware: place.Labware, Well: place.Well,
			Detail: fmt.Sprintf("held %g µL, its capacity is %g µL", s.VolumeUl, outcome.Labware[place.Labware].Capacity[place.Well]),
		})
	}
	return found
}

// places checks what is known of labware and of each well's certainty.
func places(outcome liquid.Outcome) []liquid.Finding {
	var found []liquid.Finding
	for _, id := range slices.Sorted(maps.Keys(outcome.Labware)) {
		lw := outcome.Labware[id]
		if !lw.HasDefinition && !lw.Trash {
			found = append(found, liquid.Finding{
				Kind: UnknownLabware, Labware: id,
				Detail: fmt.Sprintf("no definition of %s is known: give one with the run or in the labware folder", name(lw)),
			})
		}
	}
	for id, wells := range outcome.Wells {
		for well, w := range wells {
			if w.UncertainSince != "" {
				found = append(found, liquid.Finding{
					Kind: Uncertain, Command: w.UncertainSince, Labware: id, Well: well,
					Detail: "a command failed here and may have moved liquid",
				})
			}
		}
	}
	return found
}

func name(lw liquid.LabwareOutcome) string {
	switch {
	case lw.DefinitionURI != "":
		return lw.DefinitionURI
	case lw.LoadName != "":
		return lw.LoadName
	}
	return "this labware"
}
