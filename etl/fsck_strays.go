package etl

import (
	"context"
	"encoding/binary"
	"hash/maphash"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// claimed is what any owner names of a graph: nodes, the ends of edges, edges.
// Each by 64 bits of it: a graph of a million nodes fits, and a stray is missed
// once in 2^43.
type claimed struct {
	nodes map[uint64]struct{}
	ends  map[uint64]struct{}
	edges map[uint64]struct{}
	seed  maphash.Seed
}

func newClaimed() claimed {
	return claimed{nodes: map[uint64]struct{}{}, ends: map[uint64]struct{}{}, edges: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
}

// node shortens an id: a UUIDv5 is a hash already.
func (n claimed) node(id lineage.ID) uint64 {
	return binary.BigEndian.Uint64(id[8:]) ^ binary.BigEndian.Uint64(id[:8])
}

func (n claimed) edge(key lineage.EdgeKey) uint64 {
	return maphash.String(n.seed, graphstore.KeyString(key))
}

func (n claimed) add(owned lineage.Projection) {
	for _, node := range owned.Nodes {
		n.nodes[n.node(node.ID)] = struct{}{}
	}
	for _, e := range owned.Edges {
		n.edges[n.edge(e.Key())] = struct{}{}
		n.ends[n.node(e.SourceID)], n.ends[n.node(e.TargetID)] = struct{}{}, struct{}{}
	}
}

// has reports whether anybody names a node.
func (n claimed) has(id lineage.ID) bool {
	_, itself := n.nodes[n.node(id)]
	_, end := n.ends[n.node(id)]
	return itself || end
}

func (n claimed) hasEdge(key lineage.EdgeKey) bool {
	_, has := n.edges[n.edge(key)]
	return has
}

const straysPage = 500

// unnamed looks for nodes and edges in the graph that nobody named: that no
// projection brought there.
func (f *fsck) unnamed(ctx context.Context) error {
	var nodes []lineage.Node
	var edges []lineage.Edge
	var done int64
	for _, kind := range lineage.Kinds() {
		find := lineage.Find{Kind: kind, Limit: straysPage}
		for {
			page, err := f.store.Find(ctx, find)
			if err != nil {
				return err
			}
			for _, n := range page.Nodes {
				if !f.named.has(n.ID) {
					nodes = append(nodes, n)
				}
			}
			more, err := f.unnamedEdges(ctx, page.Nodes)
			if err != nil {
				return err
			}
			edges = append(edges, more...)
			done += int64(len(page.Nodes))
			f.options.Progress(FsckProgress{Step: "strays", Done: done, Total: int64(len(f.named.nodes))})
			if find.After = page.Next; find.After == "" || len(nodes)+len(edges) > maxDifferences*10 {
				break
			}
		}
	}
	if len(nodes)+len(edges) == 0 {
		return nil
	}
	if err := f.renew(ctx); err != nil {
		return err
	}
	return f.addStrays(ctx, nodes, edges)
}

// renew notes what is named by now: the pipeline may have written since.
func (f *fsck) renew(ctx context.Context) error {
	f.p.overtake(ctx, f.s.after, f.options.Patience)
	return eachOwner(ctx, f.store, func(who lineage.Owner) error {
		owned, err := f.store.Owned(ctx, who)
		f.named.add(owned)
		return err
	})
}

// addStrays reports those that are still there and still nobody's.
func (f *fsck) addStrays(ctx context.Context, nodes []lineage.Node, edges []lineage.Edge) error {
	for _, n := range nodes {
		still, _, err := f.store.Edges(ctx, n.ID, 1, noTime)
		if err != nil {
			return err
		}
		there, err := f.store.Nodes(ctx, []lineage.ID{n.ID}, noTime)
		if err != nil {
			return err
		}
		if f.named.has(n.ID) || len(there)+len(still) == 0 {
			continue
		}
		f.report.add(Difference{
			Kind: DifferenceGraph, Problem: "a node " + n.ID.String() + " (" + string(n.Kind) + " " + n.Name + ") is in the graph that no projection brought there",
			Remedy: "take it out by hand, or rebuild into an empty database",
		})
	}
	for _, e := range edges {
		if f.named.hasEdge(e.Key()) {
			continue
		}
		f.report.add(Difference{
			Kind: DifferenceGraph, Problem: "an edge " + graphstore.KeyString(e.Key()) + " is in the graph that no projection brought there",
			Remedy: "take it out by hand, or rebuild into an empty database",
		})
	}
	return nil
}

// unnamedEdges are those edges that end at nodes, from upstream, and that nobody
// named.
func (f *fsck) unnamedEdges(ctx context.Context, nodes []lineage.Node) ([]lineage.Edge, error) {
	if len(nodes) == 0 {
		return nil, nil
	}
	ids := make([]lineage.ID, len(nodes))
	targets := make(map[lineage.ID]bool, len(nodes))
	for i, n := range nodes {
		ids[i], targets[n.ID] = n.ID, true
	}
	found, err := f.store.Traverse(ctx, lineage.Traversal{
		Roots: ids, Direction: lineage.Upstream, Types: lineage.RelationshipTypes(), Depth: 1, Nodes: lineage.MaxNodes,
	})
	if err != nil {
		return nil, err
	}
	var strays []lineage.Edge
	for _, e := range found.Edges {
		if targets[e.TargetID] && !f.named.hasEdge(e.Key()) {
			strays = append(strays, e)
		}
	}
	return strays, nil
}
