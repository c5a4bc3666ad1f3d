package project

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"wellspring/bench"
	"wellspring/lineage"
)

// Wellspring is the namespace in which other programs name what was measured
// here: plate:BARCODE, reading:ID.
const Wellspring = "wellspring"

// JobID is the id of somebody else's processing, by the UUID of its run.
func JobID(run string) lineage.ID { return lineage.NewID(lineage.KindJob, run) }

// HeardID is the id of a dataset that other programs speak of.
func HeardID(d bench.Dataset) lineage.ID {
	return lineage.NewID(lineage.KindDataset, "openlineage", d.Namespace, d.Name, d.Version)
}

// heard is such a dataset. It says nothing but its name: several owners name it.
func heard(d bench.Dataset) lineage.Node {
	name := d.Namespace + "/" + d.Name
	if d.Version != "" {
		name += "@" + d.Version
	}
	return lineage.Node{ID: HeardID(d), Kind: lineage.KindDataset, Name: name, Attributes: lineage.Attributes(attributes{}.
		text("namespace", d.Namespace).text("dataset", d.Name).text("version", d.Version))}
}

// Job projects what was said of one run of a job: every dataset that it wrote
// derives from every dataset that it read. The order in which events came does
// not matter; their times do.
func Job(owner lineage.Owner, events []bench.JobEvent) lineage.Projection {
	d := newDocument(owner)
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b bench.JobEvent) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(rank(a.Type), rank(b.Type)), cmp.Compare(a.Type, b.Type))
	})
	last := events[len(events)-1]
	inputs, outputs := map[lineage.ID]bench.Dataset{}, map[lineage.ID]bench.Dataset{}
	var started, ended time.Time
	var status, parent, code, failure string
	for _, e := range events {
		switch e.Type {
		case "START":
			started = e.At
		case "COMPLETE", "ABORT", "FAIL":
			ended = e.At
		}
		if e.Type != "OTHER" && (status == "" || rank(e.Type) >= rank(status)) {
			status = e.Type
		}
		parent, code, failure = cmp.Or(e.Parent, parent), cmp.Or(e.Code, code), cmp.Or(e.Error, failure)
		for _, set := range e.Inputs {
			inputs[HeardID(set)] = set
		}
		for _, set := range e.Outputs {
			outputs[HeardID(set)] = set
		}
	}
	job := JobID(last.Run)
	d.nodes[job] = lineage.Node{ID: job, Kind: lineage.KindJob, Name: last.Namespace + "/" + last.Job, Attributes: lineage.Attributes(attributes{}.
		text("namespace", last.Namespace).text("job", last.Job).text("jobRun", last.Run).text("parentRun", parent).
		text("status", strings.ToLower(status)).text("producer", last.Producer).text("code", code).text("error", failure).
		time("startedAt", started).time("endedAt", ended))}
	edge := func(source lineage.ID, typ lineage.RelationshipType, target, transformation lineage.ID, attrs attributes) {
		d.edges = append(d.edges, lineage.Edge{SourceID: source, RelationshipType: typ, TargetID: target, TransformationID: transformation, Attributes: lineage.Attributes(attrs)})
	}
	for id, set := range inputs {
		d.nodes[id] = heard(set)
		edge(id, lineage.Used, job, lineage.ID{}, nil)
	}
	for id, set := range outputs {
		d.nodes[id] = heard(set)
		edge(job, lineage.GeneratedBy, id, lineage.ID{}, nil)
		for from := range inputs {
			if from != id { // what a job adds to does not come from itself
				edge(from, lineage.DerivedFrom, id, job, attributes{}.text("mechanism", "job"))
			}
		}
		if set.Version == "" {
			continue
		}
		// Whoever reads the dataset without naming a version may have read this one.
		open := bench.Dataset{Namespace: set.Namespace, Name: set.Name}
		if _, written := outputs[HeardID(open)]; !written {
			d.nodes[HeardID(open)] = heard(open)
			edge(id, lineage.DerivedFrom, HeardID(open), job, attributes{}.text("mechanism", "version"))
		}
	}
	return d.projection()
}

// rank orders the types of events of one moment: what ends a run comes last.
func rank(eventType string) int {
	return slices.Index([]string{"OTHER", "START", "RUNNING", "COMPLETE", "ABORT", "FAIL"}, eventType)
}

// asDatasets gives the values of a reading the names under which other programs
// read them on: the reading, and each of its plates.
func (d *document) asDatasets(reading bench.Reading) {
	link := func(source, target lineage.ID) {
		d.edges = append(d.edges, lineage.Edge{SourceID: source, RelationshipType: lineage.DerivedFrom, TargetID: target,
			Attributes: lineage.Attributes(attributes{}.text("mechanism", "reading"))})
	}
	whole := bench.Dataset{Namespace: Wellspring, Name: "reading:" + reading.ID}
	d.nodes[HeardID(whole)] = heard(whole)
	for n, v := range reading.Values {
		if v.Plate == "" {
			link(MeasurementID(d.owner, n), HeardID(whole))
			continue
		}
		part := bench.Dataset{Namespace: Wellspring, Name: whole.Name + "/plate:" + v.Plate}
		if _, there := d.nodes[HeardID(part)]; !there {
			plate := bench.Dataset{Namespace: Wellspring, Name: "plate:" + v.Plate}
			d.nodes[HeardID(part)], d.nodes[HeardID(plate)] = heard(part), heard(plate)
			link(HeardID(part), HeardID(whole))
			link(HeardID(part), HeardID(plate))
		}
		link(MeasurementID(d.owner, n), HeardID(part))
	}
}
