package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

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
	var g lineage.Graph
	err = s.reading(ctx, "traverse", func(r reader) (err error) {
		if q.AsOf.IsZero() {
			w := walk{reader: r, Traversal: q, types: string(types), seen: map[int64]struct{}{}}
			g, err = w.run(ctx)
		} else {
			w := pastWalk{reader: r, Traversal: q, types: string(types), seen: map[lineage.ID]struct{}{}}
			g, err = w.run(ctx)
		}
		slices.SortFunc(g.Edges, func(a, b lineage.Edge) int { return a.Key().Compare(b.Key()) })
		return err
	})
	return g, err
}

// walk is one traversal of the current graph within its read transaction. It goes
// by the numbers of nodes, in whose order rows lie, and answers in order of id.
type walk struct {
	reader
	lineage.Traversal
	types string // as JSON
	seen  map[int64]struct{}
	kept  []spot // of the answer
}

// spot is a node that is in the graph.
type spot struct {
	id  lineage.ID
	num int64
}

func (w *walk) run(ctx context.Context) (lineage.Graph, error) {
	var g lineage.Graph
	level, err := w.roots(ctx)
	for depth := 0; err == nil && len(level) > 0 && !g.Truncated; depth++ {
		room := w.Nodes - len(g.Nodes)
		if depth > w.Depth {
			room = 0
		}
		if len(level) > room {
			level, g.Truncated = level[:room], true
		}
		if g.Nodes, err = w.read(ctx, g.Nodes, level, depth); err != nil {
			return g, err
		}
		w.kept = append(w.kept, level...)
		if !g.Truncated {
			level, err = w.next(ctx, level)
		}
	}
	if err == nil {
		g.Edges, err = w.between(ctx, g.Nodes)
	}
	return g, err
}

// roots are those that there are, in order of id.
func (w *walk) roots(ctx context.Context) ([]spot, error) {
	var found []spot
	for part := range slices.Chunk(w.Roots, chunk) {
		if err := w.query(ctx, selectNumbers, w.see(&found), idList(part)); err != nil {
			return nil, err
		}
	}
	return inOrder(found), nil
}

// see appends the node of a row to a level, unless it was seen before.
func (w *walk) see(level *[]spot) func(*sql.Rows) error {
	var id sql.RawBytes
	var num any // that spares a conversion by reflection
	return func(rows *sql.Rows) error {
		if err := rows.Scan(&id, &num); err != nil {
			return err
		}
		n, ok := num.(int64)
		if !ok || len(id) != len(lineage.ID{}) {
			return fmt.Errorf("a node with an id of %d bytes and the number %v", len(id), num)
		}
		if _, ok := w.seen[n]; !ok {
			w.seen[n] = struct{}{}
			*level = append(*level, spot{lineage.ID(id), n})
		}
		return nil
	}
}

func inOrder(level []spot) []spot {
	slices.SortFunc(level, func(a, b spot) int { return slices.Compare(a.id[:], b.id[:]) })
	return level
}

// numbers yields lists of the numbers of a level, in the order in which rows lie.
func numbers(level []spot) func(func(string) bool) {
	nums := make([]int64, len(level))
	for i, s := range level {
		nums[i] = s.num
	}
	slices.Sort(nums)
	return func(yield func(string) bool) {
		for part := range slices.Chunk(nums, chunk) {
			list := append(make([]byte, 0, len(part)*9), '[')
			for i, num := range part {
				if i > 0 {
					list = append(list, ',')
				}
				list = strconv.AppendInt(list, num, 10)
			}
			if !yield(string(append(list, ']'))) {
				return
			}
		}
	}
}

// read appends a level's nodes, in its order.
func (w *walk) read(ctx context.Context, nodes []lineage.Reached, level []spot, depth int) ([]lineage.Reached, error) {
	places := make(map[lineage.ID]int, len(level))
	for i, s := range level {
		places[s.id] = len(nodes) + i
	}
	nodes = append(nodes, make([]lineage.Reached, len(level))...)
	found := 0
	for list := range numbers(level) {
		err := w.query(ctx, selectNumbered, func(rows *sql.Rows) error {
			n, err := w.scan.node(rows)
			if place, ok := places[n.ID]; ok && err == nil {
				nodes[place] = lineage.Reached{Node: n, Depth: depth}
				found++
			}
			return err
		}, list)
		if err != nil {
			return nodes, err
		}
	}
	if found != len(level) {
		return nodes, fmt.Errorf("edges lead to %d nodes, of which %d are there", len(level), found)
	}
	return nodes, nil
}

// next returns the level behind a level.
func (w *walk) next(ctx context.Context, level []spot) ([]spot, error) {
	text := selectSources
	if w.Direction == lineage.Downstream {
		text = selectTargets
	}
	var found []spot
	for list := range numbers(level) {
		if err := w.query(ctx, text, w.see(&found), list, w.types); err != nil {
			return nil, err
		}
	}
	return inOrder(found), nil
}

func setOf(reached []lineage.Reached) map[lineage.ID]struct{} {
	in := make(map[lineage.ID]struct{}, len(reached))
	for _, n := range reached {
		in[n.ID] = struct{}{}
	}
	return in
}

// between reads the edges of the followed types between two of the nodes, from
// their targets' side: there they lie together, and a thing depends on few things,
// while many may depend on it. The rows of an edge that several owners name follow each other.
func (w *walk) between(ctx context.Context, reached []lineage.Reached) ([]lineage.Edge, error) {
	in := setOf(reached)
	var edges []lineage.Edge
	var last lineage.EdgeKey
	scan := func(rows *sql.Rows) error {
		e, err := w.scan.edgeHead(rows)
		if err != nil || e.Key() == last {
			return err
		}
		last = e.Key()
		if _, ok := in[e.SourceID]; ok {
			e.Attributes, err = w.scan.decoder.attributes(w.scan.attributes)
			edges = append(edges, e)
		}
		return err
	}
	for list := range numbers(w.kept) {
		if err := w.query(ctx, selectIncoming, scan, list, w.types); err != nil {
			return nil, err
		}
	}
	return edges, nil
}
