package query

import (
	"context"
	"maps"
	"slices"
	"time"

	"wellspring/lineage"
)

// Part is one owner's part of the graph.
type Part struct {
	Owner lineage.Owner  `json:"owner"`
	Nodes []lineage.Node `json:"nodes"` // in order of id
	Edges []lineage.Edge `json:"edges"` // in order of key
}

// RunGraph returns a run's part of the graph, as of a time (zero: now).
func (s *Service) RunGraph(ctx context.Context, selector string, asOf time.Time) (Part, error) {
	run, err := s.runNode(ctx, selector, asOf)
	if err != nil {
		return Part{}, err
	}
	owner := lineage.RunOwner(runName(run))
	if run.Kind == lineage.KindPlan {
		owner = lineage.PlanOwner(runName(run))
	}
	var part lineage.Projection
	if asOf.IsZero() {
		part, err = s.store.Owned(ctx, owner)
	} else {
		part, err = s.partThen(ctx, run, asOf)
	}
	return Part{Owner: owner, Nodes: nonNil(part.Nodes), Edges: nonNil(part.Edges)}, err
}

// partRoots is how many nodes one traversal starts from.
const partRoots = 10_000

// partThen puts a run's part together as it was: a store knows what an owner
// says only as it is now. Everything in the part is of the run by its attribute,
// or an identity that one of its edges names; every edge ends at something of the run.
func (s *Service) partThen(ctx context.Context, run lineage.Node, asOf time.Time) (lineage.Projection, error) {
	own, err := s.findAll(ctx, lineage.Find{Attrs: map[string]string{lineage.AttrRun: runName(run)}, AsOf: asOf}, lineage.MaxNodes)
	if err != nil {
		return lineage.Projection{}, err
	}
	nodes := make(map[lineage.ID]lineage.Node, len(own))
	for _, node := range own {
		nodes[node.ID] = node
	}
	var part lineage.Projection
	for roots := range slices.Chunk(own, partRoots) {
		ask := lineage.Traversal{Direction: lineage.Upstream, Types: lineage.RelationshipTypes(), Depth: 1, Nodes: lineage.MaxNodes, AsOf: asOf}
		inChunk := make(map[lineage.ID]bool, len(roots))
		for _, root := range roots {
			ask.Roots = append(ask.Roots, root.ID)
			inChunk[root.ID] = true
		}
		graph, err := s.store.Traverse(ctx, ask)
		if err != nil {
			return lineage.Projection{}, err
		}
		for _, node := range graph.Nodes {
			if isIdentity(node.Node) {
				nodes[node.ID] = node.Node
			}
		}
		for _, edge := range graph.Edges {
			if inChunk[edge.TargetID] {
				part.Edges = append(part.Edges, edge)
			}
		}
	}
	part.Nodes = slices.Collect(maps.Values(nodes))
	part.Sort()
	return part, nil
}

// isIdentity reports whether a node is one that every owner names for itself:
// what acted, a protocol, a lot, a sample, a plate with a barcode.
func isIdentity(node lineage.Node) bool {
	switch node.Kind {
	case lineage.KindProtocol, lineage.KindLot, lineage.KindSample, lineage.KindLabware:
		return runName(node) == ""
	}
	return node.Kind.Class() == lineage.Agent && runName(node) == ""
}
