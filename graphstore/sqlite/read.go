package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"math"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// reader is one read transaction: all its statements see one graph.
type reader struct {
	stmts map[string]*sql.Stmt
	tx    *sql.Tx
	scan  *scanner
	steps *lru.Cache[lineage.ID, int64]
}

// reading runs f in a read transaction.
func (s *Store) reading(ctx context.Context, op string, f func(reader) error) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fault(ctx, op, err)
	}
	defer tx.Rollback() // it wrote nothing
	return fault(ctx, op, f(reader{s.readStmts, tx, newScanner(), s.steps}))
}

// query calls scan for every row of a prepared statement's answer.
func (r reader) query(ctx context.Context, text string, scan func(*sql.Rows) error, args ...any) error {
	rows, err := r.tx.StmtContext(ctx, r.stmts[text]).QueryContext(ctx, args...)
	return each(rows, err, scan)
}

// each calls scan for every row and closes the rows.
func each(rows *sql.Rows, err error, scan func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Owned implements graphstore.Store.
func (s *Store) Owned(ctx context.Context, owner lineage.Owner) (lineage.Projection, error) {
	p := lineage.Projection{Owner: owner}
	err := s.Tell(ctx, owner,
		func(n lineage.Node) error { p.Nodes = append(p.Nodes, n); return nil },
		func(e lineage.Edge) error { p.Edges = append(p.Edges, e); return nil })
	p.Sort()
	return p, err
}

var _ graphstore.Teller = (*Store)(nil)

// Tell implements graphstore.Teller.
func (s *Store) Tell(ctx context.Context, owner lineage.Owner, node func(lineage.Node) error, edge func(lineage.Edge) error) error {
	return s.reading(ctx, "owned", func(r reader) error {
		if err := r.query(ctx, selectOwnedNodes, telling(r.scan.node, node), string(owner)); err != nil {
			return err
		}
		return r.query(ctx, selectOwnedEdges, telling(r.scan.edge, edge), string(owner))
	})
}

// telling scans a row and calls back.
func telling[T any](scan func(*sql.Rows, ...any) (T, error), tell func(T) error) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		item, err := scan(rows)
		if err != nil {
			return err
		}
		return tell(item)
	}
}

// Owners implements graphstore.Store.
func (s *Store) Owners(ctx context.Context, after lineage.Owner, limit int) ([]lineage.Owner, error) {
	const op = "owners"
	if limit < 1 {
		return nil, lineage.Invalid(op, "limit", "ask for at least one")
	}
	var owners []lineage.Owner
	err := s.reading(ctx, op, func(r reader) error {
		return r.query(ctx, selectOwners, func(rows *sql.Rows) error {
			var owner lineage.Owner
			err := rows.Scan((*string)(&owner))
			owners = append(owners, owner)
			return err
		}, string(after), limit)
	})
	return owners, err
}

// Nodes implements graphstore.Store.
func (s *Store) Nodes(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Node, error) {
	var nodes []lineage.Node
	err := s.reading(ctx, "nodes", func(r reader) (err error) {
		nodes, err = r.nodes(ctx, ids, asOf)
		return err
	})
	return nodes, err
}

// chunk bounds the list that one statement gets.
const chunk = 2000

// nodes returns the nodes with these ids that there are, in the order asked.
func (r reader) nodes(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Node, error) {
	found := named{places: make(map[lineage.ID]int, len(ids)), nodes: make([]lineage.Node, 0, len(ids))}
	scan := func(rows *sql.Rows) error {
		n, err := r.scan.node(rows)
		found.add(n)
		return err
	}
	rest := ids
	if asOf.IsZero() {
		var err error
		if rest, err = r.nearby(ctx, ids, &found); err != nil {
			return nil, err
		}
	}
	for part := range slices.Chunk(rest, chunk) {
		var err error
		if asOf.IsZero() {
			err = r.query(ctx, selectNodes, scan, idList(part))
		} else {
			err = r.query(ctx, selectNodesAsOf, scan, idList(part), nanoseconds(asOf))
		}
		if err != nil {
			return nil, err
		}
	}
	nodes := make([]lineage.Node, 0, len(found.nodes))
	for _, id := range ids {
		if i, ok := found.places[id]; ok {
			nodes = append(nodes, found.nodes[i])
		}
	}
	return nodes, nil
}

// named are nodes, and where each stands.
type named struct {
	nodes  []lineage.Node
	places map[lineage.ID]int
}

// add adds a node. Of several with one id the last one counts.
func (f *named) add(n lineage.Node) {
	if i, ok := f.places[n.ID]; ok {
		f.nodes[i] = n
		return
	}
	f.places[n.ID] = len(f.nodes)
	f.nodes = append(f.nodes, n)
}

