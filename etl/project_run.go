package etl

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"wellspring/bench"
	"wellspring/etl/benchindex"
	"wellspring/etl/declared"
	"wellspring/etl/project"
	"wellspring/ingest"
	"wellspring/ingest/journal"
	"wellspring/lineage"
	"wellspring/liquid"
	"wellspring/ot2"
)

// runs is the Projector of runs: of a run's envelopes, of what was declared about
// it, and of what its plates held before it began.
type runs struct {
	limits      ot2.Limits
	benchLimits bench.Limits
	options     project.Options
	bench       *benchindex.Index
}

// Extract implements Projector.
func (r *runs) Extract(_ context.Context, record journal.Record) (Fragment, error) {
	if record.Envelope.Event.Type() != ingest.TypeSteps {
		return decodeRun(record, r.limits, false)
	}
	steps, err := bench.DecodeSteps(record.Envelope.Hash, record.Envelope.Event.Data(), r.benchLimits)
	if err != nil {
		return nil, err
	}
	return account{run: steps.Run, declared: declaredIn(record, steps.Declared)}, nil
}

// ownDeclarations are those that stand in the run's own envelopes, each document's
// once: as it came first.
func ownDeclarations(fragments []Fragment) []benchindex.Declared {
	documents := map[string][]benchindex.Declared{}
	for _, f := range fragments {
		declared := f.(account).declared
		if len(declared) == 0 {
			continue
		}
		document := declared[0].Document
		if known := documents[document]; known == nil || declared[0].SaidAt.Before(known[0].SaidAt) {
			documents[document] = declared
		}
	}
	var own []benchindex.Declared
	for _, document := range slices.Sorted(maps.Keys(documents)) {
		own = append(own, documents[document]...)
	}
	return own
}

// Transform implements Projector.
func (r *runs) Transform(ctx context.Context, owner lineage.Owner, fragments []Fragment) (Derived, error) {
	run := r.Follow(owner)
	run.Add(fragments...)
	return run.Derive(ctx)
}

// initial is what the run's plates held before it began.
func initial(barcodes map[string]string, in benchindex.Inputs) map[liquid.Place]liquid.Content {
	held := map[liquid.Place]liquid.Content{}
	for labware, barcode := range barcodes {
		for well, content := range in.Pasts[barcode].Contents {
			held[liquid.Place{Labware: labware, Well: well}] = content
		}
	}
	return held
}

// shortLater are the wells that later runs with the run's plates found short.
func shortLater(barcodes map[string]string, in benchindex.Inputs) map[liquid.Place]bool {
	short := map[liquid.Place]bool{}
	for labware, barcode := range barcodes {
		for _, well := range in.Pasts[barcode].Short {
			short[liquid.Place{Labware: labware, Well: well}] = true
		}
	}
	return short
}

// plannedBy is the analysis that the run carried out: the one said, else the one
// whose first command keys are those of the run, if there is only one.
func plannedBy(in benchindex.Inputs) (string, []liquid.Finding) {
	switch {
	case in.Plan != "" && in.HasPlan:
		return in.Plan, nil
	case in.Plan != "":
		return "", []liquid.Finding{{Kind: declared.FindingUnmatched, Detail: "the analysis " + in.Plan + " is not here: import it"}}
	case len(in.Plans) == 1:
		return in.Plans[0], nil
	case len(in.Plans) > 1:
		return "", []liquid.Finding{{Kind: declared.FindingPlan, Detail: "the run began as each of these analyses says: " + strings.Join(in.Plans, ", ")}}
	}
	return "", nil
}

