package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"wellspring/graphstore"
	"wellspring/lineage"
)

var _ graphstore.Amender = (*Store)(nil)

// Amend implements graphstore.Amender.
func (s *Store) Amend(ctx context.Context, a graphstore.Amendment, at time.Time) (lineage.Applied, error) {
	const op = "amend"
	if err := graphstore.Check(a.Named(), at); err != nil {
		return lineage.Applied{}, err
	}
	return s.writing(ctx, op, func(tx *sql.Tx) (graphstore.Changes, error) {
		w := newWriter(s, tx, a.Owner, at)
		have, err := w.about(ctx, a)
		if err != nil {
			return graphstore.Changes{}, err
		}
		changes, err := graphstore.Amended(have, a)
		if err != nil {
			return changes, err
		}
		return changes, w.make(ctx, changes)
	})
}

// Held implements graphstore.Amender.
func (s *Store) Held(ctx context.Context, a graphstore.Amendment) (lineage.Projection, error) {
	var there lineage.Projection
	err := s.reading(ctx, "held", func(r reader) (err error) {
		ids := make([]lineage.ID, len(a.Nodes))
		for i, n := range a.Nodes {
			ids[i] = n.ID
		}
		if there.Nodes, err = r.nodes(ctx, ids, time.Time{}); err != nil {
			return err
		}
		for part := range slices.Chunk(a.Targets(), chunk) {
			if err := r.query(ctx, selectEdgesTo, into(&there.Edges, r.scan.edge), idList(part)); err != nil {
				return err
			}
		}
		return nil
	})
	return a.Of(there), err
}

// about reads what the owner last said of what an amendment is about.
func (w *writer) about(ctx context.Context, a graphstore.Amendment) (graphstore.Manifest, error) {
	m := graphstore.Manifest{Nodes: map[lineage.ID]lineage.Hash{}, Edges: map[lineage.EdgeKey]lineage.Hash{}}
	err := w.row(ctx, selectOwner, string(w.owner)).Scan(&w.num)
	if err != nil {
		return m, ignoreNone(err)
	}
	var hash []byte
	for _, id := range a.IDs() {
		switch err := w.row(ctx, selectClaim, id[:], w.num).Scan(&hash); {
		case err == nil:
			m.Nodes[id] = lineage.Hash(hash)
		case ignoreNone(err) != nil:
			return m, err
		}
	}
	for _, key := range a.Keys() {
		if err := w.numberEnds(ctx, key); err != nil {
			return m, err
		}
		switch err := w.row(ctx, selectEdgeHash, w.edgeArgs(key)...).Scan(&hash); {
		case err == nil:
			m.Edges[key] = lineage.Hash(hash)
		case ignoreNone(err) != nil:
			return m, err
		}
	}
	return m, nil
}

func ignoreNone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
