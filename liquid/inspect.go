package liquid

import (
	"math"
	"slices"

	"wellspring/ot2"
)

// Rules names the rules that the numbers follow: docs/liquid.md.
const Rules = "wellspring-liquid/2"

// Inspected is an outcome in the form in which it is printed and compared.
type Inspected struct {
	Source      string                              `json:"source,omitempty"` // the caller's name for the input
	Rules       string                              `json:"rules"`
	Wells       map[string]map[string]InspectedWell `json:"wells"` // by labware id, well
	MassBalance Balance                             `json:"massBalance"`
	Warnings    []Finding                           `json:"warnings"`
	Counts      map[string]int                      `json:"counts"`
}

// InspectedWell is what a well held in the end: µL to six decimals, fractions
// to nine, by ultimate origin.
type InspectedWell struct {
	Volume    float64            `json:"volume"`
	Fractions map[string]float64 `json:"fractions"`
	Origins   []string           `json:"origins"` // all that ever entered, sorted
}

// InspectedEdges are an outcome's transfers and carry-over pairs in the form in
// which they are printed and compared.
type InspectedEdges struct {
	Source      string          `json:"source,omitempty"`
	Rules       string          `json:"rules"`
	Edges       []InspectedEdge `json:"edges"`
	CarriedOver []InspectedEdge `json:"carriedOver"` // without a volume
}

// InspectedEdge is one transfer, or the first time of one carry-over pair.
type InspectedEdge struct {
	Command string         `json:"commandId"`
	From    InspectedPlace `json:"from"`
	To      InspectedPlace `json:"to"`
	Volume  *float64       `json:"volume,omitempty"` // µL
}

// InspectedPlace is a well; Well is nil in an addressable area or outside.
type InspectedPlace struct {
	Labware string  `json:"labware"`
	Well    *string `json:"well"`
}

const (
	printedVolume   = 1e6 // one over the last decimal
	printedFraction = 1e9
)

// Inspection is the outcome of a run's fold, ready to print. Origins are named
// liquid:<display name>, unknown:<labware id>/<well>, or, inherited from an
// earlier run on shared labware, state:<run>/<labware id>/<well>/<command>.
func Inspection(run ot2.Run, outcome Outcome) Inspected {
	names := originNames(run, outcome)
	in := Inspected{
		Rules:       Rules,
		Wells:       make(map[string]map[string]InspectedWell, len(outcome.Wells)),
		MassBalance: outcome.Balance.rounded(),
		Warnings:    slices.Clone(outcome.Findings),
		Counts:      outcome.Counts,
	}
	if in.Warnings == nil {
		in.Warnings = []Finding{}
	}
	for i := range in.Warnings {
		in.Warnings[i].Missing = rounded(in.Warnings[i].Missing, printedVolume)
	}
	for labware, wells := range outcome.Wells {
		printed := make(map[string]InspectedWell, len(wells))
		for name, w := range wells {
			printed[name] = inspectWell(w, names)
		}
		in.Wells[labware] = printed
	}
	return in
}

// InspectionEdges are the transfers and carry-over pairs of an outcome, ready to print.
func InspectionEdges(outcome Outcome) InspectedEdges {
	in := InspectedEdges{Rules: Rules, Edges: []InspectedEdge{}, CarriedOver: []InspectedEdge{}}
	for _, t := range outcome.Transfers {
		volume := rounded(t.VolumeUl, printedVolume)
		in.Edges = append(in.Edges, InspectedEdge{t.Command, inspectPlace(t.From), inspectPlace(t.To), &volume})
	}
	for _, c := range outcome.Carried {
		in.CarriedOver = append(in.CarriedOver, InspectedEdge{Command: c.Command, From: inspectPlace(c.From), To: inspectPlace(c.To)})
	}
	return in
}

func inspectPlace(p Place) InspectedPlace {
	switch {
	case p.Labware == "":
		return InspectedPlace{Labware: "outside"}
	case p.Well == "":
		return InspectedPlace{Labware: p.Labware}
	}
	return InspectedPlace{Labware: p.Labware, Well: &p.Well}
}

func inspectWell(w WellOutcome, names map[StateKey]string) InspectedWell {
	printed := InspectedWell{
		Volume:    rounded(w.VolumeUl, printedVolume),
		Fractions: map[string]float64{},
		Origins:   []string{},
	}
	for _, o := range w.Origins {
		printed.Fractions[nameOf(o.State, names)] += o.Fraction
	}
	for name, fraction := range printed.Fractions {
		if fraction < 1/printedFraction {
			delete(printed.Fractions, name)
		} else {
			printed.Fractions[name] = rounded(fraction, printedFraction)
		}
	}
	for _, key := range w.Ever {
		printed.Origins = append(printed.Origins, nameOf(key, names))
	}
	slices.Sort(printed.Origins)
	printed.Origins = slices.Compact(printed.Origins)
	return printed
}

// originNames names the liquids that the run's first states are of.
func originNames(run ot2.Run, outcome Outcome) map[StateKey]string {
	display := map[string]string{}
	shared := map[string]int{}
	for _, l := range run.Liquids {
		if _, again := display[l.ID]; !again && l.DisplayName != "" {
			display[l.ID] = l.DisplayName
			shared[l.DisplayName]++
		}
	}
	names := map[StateKey]string{}
	for _, s := range outcome.States {
		if s.Liquid == "" {
			continue
		}
		name := s.Liquid
		if d := display[s.Liquid]; d != "" {
			name = d
			if shared[d] > 1 {
				name = d + "#" + s.Liquid
			}
		}
		names[s.Key] = "liquid:" + name
	}
	return names
}

func nameOf(key StateKey, names map[StateKey]string) string {
	switch name, declared := names[key]; {
	case declared:
		return name
	case key.Run == "":
		return "unknown:" + key.Labware + "/" + key.Well
	}
	return "state:" + key.Run + "/" + key.Labware + "/" + key.Well + "/" + key.Command
}

func (b Balance) rounded() Balance {
	for _, v := range []*float64{&b.Loaded, &b.Inherited, &b.Unknown, &b.Wells, &b.Tips, &b.Trash, &b.Difference} {
		*v = rounded(*v, printedVolume)
	}
	return b
}

// rounded is v to the nearest 1/scale; never -0.
func rounded(v, scale float64) float64 { return math.Round(v*scale)/scale + 0 }
