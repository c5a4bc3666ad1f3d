package sqlite

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"wellspring/lineage"
)

// pastWalk is one traversal as of a time, within its read transaction. It goes by
// ids, since what was has no number, and asks whether a node was there: an edge may
// lead to one that began later.
type pastWalk struct {
	reader
	lineage.Traversal
	types string // as JSON
	seen  map[lineage.ID]struct{}
}

func (w *pastWalk) run(ctx context.Context) (lineage.Graph, error) {
	var g lineage.Graph
	level := w.unseen(w.Roots)
	for depth := 0; len(level) > 0 && !g.Truncated; depth++ {
		room := w.Nodes - len(g.Nodes)
		if depth > w.Depth {
			room = 0
		}
		nodes, more, err := w.first(ctx, level, room)
		if err != nil {
			return g, err
		}
		for _, n := range nodes {
			g.Nodes = append(g.Nodes, lineage.Reached{Node: n, Depth: depth})
		}
		g.Truncated = more
		if level, err = w.next(ctx, nodes); err != nil {
			return g, err
		}
	}
	var err error
	g.Edges, err = w.between(ctx, g.Nodes)
	return g, err
}

// unseen sorts ids and drops those seen before.
func (w *pastWalk) unseen(ids []lineage.ID) []lineage.ID {
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

// first returns the first nodes of a level that there were, at most room of
// them, and whether there were more.
func (w *pastWalk) first(ctx context.Context, level []lineage.ID, room int) (nodes []lineage.Node, more bool, err error) {
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
func (w *pastWalk) next(ctx context.Context, nodes []lineage.Node) ([]lineage.ID, error) {
	text := selectSourcesAsOf
	if w.Direction == lineage.Downstream {
		text = selectTargetsAsOf
	}
	var ids []lineage.ID
	scan := func(rows *sql.Rows) error {
		var id lineage.ID
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}
	for part := range slices.Chunk(nodes, chunk) {
		if err := w.query(ctx, text, scan, w.args(part)...); err != nil {
			return nil, err
		}
	}
	return w.unseen(ids), nil
}

// between returns the edges of the followed types between two of the nodes, in
// any order.
func (w *pastWalk) between(ctx context.Context, reached []lineage.Reached) ([]lineage.Edge, error) {
	nodes := make([]lineage.Node, len(reached))
	for i, n := range reached {
		nodes[i] = n.Node
	}
	in := make(map[lineage.ID]struct{}, len(reached))
	for _, n := range reached {
		in[n.ID] = struct{}{}
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
		if err := w.query(ctx, selectIncomingAsOf, scan, w.args(part)...); err != nil {
			return nil, err
		}
	}
	return slices.Collect(maps.Values(found)), nil
}

// args are the parameters of the statements that traverse.
func (w *pastWalk) args(nodes []lineage.Node) []any {
	ids := make([]lineage.ID, len(nodes))
	for i, n := range nodes {
		ids[i] = n.ID
	}
	return []any{idList(ids), w.types, nanoseconds(w.AsOf)}
}
