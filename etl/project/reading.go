package project

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"wellspring/bench"
	"wellspring/etl/benchindex"
	"wellspring/lineage"
	"wellspring/liquid"
)

// Kinds of findings about readings.
const (
	FindingUnknownPlate   = "reading-unknown-plate"   // no run used a plate of that name so far
	FindingAmbiguousPlate = "reading-ambiguous-plate" // the name could be several plates
	FindingUnknownTime    = "reading-unknown-time"    // the document doesn't say when, and the well had several contents
	FindingBeforeContent  = "reading-before-content"  // nothing was in the well yet, as far as is known
	FindingEmptyWell      = "reading-empty-well"      // nothing was ever in the well, as far as is known
	FindingDuringRun      = "reading-during-run"      // a run had the plate then: two clocks decide which content it was
)

// MeasurementID is the id of a value, by its document and its place there.
func MeasurementID(owner lineage.Owner, n int) lineage.ID {
	return lineage.NewID(lineage.KindMeasurement, string(owner), strconv.Itoa(n))
}

// Reading projects a plate reader's document: each value is a Measurement of the
// state that the well had when it was read, where that is beyond doubt. Plates
// holds, by the name that the document uses, the labware that it may mean, in
// order of time; of, where it is not nil, names the experiment that all values are
// part of.
func Reading(owner lineage.Owner, reading bench.Reading, plates map[string][]benchindex.Plate, of *benchindex.Declared) (lineage.Projection, error) {
	d := newDocument(owner)
	if of != nil {
		node := Experiment(of.Experiment)
		d.nodes[node.ID] = node
	}
	values := DatasetID(owner, Values)
	err := d.dataset(Values, reading, attributes{}.number("total", float64(len(reading.Values))).
		text("reading", reading.ID).text("instrument", reading.Instrument).text("method", reading.Method))
	if err != nil {
		return lineage.Projection{}, err
	}
	var findings []liquid.Finding
	for n, v := range reading.Values {
		id := MeasurementID(owner, n)
		d.nodes[id] = measurement(id, reading, v)
		d.edges = append(d.edges, lineage.Edge{SourceID: values, TargetID: id, RelationshipType: lineage.DerivedFrom, Attributes: lineage.Attributes{}})
		if of != nil {
			d.edges = append(d.edges, lineage.Edge{SourceID: lineage.ExperimentID(of.Experiment), TargetID: id, RelationshipType: lineage.PartOf,
				Attributes: lineage.Attributes(membership(*of))})
		}
		state, finding := stateAt(v, plates[v.Plate])
		if finding != nil {
			finding.Well = v.Well
			findings = append(findings, *finding)
		}
		if state != (lineage.ID{}) {
			d.edges = append(d.edges, lineage.Edge{SourceID: state, TargetID: id, RelationshipType: lineage.MeasuredFrom,
				Attributes: lineage.Attributes(attributes{}.text(lineage.AttrWell, wellName(v.Well)).time(lineage.AttrAt, v.At))})
		}
	}
	d.asDatasets(reading)
	slices.SortFunc(findings, func(a, b liquid.Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Well, b.Well), cmp.Compare(a.Detail, b.Detail))
	})
	if err := d.dataset(Findings, slices.Compact(findings), attributes{}.number("total", float64(len(findings)))); err != nil {
		return lineage.Projection{}, err
	}
	d.edges = append(d.edges, lineage.Edge{SourceID: values, TargetID: DatasetID(owner, Findings), RelationshipType: lineage.DerivedFrom, Attributes: lineage.Attributes{}})
	return d.projection(), nil
}

func measurement(id lineage.ID, reading bench.Reading, v bench.Value) lineage.Node {
	attrs := attributes{}.
		text("reading", reading.ID).
		text("place", v.Place).
		text("plate", v.Plate).
		text(lineage.AttrWell, wellName(v.Well)).
		time(lineage.AttrAt, v.At).
		text("measured", v.Name).
		text("unit", v.Unit).
		text("note", v.Note).
		text("instrument", reading.Instrument).
		text("method", reading.Method)
	if !strings.Contains(v.Plate, "/") {
		attrs.text(lineage.AttrBarcode, v.Plate)
	}
	name := v.Name
	if v.Value != nil {
		attrs.number("value", *v.Value)
		name += fmt.Sprintf(" %.6g", *v.Value)
	}
	details := make([]string, 0, len(v.Details))
	for _, key := range slices.Sorted(maps.Keys(v.Details)) {
		details = append(details, key+"="+v.Details[key])
	}
	attrs.texts("details", details)
	if v.Unit != "" {
		name += " " + v.Unit
	}
	name = strings.TrimSpace(name + " of " + v.Plate + " " + wellName(v.Well))
	return lineage.Node{ID: id, Kind: lineage.KindMeasurement, Name: name, Attributes: lineage.Attributes(attrs)}
}

