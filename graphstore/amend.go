package graphstore

import (
	"context"
	"slices"
	"time"

	"wellspring/lineage"
)

// Amender is a Store that can change an owner's part by a difference: what a
// run that is followed needs at each command. Who has none gets the whole part by
// Apply, and ends in the same graph.
type Amender interface {
	Store

	// Amend makes the owner's part what Apply would make of it, were it given the
	// part as it is, less what the amendment retracts, with what it names put in
	// place. The rules are those of Apply. It costs what it names, and not what the
	// owner has.
	Amend(ctx context.Context, amendment Amendment, at time.Time) (lineage.Applied, error)

	// Held returns what the graph has of the nodes and edges that an amendment puts in
	// place, in no order, whoever named them. It looks once and takes no care that
	// nothing is written meanwhile: who reads back what is their own needs none.
	Held(ctx context.Context, amendment Amendment) (lineage.Projection, error)
}

// Amendment is a difference in an owner's part. What is named as it is already, or
// retracted and not there, changes nothing; what is named and retracted is named.
type Amendment struct {
	Owner        lineage.Owner
	Nodes        []lineage.Node
	Edges        []lineage.Edge
	RetractNodes []lineage.ID
	RetractEdges []lineage.EdgeKey
}

// Named is the amendment as a projection: all that it puts in place.
func (a Amendment) Named() lineage.Projection {
	return lineage.Projection{Owner: a.Owner, Nodes: a.Nodes, Edges: a.Edges}
}

// Targets are the nodes that the edges which the amendment puts in place end at, each once.
func (a Amendment) Targets() []lineage.ID {
	targets := make([]lineage.ID, 0, len(a.Edges))
	for _, e := range a.Edges {
		targets = append(targets, e.TargetID)
	}
	slices.SortFunc(targets, func(a, b lineage.ID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(targets)
}

// Of leaves of what the graph has what the amendment puts in place, each once.
func (a Amendment) Of(there lineage.Projection) lineage.Projection {
	nodes, edges := make(map[lineage.ID]struct{}, len(a.Nodes)), make(map[lineage.EdgeKey]struct{}, len(a.Edges))
	for _, n := range a.Nodes {
		nodes[n.ID] = struct{}{}
	}
	for _, e := range a.Edges {
		edges[e.Key()] = struct{}{}
	}
	return lineage.Projection{
		Owner: a.Owner,
		Nodes: slices.DeleteFunc(there.Nodes, func(n lineage.Node) bool { return !take(nodes, n.ID) }),
		Edges: slices.DeleteFunc(there.Edges, func(e lineage.Edge) bool { return !take(edges, e.Key()) }),
	}
}

// take takes a key out of a set, and reports whether it was there.
func take[K comparable](set map[K]struct{}, key K) bool {
	_, there := set[key]
	delete(set, key)
	return there
}

// Empty reports whether the amendment says nothing.
func (a Amendment) Empty() bool {
	return len(a.Nodes)+len(a.Edges)+len(a.RetractNodes)+len(a.RetractEdges) == 0
}

// IDs are the nodes that the amendment is about.
func (a Amendment) IDs() []lineage.ID {
	ids := make([]lineage.ID, 0, len(a.Nodes)+len(a.RetractNodes))
	for _, n := range a.Nodes {
		ids = append(ids, n.ID)
	}
	return append(ids, a.RetractNodes...)
}

// Keys are the edges that the amendment is about.
func (a Amendment) Keys() []lineage.EdgeKey {
	keys := make([]lineage.EdgeKey, 0, len(a.Edges)+len(a.RetractEdges))
	for _, e := range a.Edges {
		keys = append(keys, e.Key())
	}
	return append(keys, a.RetractEdges...)
}

// Amended returns what makes the amendment true of a part that m tells of: all of
// it, or only what the amendment is about.
func Amended(m Manifest, a Amendment) (Changes, error) {
	about := Manifest{Nodes: map[lineage.ID]lineage.Hash{}, Edges: map[lineage.EdgeKey]lineage.Hash{}}
	for _, id := range a.IDs() {
		if hash, known := m.Nodes[id]; known {
			about.Nodes[id] = hash
		}
	}
	for _, key := range a.Keys() {
		if hash, known := m.Edges[key]; known {
			about.Edges[key] = hash
		}
	}
	return Diff(about, a.Named())
}

// Make brings a manifest to where changes lead.
func (m Manifest) Make(c Changes) {
	for _, id := range c.RetractNodes {
		delete(m.Nodes, id)
	}
	for _, key := range c.RetractEdges {
		delete(m.Edges, key)
	}
	for _, nodes := range [][]HashedNode{c.AddNodes, c.ChangeNodes} {
		for _, n := range nodes {
			m.Nodes[n.ID] = n.Hash
		}
	}
	for _, edges := range [][]HashedEdge{c.AddEdges, c.ChangeEdges} {
		for _, e := range edges {
			m.Edges[e.Key()] = e.Hash
		}
	}
}