// contested finds plates that the run can't have had for itself, or of which
// nobody knows when it had them.
func contested(kept benchindex.Run, in benchindex.Inputs) []liquid.Finding {
	var found []liquid.Finding
	for _, plate := range kept.Plates {
		switch past := in.Pasts[plate.Barcode]; {
		case plate.Barcode == "":
		case kept.StartedAt.IsZero():
			found = append(found, liquid.Finding{Kind: declared.FindingPlateTime, Labware: plate.Labware,
				Detail: "the record doesn't say when the run was: what " + plate.Barcode + " held before is not known"})
		case len(past.Overlaps) > 0:
			found = append(found, liquid.Finding{Kind: declared.FindingClaimedTwice, Labware: plate.Labware,
				Detail: fmt.Sprintf("%s was in use at the same time by run %s", plate.Barcode, strings.Join(past.Overlaps, ", "))})
		}
	}
	return found
}

// documents are the owners of what others declared about the run.
func documents(run lineage.Owner, said []benchindex.Declared, fills []declared.Fill, experiments []declared.Membership) []lineage.Owner {
	owners := map[lineage.Owner]bool{}
	for _, d := range said {
		owners[d.Owner] = true
	}
	for _, f := range fills {
		owners[f.Said.Owner] = true
	}
	for _, m := range experiments {
		owners[m.Said.Owner] = true
	}
	delete(owners, run)
	return slices.Sorted(maps.Keys(owners))
}

// remembered is what others need to know of a run, its contents aside.
func remembered(name string, run ot2.Run, outcome liquid.Outcome, barcodes map[string]string) benchindex.Run {
	kept := benchindex.Run{Run: name, Robot: run.RobotSerial, Keys: keys(run)}
	kept.StartedAt, kept.EndedAt = moved(run)
	for _, id := range slices.Sorted(maps.Keys(outcome.Labware)) {
		lw := outcome.Labware[id]
		if lw.Trash || lw.Tiprack && barcodes[id] == "" {
			continue
		}
		plate := benchindex.Plate{Labware: id, Barcode: barcodes[id], Definition: lw.DefinitionURI, Names: []string{id}}
		if len(lw.Slots) > 0 {
			plate.Slot = lw.Slots[0]
			plate.Names = append(plate.Names, plate.Slot)
		}
		if lw.Label != "" {
			plate.Names = append(plate.Names, lw.Label)
		}
		kept.Plates = append(kept.Plates, plate)
	}
	return kept
}

// moved is the time from a run's first command to its last one so far: when it
// had its plates. A run may be closed hours after its plates went on.
func moved(run ot2.Run) (start, end time.Time) {
	for _, c := range run.Commands {
		if c.StartedAt.IsZero() || c.Intent == "setup" {
			continue
		}
		if start.IsZero() || c.StartedAt.Before(start) {
			start = c.StartedAt
		}
		for _, t := range []time.Time{c.StartedAt, c.CompletedAt} {
			if t.After(end) {
				end = t
			}
		}
	}
	if start.IsZero() {
		return run.StartedAt, run.CompletedAt
	}
	return start, end
}

// fillPlates adds what the wells of a run's plates held.
func fillPlates(kept *benchindex.Run, outcome liquid.Outcome) {
	history := map[liquid.Place][]benchindex.Moment{}
	for _, s := range outcome.States {
		place := liquid.Place{Labware: s.Key.Labware, Well: s.Key.Well}
		if s.First() && strings.HasSuffix(s.Key.Command, "/liquid") {
			continue // it went into the well's content at once
		}
		history[place] = append(history[place], benchindex.Moment{Command: s.Key.Command, At: s.At})
	}
	same := map[string]string{}
	for _, plate := range kept.Plates {
		same[plate.Labware] = plate.Labware
	}
	handed := outcome.Handover(kept.Run, same)
	for i := range kept.Plates {
		plate := &kept.Plates[i]
		plate.Wells = map[string]benchindex.Well{}
		for name, w := range outcome.Wells[plate.Labware] {
			place := liquid.Place{Labware: plate.Labware, Well: name}
			content := handed[place]
			content.Ever = nil // no later run's part of the graph says it
			plate.Wells[name] = benchindex.Well{Content: content, States: history[place], Short: w.FoundShort}
		}
	}
}
