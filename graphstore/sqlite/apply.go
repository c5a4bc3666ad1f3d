package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
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
	said, err := graphstore.Hash(p)
	if err != nil {
		return lineage.Applied{}, err
	}
	return s.writing(ctx, op, func(tx *sql.Tx) (graphstore.Changes, error) { return newWriter(s, tx, p.Owner, at).apply(ctx, said) })
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
	nums  map[lineage.ID]int64        // of nodes, as far as they were looked up; 0: there is none
	there map[lineage.ID]lineage.Hash // of those of them that were there
	last  int64                       // number given to a node
	loose map[lineage.ID]struct{}     // nodes that may have nobody left who names them
	fresh map[lineage.ID]struct{}     // nodes that were not in the graph before

	nodes, claims, edges, targets, holdings inserter

	origins map[string]int64 // numbers in the table origin, by the id as a content names it
	held    []holding        // that wait
	// What is added and was there already: another owner says the same.
	sameNodes map[lineage.ID]struct{}
	sameEdges map[lineage.EdgeKey]struct{}
}

func newWriter(s *Store, tx *sql.Tx, owner lineage.Owner, at time.Time) *writer {
	w := &writer{
		stmts: s.writeStmts, bound: map[string]*sql.Stmt{}, tx: tx, owner: owner, at: at.UnixNano(),
		nums: map[lineage.ID]int64{}, there: map[lineage.ID]lineage.Hash{}, loose: map[lineage.ID]struct{}{}, fresh: map[lineage.ID]struct{}{},
		sameNodes: map[lineage.ID]struct{}{}, sameEdges: map[lineage.EdgeKey]struct{}{}, origins: map[string]int64{},
	}
	w.nodes, w.claims = inserter{table: nodeTable, w: w}, inserter{table: claimTable, w: w}
	w.edges, w.targets = inserter{table: edgeTable, w: w}, inserter{table: targetTable, w: w}
	w.holdings = inserter{table: holdingTable, w: w}
	return w
}

// exec and row run a prepared statement in the transaction. A statement writes or
// reads few rows: that ctx ended is looked at between them, which spares each a
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

func (w *writer) apply(ctx context.Context, said graphstore.Hashed) (graphstore.Changes, error) {
	have, err := w.manifest(ctx)
	if err != nil {
		return graphstore.Changes{}, err
	}
	changes := said.Diff(have)
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
	if err := w.lookUp(ctx, slices.Concat(idsOf(changes.AddNodes), idsOf(changes.ChangeNodes))); err != nil {
		return err
	}
	added := InOrder(changes.AddNodes)
	for i := range added {
		n := &added[i]
		if err := w.putNode(ctx, n); err != nil {
			return err
		}
		if err := w.claims.add(ctx, w.num, w.nums[n.ID], n.Hash[:]); err != nil {
			return err
		}
	}
	for i := range changes.ChangeNodes {
		n := &changes.ChangeNodes[i]
		if err := errors.Join(w.putNode(ctx, n), w.exec(ctx, reclaimNode, n.ID[:], w.num, n.Hash[:])); err != nil {
			return err
		}
	}
	for _, id := range changes.RetractNodes {
		if err := w.exec(ctx, disclaimNode, id[:], w.num); err != nil {
			return err
		}
		w.loose[id] = struct{}{}
	}
	return errors.Join(w.inserted(ctx), w.claims.flush(ctx), w.hold(ctx))
}

// inserted writes the new nodes that wait, and makes sure of their numbers.
func (w *writer) inserted(ctx context.Context) error {
	if len(w.fresh) == 0 {
		return nil
	}
	var last int64
	if err := errors.Join(w.nodes.flush(ctx), w.row(ctx, selectLastNode).Scan(&last)); err != nil {
		return err
	}
	if last != w.last {
		return fmt.Errorf("the last node has the number %d, not %d", last, w.last)
	}
	return nil
}

