package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// Apply implements graphstore.Store.
func (s *Store) Apply(ctx context.Context, p lineage.Projection, at time.Time) (lineage.Applied, error) {
	const op = "apply"
	if err := graphstore.Check(p, at); err != nil {
		return lineage.Applied{}, err
	}
	return s.writing(ctx, op, func(tx *sql.Tx) (graphstore.Changes, error) { return newWriter(s, tx, p.Owner, at).apply(ctx, p) })
}

// writing runs one transaction and counts what it changed.
func (s *Store) writing(ctx context.Context, op string, write func(*sql.Tx) (graphstore.Changes, error)) (lineage.Applied, error) {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return lineage.Applied{}, fault(ctx, op, err)
	}
	defer tx.Rollback() // after Commit it does nothing
	changes, err := write(tx)
	if err != nil {
		return lineage.Applied{}, fault(ctx, op, err)
	}
	if err := tx.Commit(); err != nil {
		return lineage.Applied{}, fault(ctx, op, err)
	}
	return changes.Applied(), nil
}

// writer is one Apply within its transaction.
type writer struct {
	stmts map[string]*sql.Stmt
	bound map[string]*sql.Stmt // those of the transaction
	tx    *sql.Tx
	owner lineage.Owner
	num   int64 // the owner's
	at    int64
	nums  map[lineage.ID]int64    // of nodes, as far as they were looked up; 0: there is none
	loose map[lineage.ID]struct{} // nodes that may have nobody left who names them
	fresh map[lineage.ID]struct{} // nodes that were not in the graph before
	// What is added and was there already: another owner says the same.
	sameNodes map[lineage.ID]struct{}
	sameEdges map[lineage.EdgeKey]struct{}
}

func newWriter(s *Store, tx *sql.Tx, owner lineage.Owner, at time.Time) *writer {
	return &writer{
		stmts: s.writeStmts, bound: map[string]*sql.Stmt{}, tx: tx, owner: owner, at: at.UnixNano(),
		nums: map[lineage.ID]int64{}, loose: map[lineage.ID]struct{}{}, fresh: map[lineage.ID]struct{}{},
		sameNodes: map[lineage.ID]struct{}{}, sameEdges: map[lineage.EdgeKey]struct{}{},
	}
}

// exec and row run a prepared statement in the transaction. A statement writes or
// reads one row: that ctx ended is looked at between them, which spares each a
// goroutine that waits for it. A row's error is that of its Scan.
func (w *writer) exec(ctx context.Context, text string, args ...any) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	_, err := w.stmt(ctx, text).ExecContext(context.WithoutCancel(ctx), args...)
	return err
}

func (w *writer) row(ctx context.Context, text string, args ...any) *sql.Row {
	return w.stmt(ctx, text).QueryRowContext(context.WithoutCancel(ctx), args...)
}

// stmt binds a statement to the transaction, once.
func (w *writer) stmt(ctx context.Context, text string) *sql.Stmt {
	bound := w.bound[text]
	if bound == nil {
		bound = w.tx.StmtContext(ctx, w.stmts[text])
		w.bound[text] = bound
	}
	return bound
}

func (w *writer) apply(ctx context.Context, p lineage.Projection) (graphstore.Changes, error) {
	have, err := w.manifest(ctx)
	if err != nil {
		return graphstore.Changes{}, err
	}
	changes, err := graphstore.Diff(have, p)
	if err != nil {
		return changes, err
	}
	return changes, w.make(ctx, changes)
}

// make writes changes.
func (w *writer) make(ctx context.Context, changes graphstore.Changes) error {
	if !changes.Applied().Changed() {
		return nil
	}
	if w.num == 0 {
		if err := w.row(ctx, insertOwner, string(w.owner)).Scan(&w.num); err != nil {
			return err
		}
	}
	// Nodes come before the edges that end at them, and go after them.
	if err := w.putNodes(ctx, changes); err != nil {
		return err
	}
	if err := w.putEdges(ctx, changes); err != nil {
		return err
	}
	if err := w.sweep(ctx); err != nil {
		return err
	}
	graphstore.Touch(ctx, changes, w.sameNodes, w.sameEdges)
	return nil
}

// manifest reads what the owner last said. The owner's number stays 0 while
// nothing is known of it.
func (w *writer) manifest(ctx context.Context) (graphstore.Manifest, error) {
	m := graphstore.Manifest{Nodes: map[lineage.ID]lineage.Hash{}, Edges: map[lineage.EdgeKey]lineage.Hash{}}
	err := w.row(ctx, selectOwner, string(w.owner)).Scan(&w.num)
	if errors.Is(err, sql.ErrNoRows) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	nodes, err := w.tx.StmtContext(ctx, w.stmts[selectNodeManifest]).QueryContext(ctx, w.num)
	err = each(nodes, err, func(rows *sql.Rows) error {
		var id lineage.ID
		var hash sql.RawBytes
		if err := rows.Scan(&id, &hash); err != nil {
			return err
		}
		m.Nodes[id] = lineage.Hash(hash)
		return nil
	})
	if err != nil {
		return m, err
	}
	edges, err := w.tx.StmtContext(ctx, w.stmts[selectEdgeManifest]).QueryContext(ctx, w.num)
	return m, each(edges, err, func(rows *sql.Rows) error {
		var key lineage.EdgeKey
		var hash sql.RawBytes
		if err := rows.Scan(&key.SourceID, (*string)(&key.RelationshipType), &key.TargetID, &key.TransformationID, &hash); err != nil {
			return err
		}
		m.Edges[key] = lineage.Hash(hash)
		return nil
	})
}

