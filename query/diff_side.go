package query

import (
	"cmp"
	"context"
	"slices"

	"wellspring/lineage"
)

// side is one of the two that are compared: a run's or plan's part of the graph.
type side struct {
	node  lineage.Node
	deck  []lineage.Node // its labware, with what the run says about it
	steps []lineage.Node // in executed order
	ends  map[spot]end
	tools []lineage.Node // pipettes and modules, with what the run says about them
}

// spot is a well of labware that is named by its id within the run.
type spot struct{ labware, well string }

// end is what a well held when the run ended.
type end struct {
	state     lineage.Node
	volumeUl  *float64
	untouched bool // it came with the plate, and the run left it alone
}

// side reads all that is compared of a run or a plan.
func (s *Service) side(ctx context.Context, node lineage.Node) (side, error) {
	owner := lineage.RunOwner(runName(node))
	if node.Kind == lineage.KindPlan {
		owner = lineage.PlanOwner(runName(node))
	}
	part, err := s.store.Owned(ctx, owner)
	if err != nil {
		return side{}, err
	}
	one := side{node: node, ends: make(map[spot]end)}
	graph := lineage.Graph{Edges: part.Edges, Nodes: make([]lineage.Reached, len(part.Nodes))}
	nodes := make(map[lineage.ID]lineage.Node, len(part.Nodes))
	for i, n := range part.Nodes {
		graph.Nodes[i] = lineage.Reached{Node: n}
		nodes[n.ID] = n
		switch {
		case n.Kind == lineage.KindStep:
			one.steps = append(one.steps, n)
		case n.Kind == lineage.KindWellState && flag(n.Attributes, attrLast):
			one.ends[placeOfState(n)] = end{state: n, volumeUl: number(n.Attributes, attrEndVolumeUl)}
		}
	}
	sortExecuted(one.steps)
	one.deck = usedLabware(graph, node.ID)
	one.tools = toolsOf(part.Edges, nodes, node.ID)
	return one, s.inheritedEnds(ctx, &one, part.Edges)
}

func placeOfState(state lineage.Node) spot {
	return spot{text(state.Attributes, lineage.AttrLabware), text(state.Attributes, lineage.AttrWell)}
}

// inheritedEnds adds the wells whose content came with the plate and was only
// drawn from, or left alone.
func (s *Service) inheritedEnds(ctx context.Context, one *side, edges []lineage.Edge) error {
	var ids []lineage.ID
	at := make(map[lineage.ID]lineage.Edge)
	for _, e := range edges {
		if e.TargetID == one.node.ID && e.RelationshipType == lineage.Used && number(e.Attributes, attrEndVolumeUl) != nil {
			ids = append(ids, e.SourceID)
			at[e.SourceID] = e
		}
	}
	if len(ids) == 0 {
		return nil
	}
	states, err := s.store.Nodes(ctx, ids, noTime)
	if err != nil {
		return err
	}
	for _, state := range states {
		said := at[state.ID].Attributes
		then, now := number(said, lineage.AttrVolumeUl), number(said, attrEndVolumeUl)
		one.ends[spot{text(said, lineage.AttrLabware), text(said, lineage.AttrWell)}] = end{
			state: state, volumeUl: now, untouched: then != nil && near(*then, *now)}
	}
	return nil
}

// toolsOf are the agents of a run with what the run says about them.
func toolsOf(edges []lineage.Edge, nodes map[lineage.ID]lineage.Node, run lineage.ID) []lineage.Node {
	var tools []lineage.Node
	for _, e := range edges {
		node := nodes[e.SourceID]
		if e.TargetID == run && e.RelationshipType == lineage.PerformedBy && node.Kind.Class() == lineage.Agent {
			node.Attributes = merged(node.Attributes, e.Attributes)
			tools = append(tools, node)
		}
	}
	return tools
}

// deckPair is labware that is in the same place in both.
type deckPair struct{ a, b lineage.Node }

// pairDecks finds which labware of one run stands for which of the other: ids
// differ from run to run, so it goes by id and kind, label and kind, slot and
// kind, then by slot alone; each labware once.
func pairDecks(a, b []lineage.Node) []deckPair {
	var pairs []deckPair
	a, b = slices.Clone(a), slices.Clone(b)
	for _, key := range []func(lineage.Node) string{
		joined(lineage.AttrLabware, attrLoadName), joined(attrLabel, attrLoadName), joined(attrSlot, attrLoadName), joined(attrSlot),
	} {
		a = slices.DeleteFunc(a, func(one lineage.Node) bool {
			i := slices.IndexFunc(b, func(other lineage.Node) bool { return key(one) != "" && key(one) == key(other) })
			if i < 0 {
				return false
			}
			pairs = append(pairs, deckPair{one, b[i]})
			b = slices.Delete(b, i, i+1)
			return true
		})
	}
	for _, one := range a {
		pairs = append(pairs, deckPair{a: one})
	}
	for _, other := range b {
		pairs = append(pairs, deckPair{b: other})
	}
	slices.SortStableFunc(pairs, func(x, y deckPair) int {
		return cmp.Or(compareSlots(x.slot(), y.slot()), cmp.Compare(x.name(), y.name()))
	})
	return pairs
}

// joined is a key of several attributes, empty where one is missing.
func joined(keys ...string) func(lineage.Node) string {
	return func(node lineage.Node) string {
		key := ""
		for _, k := range keys {
			value := text(node.Attributes, k)
			if value == "" {
				return ""
			}
			key += value + "\x00"
		}
		return key
	}
}

func (p deckPair) first() lineage.Node {
	if p.a.Kind != "" {
		return p.a
	}
	return p.b
}

func (p deckPair) slot() string { return text(p.first().Attributes, attrSlot) }

// name is what a person calls the labware.
func (p deckPair) name() string { return labwareTitle(p.first()) }

// labwareTitle is a label, else a name; empty where there is no labware.
func labwareTitle(labware lineage.Node) string {
	return cmp.Or(text(labware.Attributes, attrLabel), labware.Name)
}

func labwareIDOf(labware lineage.Node) string { return text(labware.Attributes, lineage.AttrLabware) }
