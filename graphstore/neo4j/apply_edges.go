package neo4j

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/graphstore"
	"wellspring/lineage"
)

type hashedEdge = change[graphstore.HashedEdge]

// addEdges adds edges. Where their target is new too, they can't be there.
func (w writer) addEdges(ctx context.Context) error {
	var fresh, others []hashedEdge
	for _, k := range w.work {
		made := make(map[lineage.ID]struct{}, len(k.changes.AddNodes))
		for _, n := range k.changes.AddNodes {
			if _, there := k.there[n.ID]; !there {
				made[n.ID] = struct{}{}
			}
		}
		for _, e := range k.changes.AddEdges {
			if _, isNew := made[e.TargetID]; isNew {
				fresh = append(fresh, hashedEdge{k, e})
			} else {
				others = append(others, hashedEdge{k, e})
			}
		}
	}
	slices.SortStableFunc(fresh, func(a, b hashedEdge) int { return slices.Compare(a.thing.TargetID[:], b.thing.TargetID[:]) })
	for batch := range slices.Chunk(fresh, batchSize) {
		if err := w.createEdges(ctx, batch); err != nil {
			return err
		}
	}
	for typ, edges := range byType(others, typeOfEdge) {
		for batch := range slices.Chunk(edges, batchSize) {
			if err := w.addEdgeBatch(ctx, typ, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// createEdges adds edges in the order of their targets, which this transaction made.
func (w writer) createEdges(ctx context.Context, batch []hashedEdge) error {
	var rows []any
	var row map[string]any
	var edges []any
	for i, e := range batch {
		if i == 0 || e.thing.TargetID != batch[i-1].thing.TargetID {
			row, edges = map[string]any{"target": e.thing.TargetID.String()}, nil
			rows = append(rows, row)
		}
		edges = append(edges, map[string]any{
			"source": e.thing.SourceID.String(), "type": string(e.thing.RelationshipType), "properties": edgeProperties(e),
		})
		row["edges"] = edges
	}
	return w.allFound(ctx, batch, cypher.Write("edges_create"), rows, nil)
}

// edgeProperties are all that are kept with an edge.
func edgeProperties(e hashedEdge) map[string]any {
	p := e.owned(properties(e.thing.Attributes))
	p[propTransformation] = e.thing.TransformationID.String()
	return p
}

// addEdgeBatch adds edges of one type; those that are there already get one
// more owner, if they say the same.
func (w writer) addEdgeBatch(ctx context.Context, typ lineage.RelationshipType, batch []hashedEdge) error {
	var join []change[lineage.EdgeKey]
	statement := cypher.Write("edges_add").With("TYPES", string(typ))
	err := w.allFound(ctx, batch, statement, edgeRows(batch), func(row any) error {
		fields := row.(map[string]any)
		there, err := readEdge(fields)
		if err != nil {
			return err
		}
		hash, err := there.ContentHash()
		if err != nil {
			return err
		}
		e := batch[fields["row"].(int64)]
		if hash != e.thing.Hash {
			return graphstore.Conflict("edge "+graphstore.KeyString(there.Key()), lineage.Owner(there.owners[0]))
		}
		e.sameEdges[there.Key()] = struct{}{}
		join = append(join, change[lineage.EdgeKey]{e.work, there.Key()})
		return nil
	})
	if err != nil || len(join) == 0 {
		return err
	}
	return consume(ctx, w.tx, cypher.Write("edges_join").With("TYPES", string(typ)), map[string]any{"rows": keyRows(join)})
}

// allFound runs a statement that adds edges and says of how many it found both ends.
func (w writer) allFound(ctx context.Context, batch []hashedEdge, statement cypher.Statement, rows []any, there func(row any) error) error {
	var found int64
	err := each(ctx, w.tx, statement, map[string]any{"rows": rows}, func(record *driver.Record) (err error) {
		if found, _, err = driver.GetRecordValue[int64](record, "found"); err != nil || there == nil {
			return err
		}
		known, _, err := driver.GetRecordValue[[]any](record, "there")
		for _, row := range known {
			err = errors.Join(err, there(row))
		}
		return err
	})
	if err == nil && found < int64(len(batch)) {
		return w.missingEnd(ctx, batch)
	}
	return err
}

// missingEnd names the first end of the edges that is not in the graph.
func (w writer) missingEnd(ctx context.Context, edges []hashedEdge) error {
	var ends []lineage.ID
	for _, e := range edges {
		ends = append(ends, e.thing.SourceID, e.thing.TargetID)
	}
	nodes, err := nodesByID(ctx, w.tx, cypher.Read("nodes"), ends, nil)
	if err != nil {
		return err
	}
	for _, e := range edges {
		for _, id := range []lineage.ID{e.thing.SourceID, e.thing.TargetID} {
			if _, ok := nodes[id]; !ok {
				return graphstore.MissingEnd(id, e.thing.Key())
			}
		}
	}
	return &lineage.Error{Op: "apply", Kind: lineage.ErrorInternal, ID: string(edges[0].owner), Hint: "an edge was not written though both its ends are there"}
}

func (w writer) changeEdges(ctx context.Context) error {
	edges := all(w, func(c graphstore.Changes) []graphstore.HashedEdge { return c.ChangeEdges })
	for typ, edges := range byType(edges, typeOfEdge) {
		statement := cypher.Write("edges_change").With("TYPES", string(typ))
		for batch := range slices.Chunk(edges, batchSize) {
			if err := each(ctx, w.tx, statement, map[string]any{"rows": edgeRows(batch)}, contested("edge")); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w writer) retractEdges(ctx context.Context) error {
	keys := all(w, func(c graphstore.Changes) []lineage.EdgeKey { return c.RetractEdges })
	typeOf := func(key change[lineage.EdgeKey]) lineage.RelationshipType { return key.thing.RelationshipType }
	for typ, keys := range byType(keys, typeOf) {
		statement := cypher.Write("edges_retract").With("TYPES", string(typ))
		for batch := range slices.Chunk(keys, batchSize) {
			if err := consume(ctx, w.tx, statement, map[string]any{"rows": keyRows(batch)}); err != nil {
				return err
			}
		}
	}
	return nil
}

func typeOfEdge(e hashedEdge) lineage.RelationshipType { return e.thing.RelationshipType }

// byType yields the things of each relationship type, in the order they have.
func byType[T any](things []T, typeOf func(T) lineage.RelationshipType) iter.Seq2[lineage.RelationshipType, []T] {
	return grouped(things, lineage.RelationshipTypes(), typeOf)
}

func edgeRows(edges []hashedEdge) []any {
	rows := make([]any, len(edges))
	for i, e := range edges {
		row := e.keyRow(e.thing.Key())
		row["row"], row["key"], row["properties"] = i, graphstore.KeyString(e.thing.Key()), edgeProperties(e)
		rows[i] = row
	}
	return rows
}

func keyRows(keys []change[lineage.EdgeKey]) []any {
	rows := make([]any, len(keys))
	for i, key := range keys {
		rows[i] = key.keyRow(key.thing)
	}
	return rows
}

func (k *work) keyRow(key lineage.EdgeKey) map[string]any {
	return map[string]any{
		"source": key.SourceID.String(), "target": key.TargetID.String(), "transformation": key.TransformationID.String(),
		"owner": string(k.owner), "at": k.at,
	}
}

// typesPattern is how a pattern says: any of these types.
func typesPattern(types []lineage.RelationshipType) string {
	names := make([]string, len(types))
	for i, typ := range types {
		names[i] = string(typ)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), "|")
}

func allTypes() string { return typesPattern(lineage.RelationshipTypes()) }

// everyType is allTypes, and that of what was retracted.
func everyType() string { return allTypes() + "|RETRACTED" }
