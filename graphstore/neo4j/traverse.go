package neo4j

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/lineage"
)

// Traverse implements graphstore.Store.
//
// The walk itself is done here, level by level, so that depths, order and
// bounds are exact. What it walks over comes in one statement where it can: the
// server finds all that is within reach by a plan that visits each node once
// (VarLengthExpand(Pruning,BFS)). Where that is more than the bound on nodes, the
// server is asked for each level, with its content; as of a time, for its ids first.
//
// Edges are always read from their targets' side, whatever the direction:
// nothing depends on much, but much may depend on one.
func (s *Store) Traverse(ctx context.Context, q lineage.Traversal) (lineage.Graph, error) {
	if err := q.Validate(); err != nil {
		return lineage.Graph{}, err
	}
	q.Roots = sortedIDs(q.Roots)
	graph, err := s.read(ctx, func(tx querier) (any, error) {
		w := walker{tx: tx, q: q, near: map[lineage.ID]neighbourhood{}}
		if !q.AsOf.IsZero() {
			return w.walk(ctx, w.pastHop)
		}
		if err := w.reachAll(ctx); err != nil {
			return nil, err
		}
		next := w.hop
		if len(w.near) > 0 {
			next = w.knownHop()
		}
		return w.walk(ctx, next)
	})
	if err != nil {
		return lineage.Graph{}, storeError(ctx, "traverse", q.Roots[0].String(), err)
	}
	return graph.(lineage.Graph), nil
}

// A neighbourhood is a node and the edges that it is the target of.
type neighbourhood struct {
	node  storedNode
	edges []storedEdge
}

// A walker answers one traversal within one read.
type walker struct {
	tx   querier
	q    lineage.Traversal
	near map[lineage.ID]neighbourhood // what was read so far
}

// A hop finds what is one hop from a level and not in the answer yet, by id: all
// of it, or more than there is room for.
type hop func(ctx context.Context, level []lineage.ID, in map[lineage.ID]bool, room int) ([]lineage.ID, error)

// reachAll reads what is within reach of the roots, and one hop more, so that
// what a bound on depth leaves out is seen. Where that is more than the bound on
// nodes, it reads nothing.
func (w *walker) reachAll(ctx context.Context) error {
	statement := cypher.Read("traverse_"+string(w.q.Direction)).
		With("TYPES", typesPattern(w.q.Types)).With("DEPTH", strconv.Itoa(w.q.Depth+1))
	return eachRow(ctx, w.tx, statement, map[string]any{"ids": texts(w.q.Roots), "limit": w.q.Nodes + 1}, w.take)
}

