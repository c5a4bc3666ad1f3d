package storetest

import (
	"context"
	"slices"
	"sync"
	"time"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// Model is a graph store in memory, as plain as can be: what the engines are
// compared with. It keeps what each owner last said and every revision that
// ever was, and answers by looking at all of it. Safe for concurrent use.
type Model struct {
	mu    sync.Mutex
	parts map[lineage.Owner]graphstore.Manifest
	nodes map[lineage.ID][]version[lineage.Node]
	edges map[lineage.EdgeKey][]version[lineage.Edge]
}

// NewModel returns an empty model.
func NewModel() *Model {
	return &Model{
		parts: map[lineage.Owner]graphstore.Manifest{},
		nodes: map[lineage.ID][]version[lineage.Node]{},
		edges: map[lineage.EdgeKey][]version[lineage.Edge]{},
	}
}

// version is what a thing was from one time until another; zero: until now.
type version[T any] struct {
	content  T
	from, to time.Time
}

func (v version[T]) visible(asOf time.Time) bool {
	if asOf.IsZero() {
		return v.to.IsZero()
	}
	return !asOf.Before(v.from) && (v.to.IsZero() || asOf.Before(v.to))
}

// visible returns the version that counts at a time: the current one, else the
// one that began last.
func visible[T any](versions []version[T], asOf time.Time) (T, bool) {
	var counts version[T]
	found := false
	for _, v := range versions {
		if v.visible(asOf) && (!found || v.to.IsZero() || !v.from.Before(counts.from)) {
			counts, found = v, true
		}
	}
	return counts.content, found
}

// end closes the current version, if there is one.
func end[T any](versions []version[T], at time.Time) {
	if n := len(versions); n > 0 && versions[n-1].to.IsZero() {
		versions[n-1].to = at
	}
}

// Apply implements graphstore.Store.
func (m *Model) Apply(ctx context.Context, p lineage.Projection, at time.Time) (lineage.Applied, error) {
	if err := alive(ctx, "apply"); err != nil {
		return lineage.Applied{}, err
	}
	if err := graphstore.Check(p, at); err != nil {
		return lineage.Applied{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	changes, err := graphstore.Diff(m.parts[p.Owner], p)
	if err != nil {
		return lineage.Applied{}, err
	}
	next := manifest(p)
	if err := m.checkOthers(p, next); err != nil {
		return lineage.Applied{}, err
	}
	m.parts[p.Owner] = next
	for _, n := range slices.Concat(changes.AddNodes, changes.ChangeNodes) {
		m.putNode(n, at)
	}
	for _, e := range slices.Concat(changes.AddEdges, changes.ChangeEdges) {
		m.putEdge(e, at)
	}
	m.sweep(at)
	return changes.Applied(), nil
}

// manifest hashes a projection that Diff has hashed before.
func manifest(p lineage.Projection) graphstore.Manifest {
	m := graphstore.Manifest{Nodes: map[lineage.ID]lineage.Hash{}, Edges: map[lineage.EdgeKey]lineage.Hash{}}
	for _, n := range p.Nodes {
		m.Nodes[n.ID], _ = n.ContentHash()
	}
	for _, e := range p.Edges {
		m.Edges[e.Key()], _ = e.ContentHash()
	}
	return m
}

// checkOthers compares with what the other owners say, and looks for the ends
// of edges.
func (m *Model) checkOthers(p lineage.Projection, next graphstore.Manifest) error {
	for owner, other := range m.parts {
		if owner == p.Owner {
			continue
		}
		for id, hash := range next.Nodes {
			if theirs, ok := other.Nodes[id]; ok && theirs != hash {
				return graphstore.Conflict("node "+id.String(), owner)
			}
		}
		for key, hash := range next.Edges {
			if theirs, ok := other.Edges[key]; ok && theirs != hash {
				return graphstore.Conflict("edge "+graphstore.KeyString(key), owner)
			}
		}
	}
	for _, e := range p.Edges {
		for _, id := range []lineage.ID{e.SourceID, e.TargetID} {
			if !m.remains(id, p.Owner, next) {
				return graphstore.MissingEnd(id, e.Key())
			}
		}
	}
	return nil
}

// remains reports whether a node may be the end of an edge of owner: it is in
// the owner's next part, or in the graph.
func (m *Model) remains(id lineage.ID, owner lineage.Owner, next graphstore.Manifest) bool {
	if _, ok := next.Nodes[id]; ok {
		return true
	}
	_, ok := visible(m.nodes[id], time.Time{})
	return ok
}

func (m *Model) putNode(n graphstore.HashedNode, at time.Time) {
	if current, ok := visible(m.nodes[n.ID], time.Time{}); ok {
		if hash, _ := current.ContentHash(); hash == n.Hash {
			return
		}
	}
	end(m.nodes[n.ID], at)
	n.CreatedAt = at
	n.Attributes = kept(n.Attributes)
	m.nodes[n.ID] = append(m.nodes[n.ID], version[lineage.Node]{content: n.Node, from: at})
}

func (m *Model) putEdge(e graphstore.HashedEdge, at time.Time) {
	if current, ok := visible(m.edges[e.Key()], time.Time{}); ok {
		if hash, _ := current.ContentHash(); hash == e.Hash {
			return
		}
	}
	end(m.edges[e.Key()], at)
	e.CreatedAt = at
	e.Attributes = kept(e.Attributes)
	m.edges[e.Key()] = append(m.edges[e.Key()], version[lineage.Edge]{content: e.Edge, from: at})
}

// kept is a copy of attributes as a store gives them back.
func kept(a lineage.Attributes) lineage.Attributes {
	out := lineage.Attributes{}
	for key, value := range a {
		switch v := value.(type) {
		case []string:
			value = append([]string{}, v...)
		case []float64:
			value = append([]float64{}, v...)
			if len(v) == 0 {
				value = []string{}
			}
		}
		out[key] = value
	}
	return out
}

// sweep ends what nobody names any more.
func (m *Model) sweep(at time.Time) {
	named := map[lineage.ID]bool{}
	namedEdges := map[lineage.EdgeKey]bool{}
	for _, part := range m.parts {
		for id := range part.Nodes {
			named[id] = true
		}
		for key := range part.Edges {
			namedEdges[key] = true
			named[key.SourceID], named[key.TargetID] = true, true
		}
	}
	for id, versions := range m.nodes {
		if !named[id] {
			end(versions, at)
		}
	}
	for key, versions := range m.edges {
		if !namedEdges[key] {
			end(versions, at)
		}
	}
}

// Ping implements graphstore.Store.
func (m *Model) Ping(ctx context.Context) error { return alive(ctx, "ping") }

// Close implements graphstore.Store.
func (m *Model) Close(context.Context) error { return nil }

func alive(ctx context.Context, op string) error {
	if err := ctx.Err(); err != nil {
		return graphstore.Interrupted(op, err)
	}
	return nil
}
