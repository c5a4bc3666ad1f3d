package neo4j

import (
	"context"
	"iter"
	"slices"
	"strings"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/graphstore"
	"wellspring/lineage"
)

func (w writer) addEdges(ctx context.Context, changes graphstore.Changes) error {
	for typ, edges := range byType(changes.AddEdges, typeOfEdge) {
		for batch := range slices.Chunk(edges, batchSize) {
			if err := w.addEdgeBatch(ctx, typ, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// addEdgeBatch adds edges of one type; those that are there already get one
// more owner, if they say the same.
func (w writer) addEdgeBatch(ctx context.Context, typ lineage.RelationshipType, batch []graphstore.HashedEdge) error {
	wanted := make(map[lineage.EdgeKey]lineage.Hash, len(batch))
	for _, e := range batch {
		wanted[e.Key()] = e.Hash
	}
	var found int64
	var join []lineage.EdgeKey
	statement := cypher.Write("edges_add").With("TYPES", string(typ))
	err := each(ctx, w.tx, statement, w.with(map[string]any{"rows": edgeRows(batch)}), func(record *driver.Record) (err error) {
		if found, _, err = driver.GetRecordValue[int64](record, "found"); err != nil {
			return err
		}
		rows, _, err := driver.GetRecordValue[[]any](record, "there")
		if err != nil {
			return err
		}
		for _, row := range rows {
			there, err := readEdge(row.(map[string]any))
			if err != nil {
				return err
			}
			hash, err := there.ContentHash()
			if err != nil {
				return err
			}
			if hash != wanted[there.Key()] {
				return graphstore.Conflict("edge "+graphstore.KeyString(there.Key()), lineage.Owner(there.owners[0]))
			}
			join = append(join, there.Key())
		}
		return nil
	})
	if err != nil {
		return err
	}
	if found < int64(len(batch)) {
		return w.missingEnd(ctx, batch)
	}
	for _, key := range join {
		w.sameEdges[key] = struct{}{}
	}
	if len(join) == 0 {
		return nil
	}
	return consume(ctx, w.tx, cypher.Write("edges_join").With("TYPES", string(typ)), w.with(map[string]any{"rows": keyRows(join)}))
}

// missingEnd names the first end of the edges that is not in the graph.
func (w writer) missingEnd(ctx context.Context, edges []graphstore.HashedEdge) error {
	var ends []lineage.ID
	for _, e := range edges {
		ends = append(ends, e.SourceID, e.TargetID)
	}
	nodes, err := nodesByID(ctx, w.tx, cypher.Read("nodes"), ends, nil)
	if err != nil {
		return err
	}
	for _, e := range edges {
		for _, id := range []lineage.ID{e.SourceID, e.TargetID} {
			if _, ok := nodes[id]; !ok {
				return graphstore.MissingEnd(id, e.Key())
			}
		}
	}
	return &lineage.Error{Op: "apply", Kind: lineage.ErrorInternal, ID: string(w.owner), Hint: "an edge was not written though both its ends are there"}
}

func (w writer) changeEdges(ctx context.Context, changes graphstore.Changes) error {
	for typ, edges := range byType(changes.ChangeEdges, typeOfEdge) {
		contested := cypher.Read("edges_contested").With("TYPES", string(typ))
		change := cypher.Write("edges_change").With("TYPES", string(typ))
		for batch := range slices.Chunk(edges, batchSize) {
			rows := w.with(map[string]any{"rows": edgeRows(batch)})
			err := each(ctx, w.tx, contested, rows, func(record *driver.Record) error {
				there, err := readEdge(record.AsMap())
				if err != nil {
					return err
				}
				return graphstore.Conflict("edge "+graphstore.KeyString(there.Key()), w.other(there.owners))
			})
			if err != nil {
				return err
			}
			if err := consume(ctx, w.tx, change, rows); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w writer) retractEdges(ctx context.Context, changes graphstore.Changes) error {
	typeOf := func(key lineage.EdgeKey) lineage.RelationshipType { return key.RelationshipType }
	for typ, keys := range byType(changes.RetractEdges, typeOf) {
		statement := cypher.Write("edges_retract").With("TYPES", string(typ))
		for batch := range slices.Chunk(keys, batchSize) {
			if err := consume(ctx, w.tx, statement, w.with(map[string]any{"rows": keyRows(batch)})); err != nil {
				return err
			}
		}
	}
	return nil
}

func typeOfEdge(e graphstore.HashedEdge) lineage.RelationshipType { return e.RelationshipType }

// byType yields the things of each relationship type, in the order they have.
func byType[T any](things []T, typeOf func(T) lineage.RelationshipType) iter.Seq2[lineage.RelationshipType, []T] {
	return grouped(things, lineage.RelationshipTypes(), typeOf)
}

func edgeRows(edges []graphstore.HashedEdge) []any {
	rows := make([]any, len(edges))
	for i, e := range edges {
		row := keyRow(e.Key())
		row["properties"] = properties(e.Attributes)
		rows[i] = row
	}
	return rows
}

func keyRows(keys []lineage.EdgeKey) []any {
	rows := make([]any, len(keys))
	for i, key := range keys {
		rows[i] = keyRow(key)
	}
	return rows
}

func keyRow(key lineage.EdgeKey) map[string]any {
	return map[string]any{
		"source": key.SourceID.String(), "target": key.TargetID.String(), "transformation": key.TransformationID.String(),
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
