package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"

	"wellspring/lineage"
)

// Traverse implements graphstore.Store, level by level: a recursive query that
// carries the depth walks the same nodes again on every path.
func (s *Store) Traverse(ctx context.Context, q lineage.Traversal) (lineage.Graph, error) {
	if err := q.Validate(); err != nil {
		return lineage.Graph{}, err
	}
	types, err := json.Marshal(q.Types)
	if err != nil {
		return lineage.Graph{}, err
	}
	w := walk{Traversal: q, types: string(types), seen: make(map[lineage.ID]struct{})}
	var g lineage.Graph
	err = s.reading(ctx, "traverse", func(r reader) (err error) {
		w.reader = r
		g, err = w.run(ctx)
		return err
	})
	return g, err
}

// walk is one traversal within its read transaction.
type walk struct {
	reader
	lineage.Traversal
	types string // as JSON
	seen  map[lineage.ID]struct{}
	// passed are the edges that the levels so far were left by, in any order;
	// none any more, and flooded, once they are more than an answer is likely to
	// hold: a hub has many, most of which lead to what the bound cuts.
	passed  []passedEdge
	flooded bool
	last    lineage.EdgeKey // passed last
}

// passedEdge is an edge whose attributes are read when it is in the answer.
type passedEdge struct {
	lineage.Edge
	attributes string
}

// edgesOfNode is how many edges per node of the bound are kept while walking.
const edgesOfNode = 4

func (w *walk) run(ctx context.Context) (lineage.Graph, error) {
	var g lineage.Graph
	level := w.unseen(w.Roots)
	for depth := 0; len(level) > 0; depth++ {
		room := w.Nodes - len(g.Nodes)
		if depth > w.Depth {
			room = 0
		}
		nodes, more, err := w.first(ctx, level, room)
		if err != nil {
			return g, err
		}
		g.Nodes = slices.Grow(g.Nodes, len(nodes))
		for _, n := range nodes {
			g.Nodes = append(g.Nodes, lineage.Reached{Node: n, Depth: depth})
		}
		// Of the last level too: its edges may lead to each other.
		if level, err = w.next(ctx, nodes); err != nil {
			return g, err
		}
		if more {
			g.Truncated = true
			break
		}
	}
	var err error
	if w.flooded || !w.AsOf.IsZero() {
		g.Edges, err = w.between(ctx, g.Nodes)
	} else {
		g.Edges, err = w.within(g.Nodes)
	}
	slices.SortFunc(g.Edges, func(a, b lineage.Edge) int { return a.Key().Compare(b.Key()) })
	return g, err
}

// within returns those of the passed edges that are between two of the nodes, in
// any order.
func (w *walk) within(reached []lineage.Reached) ([]lineage.Edge, error) {
	in := setOf(reached)
	edges := make([]lineage.Edge, 0, len(w.passed))
	for _, e := range w.passed {
		_, source := in[e.SourceID]
		if _, target := in[e.TargetID]; !source || !target {
			continue
		}
		var err error
		if e.Attributes, err = w.scan.decoder.attributes([]byte(e.attributes)); err != nil {
			return nil, err
		}
		edges = append(edges, e.Edge)
	}
	return edges, nil
}

func setOf(reached []lineage.Reached) map[lineage.ID]struct{} {
	in := make(map[lineage.ID]struct{}, len(reached))
	for _, n := range reached {
		in[n.ID] = struct{}{}
	}
	return in
}

// unseen sorts ids and drops those seen before.
func (w *walk) unseen(ids []lineage.ID) []lineage.ID {
	var level []lineage.ID
	for _, id := range ids {
		if _, ok := w.seen[id]; !ok {
			w.seen[id] = struct{}{}
			level = append(level, id)
		}
	}
	slices.SortFunc(level, func(a, b lineage.ID) int { return slices.Compare(a[:], b[:]) })
	return level
}

// first returns the first nodes of a level that there are, at most room of
// them, and whether there are more.
func (w *walk) first(ctx context.Context, level []lineage.ID, room int) (nodes []lineage.Node, more bool, err error) {
	for len(level) > 0 {
		part := level[:min(len(level), room-len(nodes)+1)]
		level = level[len(part):]
		found, err := w.nodes(ctx, part, w.AsOf)
		if err != nil {
			return nil, false, err
		}
		nodes = append(nodes, found...)
		if len(nodes) > room {
			return nodes[:room], true, nil
		}
	}
	return nodes, false, nil
}

// next returns the level behind nodes.
func (w *walk) next(ctx context.Context, nodes []lineage.Node) ([]lineage.ID, error) {
	var ids []lineage.ID
	text, scan := selectIncoming, w.pass(&ids)
	switch {
	case !w.AsOf.IsZero():
		text = map[lineage.Direction]string{lineage.Upstream: selectSourcesAsOf, lineage.Downstream: selectTargetsAsOf}[w.Direction]
		scan = func(rows *sql.Rows) error {
			var id lineage.ID
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		}
	case w.Direction == lineage.Downstream:
		text = selectOutgoing
	}
	for part := range slices.Chunk(nodes, chunk) {
		if err := w.query(ctx, text, scan, w.args(part)...); err != nil {
			return nil, err
		}
	}
	return w.unseen(ids), nil
}

// pass keeps an edge and the id of its further end. The rows of an edge that
// several owners name follow each other.
func (w *walk) pass(ids *[]lineage.ID) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		e, err := w.scan.edgeHead(rows)
		if err != nil {
			return err
		}
		if e.Key() == w.last {
			return nil
		}
		w.last = e.Key()
		if len(w.passed) >= edgesOfNode*w.Nodes {
			w.passed, w.flooded = nil, true
		}
		if !w.flooded {
			w.passed = append(w.passed, passedEdge{e, w.scan.decoder.text(w.scan.attributes)})
		}
		if w.Direction == lineage.Upstream {
			*ids = append(*ids, e.SourceID)
		} else {
			*ids = append(*ids, e.TargetID)
		}
		return nil
	}
}

// between returns the edges of the followed types between two of the nodes, in
// any order.
func (w *walk) between(ctx context.Context, reached []lineage.Reached) ([]lineage.Edge, error) {
	nodes := make([]lineage.Node, len(reached))
	for i, n := range reached {
		nodes[i] = n.Node
	}
	in := setOf(reached)
	text := selectIncoming
	if !w.AsOf.IsZero() {
		text = selectIncomingAsOf
	}
	found := make(map[lineage.EdgeKey]lineage.Edge, len(reached))
	scan := func(rows *sql.Rows) error {
		e, err := w.scan.edge(rows)
		if _, ok := in[e.SourceID]; ok {
			found[e.Key()] = e
		}
		return err
	}
	for part := range slices.Chunk(nodes, chunk) {
		if err := w.query(ctx, text, scan, w.args(part)...); err != nil {
			return nil, err
		}
	}
	edges := make([]lineage.Edge, 0, len(found))
	for _, e := range found {
		edges = append(edges, e)
	}
	return edges, nil
}

// args are the parameters of the statements that traverse.
func (w *walk) args(nodes []lineage.Node) []any {
	ids := make([]lineage.ID, len(nodes))
	for i, n := range nodes {
		ids[i] = n.ID
	}
	args := []any{idList(ids), w.types}
	if !w.AsOf.IsZero() {
		args = append(args, nanoseconds(w.AsOf))
	}
	return args
}