// InOrder returns new nodes in the order in which they are numbered and therefore lie:
// kind by kind, as they were executed. What an answer takes of a run is then a
// stretch or two of rows.
func InOrder(nodes []graphstore.HashedNode) []graphstore.HashedNode {
	places := make([]place, len(nodes))
	for i := range nodes {
		sequence, _ := nodes[i].Attributes[lineage.AttrSequence].(float64)
		places[i] = place{nodes[i].Kind, sequence, i}
	}
	slices.SortFunc(places, func(a, b place) int {
		if c := cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.sequence, b.sequence)); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(nodes[a.at].Name, nodes[b.at].Name), cmp.Compare(a.at, b.at))
	})
	ordered := make([]graphstore.HashedNode, len(nodes))
	for i, p := range places {
		ordered[i] = nodes[p.at]
	}
	return ordered
}

// place is what a node's place among others goes by, and where it was.
type place struct {
	kind     lineage.Kind
	sequence float64
	at       int
}

func idsOf(nodes []graphstore.HashedNode) []lineage.ID {
	ids := make([]lineage.ID, len(nodes))
	for i := range nodes {
		ids[i] = nodes[i].ID
	}
	return ids
}

// putNode makes the node current with this content.
func (w *writer) putNode(ctx context.Context, n *graphstore.HashedNode) error {
	switch w.there[n.ID] {
	case n.Hash:
		w.sameNodes[n.ID] = struct{}{}
		return nil
	case lineage.Hash{}:
		w.fresh[n.ID] = struct{}{}
		return w.insertNode(ctx, n)
	}
	return w.supersede(ctx, n)
}

// lookUp finds out which nodes are in the graph, and their numbers and hashes.
func (w *writer) lookUp(ctx context.Context, ids []lineage.ID) error {
	for part := range slices.Chunk(ids, atOnce) {
		args := make([]any, atOnce) // what is too much stays NULL, which no id is
		for i := range part {
			w.nums[part[i]], args[i] = 0, part[i][:]
		}
		rows, err := w.stmt(ctx, selectThere).QueryContext(context.WithoutCancel(ctx), args...)
		err = each(rows, err, func(rows *sql.Rows) error {
			var id lineage.ID
			var num int64
			var hash sql.RawBytes
			if err := rows.Scan(&id, &num, &hash); err != nil {
				return err
			}
			w.nums[id], w.there[id] = num, lineage.Hash(hash)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// supersede gives a node new content, unless another owner stands by what it says.
func (w *writer) supersede(ctx context.Context, n *graphstore.HashedNode) error {
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
	return errors.Join(w.exec(ctx, deleteHoldings, n.ID[:]), w.exec(ctx, updateNode, args...), w.holds(ctx, n.Node))
}

func (w *writer) retractNode(ctx context.Context, id lineage.ID) error {
	if err := w.exec(ctx, keepNode, id[:], w.at); err != nil {
		return err
	}
	return errors.Join(w.exec(ctx, deleteHoldings, id[:]), w.exec(ctx, deleteNode, id[:]))
}

// insertNode adds a node. A new row has the number after the highest, which is how
// its number is known before it is written (inserted).
func (w *writer) insertNode(ctx context.Context, n *graphstore.HashedNode) error {
	if len(w.fresh) == 1 {
		if err := w.row(ctx, selectLastNode).Scan(&w.last); err != nil {
			return err
		}
	}
	w.last++
	w.nums[n.ID] = w.last
	args, err := w.nodeArgs(n)
	if err != nil {
		return err
	}
	return errors.Join(w.nodes.add(ctx, args...), w.holds(ctx, n.Node))
}

// nodeArgs are the parameters of the statements that write a node.
func (w *writer) nodeArgs(n *graphstore.HashedNode) ([]any, error) {
	attributes, err := n.JSON()
	return []any{
		n.ID[:], string(n.Kind), n.Name, attributes, n.Hash[:], w.at,
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
