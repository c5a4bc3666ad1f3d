package cached_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"time"

	"wellspring/graphstore"
	"wellspring/graphstore/cached"
	"wellspring/lineage"
)

// jittery is a store whose readings and writings are held up before and after,
// so that they meet in every order.
type jittery struct{ cached.Engine }

func holdUp() {
	for range rand.IntN(200) {
		runtime.Gosched()
	}
}

// jitteryTracker is one that tells what it changes.
type jitteryTracker struct{ jittery }

func (jitteryTracker) Tracks() {}

func jitter(s cached.Engine) cached.Engine {
	if _, ok := s.(graphstore.Tracker); ok {
		return jitteryTracker{jittery{s}}
	}
	return jittery{s}
}

func (j jittery) Apply(ctx context.Context, p lineage.Projection, at time.Time) (lineage.Applied, error) {
	holdUp()
	defer holdUp()
	inner := graphstore.Watch(context.WithoutCancel(ctx), func(c graphstore.Changes) {
		holdUp()
		graphstore.Touch(ctx, c, nil, nil)
		holdUp()
	})
	return j.Engine.Apply(inner, p, at)
}

func (j jittery) Nodes(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Node, error) {
	holdUp()
	defer holdUp()
	return j.Engine.Nodes(ctx, ids, asOf)
}

func (j jittery) Edges(ctx context.Context, id lineage.ID, limit int, asOf time.Time) ([]lineage.Edge, bool, error) {
	holdUp()
	defer holdUp()
	return j.Engine.Edges(ctx, id, limit, asOf)
}

func (j jittery) Find(ctx context.Context, find lineage.Find) (lineage.Page, error) {
	holdUp()
	defer holdUp()
	return j.Engine.Find(ctx, find)
}

func (j jittery) Traverse(ctx context.Context, t lineage.Traversal) (lineage.Graph, error) {
	holdUp()
	defer holdUp()
	return j.Engine.Traverse(ctx, t)
}

func (j jittery) History(ctx context.Context, id lineage.ID) ([]lineage.Revision, error) {
	holdUp()
	defer holdUp()
	return j.Engine.History(ctx, id)
}
