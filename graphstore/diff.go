package graphstore

import (
	"bytes"
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
	text string // "": to be written again
}

// HashedEdge is an edge with the hash of its content.
type HashedEdge struct {
	lineage.Edge
	Hash lineage.Hash
	text string // "": to be written again
}

// JSON is the canonical JSON of the node's attributes.
func (n *HashedNode) JSON() (string, error) { return again(n.text, n.Attributes) }

// JSON is the canonical JSON of the edge's attributes.
func (e *HashedEdge) JSON() (string, error) { return again(e.text, e.Attributes) }

func again(text string, attributes lineage.Attributes) (string, error) {
	if text != "" {
		return text, nil
	}
	written, err := attributes.AppendJSON(nil)
	return string(written), err
}

// textsKept bounds the texts, in bytes, that are kept of a projection's attributes from
// where they are hashed to where they are stored. Those of a long run are written twice.
const textsKept = 4 << 20

// Changes is what turns an owner's part of the graph into a projection. Each
// list is in the order of ids or keys.
type Changes struct {
	AddNodes, ChangeNodes []HashedNode
	RetractNodes          []lineage.ID
	AddEdges, ChangeEdges []HashedEdge
	RetractEdges          []lineage.EdgeKey
}

// Hashed is a projection with the hashes of its contents.
type Hashed struct {
	Nodes []HashedNode
	Edges []HashedEdge
}

// Hash hashes what is in a projection.
func Hash(p lineage.Projection) (Hashed, error) {
	h := Hashed{Nodes: make([]HashedNode, len(p.Nodes)), Edges: make([]HashedEdge, len(p.Edges))}
	kept := 0
	keep := func(text string) string {
		if kept += len(text); kept > textsKept {
			return ""
		}
		return text
	}
	for i, n := range p.Nodes {
		hash, text, err := n.Content()
		if err != nil {
			return Hashed{}, err
		}
		h.Nodes[i] = HashedNode{n, hash, keep(text)}
	}
	for i, e := range p.Edges {
		hash, text, err := e.Content()
		if err != nil {
			return Hashed{}, err
		}
		h.Edges[i] = HashedEdge{e, hash, keep(text)}
	}
	return h, nil
}

// Diff returns what turns the part of the graph that m tells of into p, which
// has passed Check.
func Diff(m Manifest, p lineage.Projection) (Changes, error) {
	h, err := Hash(p)
	if err != nil {
		return Changes{}, err
	}
	return h.Diff(m), nil
}

// Diff returns what turns the part of the graph that m tells of into this. Where m is
// empty that is all of this, which is sorted then.
func (h Hashed) Diff(m Manifest) Changes {
	var c Changes
	c.diffNodes(m.Nodes, h.Nodes)
	c.diffEdges(m.Edges, h.Edges)
	return c
}

func (c *Changes) diffNodes(have map[lineage.ID]lineage.Hash, want []HashedNode) {
	byID := func(a, b HashedNode) int { return bytes.Compare(a.ID[:], b.ID[:]) }
	if len(have) == 0 {
		c.AddNodes = want
		slices.SortFunc(c.AddNodes, byID)
		return
	}
	named := make(map[lineage.ID]struct{}, len(want))
	for _, n := range want {
		named[n.ID] = struct{}{}
		switch old, known := have[n.ID]; {
		case !known:
			c.AddNodes = append(c.AddNodes, n)
		case old != n.Hash:
			c.ChangeNodes = append(c.ChangeNodes, n)
		}
	}
	for id := range have {
		if _, ok := named[id]; !ok {
			c.RetractNodes = append(c.RetractNodes, id)
		}
	}
	slices.SortFunc(c.AddNodes, byID)
	slices.SortFunc(c.ChangeNodes, byID)
	slices.SortFunc(c.RetractNodes, func(a, b lineage.ID) int { return slices.Compare(a[:], b[:]) })
}

func (c *Changes) diffEdges(have map[lineage.EdgeKey]lineage.Hash, want []HashedEdge) {
	byKey := func(a, b HashedEdge) int { return a.Key().Compare(b.Key()) }
	if len(have) == 0 {
		c.AddEdges = want
		slices.SortFunc(c.AddEdges, byKey)
		return
	}
	named := make(map[lineage.EdgeKey]struct{}, len(want))
	for _, e := range want {
		key := e.Key()
		named[key] = struct{}{}
		switch old, known := have[key]; {
		case !known:
			c.AddEdges = append(c.AddEdges, e)
		case old != e.Hash:
			c.ChangeEdges = append(c.ChangeEdges, e)
		}
	}
	for key := range have {
		if _, ok := named[key]; !ok {
			c.RetractEdges = append(c.RetractEdges, key)
		}
	}
	slices.SortFunc(c.AddEdges, byKey)
	slices.SortFunc(c.ChangeEdges, byKey)
	slices.SortFunc(c.RetractEdges, lineage.EdgeKey.Compare)
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
