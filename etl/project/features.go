package project

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"wellspring/lineage"
	"wellspring/liquid"
)

// wellFeatures adds to a well's last state what happened in that well over the
// whole run. Volumes in µL, times in s.
func wellFeatures(attrs attributes, w liquid.WellOutcome, end time.Time) {
	attrs.
		number("endVolumeUl", w.VolumeUl).
		number("transfers", float64(w.Transfers)).
		number("draws", float64(w.Draws)).
		number("mixes", float64(w.Mixes)).
		number("tipChanges", float64(w.TipChanges)).
		time("lastDispenseAt", w.LastDispenseAt).
		seconds("sinceLastDispenseS", w.LastDispenseAt, end).
		text("uncertainSince", w.UncertainSince)
}

// RunFeatures is the content of a run's features dataset.
type RunFeatures struct {
	DurationS     *float64       `json:"durationS"`     // null: not both ends are known
	Commands      int            `json:"commands"`      // in the record, set-up included
	Counts        map[string]int `json:"counts"`        // succeeded commands by type, set-up left out
	Steps         map[string]int `json:"steps"`         // by kind
	Transfers     int            `json:"transfers"`     // from one well to another
	TransferredUl float64        `json:"transferredUl"` // by them
	Mixes         int            `json:"mixes"`
	TipChanges    int            `json:"tipChanges"` // summed over the wells
	Wells         int            `json:"wells"`      // that held anything
	Labware       int            `json:"labware"`
	Liquids       []LiquidVolume `json:"liquids"` // in order of id
	MassBalance   liquid.Balance `json:"massBalance"`
}

// LiquidVolume is how much there was of one declared liquid, in µL.
type LiquidVolume struct {
	Liquid    string  `json:"liquid"`
	Name      string  `json:"name"`
	LoadedUl  float64 `json:"loadedUl"`
	InWellsUl float64 `json:"inWellsUl"` // at the end
	Wells     int     `json:"wells"`     // that it is in at the end
}

func (b *builder) runFeatures() RunFeatures {
	f := RunFeatures{
		Commands: b.records.Commands, Counts: b.outcome.Counts, Labware: len(b.outcome.Labware),
		Steps: map[string]int{}, Liquids: b.liquidVolumes(), MassBalance: b.outcome.Balance,
	}
	if start, end := b.start, b.end; !start.IsZero() && !end.IsZero() {
		seconds := end.Sub(start).Seconds()
		f.DurationS = &seconds
	}
	for _, s := range b.outcome.Steps {
		f.Steps[string(s.Kind)]++
	}
	for _, t := range b.outcome.Transfers {
		if t.From != t.To {
			f.Transfers++
			f.TransferredUl += t.VolumeUl
		}
	}
	for _, wells := range b.outcome.Wells {
		f.Wells += len(wells)
		for _, w := range wells {
			f.Mixes += w.Mixes
			f.TipChanges += w.TipChanges
		}
	}
	return f
}

// liquidVolumes sums each liquid, in an order that does not change the last
// digit of a sum.
func (b *builder) liquidVolumes() []LiquidVolume {
	sums := map[string]*LiquidVolume{}
	liquidOf := map[liquid.StateKey]string{}
	for _, s := range b.outcome.States {
		if s.Liquid == "" {
			continue
		}
		liquidOf[s.Key] = s.Liquid
		if sums[s.Liquid] == nil {
			sums[s.Liquid] = &LiquidVolume{Liquid: s.Liquid}
			if i, known := b.known[lineage.LiquidID(b.key, s.Liquid)]; known {
				sums[s.Liquid].Name = b.nodes[i].Name
			}
		}
		sums[s.Liquid].LoadedUl += s.VolumeUl
	}
	for _, labware := range slices.Sorted(maps.Keys(b.outcome.Wells)) {
		wells := b.outcome.Wells[labware]
		for _, well := range slices.Sorted(maps.Keys(wells)) {
			in := map[string]bool{}
			for _, o := range wells[well].Origins {
				if id := liquidOf[o.State]; id != "" {
					sums[id].InWellsUl += wells[well].VolumeUl * o.Fraction
					in[id] = true
				}
			}
			for id := range in {
				sums[id].Wells++
			}
		}
	}
	all := make([]LiquidVolume, 0, len(sums))
	for _, v := range sums {
		all = append(all, *v)
	}
	slices.SortFunc(all, func(a, b LiquidVolume) int { return cmp.Compare(a.Liquid, b.Liquid) })
	return all
}
