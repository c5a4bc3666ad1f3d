package app

import (
	"context"
	"sync"
	"time"

	"wellspring/graphstore"
	"wellspring/graphstore/cached"
	"wellspring/lineage"
)

// exchangeable is a graph store that another one can take the place of.
type exchangeable struct {
	mu  sync.RWMutex
	now cached.Engine
}

var (
	_ cached.Engine      = (*exchangeable)(nil)
	_ graphstore.Tracker = (*exchangeable)(nil)
	_ graphstore.Teller  = (*exchangeable)(nil)
)

// exchange lets next put another store in place once nobody uses the one there is.
func (e *exchangeable) exchange(next func(now cached.Engine) (cached.Engine, error)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	store, err := next(e.now)
	if err == nil {
		e.now = store
	}
	return err
}

func (e *exchangeable) Apply(ctx context.Context, p lineage.Projection, at time.Time) (lineage.Applied, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now.Apply(ctx, p, at)
}

func (e *exchangeable) Amend(ctx context.Context, a graphstore.Amendment, at time.Time) (lineage.Applied, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now.Amend(ctx, a, at)
}

func (e *exchangeable) Held(ctx context.Context, a graphstore.Amendment) (lineage.Projection, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now.Held(ctx, a)
}

func (e *exchangeable) Holders(ctx context.Context, origins []lineage.ID, limit int) ([]lineage.HeldWell, bool, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now.Holders(ctx, origins, limit)
}

// CheckViews implements graphstore.Viewer, as both engines do.
func (e *exchangeable) CheckViews(ctx context.Context) ([]string, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if viewer, ok := e.now.(graphstore.Viewer); ok {
		return viewer.CheckViews(ctx)
	}
	return nil, nil
}

func (e *exchangeable) Tell(ctx context.Context, owner lineage.Owner, node func(lineage.Node) error, edge func(lineage.Edge) error) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return graphstore.Tell(ctx, e.now, owner, node, edge)
}

// Tracks implements graphstore.Tracker, as both engines do.
func (e *exchangeable) Tracks() {}

func (e *exchangeable) Owned(ctx context.Context, owner lineage.Owner) (lineage.Projection, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now.Owned(ctx, owner)
}

func (e *exchangeable) Owners(ctx context.Context, after lineage.Owner, limit int) ([]lineage.Owner, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now.Owners(ctx, after, limit)
}

func (e *exchangeable) Nodes(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Node, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now.Nodes(ctx, ids, asOf)
}

func (e *exchangeable) Edges(ctx context.Context, id lineage.ID, limit int, asOf time.Time) ([]lineage.Edge, bool, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now.Edges(ctx, id, limit, asOf)
}

func (e *exchangeable) Find(ctx context.Context, find lineage.Find) (lineage.Page, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now.Find(ctx, find)
}

func (e *exchangeable) Traverse(ctx context.Context, t lineage.Traversal) (lineage.Graph, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now.Traverse(ctx, t)
}

func (e *exchangeable) Past(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Revision, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now.Past(ctx, ids, asOf)
}

func (e *exchangeable) History(ctx context.Context, id lineage.ID) ([]lineage.Revision, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now.History(ctx, id)
}

func (e *exchangeable) Ping(ctx context.Context) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now.Ping(ctx)
}

func (e *exchangeable) Close(ctx context.Context) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now.Close(ctx)
}
