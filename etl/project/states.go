package project

import (
	"cmp"
	"strings"

	"wellspring/lineage"
	"wellspring/liquid"
)

// liquids adds the liquids that were loaded, as lots known in this run only.
func (b *builder) liquids() {
	for _, s := range b.outcome.States {
		if s.Liquid == "" {
			continue
		}
		attrs := attributes{}.text(lineage.AttrRun, b.key).text("liquid", s.Liquid)
		name := s.Liquid
		for _, l := range b.run.Liquids {
			if l.ID == s.Liquid {
				name = cmp.Or(l.DisplayName, l.ID)
				attrs.text("description", l.Description)
			}
		}
		b.node(lineage.LiquidID(b.key, s.Liquid), lineage.KindLot, name, attrs)
	}
}

// states adds the contents of the wells and what they came from.
func (b *builder) states() {
	for _, s := range b.outcome.States {
		id := b.stateID(s.Key)
		attrs := attributes{}.
			text(lineage.AttrRun, b.key).
			text(lineage.AttrLabware, s.Key.Labware).
			text(lineage.AttrWell, s.Key.Well).
			text(lineage.AttrCommand, s.Key.Command).
			number(lineage.AttrSequence, float64(s.Sequence)).
			time(lineage.AttrAt, s.At).
			number(lineage.AttrVolumeUl, s.VolumeUl).
			texts(lineage.AttrIncomplete, reasons(s.Incomplete)).
			flag("undeclared", s.First() && s.Liquid == "" && !b.filled[s.Key])
		b.origins(attrs, s)
		if w, last := b.last(s.Key); last {
			attrs["last"] = true
			wellFeatures(attrs, w, b.end)
		}
		b.node(id, lineage.KindWellState, b.place(s.Key.Labware, s.Key.Well), attrs)
		b.edge(id, lineage.HeldIn, b.held(s.Key.Labware), lineage.ID{},
			b.alike(s.Key.Well, func() attributes { return attributes{}.text(lineage.AttrWell, s.Key.Well) }))
		if s.Liquid != "" {
			b.edge(id, lineage.DerivedFrom, lineage.LiquidID(b.key, s.Liquid), b.transformation(s.Key),
				b.concentration(s.Key).number(lineage.AttrVolumeUl, s.VolumeUl).number(lineage.AttrFraction, 1).text(lineage.AttrMechanism, string(liquid.Loaded)))
		}
		b.parts(id, s)
	}
}

// parts adds a state's derivations. What remained in a well and what came back
// to it can be one and the same state: that is one edge, with their sum.
func (b *builder) parts(id lineage.ID, s liquid.State) {
	transformation := b.transformation(s.Key)
	sums := map[liquid.StateKey]liquid.Part{}
	for _, part := range s.Parts {
		sum, again := sums[part.From]
		if !again {
			sum = liquid.Part{From: part.From, Mechanism: part.Mechanism}
		}
		sum.VolumeUl += part.VolumeUl
		sum.Fraction += part.Fraction
		sum.Mechanism = stronger(sum.Mechanism, part.Mechanism)
		sums[part.From] = sum
	}
	for from, part := range sums {
		part.From = liquid.StateKey{}
		b.edge(id, lineage.DerivedFrom, b.stateID(from), transformation, b.alike(part, func() attributes {
			return attributes{}.
				number(lineage.AttrVolumeUl, part.VolumeUl).
				number(lineage.AttrFraction, part.Fraction).
				text(lineage.AttrMechanism, string(part.Mechanism))
		}))
	}
}

// stronger returns the mechanism that tells more: something moved rather than
// something stayed.
func stronger(a, b liquid.Mechanism) liquid.Mechanism {
	switch {
	case a == liquid.Remained:
		return b
	case b == liquid.Remained:
		return a
	}
	return min(a, b)
}

// origins lists the first states of a content with their shares.
func (b *builder) origins(attrs attributes, s liquid.State) {
	if len(s.Origins) == 0 {
		return
	}
	ids, fractions := make([]string, 0, len(s.Origins)), make([]float64, 0, len(s.Origins))
	for _, o := range s.Origins {
		ids = append(ids, b.stateID(o.State).String())
		fractions = append(fractions, o.Fraction)
	}
	attrs[lineage.AttrOriginIDs], attrs[lineage.AttrOriginFractions] = ids, fractions
}

// last returns what a well held in the end, if this is its last state.
func (b *builder) last(key liquid.StateKey) (liquid.WellOutcome, bool) {
	w, known := b.outcome.Wells[key.Labware][key.Well]
	return w, known && w.State == key
}

// carried adds the possibilities: a tip that touched one well went on to
// another. A well that never held anything, as far as is known, has no state to
// hang one on, or to name.
func (b *builder) carried() {
	for _, c := range b.outcome.Carried {
		if c.ToStateUnknown || c.FromState == (liquid.StateKey{}) {
			continue
		}
		b.edge(b.stateID(c.ToState), lineage.CarriedOver, b.stateID(c.FromState), b.step(c.Command),
			b.alike(lineage.CarriedOver, func() attributes { return attributes{}.text(lineage.AttrMechanism, "carry-over") }))
	}
}

// stateID is the node of a state, of this run or of an earlier one. It is asked for
// wherever the state is named.
func (b *builder) stateID(key liquid.StateKey) lineage.ID {
	id, known := b.stateIDs[key]
	if !known {
		id = lineage.WellStateID(cmp.Or(key.Run, b.key), key.Labware, key.Well, key.Command)
		b.stateIDs[key] = id
	}
	return id
}

// transformation is the step that made a state: the nil id for what was there
// before the first command.
func (b *builder) transformation(key liquid.StateKey) lineage.ID {
	return b.step(strings.TrimSuffix(key.Command, "/liquid"))
}

// step is the node of a command's step: the nil id where the command is none.
func (b *builder) step(command string) lineage.ID {
	if _, is := b.steps[command]; !is {
		return lineage.ID{}
	}
	return lineage.StepID(b.key, command)
}

func reasons(of []liquid.Reason) []string {
	words := make([]string, 0, len(of))
	for _, r := range of {
		words = append(words, string(r))
	}
	return words
}
