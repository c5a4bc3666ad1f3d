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
		return each(rows, err, into(&nodes, scanNode))
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
	return "SELECT " + nodeColumns + " FROM node n WHERE " + strings.Join(where, " AND ") +
		" ORDER BY n.name, n.id LIMIT ?", append(args, find.Limit+1)
}
