// Package labfile makes SQLite graphs of a lab of any size, for measuring: as
// Apply would, experiment after experiment, but by loading tables in the order
// of their keys and building the indexes in the end. Memory does not grow with the size.
//
// On the road of a fact it takes the place of all that is before the graph.
//
// It refuses to be the product's way of loading: it trusts the generator that
// no two owners contradict each other and that every edge has its ends.
package labfile

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"wellspring/graphstore"
	"wellspring/graphstore/sqlite"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/lineage"
)

// Size is what a file holds.
type Size struct{ Owners, Nodes, Edges int64 }

// Make writes the first experiments of a lab to a new file.
func Make(ctx context.Context, path string, lab labgraph.Lab, experiments int) (Size, error) {
	var size Size
	if _, err := os.Stat(path); err == nil {
		return size, fmt.Errorf("%s is there already", path)
	}
	// The engine makes the tables; it owns their shape.
	store, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return size, err
	}
	if err := store.Close(ctx); err != nil {
		return size, err
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=locking_mode(EXCLUSIVE)&_pragma=cache_size(-1000000)")
	if err != nil {
		return size, err
	}
	db.SetMaxOpenConns(1)
	l := &loader{db: db, shared: map[lineage.ID]int64{}}
	err = l.load(ctx, lab, experiments)
	return l.size, errors.Join(err, db.Close())
}

// loader fills one file.
type loader struct {
	db     *sql.DB
	size   Size
	shared map[lineage.ID]int64 // numbers of nodes that several owners may name, once written
	own    map[lineage.ID]int64 // of the other nodes of the experiment that is being written
}

