package graphstore

import (
	"slices"

	"wellspring/lineage"
)

// Manifest is an owner's current part of the graph by its content hashes: what
// an engine keeps beside the graph, so that making a projection true costs the
// reading of hashes and the writing of what differs.
type Manifest struct {
	Nodes map[lineage.ID]lineage.Hash
	Edges map[lineage.EdgeKey]lineage.Hash
}

// HashedNode is a node with the hash of its content.
type HashedNode struct {
	lineage.Node
	Hash lineage.Hash
}

// HashedEdge is an edge with the hash of its content.
type HashedEdge struct {
	lineage.Edge
	Hash lineage.Hash
}

// Changes is what turns an owner's part of the graph into a projection. Each
// list is in the order of ids or keys.
type Changes struct {
	AddNodes, ChangeNodes []HashedNode
	RetractNodes          []lineage.ID
	AddEdges, ChangeEdges []HashedEdge
	RetractEdges          []lineage.EdgeKey
}

// Diff returns what turns the part of the graph that m tells of into p, which
// has passed Check.
func Diff(m Manifest, p lineage.Projection) (Changes, error) {
	var c Changes
	if err := c.diffNodes(m.Nodes, p.Nodes); err != nil {
		return Changes{}, err
	}
	if err := c.diffEdges(m.Edges, p.Edges); err != nil {
		return Changes{}, err
	}
	return c, nil
}

func (c *Changes) diffNodes(have map[lineage.ID]lineage.Hash, want []lineage.Node) error {
	named := make(map[lineage.ID]struct{}, len(want))
	for _, n := range want {
		hash, err := n.ContentHash()
		if err != nil {
			return err
		}
		named[n.ID] = struct{}{}
		switch old, known := have[n.ID]; {
		case !known:
			c.AddNodes = append(c.AddNodes, HashedNode{n, hash})
		case old != hash:
			c.ChangeNodes = append(c.ChangeNodes, HashedNode{n, hash})
		}
	}
	for id := range have {
		if _, ok := named[id]; !ok {
			c.RetractNodes = append(c.RetractNodes, id)
		}
	}
	byID := func(a, b HashedNode) int { return slices.Compare(a.ID[:], b.ID[:]) }
	slices.SortFunc(c.AddNodes, byID)
	slices.SortFunc(c.ChangeNodes, byID)
	slices.SortFunc(c.RetractNodes, func(a, b lineage.ID) int { return slices.Compare(a[:], b[:]) })
	return nil
}

func (c *Changes) diffEdges(have map[lineage.EdgeKey]lineage.Hash, want []lineage.Edge) error {
	named := make(map[lineage.EdgeKey]struct{}, len(want))
	for _, e := range want {
		hash, err := e.ContentHash()
		if err != nil {
			return err
		}
		key := e.Key()
		named[key] = struct{}{}
		switch old, known := have[key]; {
		case !known:
			c.AddEdges = append(c.AddEdges, HashedEdge{e, hash})
		case old != hash:
			c.ChangeEdges = append(c.ChangeEdges, HashedEdge{e, hash})
		}
	}
	for key := range have {
		if _, ok := named[key]; !ok {
			c.RetractEdges = append(c.RetractEdges, key)
		}
	}
	byKey := func(a, b HashedEdge) int { return a.Key().Compare(b.Key()) }
	slices.SortFunc(c.AddEdges, byKey)
	slices.SortFunc(c.ChangeEdges, byKey)
	slices.SortFunc(c.RetractEdges, lineage.EdgeKey.Compare)
	return nil
}

// Applied counts the changes.
func (c Changes) Applied() lineage.Applied {
	return lineage.Applied{
		NodesAdded:     len(c.AddNodes),
		NodesChanged:   len(c.ChangeNodes),
		NodesRetracted: len(c.RetractNodes),
		EdgesAdded:     len(c.AddEdges),
		EdgesChanged:   len(c.ChangeEdges),
		EdgesRetracted: len(c.RetractEdges),
	}
}
