package project

import (
	"cmp"
	"strings"

	"wellspring/lineage"
	"wellspring/ot2"
)

// agents adds who and what acted. Shared nodes hold their identity only; what
// this run says about them stands on the edge.
func (b *builder) agents() {
	if serial := b.run.RobotSerial; serial != "" && !b.run.Plan {
		b.node(RobotID(serial), lineage.KindRobot, serial, attributes{}.text("serial", serial))
		b.edge(b.activityID(), lineage.PerformedBy, RobotID(serial), lineage.ID{}, attributes{}.text("robotName", b.run.RobotName))
	}
	if version := b.run.Software; version != "" {
		b.node(SoftwareID(version), lineage.KindSoftware, "Opentrons robot software "+version, attributes{}.text("version", version))
		b.edge(b.activityID(), lineage.PerformedBy, SoftwareID(version), lineage.ID{}, nil)
	}
	for _, p := range b.run.Pipettes {
		b.edge(b.activityID(), lineage.PerformedBy, b.pipette(p.ID), lineage.ID{},
			attributes{}.text("pipette", p.ID).text("model", p.Name).text("mount", p.Mount))
	}
	for _, m := range b.run.Modules {
		b.edge(b.activityID(), lineage.PerformedBy, b.module(m.ID), lineage.ID{},
			attributes{}.text("module", m.ID).text("model", m.Model).text("slot", m.Location.Slot))
	}
}

// pipette adds the pipette with this id in the run and returns its node's id.
func (b *builder) pipette(id string) lineage.ID {
	var p ot2.Pipette
	for _, known := range b.run.Pipettes {
		if known.ID == id {
			p = known
		}
	}
	if physical(p.Serial) {
		b.node(PipetteID(p.Serial), lineage.KindPipette, p.Serial, attributes{}.text("serial", p.Serial))
		return PipetteID(p.Serial)
	}
	node := RunPipetteID(b.key, id)
	b.node(node, lineage.KindPipette, cmp.Or(p.Name, id),
		attributes{}.text(lineage.AttrRun, b.key).text("pipette", id).text("model", p.Name).text("mount", p.Mount))
	return node
}

// module adds the module with this id in the run and returns its node's id.
func (b *builder) module(id string) lineage.ID {
	var m ot2.Module
	for _, known := range b.run.Modules {
		if known.ID == id {
			m = known
		}
	}
	if physical(m.Serial) {
		b.node(ModuleID(m.Serial), lineage.KindModule, m.Serial, attributes{}.text("serial", m.Serial))
		return ModuleID(m.Serial)
	}
	node := RunModuleID(b.key, id)
	b.node(node, lineage.KindModule, cmp.Or(m.Model, id),
		attributes{}.text(lineage.AttrRun, b.key).text("module", id).text("model", m.Model))
	return node
}

// physical reports whether a serial number names a thing: a simulated one does not.
func physical(serial string) bool {
	return serial != "" && !strings.HasPrefix(serial, "fake-serial-number")
}