func (l *loader) load(ctx context.Context, lab labgraph.Lab, experiments int) error {
	indexes, err := l.dropIndexes(ctx)
	if err != nil {
		return err
	}
	if err := l.make(ctx, lab, experiments); err != nil {
		return err
	}
	for _, statement := range indexes {
		if _, err := l.db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return sqlite.FillViews(ctx, l.db)
}

// make makes experiments and writes them, side by side.
func (l *loader) make(ctx context.Context, lab labgraph.Lab, experiments int) error {
	group, ctx := errgroup.WithContext(ctx)
	made := make(chan []part, 8)
	group.Go(func() error {
		defer close(made)
		for i := range experiments {
			parts, err := hashed(lab, i)
			if err != nil {
				return err
			}
			select {
			case made <- parts:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	group.Go(func() error { return l.writeParts(ctx, made) })
	return group.Wait()
}

// dropIndexes drops all indexes that have a statement of their own, and returns these.
func (l *loader) dropIndexes(ctx context.Context) ([]string, error) {
	rows, err := l.db.QueryContext(ctx, "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names, statements []string
	for rows.Next() {
		var name, statement string
		if err := rows.Scan(&name, &statement); err != nil {
			return nil, err
		}
		names, statements = append(names, name), append(statements, statement)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for _, name := range names {
		if _, err := l.db.ExecContext(ctx, "DROP INDEX "+name); err != nil {
			return nil, err
		}
	}
	return statements, nil
}

// part is a projection as it is written.
type part struct {
	lineage.Projection
	nodes []graphstore.HashedNode
	edges []graphstore.HashedEdge
	at    int64
}

func hashed(lab labgraph.Lab, i int) ([]part, error) {
	var parts []part
	for _, p := range lab.Experiment(i) {
		c, err := graphstore.Diff(graphstore.Manifest{}, p)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{Projection: p, nodes: sqlite.InOrder(c.AddNodes), edges: c.AddEdges, at: labgraph.At(i).UnixNano()})
	}
	return parts, nil
}

// inserters take the rows of four tables.
type inserters struct{ nodes, claims, edges, targets *inserter }

func (l *loader) writeParts(ctx context.Context, made <-chan []part) error {
	to := inserters{
		newInserter(l.db, "node", "num, id, kind, name, attributes, hash, created_at, run, labware, well, barcode"),
		newInserter(l.db, "node_owner", "owner, node, hash"),
		newInserter(l.db, "edge", "target, type, source, transformation, owner, source_id, target_id, hash, attributes, created_at, step"),
		newInserter(l.db, "edge_owner", "owner, target"),
	}
	return inTransactions(ctx, l.db, func(begin func() error) error {
		for parts := range made {
			if err := begin(); err != nil {
				return err
			}
			l.own = map[lineage.ID]int64{}
			for _, p := range parts {
				l.size.Owners++
				if _, err := l.db.ExecContext(ctx, "INSERT INTO owner (num, name) VALUES (?, ?)", l.size.Owners, string(p.Owner)); err != nil {
					return err
				}
				if err := errors.Join(l.writeNodes(ctx, p, to), l.writeEdges(ctx, p, to)); err != nil {
					return err
				}
			}
		}
		return errors.Join(to.nodes.flush(ctx), to.claims.flush(ctx), to.edges.flush(ctx), to.targets.flush(ctx))
	})
}

func (l *loader) writeNodes(ctx context.Context, p part, to inserters) error {
	for _, n := range p.nodes {
		num, there := l.shared[n.ID]
		if !there {
			num = l.size.Nodes + 1
		}
		if err := to.claims.add(ctx, l.size.Owners, num, n.Hash[:]); err != nil {
			return err
		}
		if there {
			continue
		}
		attributes, err := n.Attributes.AppendJSON(nil)
		if err != nil {
			return err
		}
		l.size.Nodes = num
		if text(n.Node, lineage.AttrRun) == nil && n.Kind != lineage.KindMeasurement { // of which there are many, of one owner each
			l.shared[n.ID] = num
		} else {
			l.own[n.ID] = num
		}
		if err := to.nodes.add(ctx, num, n.ID[:], string(n.Kind), n.Name, string(attributes), n.Hash[:], p.at,
			text(n.Node, lineage.AttrRun), text(n.Node, lineage.AttrLabware), text(n.Node, lineage.AttrWell), text(n.Node, lineage.AttrBarcode)); err != nil {
			return err
		}
	}
	return nil
}

// writeEdges writes edges in the order of their key: targets are nearly always of
// the same part, and so are transformations.
func (l *loader) writeEdges(ctx context.Context, p part, to inserters) error {
	targets := make(map[lineage.ID]int64, len(p.nodes))
	for _, e := range p.edges {
		if _, known := targets[e.TargetID]; known {
			continue
		}
		num, err := l.number(ctx, e.TargetID, to)
		if err != nil {
			return err
		}
		targets[e.TargetID] = num
	}
	slices.SortStableFunc(p.edges, func(a, b graphstore.HashedEdge) int {
		return cmp.Compare(targets[a.TargetID], targets[b.TargetID])
	})
	var target int64 // the last
	for _, e := range p.edges {
		if targets[e.TargetID] != target {
			target = targets[e.TargetID]
			if err := to.targets.add(ctx, l.size.Owners, target); err != nil {
				return err
			}
		}
		source, err := l.number(ctx, e.SourceID, to)
		if err != nil {
			return err
		}
		attributes, err := e.Attributes.AppendJSON(nil)
		if err != nil {
			return err
		}
		l.size.Edges++
		if err := to.edges.add(ctx, target, string(e.RelationshipType), source, e.TransformationID[:], l.size.Owners,
			e.SourceID[:], e.TargetID[:], e.Hash[:], string(attributes), p.at, l.own[e.TransformationID]); err != nil {
			return err
		}
	}
	return nil
}

// number is that of a node that was written.
func (l *loader) number(ctx context.Context, id lineage.ID, to inserters) (num int64, err error) {
	if num, ok := l.own[id]; ok {
		return num, nil
	}
	if num, ok := l.shared[id]; ok {
		return num, nil
	}
	if err := to.nodes.flush(ctx); err != nil {
		return 0, err
	}
	err = l.db.QueryRowContext(ctx, "SELECT num FROM node WHERE id = ?", id[:]).Scan(&num)
	return num, err
}

func text(n lineage.Node, key string) any {
	if s, ok := n.Attributes[key].(string); ok {
		return s
	}
	return nil
}

// inserter inserts many rows with one statement.
type inserter struct {
	db      *sql.DB
	head    string
	columns int
	args    []any
}

// together is how many rows a statement inserts.
const together = 100

func newInserter(db *sql.DB, table, columns string) *inserter {
	return &inserter{db: db, head: "INSERT INTO " + table + " (" + columns + ") VALUES ", columns: strings.Count(columns, ",") + 1}
}

func (i *inserter) add(ctx context.Context, values ...any) error {
	for n, value := range values {
		if bytes, ok := value.([]byte); ok {
			values[n] = slices.Clone(bytes)
		}
	}
	if i.args = append(i.args, values...); len(i.args) == together*i.columns {
		return i.flush(ctx)
	}
	return nil
}

func (i *inserter) flush(ctx context.Context) error {
	rows := len(i.args) / i.columns
	if rows == 0 {
		return nil
	}
	row := "(" + strings.Repeat("?, ", i.columns-1) + "?)"
	_, err := i.db.ExecContext(ctx, i.head+strings.Repeat(row+", ", rows-1)+row, i.args...)
	i.args = i.args[:0]
	return err
}

// inTransactions runs work in transactions of one connection, a new one every
// now and then when it says begin.
func inTransactions(ctx context.Context, db *sql.DB, work func(begin func() error) error) error {
	if _, err := db.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	begins := 0
	err := work(func() error {
		if begins++; begins%500 != 0 {
			return nil
		}
		_, err := db.ExecContext(ctx, "COMMIT; BEGIN")
		return err
	})
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "COMMIT")
	return err
}