// nearby finds the nodes whose numbers edges told of, and returns the ids of the
// others: those, and whatever has another number by now.
func (r reader) nearby(ctx context.Context, ids []lineage.ID, found *named) ([]lineage.ID, error) {
	var known []spot
	rest := make([]lineage.ID, 0, len(ids))
	for _, id := range ids {
		if num, ok := r.steps.Get(id); ok {
			known = append(known, spot{id: id, num: num})
		} else {
			rest = append(rest, id)
		}
	}
	for list := range stretches(known) {
		err := r.query(ctx, selectNumbered, func(rows *sql.Rows) error {
			n, _, err := r.scan.numbered(rows)
			found.add(n)
			return err
		}, list)
		if err != nil {
			return nil, err
		}
	}
	for _, s := range known {
		if _, ok := found.places[s.id]; !ok {
			rest = append(rest, s.id)
		}
	}
	return rest, nil
}

// Edges implements graphstore.Store.
func (s *Store) Edges(ctx context.Context, id lineage.ID, limit int, asOf time.Time) (edges []lineage.Edge, more bool, err error) {
	const op = "edges"
	if limit < 1 {
		return nil, false, lineage.Invalid(op, "limit", "ask for at least one")
	}
	err = s.reading(ctx, op, func(r reader) (err error) {
		if !asOf.IsZero() {
			return r.query(ctx, selectEdgesAsOf, into(&edges, r.scan.edge), id[:], limit+1, nanoseconds(asOf))
		}
		edges, err = r.edges(ctx, id, limit+1)
		return err
	})
	if len(edges) > limit {
		return edges[:limit], true, err
	}
	return edges, false, err
}

// edges returns the first current edges at a node. Only of a hub there are more
// than asked for: there the first of each type and side are read, which come in
// order without sorting all.
func (r reader) edges(ctx context.Context, id lineage.ID, limit int) ([]lineage.Edge, error) {
	var edges []lineage.Edge
	if err := r.query(ctx, selectSomeEdges, into(&edges, r.scan.edge), id[:], limit); err != nil {
		return nil, err
	}
	if len(edges) == limit {
		edges = edges[:0]
		for _, typ := range lineage.RelationshipTypes() {
			for _, text := range []string{selectEdgesOfSource, selectEdgesOfTarget} {
				if err := r.query(ctx, text, into(&edges, r.scan.edge), id[:], string(typ), limit); err != nil {
					return nil, err
				}
			}
		}
	}
	slices.SortFunc(edges, func(a, b lineage.Edge) int { return a.Key().Compare(b.Key()) })
	return edges[:min(limit, len(edges))], nil
}

// History implements graphstore.Store.
func (s *Store) History(ctx context.Context, id lineage.ID) ([]lineage.Revision, error) {
	var revisions []lineage.Revision
	err := s.reading(ctx, "history", func(r reader) error {
		if err := r.query(ctx, selectNodeHistory, into(&revisions, r.scan.nodeRevision), id[:]); err != nil {
			return err
		}
		return r.query(ctx, selectEdgeHistory, into(&revisions, r.scan.edgeRevision), id[:])
	})
	graphstore.SortRevisions(revisions)
	return revisions, err
}

// Past implements graphstore.Store.
func (s *Store) Past(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Revision, error) {
	var revisions []lineage.Revision
	err := s.reading(ctx, "past", func(r reader) error {
		list, then := idList(ids), nanoseconds(asOf)
		if err := r.query(ctx, selectNodesPast, into(&revisions, r.scan.nodeRevision), list, then); err != nil {
			return err
		}
		return r.query(ctx, selectEdgesPast, into(&revisions, r.scan.edgeRevision), list, then)
	})
	graphstore.SortRevisions(revisions)
	return revisions, err
}

// into makes a row appended to list.
func into[T any](list *[]T, scan func(*sql.Rows, ...any) (T, error)) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		item, err := scan(rows)
		*list = append(*list, item)
		return err
	}
}

// nanoseconds is a time as the columns keep it. What is out of their range is
// before or after everything.
func nanoseconds(t time.Time) int64 {
	switch {
	case t.Before(moment(0)):
		return -1
	case t.After(moment(math.MaxInt64)):
		return math.MaxInt64
	}
	return t.UnixNano()
}

func moment(nanoseconds int64) time.Time { return time.Unix(0, nanoseconds).UTC() }

func end(nanoseconds sql.NullInt64) *time.Time {
	if !nanoseconds.Valid {
		return nil
	}
	t := moment(nanoseconds.Int64)
	return &t
}

// idList is the JSON array of hexadecimal ids that statements take.
func idList(ids []lineage.ID) string {
	list := make([]byte, 0, 2+len(ids)*35)
	list = append(list, '[')
	for i, id := range ids {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, '"')
		list = hex.AppendEncode(list, id[:])
		list = append(list, '"')
	}
	return string(append(list, ']'))
}
