package graphstore

import (
	"context"
	"slices"

	"wellspring/lineage"
)

// Tracker is a Store that tells what a write changes before anybody can read it:
// whoever keeps answers learns in time which of them are about to be wrong.
//
// Within each write (Apply, Amend) it calls Touch with the changes, in the
// transaction, before that is committed; again if the transaction is tried again,
// and not at all if nothing changes.
type Tracker interface {
	Store
	// Tracks does nothing: who has it keeps the promise.
	Tracks()
}

type watcher struct{}

// Watch returns a context for a write to a Tracker, which calls touch with what
// the write is about to change in the graph. What another owner had said alike is
// no change and not among what is added; what is retracted may stay in the graph
// because another owner holds it. The transaction may still fail.
func Watch(ctx context.Context, touch func(Changes)) context.Context {
	return context.WithValue(ctx, watcher{}, touch)
}

// Touch tells who watches ctx what is about to change. The nodes and edges that
// were there already are left out of what is added.
func Touch(ctx context.Context, c Changes, nodes map[lineage.ID]struct{}, edges map[lineage.EdgeKey]struct{}) {
	touch, ok := ctx.Value(watcher{}).(func(Changes))
	if !ok {
		return
	}
	if len(nodes) > 0 {
		c.AddNodes = slices.DeleteFunc(slices.Clone(c.AddNodes), func(n HashedNode) bool {
			_, there := nodes[n.ID]
			return there
		})
	}
	if len(edges) > 0 {
		c.AddEdges = slices.DeleteFunc(slices.Clone(c.AddEdges), func(e HashedEdge) bool {
			_, there := edges[e.Key()]
			return there
		})
	}
	touch(c)
}
