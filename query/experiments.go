package query

import (
	"context"
	"slices"
	"time"

	"wellspring/lineage"
)

// attrTitle is what people call an experiment: on the edge that says what is part of it.
const attrTitle = "title"

// memberships are the experiments that things are part of, by the things' ids.
type memberships struct {
	of        map[lineage.ID][]lineage.Node // each with the title that was given with the membership
	heldIn    map[lineage.ID]lineage.ID     // labware, by content
	truncated bool
}

// memberships finds the experiments of things, and of the labware that hold them.
func (s *Service) memberships(ctx context.Context, things []lineage.ID, ask Ask) (memberships, error) {
	m := memberships{of: map[lineage.ID][]lineage.Node{}, heldIn: map[lineage.ID]lineage.ID{}}
	one, err := s.store.Find(ctx, lineage.Find{Kind: lineage.KindExperiment, Limit: 1, AsOf: ask.AsOf})
	if err != nil || len(one.Nodes) == 0 || len(things) == 0 {
		return m, err // a lab that declares none pays one look
	}
	slices.SortFunc(things, compareIDs)
	things = slices.Compact(things)
	if len(things) > lineage.MaxNodes/2 {
		things, m.truncated = things[:lineage.MaxNodes/2], true
	}
	around, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: things, Direction: lineage.Upstream, Types: []lineage.RelationshipType{lineage.PartOf, lineage.HeldIn},
		Depth: 2, Nodes: lineage.MaxNodes, AsOf: ask.AsOf,
	})
	if err != nil {
		return m, err
	}
	m.truncated = m.truncated || around.Truncated
	nodes := make(map[lineage.ID]lineage.Node, len(around.Nodes))
	for _, node := range around.Nodes {
		nodes[node.ID] = node.Node
	}
	for _, edge := range around.Edges {
		source := nodes[edge.SourceID]
		switch {
		case edge.RelationshipType == lineage.HeldIn:
			m.heldIn[edge.TargetID] = edge.SourceID
		case source.Kind == lineage.KindExperiment:
			m.add(edge.TargetID, source, text(edge.Attributes, attrTitle))
		}
	}
	return m, nil
}

// add notes a membership. Several statements may say it: of two titles the
// greater stays, whichever was read first.
func (m *memberships) add(thing lineage.ID, experiment lineage.Node, title string) {
	known := m.of[thing]
	if i := slices.IndexFunc(known, func(n lineage.Node) bool { return n.ID == experiment.ID }); i >= 0 {
		title = max(title, text(known[i].Attributes, attrTitle))
		known[i] = titled(experiment, title)
		return
	}
	m.of[thing] = append(known, titled(experiment, title))
}

// titled is an experiment with the title that a statement gives it.
func titled(experiment lineage.Node, title string) lineage.Node {
	if title != "" {
		experiment.Attributes = merged(experiment.Attributes, lineage.Attributes{attrTitle: title})
	}
	return experiment
}

// ExperimentsOf are the experiments that any of these things was declared to be part of, by name.
func (s *Service) ExperimentsOf(ctx context.Context, things []lineage.ID, asOf time.Time) ([]lineage.Node, error) {
	m, err := s.memberships(ctx, things, Ask{AsOf: asOf})
	if err != nil {
		return nil, err
	}
	all := memberships{of: map[lineage.ID][]lineage.Node{}}
	for _, id := range things {
		for _, experiment := range m.of[id] {
			all.add(lineage.ID{}, experiment, text(experiment.Attributes, attrTitle))
		}
	}
	found := all.of[lineage.ID{}]
	sortByName(found)
	return found, nil
}

// called is an experiment's name for people.
func called(experiment lineage.Node) string {
	if title := text(experiment.Attributes, attrTitle); title != "" && title != experiment.Name {
		return experiment.Name + " (" + title + ")"
	}
	return experiment.Name
}

// in are the experiments that a node is part of: by itself, by its labware or by its run.
func (m *memberships) in(node lineage.Node) []lineage.Node {
	all := slices.Clone(m.of[node.ID])
	for _, other := range []lineage.ID{m.heldIn[node.ID], lineage.RunID(runName(node))} {
		for _, experiment := range m.of[other] {
			if !slices.ContainsFunc(all, func(n lineage.Node) bool { return n.ID == experiment.ID }) {
				all = append(all, experiment)
			}
		}
	}
	return all
}

// experiments are those that anything in a graph is part of, by name.
func (s *Service) experiments(ctx context.Context, graph lineage.Graph, ask Ask) ([]lineage.Node, error) {
	things := make([]lineage.ID, 0, len(graph.Nodes))
	runs := map[string]bool{}
	for _, node := range graph.Nodes {
		things = append(things, node.ID)
		if run := runName(node.Node); run != "" && !runs[run] {
			runs[run] = true
			things = append(things, lineage.RunID(run))
		}
	}
	m, err := s.memberships(ctx, things, ask)
	if err != nil || len(m.of) == 0 {
		return []lineage.Node{}, err
	}
	all := memberships{of: map[lineage.ID][]lineage.Node{}}
	for _, node := range graph.Nodes {
		for _, experiment := range m.in(node.Node) {
			all.add(lineage.ID{}, experiment, text(experiment.Attributes, attrTitle))
		}
	}
	found := all.of[lineage.ID{}]
	sortByName(found)
	return nonNil(found), nil
}