// reach reads those of the nodes that were not read yet.
func (w *walker) reach(ctx context.Context, ids []lineage.ID) error {
	var missing []lineage.ID
	for _, id := range ids {
		if _, ok := w.near[id]; !ok {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	statement, parameters := w.statement("expand")
	return eachRow(ctx, w.tx, statement, with(parameters, "batches", batches(missing)), w.take)
}

// statement is a statement about the followed types, at the time asked for.
func (w *walker) statement(name string) (cypher.Statement, map[string]any) {
	if w.q.AsOf.IsZero() {
		return cypher.Read(name).With("TYPES", typesPattern(w.q.Types)), nil
	}
	return cypher.Read(name+"_as_of").With("TYPES", typesPattern(w.q.Types)),
		map[string]any{"asOf": w.q.AsOf.UTC(), "types": w.q.Types}
}

// take keeps what a row says of a node and its edges.
func (w *walker) take(row []any) error {
	n, err := readNeighbourhood(row)
	if err != nil {
		return err
	}
	if other, twice := w.near[n.node.ID]; twice && other.node.life.countsBefore(n.node.life) {
		return nil
	}
	if !w.q.AsOf.IsZero() {
		n.edges = counting(n.edges)
	}
	w.near[n.node.ID] = n
	return nil
}

// readNeighbourhood reads a node that is given as a list of properties, labels and edges.
func readNeighbourhood(row []any) (n neighbourhood, err error) {
	if n.node, err = readNodeRow(row); err != nil {
		return n, err
	}
	if len(row) != 3 {
		return n, fmt.Errorf("a node with its edges comes as %v", row)
	}
	rows, _ := row[2].([]any)
	n.edges = make([]storedEdge, len(rows))
	for i, row := range rows {
		if n.edges[i], err = readDependence(n.node.ID, row); err != nil {
			return n, err
		}
	}
	return n, nil
}

// counting keeps, of several revisions of one edge, the one that counts.
func counting(edges []storedEdge) []storedEdge {
	place := make(map[lineage.EdgeKey]int, len(edges))
	kept := edges[:0]
	for _, e := range edges {
		i, twice := place[e.Key()]
		switch {
		case !twice:
			place[e.Key()] = len(kept)
			kept = append(kept, e)
		case e.life.countsBefore(kept[i].life):
			kept[i] = e
		}
	}
	return kept
}

// readDependence reads an edge of a target given as a list of source, type and
// properties.
func readDependence(target lineage.ID, row any) (storedEdge, error) {
	fields, _ := row.([]any)
	if len(fields) != 3 {
		return storedEdge{}, fmt.Errorf("an edge comes as %v", row)
	}
	text, _ := fields[0].(string)
	typ, _ := fields[1].(string)
	var source lineage.ID
	if err := source.UnmarshalText([]byte(text)); err != nil {
		return storedEdge{}, err
	}
	return makeEdge(source, target, typ, fields[2])
}

// hop asks the server for as many as there is room for and one more, and keeps what
// it says of them.
func (w *walker) hop(ctx context.Context, level []lineage.ID, in map[lineage.ID]bool, room int) ([]lineage.ID, error) {
	var found []lineage.ID
	statement, _ := w.statement("hop_" + string(w.q.Direction))
	known := texts(slices.Collect(maps.Keys(in)))
	err := eachRow(ctx, w.tx, statement, map[string]any{"ids": texts(level), "known": known, "limit": room + 1}, func(row []any) error {
		n, err := readNeighbourhood(row)
		w.near[n.node.ID] = n
		found = append(found, n.node.ID)
		return err
	})
	return found, err
}

// pastHop asks the server for the ids of as many as there is room for, one more, and what
// it may name again.
func (w *walker) pastHop(ctx context.Context, level []lineage.ID, in map[lineage.ID]bool, room int) ([]lineage.ID, error) {
	var found []lineage.ID
	statement, parameters := w.statement("hop_" + string(w.q.Direction))
	parameters["limit"] = room + 1 + len(in)
	err := each(ctx, w.tx, statement, with(parameters, "ids", texts(level)), func(record *driver.Record) error {
		id, err := readID(record)
		if err == nil && !in[id] {
			found = append(found, id)
		}
		return err
	})
	return found, err
}

// readID reads the field id of a record.
func readID(record *driver.Record) (lineage.ID, error) {
	r := reader{p: record.AsMap()}
	return r.id("id"), r.err
}

// knownHop is a hop over what was read, when that is all.
func (w *walker) knownHop() hop {
	far := map[lineage.ID][]lineage.ID{}
	for _, n := range w.near {
		for _, e := range n.edges {
			if w.q.Direction == lineage.Upstream {
				far[e.TargetID] = append(far[e.TargetID], e.SourceID)
			} else {
				far[e.SourceID] = append(far[e.SourceID], e.TargetID)
			}
		}
	}
	return func(_ context.Context, level []lineage.ID, in map[lineage.ID]bool, _ int) ([]lineage.ID, error) {
		var found []lineage.ID
		for _, id := range level {
			for _, id := range far[id] {
				if !in[id] {
					found = append(found, id)
				}
			}
		}
		return sortedIDs(found), nil
	}
}

// walk goes breadth first over what it can reach.
func (w *walker) walk(ctx context.Context, next hop) (lineage.Graph, error) {
	var g lineage.Graph
	in := map[lineage.ID]bool{}
	level := slices.Clone(w.q.Roots) // it is cut below, and a read may run again
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
			g.Nodes = append(g.Nodes, lineage.Reached{Node: w.near[id].node.Node, Depth: depth})
		}
		if g.Truncated {
			break
		}
		room -= len(level)
		if depth == w.q.Depth {
			room = 0 // whether there is more is all that counts
		}
		var err error
		if level, err = next(ctx, level, in, room); err != nil {
			return lineage.Graph{}, err
		}
	}
	for _, n := range g.Nodes {
		for _, e := range w.near[n.ID].edges {
			if in[e.SourceID] {
				g.Edges = append(g.Edges, e.Edge)
			}
		}
	}
	slices.SortFunc(g.Edges, func(a, b lineage.Edge) int { return a.Key().Compare(b.Key()) })
	return g, nil
}

// sortedIDs is a sorted copy of ids, each once.
func sortedIDs(ids []lineage.ID) []lineage.ID {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b lineage.ID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}
