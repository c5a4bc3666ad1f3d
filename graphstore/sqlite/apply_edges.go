package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"wellspring/graphstore"
	"wellspring/lineage"
)

func (w *writer) putEdges(ctx context.Context, changes graphstore.Changes, named []lineage.Node) error {
	if err := w.checkEnds(ctx, changes.AddEdges, named); err != nil {
		return err
	}
	for _, e := range changes.AddEdges {
		if err := w.addEdge(ctx, e); err != nil {
			return err
		}
	}
	for _, e := range changes.ChangeEdges {
		if err := w.changeEdge(ctx, e); err != nil {
			return err
		}
	}
	for _, key := range changes.RetractEdges {
		if err := w.retractEdge(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// checkEnds looks for the ends of new edges: in the projection, else in the
// graph. What is in the graph and let go by this projection counts; the edge
// holds it then.
func (w *writer) checkEnds(ctx context.Context, edges []graphstore.HashedEdge, nodes []lineage.Node) error {
	if len(edges) == 0 {
		return nil
	}
	known := make(map[lineage.ID]struct{}, len(nodes))
	for _, n := range nodes {
		known[n.ID] = struct{}{}
	}
	for _, e := range edges {
		for _, id := range []lineage.ID{e.SourceID, e.TargetID} {
			if _, ok := known[id]; ok {
				continue
			}
			hash, err := w.currentHash(ctx, id)
			if err != nil {
				return err
			}
			if hash == (lineage.Hash{}) {
				return graphstore.MissingEnd(id, e.Key())
			}
			known[id] = struct{}{}
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

func (w *writer) addEdge(ctx context.Context, e graphstore.HashedEdge) error {
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

func (w *writer) changeEdge(ctx context.Context, e graphstore.HashedEdge) error {
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

func (w *writer) insertEdge(ctx context.Context, e graphstore.HashedEdge, createdAt int64) error {
	attributes, err := e.Attributes.AppendJSON(nil)
	if err != nil {
		return err
	}
	return w.exec(ctx, insertEdge, append(w.edgeArgs(e.Key()), e.Hash[:], string(attributes), createdAt)...)
}

// edgeArgs are the parameters that the statements on edges begin with.
func (w *writer) edgeArgs(key lineage.EdgeKey) []any {
	return []any{key.SourceID[:], string(key.RelationshipType), key.TargetID[:], key.TransformationID[:], w.num}
}
