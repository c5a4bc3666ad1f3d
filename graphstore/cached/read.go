package cached

import (
	"context"
	"maps"
	"slices"
	"time"

	"wellspring/lineage"
)

// Nodes implements graphstore.Store.
func (s *Store) Nodes(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Node, error) {
	key := newKey(askNodes)
	key.ids(ids)
	key.moment(asOf)
	ids = slices.Clone(ids)
	value, err := s.answer(ctx, question{askNodes, key.String(), func(ctx context.Context) (any, basis, int64, error) {
		nodes, err := s.inner.Nodes(ctx, ids, asOf)
		return nodes, basis{ids: ids, asOf: asOf}, sizeOfNodes(nodes), err
	}})
	if err != nil {
		return nil, err
	}
	return slices.Clone(value.([]lineage.Node)), nil
}

// someEdges is the answer to Edges.
type someEdges struct {
	edges []lineage.Edge
	more  bool
}

// Edges implements graphstore.Store.
func (s *Store) Edges(ctx context.Context, id lineage.ID, limit int, asOf time.Time) ([]lineage.Edge, bool, error) {
	key := newKey(askEdges)
	key.ids([]lineage.ID{id})
	key.number(limit)
	key.moment(asOf)
	value, err := s.answer(ctx, question{askEdges, key.String(), func(ctx context.Context) (any, basis, int64, error) {
		edges, more, err := s.inner.Edges(ctx, id, limit, asOf)
		on := basis{ids: []lineage.ID{id}, types: allTypes, asTargets: true, asSources: true, asOf: asOf}
		return someEdges{edges, more}, on, sizeOfEdges(edges), err
	}})
	if err != nil {
		return nil, false, err
	}
	some := value.(someEdges)
	return slices.Clone(some.edges), some.more, nil
}

// Find implements graphstore.Store.
func (s *Store) Find(ctx context.Context, find lineage.Find) (lineage.Page, error) {
	if err := find.Validate(); err != nil {
		return lineage.Page{}, err
	}
	find.Attrs = maps.Clone(find.Attrs)
	value, err := s.answer(ctx, question{askFind, findKey(find), func(ctx context.Context) (any, basis, int64, error) {
		page, err := s.inner.Find(ctx, find)
		if err != nil {
			return nil, basis{}, 0, err
		}
		on := basis{find: &find, asOf: find.AsOf}
		for _, n := range page.Nodes {
			on.ids = append(on.ids, n.ID)
		}
		if page.Next != "" && find.AsOf.IsZero() {
			// That there is a next page rests on its first node. (What was is dropped
			// with every change anyway.)
			next := find
			next.After, next.Limit = page.Next, 1
			rest, err := s.inner.Find(ctx, next)
			if err != nil {
				return nil, basis{}, 0, err
			}
			for _, n := range rest.Nodes {
				on.ids = append(on.ids, n.ID)
			}
		}
		return page, on, sizeOfNodes(page.Nodes) + text(string(page.Next)), nil
	}})
	if err != nil {
		return lineage.Page{}, err
	}
	page := value.(lineage.Page)
	page.Nodes = slices.Clone(page.Nodes)
	return page, nil
}

// Traverse implements graphstore.Store.
func (s *Store) Traverse(ctx context.Context, t lineage.Traversal) (lineage.Graph, error) {
	if err := t.Validate(); err != nil {
		return lineage.Graph{}, err
	}
	t.Roots, t.Types = slices.Clone(t.Roots), slices.Clone(t.Types)
	value, err := s.answer(ctx, question{askTraverse, traversalKey(t), func(ctx context.Context) (any, basis, int64, error) {
		graph, err := s.inner.Traverse(ctx, t)
		// Every level is what the edges of the level before lead to, and a root may
		// be missing. Edges that lead here from elsewhere don't count.
		on := basis{types: setOf(t.Types), asTargets: t.Direction == lineage.Upstream, asSources: t.Direction == lineage.Downstream, asOf: t.AsOf}
		on.ids = make([]lineage.ID, 0, len(t.Roots)+len(graph.Nodes))
		on.ids = append(on.ids, t.Roots...)
		for i := range graph.Nodes {
			if graph.Nodes[i].Depth > 0 {
				on.ids = append(on.ids, graph.Nodes[i].ID)
			}
		}
		return graph, on, sizeOfGraph(graph), err
	}})
	if err != nil {
		return lineage.Graph{}, err
	}
	graph := value.(lineage.Graph)
	return lineage.Graph{Nodes: slices.Clone(graph.Nodes), Edges: slices.Clone(graph.Edges), Truncated: graph.Truncated}, nil
}

// History implements graphstore.Store.
func (s *Store) History(ctx context.Context, id lineage.ID) ([]lineage.Revision, error) {
	key := newKey(askHistory)
	key.ids([]lineage.ID{id})
	value, err := s.answer(ctx, question{askHistory, key.String(), func(ctx context.Context) (any, basis, int64, error) {
		revisions, err := s.inner.History(ctx, id)
		on := basis{ids: []lineage.ID{id}, types: allTypes, asTargets: true, asSources: true}
		return revisions, on, sizeOfRevisions(revisions), err
	}})
	if err != nil {
		return nil, err
	}
	revisions := slices.Clone(value.([]lineage.Revision))
	for i, r := range revisions {
		revisions[i].Node, revisions[i].Edge, revisions[i].RetractedAt = copied(r.Node), copied(r.Edge), copied(r.RetractedAt)
	}
	return revisions, nil
}

// Past implements graphstore.Store. It is not kept: who packs evidence asks once.
func (s *Store) Past(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Revision, error) {
	return s.inner.Past(ctx, ids, asOf)
}

func copied[T any](value *T) *T {
	if value == nil {
		return nil
	}
	other := *value
	return &other
}