// moment is a state of the well that was read.
type moment struct {
	id    lineage.ID
	at    time.Time
	plate *benchindex.Plate
}

// stateAt is the state that a well had when it was read, the nil id where that
// is not beyond doubt.
func stateAt(v bench.Value, plates []benchindex.Plate) (lineage.ID, *liquid.Finding) {
	plates, finding := meant(v, plates)
	if finding != nil {
		return lineage.ID{}, finding
	}
	var all []moment
	for i := range plates {
		p := &plates[i]
		for _, s := range p.Wells[wellName(v.Well)].States {
			at := s.At
			if at.IsZero() && i > 0 {
				at = p.StartedAt // it was in the well from this run's start at the latest
			}
			all = append(all, moment{lineage.WellStateID(p.Run, p.Labware, wellName(v.Well), s.Command), at, p})
		}
	}
	switch {
	case len(all) == 0:
		return lineage.ID{}, &liquid.Finding{Kind: FindingEmptyWell, Detail: "no run says that anything was in this well of " + v.Plate}
	case v.At.IsZero() && len(all) == 1:
		return all[0].id, nil
	case v.At.IsZero():
		return lineage.ID{}, &liquid.Finding{Kind: FindingUnknownTime, Detail: fmt.Sprintf("the document doesn't say when %s was read, and the well had %d contents", v.Plate, len(all))}
	}
	slices.SortStableFunc(all, func(a, b moment) int { return a.at.Compare(b.at) })
	var state lineage.ID
	for _, m := range all {
		if m.at.After(v.At) {
			break
		}
		state = m.id
	}
	if state == (lineage.ID{}) {
		return state, &liquid.Finding{Kind: FindingBeforeContent, Detail: "it was read at " + v.At.UTC().Format(time.RFC3339) + ", before anything was in this well of " + v.Plate}
	}
	for i := range plates {
		if p := &plates[i]; len(p.Wells[wellName(v.Well)].States) > 0 && v.At.After(p.StartedAt) && v.At.Before(p.EndedAt) {
			return state, &liquid.Finding{Kind: FindingDuringRun, Detail: "run " + p.Run + " had " + v.Plate + " when it was read: the clocks of robot and reader decide which content it was"}
		}
	}
	return state, nil
}

// meant are the appearances of the one plate that a value names.
func meant(v bench.Value, plates []benchindex.Plate) ([]benchindex.Plate, *liquid.Finding) {
	if _, labware, inRun := strings.Cut(v.Plate, "/"); inRun {
		id := ""
		var fitting []benchindex.Plate
		for _, p := range plates {
			if p.Labware == labware {
				id = labware
			}
			if slices.ContainsFunc(append(p.Names, p.Barcode), func(name string) bool { return name != "" && strings.EqualFold(name, labware) }) {
				fitting = append(fitting, p)
			}
		}
		if id != "" {
			fitting = slices.DeleteFunc(fitting, func(p benchindex.Plate) bool { return p.Labware != id })
		}
		if len(fitting) > 1 {
			return nil, &liquid.Finding{Kind: FindingAmbiguousPlate, Detail: "the run has more than one " + v.Plate + ": name it by its id"}
		}
		plates = fitting
	}
	if len(plates) == 0 {
		return nil, &liquid.Finding{Kind: FindingUnknownPlate, Detail: "no run has used " + v.Plate + " so far"}
	}
	for i, p := range plates {
		switch {
		case p.StartedAt.IsZero() && len(plates) > 1:
			return nil, &liquid.Finding{Kind: FindingUnknownTime, Detail: "run " + p.Run + " used " + v.Plate + ", and its record doesn't say when"}
		case i > 0 && p.StartedAt.Before(plates[i-1].EndedAt):
			return nil, &liquid.Finding{Kind: FindingAmbiguousPlate, Detail: "runs " + plates[i-1].Run + " and " + p.Run + " claim " + v.Plate + " at one time"}
		}
	}
	return plates, nil
}

// wellName writes a well as labware definitions do: a1 and A01 are A1.
func wellName(name string) string {
	upper := strings.ToUpper(strings.TrimSpace(name))
	row := strings.TrimRight(upper, "0123456789")
	column := strings.TrimLeft(upper[len(row):], "0")
	if row == "" || column == "" {
		return upper
	}
	return row + column
}
