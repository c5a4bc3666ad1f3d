package neo4j

import (
	"cmp"
	"context"
	"slices"
	"strings"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/graphstore"
	"wellspring/lineage"
)

// indexed are the attributes that narrow a search most, best first.
var indexed = [...]string{lineage.AttrBarcode, lineage.AttrRun, lineage.AttrLabware, lineage.AttrWell}

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
	var nodes []lineage.Node
	_, err = s.read(ctx, func(tx driver.ManagedTransaction) (any, error) {
		nodes = nil
		for _, statement := range finders(find) {
			err := each(ctx, tx, statement, findParameters(find, after), func(record *driver.Record) error {
				n, err := readNode(record)
				nodes = append(nodes, n.Node)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	if err != nil {
		return lineage.Page{}, storeError(ctx, op, "", err)
	}
	slices.SortFunc(nodes, func(a, b lineage.Node) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), slices.Compare(a.ID[:], b.ID[:]))
	})
	if len(nodes) <= find.Limit {
		return lineage.Page{Nodes: nodes}, nil
	}
	last := nodes[find.Limit-1]
	return lineage.Page{Nodes: nodes[:find.Limit], Next: graphstore.Place{Name: last.Name, ID: last.ID}.Cursor()}, nil
}

// finders are the statements that together answer a Find, by the index that
// narrows it most. Without a kind that is one for each kind: an index over all
// names would make every write dearer, for a question that is seldom asked.
func finders(find lineage.Find) []cypher.Statement {
	has := func(attribute string) bool { _, ok := find.Attrs[attribute]; return ok }
	if has(lineage.AttrRun) && has(lineage.AttrLabware) && has(lineage.AttrWell) {
		return []cypher.Statement{cypher.Read("find_by_place")}
	}
	for _, attribute := range indexed {
		if has(attribute) {
			return []cypher.Statement{cypher.Read("find_by_attribute").With("ATTRIBUTE", attribute)}
		}
	}
	statement := cypher.Read("find_by_kind")
	if find.Name != "" {
		statement = cypher.Read("find_by_name")
	}
	if find.Kind != "" {
		return []cypher.Statement{statement.With("KIND", string(find.Kind))}
	}
	var statements []cypher.Statement
	for _, kind := range lineage.Kinds() {
		statements = append(statements, statement.With("KIND", string(kind)))
	}
	return statements
}

// findParameters are those of every finder: each takes what it needs.
func findParameters(find lineage.Find, after graphstore.Place) map[string]any {
	attributes := make(map[string]any, len(find.Attrs))
	for key, value := range find.Attrs {
		attributes[property(key)] = value
	}
	p := map[string]any{
		"kind": nil, "name": nil, "attributes": attributes,
		"afterName": after.Name, "afterId": after.ID.String(),
		"limit": find.Limit + 1,
	}
	if find.Kind != "" {
		p["kind"] = string(find.Kind)
	}
	if find.Name != "" {
		p["name"] = find.Name
	}
	for _, attribute := range slices.Backward(indexed[:]) {
		if value, ok := find.Attrs[attribute]; ok {
			p[attribute], p["value"] = value, value
		}
	}
	return p
}
