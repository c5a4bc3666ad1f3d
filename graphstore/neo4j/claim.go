package neo4j

import (
	"context"
	"maps"
	"slices"
	"time"

	"wellspring/graphstore"
	"wellspring/lineage"
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
	m.Make(graphstore.Changes{AddNodes: p.Nodes, AddEdges: p.Edges})
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

// A job is a claim that somebody waits for to be made true.
type job struct {
	ctx   context.Context // of who waits; watched by who keeps answers
	op    string
	owner lineage.Owner
	at    time.Time
	claim claim

	alone   bool // it shares no transaction
	done    chan struct{}
	applied lineage.Applied
	err     error
}

// shareable are the nodes and edges that a job is about, where it may share a transaction
// with others: one that says of each thing whether it is to be there. Nil: it may not.
func (j *job) shareable() map[any]struct{} {
	d, small := j.claim.(difference)
	if !small || j.alone {
		return nil
	}
	about := map[any]struct{}{j.owner: {}}
	for _, id := range d.IDs() {
		about[id] = struct{}{}
	}
	for _, key := range d.Keys() {
		about[key] = struct{}{}
	}
	return about
}
