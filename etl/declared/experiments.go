package declared

import (
	"maps"
	"slices"

	"wellspring/bench"
	"wellspring/etl/benchindex"
	"wellspring/liquid"
)

// Membership says that something is part of an experiment.
type Membership struct {
	Labware string // of the run, by its id there; empty: the run, or the reading, itself
	Said    benchindex.Declared
}

// Experiments finds which experiments a run and its labware were declared to be
// part of. Pasts tells, by barcode, what was declared of plates.
func Experiments(said []benchindex.Declared, labware map[string]liquid.LabwareOutcome, barcodes map[string]string, pasts map[string]benchindex.Past) ([]Membership, []liquid.Finding) {
	var ofRun []benchindex.Declared
	var found []liquid.Finding
	ofLabware := map[string][]benchindex.Declared{}
	deck := deck{labware, barcodes}
	for _, d := range said {
		switch {
		case d.Experiment == "":
		case d.Target.Labware == "":
			ofRun = append(ofRun, d)
		default:
			id, wrong := deck.one(d, d.Target.Labware)
			if wrong != nil {
				found = append(found, *wrong)
				continue
			}
			ofLabware[id] = append(ofLabware[id], d)
		}
	}
	for id, barcode := range barcodes {
		for _, d := range pasts[barcode].Declared {
			if d.Experiment != "" && d.Target == (bench.Target{Barcode: d.Target.Barcode}) {
				ofLabware[id] = append(ofLabware[id], d)
			}
		}
	}
	var all []Membership
	if d := holding(ofRun); d != nil {
		all = append(all, Membership{Said: *d})
	}
	for _, id := range slices.Sorted(maps.Keys(ofLabware)) {
		slices.SortStableFunc(ofLabware[id], benchindex.Declared.Compare)
		if d := holding(ofLabware[id]); d != nil {
			all = append(all, Membership{Labware: id, Said: *d})
		}
	}
	return all, found
}

// ReadingExperiment is what was declared of a reading, nil for nothing.
func ReadingExperiment(said []benchindex.Declared) *benchindex.Declared { return holding(said) }

// holding is the statement that holds of several about one thing: the last one. One
// that was withdrawn leaves none, unless another took its place before.
func holding(said []benchindex.Declared) *benchindex.Declared {
	var held *benchindex.Declared
	for i, d := range said {
		switch {
		case d.Experiment == "":
		case !d.Withdrawn:
			held = &said[i]
		case held != nil && held.Experiment == d.Experiment:
			held = nil
		}
	}
	return held
}
