package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"wellspring/graphstore"
	"wellspring/lineage"
)

func (w *writer) putEdges(ctx context.Context, changes graphstore.Changes) error {
	if err := w.checkEnds(ctx, changes.AddEdges); err != nil {
		return err
	}
	var target int64 // the last
	for _, row := range w.inRows(changes.AddEdges) {
		if row.target != target {
			target = row.target
			if err := w.targets.add(ctx, w.num, target); err != nil {
				return err
			}
		}
		if err := w.addEdge(ctx, row.edge); err != nil {
			return err
		}
	}
	for i := range changes.ChangeEdges {
		e := &changes.ChangeEdges[i]
		if err := w.numberEnds(ctx, e.Key()); err != nil {
			return err
		}
		if err := w.changeEdge(ctx, e); err != nil {
			return err
		}
	}
	for _, key := range changes.RetractEdges {
		if err := w.numberEnds(ctx, key); err != nil {
			return err
		}
		if err := w.retractEdge(ctx, key); err != nil {
			return err
		}
	}
	return errors.Join(w.edges.flush(ctx), w.targets.flush(ctx), w.leave(ctx, changes.RetractEdges))
}

// leave takes note of where no edge of the owner ends any more.
func (w *writer) leave(ctx context.Context, retracted []lineage.EdgeKey) error {
	left := map[lineage.ID]struct{}{}
	for _, key := range retracted {
		if _, done := left[key.TargetID]; done {
			continue
		}
		left[key.TargetID] = struct{}{}
		if err := w.exec(ctx, leaveTarget, w.num, w.nums[key.TargetID]); err != nil {
			return err
		}
	}
	return nil
}

// edgeRow is an edge with the numbers of its ends.
type edgeRow struct {
	target, source int64
	edge           *graphstore.HashedEdge
}

// inRows returns new edges in the order of their rows: pages are filled one after the
// other. The ends have been looked up.
func (w *writer) inRows(edges []graphstore.HashedEdge) []edgeRow {
	rows := make([]edgeRow, len(edges))
	for i := range edges {
		rows[i] = edgeRow{w.nums[edges[i].TargetID], w.nums[edges[i].SourceID], &edges[i]}
	}
	slices.SortFunc(rows, func(a, b edgeRow) int {
		if c := cmp.Compare(a.target, b.target); c != 0 {
			return c
		}
		if c := cmp.Compare(a.edge.RelationshipType, b.edge.RelationshipType); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(a.source, b.source), bytes.Compare(a.edge.TransformationID[:], b.edge.TransformationID[:]))
	})
	return rows
}

// checkEnds looks for the ends of new edges in the graph, where the projection's
// nodes are by now. What the projection lets go counts; the edge holds it then.
func (w *writer) checkEnds(ctx context.Context, edges []graphstore.HashedEdge) error {
	var unknown []lineage.ID
	for i := range edges {
		for _, id := range []lineage.ID{edges[i].SourceID, edges[i].TargetID, edges[i].TransformationID} {
			if _, known := w.nums[id]; !known {
				w.nums[id] = 0
				unknown = append(unknown, id)
			}
		}
	}
	if err := w.lookUp(ctx, unknown); err != nil {
		return err
	}
	for i := range edges {
		for _, id := range []lineage.ID{edges[i].SourceID, edges[i].TargetID} {
			if w.nums[id] == 0 {
				return graphstore.MissingEnd(id, edges[i].Key())
			}
		}
	}
	return nil
}

// rival is what another owner says of the same edge.
type rival struct {
	owner     lineage.Owner
	hash      lineage.Hash
	createdAt int64
}

// rivalOf returns nil if no other owner names the edge. Whoever names one holds the
// nodes at its ends: where one of them is fresh, nobody did.
func (w *writer) rivalOf(ctx context.Context, key lineage.EdgeKey) (*rival, error) {
	_, source := w.fresh[key.SourceID]
	if _, target := w.fresh[key.TargetID]; source || target {
		return nil, nil
	}
	var r rival
	var hash []byte
	err := w.row(ctx, selectEdgeRival, w.edgeArgs(key)...).Scan(&hash, &r.createdAt, (*string)(&r.owner))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r.hash = lineage.Hash(hash)
	return &r, nil
}

func (w *writer) addEdge(ctx context.Context, e *graphstore.HashedEdge) error {
	other, err := w.rivalOf(ctx, e.Key())
	if err != nil {
		return err
	}
	if other == nil {
		return w.insertEdge(ctx, e, w.at)
	}
	if other.hash != e.Hash {
		return graphstore.Conflict("edge "+graphstore.KeyString(e.Key()), other.owner)
	}
	w.sameEdges[e.Key()] = struct{}{}
	return w.insertEdge(ctx, e, other.createdAt)
}

func (w *writer) changeEdge(ctx context.Context, e *graphstore.HashedEdge) error {
	other, err := w.rivalOf(ctx, e.Key())
	if err != nil {
		return err
	}
	if other != nil {
		return graphstore.Conflict("edge "+graphstore.KeyString(e.Key()), other.owner)
	}
	if err := w.endEdge(ctx, e.Key()); err != nil {
		return err
	}
	return w.insertEdge(ctx, e, w.at)
}

func (w *writer) retractEdge(ctx context.Context, key lineage.EdgeKey) error {
	other, err := w.rivalOf(ctx, key)
	if err != nil {
		return err
	}
	if other != nil {
		return w.exec(ctx, deleteEdge, w.edgeArgs(key)...)
	}
	w.loose[key.SourceID], w.loose[key.TargetID] = struct{}{}, struct{}{}
	return w.endEdge(ctx, key)
}

// endEdge ends the current revision of an edge that is this owner's alone.
func (w *writer) endEdge(ctx context.Context, key lineage.EdgeKey) error {
	if err := w.exec(ctx, keepEdge, append(w.edgeArgs(key), w.at)...); err != nil {
		return err
	}
	return w.exec(ctx, deleteEdge, w.edgeArgs(key)...)
}

func (w *writer) insertEdge(ctx context.Context, e *graphstore.HashedEdge, createdAt int64) error {
	attributes, err := e.JSON()
	if err != nil {
		return err
	}
	return w.edges.add(ctx, w.nums[e.TargetID], string(e.RelationshipType), w.nums[e.SourceID], e.TransformationID[:], w.num,
		e.SourceID[:], e.TargetID[:], e.Hash[:], attributes, createdAt, w.nums[e.TransformationID])
}

// numberEnds looks up the nodes that an edge ends at.
func (w *writer) numberEnds(ctx context.Context, key lineage.EdgeKey) error {
	for _, id := range []lineage.ID{key.SourceID, key.TargetID} {
		if _, known := w.nums[id]; known {
			continue
		}
		if err := w.lookUp(ctx, []lineage.ID{id}); err != nil {
			return err
		}
	}
	return nil
}

// edgeArgs are the parameters that the statements on edges begin with. The ends
// have been looked up.
func (w *writer) edgeArgs(key lineage.EdgeKey) []any {
	return []any{w.nums[key.TargetID], string(key.RelationshipType), w.nums[key.SourceID], key.TransformationID[:], w.num}
}
