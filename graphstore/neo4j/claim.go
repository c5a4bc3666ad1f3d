package neo4j

import (
	"maps"
	"slices"

	"wellspring/graphstore"
)

// A claim is what a caller wants of an owner's part.
type claim interface {
	// touches are the parts of the manifest that it may change.
	touches(l ledger) []int
	// changes turn what is in these parts into what is wanted.
	changes(have graphstore.Manifest, l ledger, parts []int) (graphstore.Changes, error)
}

// wholePart claims that the owner has this and nothing else.
type wholePart struct{ graphstore.Hashed }

func (p wholePart) touches(l ledger) []int {
	if l.parts() == 0 {
		return nil
	}
	m := emptyManifest()
	follow(m, graphstore.Changes{AddNodes: p.Nodes, AddEdges: p.Edges})
	return l.differing(m)
}

func (p wholePart) changes(have graphstore.Manifest, l ledger, parts []int) (graphstore.Changes, error) {
	if l.parts() == 0 {
		return p.Diff(have), nil
	}
	in := make([]bool, l.parts())
	for _, part := range parts {
		in[part] = true
	}
	var want graphstore.Hashed
	for _, n := range p.Nodes {
		if in[partOf(n.ID, l.parts())] {
			want.Nodes = append(want.Nodes, n)
		}
	}
	for _, e := range p.Edges {
		if in[partOf(e.TargetID, l.parts())] {
			want.Edges = append(want.Edges, e)
		}
	}
	return want.Diff(have), nil
}

// difference claims that what it is about is so, whatever else the owner has.
type difference struct{ graphstore.Amendment }

func (d difference) touches(l ledger) []int {
	if l.parts() == 0 {
		return nil
	}
	touched := map[int]struct{}{}
	for _, id := range d.IDs() {
		touched[partOf(id, l.parts())] = struct{}{}
	}
	for _, key := range d.Keys() {
		touched[partOf(key.TargetID, l.parts())] = struct{}{}
	}
	return slices.Sorted(maps.Keys(touched))
}

func (d difference) changes(have graphstore.Manifest, _ ledger, _ []int) (graphstore.Changes, error) {
	return graphstore.Amended(have, d.Amendment)
}