func (w *writer) putNodes(ctx context.Context, changes graphstore.Changes) error {
	for _, nodes := range [][]graphstore.HashedNode{changes.AddNodes, changes.ChangeNodes} {
		for _, n := range nodes {
			if err := w.putNode(ctx, n); err != nil {
				return err
			}
		}
	}
	for _, id := range changes.RetractNodes {
		if err := w.exec(ctx, disclaimNode, w.num, id[:]); err != nil {
			return err
		}
		w.loose[id] = struct{}{}
	}
	return nil
}

// putNode makes the node current with this content and claims it.
func (w *writer) putNode(ctx context.Context, n graphstore.HashedNode) error {
	hash, err := w.currentHash(ctx, n.ID)
	if err != nil {
		return err
	}
	switch hash {
	case n.Hash:
		w.sameNodes[n.ID] = struct{}{}
	case lineage.Hash{}:
		w.fresh[n.ID] = struct{}{}
		err = w.insertNode(ctx, n)
	default:
		err = w.supersede(ctx, n)
	}
	if err != nil {
		return err
	}
	return w.exec(ctx, claimNode, w.num, n.ID[:], n.Hash[:])
}

// currentHash is the hash of the node in the graph, zero if there is none. Its
// number is known then.
func (w *writer) currentHash(ctx context.Context, id lineage.ID) (lineage.Hash, error) {
	var hash []byte
	var num int64
	err := w.row(ctx, selectNodeHash, id[:]).Scan(&hash, &num)
	if errors.Is(err, sql.ErrNoRows) {
		w.nums[id] = 0
		return lineage.Hash{}, nil
	}
	if err != nil {
		return lineage.Hash{}, err
	}
	w.nums[id] = num
	return lineage.Hash(hash), nil
}

// number is that of a node in the graph, 0 if there is none.
func (w *writer) number(ctx context.Context, id lineage.ID) (int64, error) {
	if num, ok := w.nums[id]; ok {
		return num, nil
	}
	_, err := w.currentHash(ctx, id)
	return w.nums[id], err
}

// supersede gives a node new content, unless another owner stands by what it says.
func (w *writer) supersede(ctx context.Context, n graphstore.HashedNode) error {
	var rival string
	err := w.row(ctx, selectNodeRival, n.ID[:], w.num).Scan(&rival)
	if err == nil {
		return graphstore.Conflict("node "+n.ID.String(), lineage.Owner(rival))
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err := w.exec(ctx, keepNode, n.ID[:], w.at); err != nil {
		return err
	}
	args, err := w.nodeArgs(n)
	if err != nil {
		return err
	}
	return w.exec(ctx, updateNode, args...)
}

func (w *writer) retractNode(ctx context.Context, id lineage.ID) error {
	if err := w.exec(ctx, keepNode, id[:], w.at); err != nil {
		return err
	}
	return w.exec(ctx, deleteNode, id[:])
}

func (w *writer) insertNode(ctx context.Context, n graphstore.HashedNode) error {
	args, err := w.nodeArgs(n)
	if err != nil {
		return err
	}
	var num int64
	err = w.row(ctx, insertNode, args...).Scan(&num)
	w.nums[n.ID] = num
	return err
}

// nodeArgs are the parameters of the statements that write a node.
func (w *writer) nodeArgs(n graphstore.HashedNode) ([]any, error) {
	attributes, err := n.Attributes.AppendJSON(nil)
	return []any{
		n.ID[:], string(n.Kind), n.Name, string(attributes), n.Hash[:], w.at,
		text(n.Attributes, lineage.AttrRun), text(n.Attributes, lineage.AttrLabware),
		text(n.Attributes, lineage.AttrWell), text(n.Attributes, lineage.AttrBarcode),
	}, err
}

// text is an attribute that is a string, else NULL.
func text(attributes lineage.Attributes, key string) any {
	if s, ok := attributes[key].(string); ok {
		return s
	}
	return nil
}

// sweep retracts the loose nodes that no owner and no edge names any more.
func (w *writer) sweep(ctx context.Context) error {
	for id := range w.loose {
		var held bool
		if err := w.row(ctx, selectNodeHeld, id[:]).Scan(&held); err != nil {
			return err
		}
		if held {
			continue
		}
		if err := w.retractNode(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
