package project

import (
	"fmt"
	"maps"

	"wellspring/lineage"
	"wellspring/liquid"
	"wellspring/ot2"
)

// stepNodes adds the transformations: what each read, made and was done with.
func (b *builder) stepNodes() {
	for _, s := range b.outcome.Steps {
		said := b.steps[s.Command]
		id := lineage.StepID(b.key, s.Command)
		attrs := attributes{}.
			text(lineage.AttrRun, b.key).
			text(lineage.AttrCommand, s.Command).
			text("type", s.Type).
			text("kind", string(s.Kind)).
			number(lineage.AttrSequence, float64(s.Sequence)).
			time(lineage.AttrAt, s.StartedAt).
			seconds("durationS", s.StartedAt, s.EndedAt).
			text("pipette", s.Pipette).
			text("tiprack", said.tiprack).
			flag("failed", s.Failed).
			texts("places", b.places(s.Places)).
			text("key", said.key)
		if s.VolumeUl != 0 {
			attrs.number(lineage.AttrVolumeUl, s.VolumeUl)
		}
		if volume, corrected := b.options.Declared.Volumes[s.Command]; corrected {
			attrs.number("declaredVolumeUl", *volume.VolumeUl)
			maps.Copy(attrs, declaredBy(volume))
		}
		b.node(id, lineage.KindStep, b.stepName(s), attrs)
		b.edge(id, lineage.PartOf, b.activityID(), lineage.ID{}, attributes{}.number(lineage.AttrSequence, float64(s.Sequence)))
		for _, read := range s.Reads {
			b.edge(id, lineage.Used, b.stateID(read), lineage.ID{}, nil)
		}
		for _, made := range s.Makes {
			b.edge(b.stateID(made), lineage.GeneratedBy, id, lineage.ID{}, nil)
		}
		b.tools(id, s)
	}
}

// tipracks notes which rack the tips came from that each step was done with.
func (b *builder) tipracks() {
	on := map[string]string{} // on a pipette now
	for _, c := range liquid.Ordered(b.run) {
		pipette := c.Params.PipetteID
		if pipette == "" || c.Status != ot2.StatusSucceeded && c.Status != ot2.StatusFailed {
			continue
		}
		if c.Type == "pickUpTip" && c.Status == ot2.StatusSucceeded {
			on[pipette] = c.Params.LabwareID
		}
		if step, is := b.steps[c.ID]; is && on[pipette] != "" {
			step.tiprack = on[pipette]
			b.steps[c.ID] = step
		}
		if c.Type == "dropTip" || c.Type == "dropTipInPlace" {
			delete(on, pipette)
		}
	}
}

// tools adds what a step was done with: pipette, module, moved labware.
func (b *builder) tools(id lineage.ID, s liquid.Step) {
	if s.Pipette != "" {
		b.edge(id, lineage.PerformedBy, b.pipette(s.Pipette), lineage.ID{}, nil)
	}
	if module := b.steps[s.Command].module; module != "" {
		b.edge(id, lineage.PerformedBy, b.module(module), lineage.ID{}, nil)
	}
	if s.Kind != liquid.StepMove {
		return
	}
	for _, p := range s.Places {
		if _, introduced := b.outcome.Labware[p.Labware]; introduced {
			b.edge(id, lineage.Used, b.labwareID(p.Labware), lineage.ID{}, nil)
		}
	}
}

// places writes wells as labware/well, the way a selector names them.
func (b *builder) places(of []liquid.Place) []string {
	names := make([]string, 0, len(of))
	for _, p := range of {
		if p.Labware == "" {
			continue
		}
		if p.Well == "" {
			names = append(names, p.Labware)
			continue
		}
		names = append(names, p.Labware+"/"+p.Well)
	}
	return names
}

// stepName is a step for people: "dispense 50 µL dilution plate A1 (+7)".
func (b *builder) stepName(s liquid.Step) string {
	name := s.Type
	if s.VolumeUl != 0 {
		name += " " + microlitres(s.VolumeUl)
	}
	if len(s.Places) > 0 && s.Places[0].Labware != "" {
		name += " " + b.place(s.Places[0].Labware, s.Places[0].Well)
	}
	if more := len(s.Places) - 1; more > 0 {
		name += fmt.Sprintf(" (+%d)", more)
	}
	return name
}

// microlitres is a volume for people: four digits, and never an exponent where a
// pipette works.
func microlitres(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f µL", v)
	}
	return fmt.Sprintf("%.4g µL", v)
}
