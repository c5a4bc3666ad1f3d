package storetest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// Owned implements graphstore.Store.
func (m *Model) Owned(ctx context.Context, owner lineage.Owner) (lineage.Projection, error) {
	p := lineage.Projection{Owner: owner}
	if err := alive(ctx, "owned"); err != nil {
		return p, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for id := range m.parts[owner].Nodes {
		n, _ := visible(m.nodes[id], time.Time{})
		p.Nodes = append(p.Nodes, n)
	}
	for key := range m.parts[owner].Edges {
		e, _ := visible(m.edges[key], time.Time{})
		p.Edges = append(p.Edges, e)
	}
	p.Sort()
	return p, nil
}

// Owners implements graphstore.Store.
func (m *Model) Owners(ctx context.Context, after lineage.Owner, limit int) ([]lineage.Owner, error) {
	if err := alive(ctx, "owners"); err != nil {
		return nil, err
	}
	if limit < 1 {
		return nil, lineage.Invalid("owners", "limit", "ask for at least one")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var owners []lineage.Owner
	for owner, has := range m.parts {
		if owner > after && len(has.Nodes)+len(has.Edges) > 0 {
			owners = append(owners, owner)
		}
	}
	slices.Sort(owners)
	return owners[:min(limit, len(owners))], nil
}

// Nodes implements graphstore.Store.
func (m *Model) Nodes(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Node, error) {
	if err := alive(ctx, "nodes"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var nodes []lineage.Node
	for _, id := range ids {
		if n, ok := visible(m.nodes[id], asOf); ok {
			nodes = append(nodes, n)
		}
	}
	return nodes, nil
}

// Edges implements graphstore.Store.
func (m *Model) Edges(ctx context.Context, id lineage.ID, limit int, asOf time.Time) ([]lineage.Edge, bool, error) {
	if err := alive(ctx, "edges"); err != nil {
		return nil, false, err
	}
	if limit < 1 {
		return nil, false, lineage.Invalid("edges", "limit", "ask for at least one")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	edges := slices.DeleteFunc(m.edgesAsOf(asOf), func(e lineage.Edge) bool {
		return e.SourceID != id && e.TargetID != id
	})
	if len(edges) > limit {
		return edges[:limit], true, nil
	}
	return edges, false, nil
}

// edgesAsOf returns all edges in order of key.
func (m *Model) edgesAsOf(asOf time.Time) []lineage.Edge {
	var edges []lineage.Edge
	for _, versions := range m.edges {
		if e, ok := visible(versions, asOf); ok {
			edges = append(edges, e)
		}
	}
	slices.SortFunc(edges, func(a, b lineage.Edge) int { return a.Key().Compare(b.Key()) })
	return edges
}

// Find implements graphstore.Store.
func (m *Model) Find(ctx context.Context, find lineage.Find) (lineage.Page, error) {
	if err := alive(ctx, "find"); err != nil {
		return lineage.Page{}, err
	}
	if err := find.Validate(); err != nil {
		return lineage.Page{}, err
	}
	after, err := graphstore.ParseCursor(find.After)
	if err != nil {
		return lineage.Page{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var page lineage.Page
	for _, versions := range m.nodes {
		n, ok := visible(versions, find.AsOf)
		if ok && matches(n, find) && comparePlaces(placeOf(n), after) > 0 {
			page.Nodes = append(page.Nodes, n)
		}
	}
	slices.SortFunc(page.Nodes, func(a, b lineage.Node) int { return comparePlaces(placeOf(a), placeOf(b)) })
	if len(page.Nodes) > find.Limit {
		page.Nodes = page.Nodes[:find.Limit]
		page.Next = placeOf(page.Nodes[find.Limit-1]).Cursor()
	}
	return page, nil
}

func matches(n lineage.Node, find lineage.Find) bool {
	if find.Kind != "" && n.Kind != find.Kind || find.Name != "" && n.Name != find.Name {
		return false
	}
	for key, want := range find.Attrs {
		if got, ok := n.Attributes[key].(string); !ok || got != want {
			return false
		}
	}
	return true
}

func placeOf(n lineage.Node) graphstore.Place { return graphstore.Place{Name: n.Name, ID: n.ID} }

func comparePlaces(a, b graphstore.Place) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), slices.Compare(a.ID[:], b.ID[:]))
}

// Traverse implements graphstore.Store.
func (m *Model) Traverse(ctx context.Context, q lineage.Traversal) (lineage.Graph, error) {
	if err := alive(ctx, "traverse"); err != nil {
		return lineage.Graph{}, err
	}
	if err := q.Validate(); err != nil {
		return lineage.Graph{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	edges := slices.DeleteFunc(m.edgesAsOf(q.AsOf), func(e lineage.Edge) bool {
		return !slices.Contains(q.Types, e.RelationshipType)
	})
	next := map[lineage.ID][]lineage.ID{}
	for _, e := range edges {
		if q.Direction == lineage.Upstream {
			next[e.TargetID] = append(next[e.TargetID], e.SourceID)
		} else {
			next[e.SourceID] = append(next[e.SourceID], e.TargetID)
		}
	}

	var g lineage.Graph
	seen := map[lineage.ID]bool{}
	level := q.Roots
	for depth := 0; ; depth++ {
		var found []lineage.Reached
		for _, id := range level {
			if n, ok := visible(m.nodes[id], q.AsOf); ok && !seen[id] {
				seen[id] = true
				found = append(found, lineage.Reached{Node: n, Depth: depth})
			}
		}
		if len(found) == 0 {
			break
		}
		slices.SortFunc(found, func(a, b lineage.Reached) int { return slices.Compare(a.ID[:], b.ID[:]) })
		if depth > q.Depth {
			g.Truncated = true
			break
		}
		level = nil
		for _, n := range found {
			level = append(level, next[n.ID]...)
		}
		g.Nodes = append(g.Nodes, found...)
		if len(g.Nodes) > q.Nodes {
			g.Nodes, g.Truncated = g.Nodes[:q.Nodes], true
			break
		}
	}
	g.Edges = between(edges, g.Nodes)
	return g, nil
}

// between keeps the edges with both ends in nodes.
func between(edges []lineage.Edge, nodes []lineage.Reached) []lineage.Edge {
	in := map[lineage.ID]bool{}
	for _, n := range nodes {
		in[n.ID] = true
	}
	return slices.DeleteFunc(edges, func(e lineage.Edge) bool { return !in[e.SourceID] || !in[e.TargetID] })
}

// Holders implements graphstore.Store.
func (m *Model) Holders(ctx context.Context, origins []lineage.ID, limit int) ([]lineage.HeldWell, bool, error) {
	if err := alive(ctx, "holders"); err != nil {
		return nil, false, err
	}
	if limit < 1 {
		return nil, false, lineage.Invalid("holders", "limit", "ask for at least one")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	type key struct{ run, labware, well string }
	found := map[key]*lineage.HeldWell{}
	for _, versions := range m.nodes {
		state, there := visible(versions, time.Time{})
		share, holds := shareOf(state, origins)
		if !there || !holds {
			continue
		}
		at := key{run: text(state, lineage.AttrRun), labware: text(state, lineage.AttrLabware), well: text(state, lineage.AttrWell)}
		measured := 0
		for _, e := range m.edgesAsOf(time.Time{}) {
			if e.SourceID == state.ID && e.RelationshipType == lineage.MeasuredFrom {
				measured++
			}
		}
		well := found[at]
		if well == nil {
			well = &lineage.HeldWell{Run: at.run, Labware: at.labware, Well: at.well, FractionMin: share, FractionMax: share}
			found[at] = well
		}
		well.Contents, well.Measurements = well.Contents+1, well.Measurements+measured
		well.FractionMin, well.FractionMax = min(well.FractionMin, share), max(well.FractionMax, share)
	}
	wells := make([]lineage.HeldWell, 0, len(found))
	for _, well := range found {
		wells = append(wells, *well)
	}
	slices.SortFunc(wells, func(a, b lineage.HeldWell) int {
		return cmp.Or(strings.Compare(a.Run, b.Run), strings.Compare(a.Labware, b.Labware), strings.Compare(a.Well, b.Well))
	})
	return wells[:min(limit, len(wells))], len(wells) > limit, nil
}

// shareOf is the part of a content that came from any of the first states.
func shareOf(state lineage.Node, origins []lineage.ID) (share float64, holds bool) {
	ids, _ := state.Attributes[lineage.AttrOriginIDs].([]string)
	fractions, _ := state.Attributes[lineage.AttrOriginFractions].([]float64)
	if state.Kind != lineage.KindWellState || len(ids) != len(fractions) {
		return 0, false
	}
	for i, id := range ids {
		if slices.ContainsFunc(origins, func(o lineage.ID) bool { return o.String() == id }) {
			share, holds = share+fractions[i], true
		}
	}
	return share, holds
}

func text(n lineage.Node, key string) string {
	s, _ := n.Attributes[key].(string)
	return s
}

// Past implements graphstore.Store.
func (m *Model) Past(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Revision, error) {
	if err := alive(ctx, "past"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var revisions []lineage.Revision
	for _, id := range ids {
		for _, v := range m.nodes[id] {
			revisions = append(revisions, nodeRevision(v.content, v.from, v.to))
		}
	}
	for key, versions := range m.edges {
		for _, v := range versions {
			if slices.Contains(ids, key.TargetID) {
				revisions = append(revisions, edgeRevision(v.content, v.from, v.to))
			}
		}
	}
	revisions = slices.DeleteFunc(revisions, func(r lineage.Revision) bool { return r.RetractedAt == nil || r.RetractedAt.After(asOf) })
	graphstore.SortRevisions(revisions)
	return revisions, nil
}

// History implements graphstore.Store.
func (m *Model) History(ctx context.Context, id lineage.ID) ([]lineage.Revision, error) {
	if err := alive(ctx, "history"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var revisions []lineage.Revision
	for _, v := range m.nodes[id] {
		revisions = append(revisions, nodeRevision(v.content, v.from, v.to))
	}
	for key, versions := range m.edges {
		if key.SourceID != id && key.TargetID != id {
			continue
		}
		for _, v := range versions {
			revisions = append(revisions, edgeRevision(v.content, v.from, v.to))
		}
	}
	graphstore.SortRevisions(revisions)
	return revisions, nil
}
