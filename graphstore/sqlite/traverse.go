package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
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
			w := walk{reader: r, Traversal: q, types: string(types), places: map[int64]int{}}
			g, err = w.run(ctx)
		} else {
			w := pastWalk{reader: r, Traversal: q, types: string(types), seen: map[lineage.ID]struct{}{}}
			g, err = w.run(ctx)
		}
		g.Edges = sorted(g.Edges)
		return err
	})
	return g, err
}

// sorted are edges in order of key.
func sorted(edges []lineage.Edge) []lineage.Edge {
	order := make([]*lineage.Edge, len(edges)) // edges are large to move
	for i := range edges {
		order[i] = &edges[i]
	}
	slices.SortFunc(order, func(a, b *lineage.Edge) int {
		if first := bytes.Compare(a.SourceID[:], b.SourceID[:]); first != 0 {
			return first
		}
		return a.Key().Compare(b.Key())
	})
	result := make([]lineage.Edge, len(edges))
	for i, e := range order {
		result[i] = *e
	}
	return result
}

// walk is one traversal of the current graph within its read transaction. It goes
// by the numbers of nodes, in whose order rows lie, and answers in order of id.
type walk struct {
	reader
	lineage.Traversal
	types string // as JSON
	// kept are the nodes of the answer, and places where they stand in it; ahead,
	// where they were reached and are not in it yet.
	kept   []spot
	places map[int64]int
}

// spot is a node that is in the graph.
type spot struct {
	id    lineage.ID
	num   int64
	depth int // in a walk
}

const ahead = -1

func (w *walk) run(ctx context.Context) (lineage.Graph, error) {
	var g lineage.Graph
	level, err := w.roots(ctx)
	for depth := 0; err == nil && len(level) > 0 && !g.Truncated; depth++ {
		room := w.Nodes - len(w.kept)
		if depth > w.Depth {
			room = 0
		}
		if len(level) > room {
			level, g.Truncated = level[:room], true
		}
		w.keep(level, depth)
		if !g.Truncated {
			level, err = w.next(ctx, level, depth == w.Depth)
		}
	}
	if err == nil {
		g.Nodes, err = w.nodes(ctx)
	}
	if err == nil {
		g.Edges, err = w.between(ctx)
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

func (w *walk) keep(level []spot, depth int) {
	for _, s := range level {
		s.depth, w.places[s.num] = depth, len(w.kept)
		w.kept = append(w.kept, s)
	}
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
		if _, seen := w.places[n]; !seen {
			w.places[n] = ahead
			*level = append(*level, spot{id: lineage.ID(id), num: n})
		}
		return nil
	}
}

func inOrder(level []spot) []spot {
	slices.SortFunc(level, func(a, b spot) int { return bytes.Compare(a.id[:], b.id[:]) })
	return level
}

// stretches yields lists of the numbers of nodes, in the order in which rows lie: a
// number in it is the first of a stretch, times 256, and how many follow it.
func stretches(nodes []spot) iter.Seq[string] {
	nums := make([]int64, len(nodes))
	for i, s := range nodes {
		nums[i] = s.num
	}
	slices.Sort(nums)
	return func(yield func(string) bool) {
		for part := range slices.Chunk(nums, chunk) {
			list := append(make([]byte, 0, len(part)*9), '[')
			for len(part) > 0 {
				more := 0
				for more < 255 && more+1 < len(part) && part[more+1] == part[0]+int64(more)+1 {
					more++
				}
				list = append(strconv.AppendInt(list, part[0]<<8|int64(more), 10), ',')
				part = part[more+1:]
			}
			list[len(list)-1] = ']'
			if !yield(string(list)) {
				return
			}
		}
	}
}

// nodes reads what was kept, all levels at once: those of a run lie together.
func (w *walk) nodes(ctx context.Context) ([]lineage.Reached, error) {
	nodes := make([]lineage.Reached, len(w.kept))
	found := 0
	for list := range stretches(w.kept) {
		err := w.query(ctx, selectNumbered, func(rows *sql.Rows) error {
			n, num, err := w.scan.numbered(rows)
			if err == nil {
				place := w.places[num]
				nodes[place] = lineage.Reached{Node: n, Depth: w.kept[place].depth}
				found++
			}
			return err
		}, list)
		if err != nil {
			return nil, err
		}
	}
	if found != len(nodes) {
		return nil, fmt.Errorf("edges lead to %d nodes, of which %d are there", len(nodes), found)
	}
	return nodes, nil
}

// next returns the level behind a level, of the last one a node of it: that there is
// one is all that is asked then.
func (w *walk) next(ctx context.Context, level []spot, last bool) ([]spot, error) {
	text := selectSources
	if w.Direction == lineage.Downstream {
		text = selectTargets
	}
	var found []spot
	see := w.see(&found)
	for list := range stretches(level) {
		err := w.query(ctx, text, func(rows *sql.Rows) error {
			if err := see(rows); err != nil || !last || len(found) == 0 {
				return err
			}
			return errEnough
		}, list, w.types)
		if errors.Is(err, errEnough) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return inOrder(found), nil
}

// errEnough ends a query whose other rows would tell nothing more.
var errEnough = errors.New("enough rows")

// between reads the edges of the followed types between two of the nodes, from
// their targets' side: there they lie together, and a thing depends on few things,
// while many may depend on it. The rows of an edge that several owners name follow each other.
func (w *walk) between(ctx context.Context) ([]lineage.Edge, error) {
	edges := make([]lineage.Edge, 0, len(w.kept))
	var last link
	scan := func(rows *sql.Rows) error {
		l, err := w.scan.link(rows)
		if err != nil || l.key == last.key {
			return err
		}
		last = l
		source, has := w.places[l.key.source]
		if !has || source == ahead {
			return nil
		}
		edge, err := w.scan.edgeOf(l, w.kept[source].id, w.kept[w.places[l.key.target]].id)
		edges = append(edges, edge)
		if l.step != 0 {
			w.steps.Add(edge.TransformationID, l.step)
		}
		return err
	}
	for list := range stretches(w.kept) {
		if err := w.query(ctx, selectBetween, scan, list, w.types); err != nil {
			return nil, err
		}
	}
	return edges, nil
}
