package neo4j

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

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
	statements := finders(find)
	if !find.AsOf.IsZero() {
		statements = append(statements, pastFinders(find)...)
	}
	var nodes []lineage.Node
	_, err = s.read(ctx, func(tx querier) (any, error) {
		nodes = nil
		for _, f := range statements {
			err := each(ctx, tx, f.Statement, f.parameters(find, after), func(record *driver.Record) error {
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

// forever is a time that leaves nothing out.
var forever = time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)

// A finder is a statement that answers a part of a Find: what is of a kind, or,
// without one, of every kind.
type finder struct {
	cypher.Statement
	kind lineage.Kind
}

// finders are the statements that together answer a Find, by the index that
// narrows it most. Without a kind that is one for each kind: an index over all
// names would make every write dearer, for a question that is seldom asked.
func finders(find lineage.Find) []finder {
	has := func(attribute string) bool { _, ok := find.Attrs[attribute]; return ok }
	if has(lineage.AttrRun) && has(lineage.AttrLabware) && has(lineage.AttrWell) {
		return []finder{{cypher.Read("find_by_place"), find.Kind}}
	}
	if attribute, ok := indexedIn(find); ok {
		return []finder{{cypher.Read("find_by_attribute").With("ATTRIBUTE", attribute), find.Kind}}
	}
	statement := cypher.Read("find_by_kind")
	if find.Name != "" {
		statement = cypher.Read("find_by_name")
	}
	var all []finder
	for _, kind := range kindsOf(find) {
		all = append(all, finder{statement.With("KIND", string(kind)), kind})
	}
	return all
}

// pastFinders find what was at the time of a Find and is no more.
func pastFinders(find lineage.Find) []finder {
	if attribute, ok := indexedIn(find); ok {
		return []finder{{cypher.Read("find_past_by_attribute").With("ATTRIBUTE", attribute), find.Kind}}
	}
	statement := cypher.Read("find_past_by_kind")
	if find.Name != "" {
		statement = cypher.Read("find_past_by_name")
	}
	var all []finder
	for _, kind := range kindsOf(find) {
		all = append(all, finder{statement, kind})
	}
	return all
}

// indexedIn is the indexed attribute that narrows a Find most.
func indexedIn(find lineage.Find) (string, bool) {
	for _, attribute := range indexed {
		if _, ok := find.Attrs[attribute]; ok {
			return attribute, true
		}
	}
	return "", false
}

// kindsOf are the kinds that a Find asks for.
func kindsOf(find lineage.Find) []lineage.Kind {
	if find.Kind != "" {
		return []lineage.Kind{find.Kind}
	}
	return lineage.Kinds()
}

// parameters are those of every finder: each takes what it needs.
func (f finder) parameters(find lineage.Find, after graphstore.Place) map[string]any {
	attributes := make(map[string]any, len(find.Attrs))
	for key, value := range find.Attrs {
		attributes[property(key)] = value
	}
	p := map[string]any{
		"kind": nil, "name": nil, "asOf": forever, "attributes": attributes,
		"afterName": after.Name, "afterId": after.ID.String(),
		"limit": find.Limit + 1,
	}
	if f.kind != "" {
		p["kind"] = string(f.kind)
	}
	if find.Name != "" {
		p["name"] = find.Name
	}
	if !find.AsOf.IsZero() {
		p["asOf"] = find.AsOf.UTC()
	}
	for _, attribute := range slices.Backward(indexed[:]) {
		if value, ok := find.Attrs[attribute]; ok {
			p[attribute], p["value"] = value, value
		}
	}
	return p
}
