package app

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"wellspring/evidence/pack"
	"wellspring/lineage"
)

// origins gives what earlier runs had loaded where a run drew from: the first
// states that its own name as their origins, with their lots and samples.
func (g *gathering) origins(ctx context.Context, nodes []lineage.Node) error {
	known, first := map[lineage.ID]bool{}, []lineage.ID{}
	for _, n := range nodes {
		known[n.ID] = true
	}
	for _, n := range nodes {
		list, _ := n.Attributes[lineage.AttrOriginIDs].([]string)
		for _, text := range list {
			if id, err := uuid.Parse(text); err == nil && !known[id] {
				known[id], first = true, append(first, id)
			}
		}
	}
	slices.SortFunc(first, func(a, b lineage.ID) int { return slices.Compare(a[:], b[:]) })
	for ids := range slices.Chunk(first, 1000) {
		graph, err := g.store.Traverse(ctx, lineage.Traversal{Roots: ids, Direction: lineage.Upstream, Types: []lineage.RelationshipType{lineage.DerivedFrom}, Depth: 1, Nodes: lineage.MaxNodes, AsOf: g.asOf})
		if err != nil {
			return err
		}
		g.truncated = g.truncated || graph.Truncated
		given := map[lineage.ID]bool{} // as part of a run that is here as a whole
		for _, n := range graph.Nodes {
			name, _ := n.Attributes[lineage.AttrRun].(string)
			if given[n.ID] = g.whole[name]; given[n.ID] || g.extra[n.ID] {
				continue
			}
			g.extra[n.ID] = true
			if err := g.yield(pack.Item{Node: &n.Node}); err != nil {
				return err
			}
		}
		for _, e := range graph.Edges {
			if given[e.TargetID] || g.edges[e.Key()] {
				continue
			}
			g.edges[e.Key()] = true
			if err := g.yield(pack.Item{Edge: &e}); err != nil {
				return err
			}
		}
	}
	return nil
}
