package neo4j

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/lineage"
)

// Traverse implements graphstore.Store.
//
// The walk itself is done here, level by level, so that depths, order and
// bounds are exact. What it walks over comes in one statement where it can:
// the server finds everything within reach in the time of one round trip, by a
// plan that visits each node once (VarLengthExpand(Pruning,BFS)). Only what
// that left out, because of a bound, is read a level at a time; so is
// everything that is asked as of a time.
func (s *Store) Traverse(ctx context.Context, q lineage.Traversal) (lineage.Graph, error) {
	if err := q.Validate(); err != nil {
		return lineage.Graph{}, err
	}
	q.Roots = sortedIDs(q.Roots)
	graph, err := s.read(ctx, func(tx driver.ManagedTransaction) (any, error) {
		w := walker{tx: tx, q: q, near: map[lineage.ID]neighbourhood{}}
		if q.AsOf.IsZero() {
			if err := w.reachAll(ctx); err != nil {
				return nil, err
			}
		}
		return w.walk(ctx)
	})
	if err != nil {
		return lineage.Graph{}, storeError(ctx, "traverse", q.Roots[0].String(), err)
	}
	return graph.(lineage.Graph), nil
}

// A neighbourhood is a node and the edges that are followed from it.
type neighbourhood struct {
	node  lineage.Node
	edges []lineage.Edge
}

// A walker answers one traversal within one transaction.
type walker struct {
	tx   driver.ManagedTransaction
	q    lineage.Traversal
	near map[lineage.ID]neighbourhood // what was read so far
}

// reachAll reads what is within reach of the roots, as far as the bound on
// nodes.
func (w *walker) reachAll(ctx context.Context) error {
	statement := cypher.Read("traverse_"+string(w.q.Direction)).
		With("TYPES", typesPattern(w.q.Types)).With("DEPTH", strconv.Itoa(w.q.Depth))
	for batch := range slices.Chunk(w.q.Roots, batchSize) {
		parameters := map[string]any{"ids": texts(batch), "limit": w.q.Nodes + 1}
		if err := each(ctx, w.tx, statement, parameters, w.take); err != nil {
			return err
		}
	}
	return nil
}

// reach reads those of the nodes that were not read yet.
func (w *walker) reach(ctx context.Context, ids []lineage.ID) error {
	var missing []lineage.ID
	for _, id := range ids {
		if _, ok := w.near[id]; !ok {
			missing = append(missing, id)
		}
	}
	statement, parameters := cypher.Read("expand_"+string(w.q.Direction)), map[string]any{}
	if !w.q.AsOf.IsZero() {
		statement = cypher.Read("expand_" + string(w.q.Direction) + "_as_of")
		parameters = map[string]any{"asOf": w.q.AsOf.UTC(), "types": w.q.Types}
	}
	statement = statement.With("TYPES", typesPattern(w.q.Types))
	for batch := range slices.Chunk(missing, batchSize) {
		if err := each(ctx, w.tx, statement, with(parameters, "ids", texts(batch)), w.take); err != nil {
			return err
		}
	}
	return nil
}

// take keeps what a record says of a node and its edges.
func (w *walker) take(record *driver.Record) error {
	n, err := readNode(record)
	if err != nil {
		return err
	}
	rows, _, err := driver.GetRecordValue[[]any](record, "edges")
	if err != nil {
		return err
	}
	near := neighbourhood{node: n.Node, edges: make([]lineage.Edge, len(rows))}
	for i, row := range rows {
		if near.edges[i], err = w.readFollowed(n.ID, row); err != nil {
			return err
		}
	}
	w.near[n.ID] = near
	return nil
}

// readFollowed reads an edge given as a list of far end, type and properties.
func (w *walker) readFollowed(id lineage.ID, row any) (lineage.Edge, error) {
	fields, _ := row.([]any)
	if len(fields) != 3 {
		return lineage.Edge{}, fmt.Errorf("an edge comes as %v", row)
	}
	farText, _ := fields[0].(string)
	typ, _ := fields[1].(string)
	var far lineage.ID
	if err := far.UnmarshalText([]byte(farText)); err != nil {
		return lineage.Edge{}, err
	}
	source, target := far, id
	if w.q.Direction == lineage.Downstream {
		source, target = id, far
	}
	e, err := makeEdge(source, target, typ, fields[2])
	return e.Edge, err
}

// far is the end of a followed edge that is further away.
func (w *walker) far(e lineage.Edge) lineage.ID {
	if w.q.Direction == lineage.Downstream {
		return e.TargetID
	}
	return e.SourceID
}

// walk goes breadth first over what it can reach.
func (w *walker) walk(ctx context.Context) (lineage.Graph, error) {
	var g lineage.Graph
	in := map[lineage.ID]bool{}
	level := w.q.Roots
	for depth := 0; len(level) > 0; depth++ {
		if depth > w.q.Depth {
			g.Truncated = true
			break
		}
		// Only a root can be a node that there is none of.
		room := w.q.Nodes - len(g.Nodes)
		if depth > 0 && len(level) > room {
			level, g.Truncated = level[:room], true
		}
		if err := w.reach(ctx, level); err != nil {
			return lineage.Graph{}, err
		}
		level = slices.DeleteFunc(level, func(id lineage.ID) bool { _, ok := w.near[id]; return !ok })
		if len(level) > room {
			level, g.Truncated = level[:room], true
		}
		for _, id := range level {
			in[id] = true
			g.Nodes = append(g.Nodes, lineage.Reached{Node: w.near[id].node, Depth: depth})
		}
		if g.Truncated {
			break
		}
		level = w.next(level, in)
	}
	for _, n := range g.Nodes {
		for _, e := range w.near[n.ID].edges {
			if in[w.far(e)] {
				g.Edges = append(g.Edges, e)
			}
		}
	}
	slices.SortFunc(g.Edges, func(a, b lineage.Edge) int { return a.Key().Compare(b.Key()) })
	return g, nil
}

// next is what is one hop from a level and not in the answer yet, by id.
func (w *walker) next(level []lineage.ID, in map[lineage.ID]bool) []lineage.ID {
	var next []lineage.ID
	for _, id := range level {
		for _, e := range w.near[id].edges {
			if far := w.far(e); !in[far] {
				next = append(next, far)
			}
		}
	}
	return sortedIDs(next)
}

// sortedIDs is a sorted copy of ids, each once.
func sortedIDs(ids []lineage.ID) []lineage.ID {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b lineage.ID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}
