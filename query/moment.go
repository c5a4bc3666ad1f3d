package query

import (
	"context"
	"slices"
	"time"

	"wellspring/lineage"
)

// WellAt is Well at a time by the device's clock, whenever that became known:
// what the well held then. The zero time is the end.
func (s *Service) WellAt(ctx context.Context, selector string, at, asOf time.Time) (Well, error) {
	return s.well(ctx, selector, at, asOf)
}

// until cuts a content's states at a time by the device's clock. What was there
// before anything was declared of it has no time and stays.
func (s *Service) until(ctx context.Context, c content, at, asOf time.Time) (content, error) {
	there := func(state lineage.Node) bool { return !instant(state, lineage.AttrAt).After(at) }
	states := c.states
	for len(states) > 0 && !there(states[len(states)-1]) {
		states = states[:len(states)-1]
	}
	if len(states) == 0 {
		return c, lineage.NotFound("show well", c.well, "nothing was in the well at "+at.UTC().Format(time.RFC3339Nano)+", by the device's clock")
	}
	draws, err := s.draws(ctx, states[len(states)-1], asOf)
	if err != nil {
		return c, err
	}
	if len(states) < len(c.states) || slices.ContainsFunc(draws, func(d draw) bool { return d.at.IsZero() || d.at.After(at) }) {
		c.volumeUl = volumeAt(states[len(states)-1], draws, at)
	}
	c.states = slices.Clip(states)
	c.inherited = c.inherited || text(c.last().Attributes, lineage.AttrRun) != runName(c.run)
	return c, nil
}

// volumeAt is how much of a state was in the well at a time, µL: what it began
// with before anybody drew from it, what was left of it once its own run was
// through. In between nobody says.
func volumeAt(state lineage.Node, draws []draw, at time.Time) *float64 {
	before, own, others := 0, 0, 0 // draws up to then; of its own run after, of others before
	for _, d := range draws {
		inTime, ofOwn := !d.at.After(at), d.run == text(state.Attributes, lineage.AttrRun)
		if inTime {
			before++
		}
		if ofOwn && (!inTime || d.at.IsZero()) {
			own++
		}
		if !ofOwn && inTime {
			others++
		}
	}
	switch {
	case before == 0:
		return number(state.Attributes, lineage.AttrVolumeUl)
	case own == 0 && others == 0:
		return number(state.Attributes, attrEndVolumeUl) // of a run's last state only
	}
	return nil
}

// draw is a step that took some of a state.
type draw struct {
	run string
	at  time.Time // zero: it doesn't say
}

func (s *Service) draws(ctx context.Context, state lineage.Node, asOf time.Time) ([]draw, error) {
	graph, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: []lineage.ID{state.ID}, Direction: lineage.Downstream, Types: []lineage.RelationshipType{lineage.Used},
		Depth: 1, Nodes: lineage.MaxNodes, AsOf: asOf,
	})
	var draws []draw
	for _, node := range graph.Nodes {
		if node.Kind == lineage.KindStep && text(node.Attributes, "kind") != "mix" {
			draws = append(draws, draw{text(node.Attributes, lineage.AttrRun), instant(node.Node, lineage.AttrAt)})
		}
	}
	return draws, err
}
