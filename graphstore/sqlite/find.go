package sqlite

import (
	"context"
	"maps"
	"slices"
	"strings"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// Find implements graphstore.Store.
func (s *Store) Find(ctx context.Context, find lineage.Find) (lineage.Page, error) {
	const op = "find"
	if err := find.Validate(); err != nil {
		return lineage.Page{}, err
	}
	after, err := graphstore.ParseCursor(find.After)
	if err != nil {
		return lineage.Page{}, err
	}
	text, args := findStatement(find, after)
	var nodes []lineage.Node
	err = s.reading(ctx, op, func(r reader) error {
		rows, err := r.tx.QueryContext(ctx, text, args...)
		return each(rows, err, into(&nodes, r.scan.node))
	})
	if err != nil || len(nodes) <= find.Limit {
		return lineage.Page{Nodes: nodes}, err
	}
	last := nodes[find.Limit-1]
	return lineage.Page{
		Nodes: nodes[:find.Limit],
		Next:  graphstore.Place{Name: last.Name, ID: last.ID}.Cursor(),
	}, nil
}

// indexed are the attributes with a column of their own.
var indexed = []string{lineage.AttrRun, lineage.AttrLabware, lineage.AttrWell, lineage.AttrBarcode}

// findStatement puts the statement together from fixed parts; all that was
// asked goes into parameters.
func findStatement(find lineage.Find, after graphstore.Place) (string, []any) {
	var where []string
	var args []any
	and := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	if find.Kind != "" {
		and("n.kind = ?", string(find.Kind))
	}
	if find.Name != "" {
		and("n.name = ?", find.Name)
	}
	for _, key := range slices.Sorted(maps.Keys(find.Attrs)) {
		if slices.Contains(indexed, key) {
			and("n."+key+" = ?", find.Attrs[key])
		} else {
			and("EXISTS (SELECT 1 FROM json_each(n.attributes) a WHERE a.key = ? AND a.type = 'text' AND a.value = ?)", key, find.Attrs[key])
		}
	}
	and("(n.name, n.id) > (?, ?)", after.Name, after.ID[:])
	from := func(table string) string {
		return "SELECT " + nodeColumns + " FROM " + table + " n INDEXED BY " + table + "_by_" + indexFor(find) + " WHERE " + strings.Join(where, " AND ")
	}
	const order = " ORDER BY n.name, n.id LIMIT ?"
	if find.AsOf.IsZero() {
		return from("node") + order, append(args, find.Limit+1)
	}
	at := nanoseconds(find.AsOf)
	text := from("node") + " AND n.created_at <= ? UNION ALL " + from("node_revision") + " AND " + countsOfNode
	return text + order, slices.Concat(args, []any{at}, args, []any{at, at, at, at, at, find.Limit + 1})
}

// indexFor names the index that narrows the answer most. Left to itself, the
// planner takes one that saves it the sorting and walks over a whole kind.
func indexFor(find lineage.Find) string {
	has := func(key string) bool { _, ok := find.Attrs[key]; return ok }
	switch {
	case has(lineage.AttrBarcode):
		return "barcode"
	case has(lineage.AttrWell) && has(lineage.AttrLabware):
		return "well"
	case has(lineage.AttrRun) && !has(lineage.AttrLabware):
		return "run"
	case has(lineage.AttrLabware):
		return "labware"
	case has(lineage.AttrWell):
		return "well"
	case find.Kind != "":
		return "kind"
	}
	return "name"
}

// countsOfNode says of a revision that it was at a time, and that nothing
// current was, and nothing that began later. It takes the time five times.
const countsOfNode = `n.created_at <= ? AND n.retracted_at > ?
	AND NOT EXISTS (SELECT 1 FROM node c WHERE c.id = n.id AND c.created_at <= ?)
	AND NOT EXISTS (SELECT 1 FROM node_revision l WHERE l.id = n.id
		AND (l.created_at, l.num) > (n.created_at, n.num) AND l.created_at <= ? AND l.retracted_at > ?)`
