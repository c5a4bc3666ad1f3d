package project

import (
	"maps"
	"slices"

	"wellspring/etl/benchindex"
	"wellspring/lineage"
	"wellspring/liquid"
)

// Nodes that several owners name: each holds its identity and nothing else.

// Lot is a reagent lot that was declared by name.
func Lot(name string) lineage.Node {
	return lineage.Node{ID: lineage.LotID(name), Kind: lineage.KindLot, Name: name, Attributes: lineage.Attributes{"lot": name}}
}

// Sample is a received sample.
func Sample(barcode string) lineage.Node {
	return lineage.Node{ID: lineage.SampleID(barcode), Kind: lineage.KindSample, Name: barcode, Attributes: lineage.Attributes{lineage.AttrBarcode: barcode}}
}

// Experiment is what people call one experiment.
func Experiment(name string) lineage.Node {
	name = lineage.ExperimentName(name)
	return lineage.Node{ID: lineage.ExperimentID(name), Kind: lineage.KindExperiment, Name: name, Attributes: lineage.Attributes{"experiment": name}}
}

// PhysicalLabware is labware whose identity was declared.
func PhysicalLabware(barcode string) lineage.Node {
	return lineage.Node{ID: lineage.PhysicalLabwareID(barcode), Kind: lineage.KindLabware, Name: barcode, Attributes: lineage.Attributes{lineage.AttrBarcode: barcode}}
}

// fills hangs lots and samples on the first states that they are.
func (b *builder) fills() {
	for _, f := range b.options.Declared.Fills {
		for _, node := range filledWith(f.Lot, f.Sample) {
			b.node(node.ID, node.Kind, node.Name, attributes(node.Attributes))
			b.edge(b.stateID(f.State), lineage.DerivedFrom, node.ID, b.transformation(f.State), attributesOf(f.Said).
				number(lineage.AttrFraction, 1).text(lineage.AttrMechanism, string(liquid.Loaded)))
		}
	}
	for _, owner := range b.options.Declared.Owners {
		b.edge(b.activityID(), lineage.Used, DatasetID(owner, Declarations), lineage.ID{}, nil)
	}
}

// experiments says what the run and its labware are part of. What one run says
// of a plate's experiment is apart from what another does.
func (b *builder) experiments() {
	for _, m := range b.options.Declared.Experiments {
		node, part, said := Experiment(m.Said.Experiment), b.activityID(), lineage.ID{}
		if m.Labware != "" {
			part, said = b.held(m.Labware), b.activityID()
		}
		b.node(node.ID, node.Kind, node.Name, attributes(node.Attributes))
		b.edge(part, lineage.PartOf, node.ID, said, membership(m.Said))
	}
}

// membership is what an edge to an experiment says.
func membership(said benchindex.Declared) attributes {
	return declaredBy(said).text("title", said.ExperimentTitle)
}

func filledWith(lot, sample string) []lineage.Node {
	var nodes []lineage.Node
	if lot != "" {
		nodes = append(nodes, Lot(lot))
	}
	if sample != "" {
		nodes = append(nodes, Sample(sample))
	}
	return nodes
}

// concentrations are what was declared of liquids whose lot nobody named.
func (b *builder) concentration(state liquid.StateKey) attributes {
	for _, f := range b.options.Declared.Fills {
		if f.State == state && f.Lot == "" && f.Sample == "" {
			return attributesOf(f.Said)
		}
	}
	return attributes{}
}

// attributesOf writes what a declaration says about contents, and who said it.
func attributesOf(said benchindex.Declared) attributes {
	attrs := declaredBy(said)
	if c := said.Conc; c != nil {
		attrs.number("concentration", c.Value).text("concentrationUnit", c.Unit).text("analyte", c.Analyte)
	}
	return attrs
}

// declaredBy says who declared something, when and why.
func declaredBy(said benchindex.Declared) attributes {
	details := make([]string, 0, len(said.Details))
	for _, key := range slices.Sorted(maps.Keys(said.Details)) {
		if value := said.Details[key]; value != "" {
			details = append(details, key+"="+value)
		}
	}
	return attributes{}.
		text("declaredIn", string(said.Owner)).
		count("row", said.Row).
		time("declaredAt", said.SaidAt).
		text("who", said.Who).
		text("why", said.Why).
		texts("details", details)
}

// inherited says which states of earlier runs the run's labware came with: what
// a well held when the run began, and in the end where nothing changed it.
func (b *builder) inherited() {
	for place, content := range b.options.Declared.Inherits {
		attrs := attributes{}.
			text(lineage.AttrLabware, place.Labware).
			text(lineage.AttrWell, place.Well).
			number(lineage.AttrVolumeUl, content.VolumeUl)
		if w, known := b.outcome.Wells[place.Labware][place.Well]; known && w.State == content.State {
			attrs.number("endVolumeUl", w.VolumeUl)
		}
		b.edge(b.activityID(), lineage.Used, b.stateID(content.State), lineage.ID{}, attrs)
	}
}
