package neo4j

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/graphstore"
	"wellspring/lineage"
)

// Owned implements graphstore.Store.
func (s *Store) Owned(ctx context.Context, owner lineage.Owner) (lineage.Projection, error) {
	p := lineage.Projection{Owner: owner}
	_, err := s.read(ctx, func(tx querier) (any, error) {
		var err error
		p.Nodes, p.Edges, err = owned(ctx, tx, owner)
		return nil, err
	})
	if err != nil {
		return lineage.Projection{}, storeError(ctx, "owned", string(owner), err)
	}
	p.Sort()
	return p, nil
}

// Owners implements graphstore.Store.
func (s *Store) Owners(ctx context.Context, after lineage.Owner, limit int) ([]lineage.Owner, error) {
	const op = "owners"
	if limit < 1 {
		return nil, lineage.Invalid(op, "limit", "ask for at least one")
	}
	var owners []lineage.Owner
	_, err := s.read(ctx, func(tx querier) (any, error) {
		owners = nil
		parameters := map[string]any{"after": string(after), "limit": limit}
		return nil, each(ctx, tx, cypher.Read("owners"), parameters, func(record *driver.Record) error {
			owner, _, err := driver.GetRecordValue[string](record, "owner")
			owners = append(owners, lineage.Owner(owner))
			return err
		})
	})
	if err != nil {
		return nil, storeError(ctx, op, "", err)
	}
	return owners, nil
}

func owned(ctx context.Context, tx querier, owner lineage.Owner) (nodes []lineage.Node, edges []lineage.Edge, err error) {
	var l ledger
	err = each(ctx, tx, cypher.Read("manifest"), map[string]any{"owner": string(owner)}, func(record *driver.Record) (err error) {
		l, err = readLedger(record)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	manifest, err := readParts(ctx, tx, owner, l, l.all())
	if err != nil {
		return nil, nil, err
	}
	ids := slices.Collect(maps.Keys(manifest.Nodes))
	for key := range manifest.Edges { // their targets may be another's
		ids = append(ids, key.TargetID)
	}
	err = expand(ctx, tx, ids, func(n neighbourhood) {
		if _, ours := manifest.Nodes[n.node.ID]; ours {
			nodes = append(nodes, n.node.Node)
		}
		for _, e := range n.edges {
			if _, ours := manifest.Edges[e.Key()]; ours {
				edges = append(edges, e.Edge)
			}
		}
	})
	return nodes, edges, err
}

// expand reads nodes and all that they depend on. Edges are read from their targets' side:
// nothing depends on much, but much may depend on one.
func expand(ctx context.Context, tx querier, ids []lineage.ID, take func(neighbourhood)) error {
	statement := cypher.Read("expand").With("TYPES", allTypes())
	return eachRow(ctx, tx, statement, map[string]any{"batches": batches(sortedIDs(ids))}, func(row []any) error {
		n, err := readNeighbourhood(row)
		take(n)
		return err
	})
}

// Held implements graphstore.Amender, in one round trip.
func (s *Store) Held(ctx context.Context, a graphstore.Amendment) (lineage.Projection, error) {
	var there lineage.Projection
	ids := a.Targets()
	for _, n := range a.Nodes {
		ids = append(ids, n.ID)
	}
	session := s.session(ctx, driver.AccessModeRead, s.bookmarks)
	err := expand(ctx, alone{session}, ids, func(n neighbourhood) {
		there.Nodes = append(there.Nodes, n.node.Node)
		for _, e := range n.edges {
			there.Edges = append(there.Edges, e.Edge)
		}
	})
	err = errors.Join(err, session.Close(ctx))
	return a.Of(there), storeError(ctx, "held", string(a.Owner), err)
}

// Nodes implements graphstore.Store.
func (s *Store) Nodes(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Node, error) {
	statement, parameters := cypher.Read("nodes"), map[string]any{}
	if !asOf.IsZero() {
		statement, parameters = cypher.Read("nodes_as_of"), map[string]any{"asOf": asOf.UTC()}
	}
	var byID map[lineage.ID]lineage.Node
	_, err := s.read(ctx, func(tx querier) (_ any, err error) {
		byID, err = nodesByID(ctx, tx, statement, ids, parameters)
		return nil, err
	})
	if err != nil {
		return nil, storeError(ctx, "nodes", "", err)
	}
	nodes := make([]lineage.Node, 0, len(byID))
	for _, id := range ids {
		if n, ok := byID[id]; ok {
			nodes = append(nodes, n)
		}
	}
	return nodes, nil
}

// nodesByID runs a statement that reads nodes by id.
func nodesByID(ctx context.Context, tx querier, statement cypher.Statement, ids []lineage.ID, parameters map[string]any) (map[lineage.ID]lineage.Node, error) {
	counts := make(map[lineage.ID]storedNode, len(ids))
	err := eachRow(ctx, tx, statement, with(parameters, "batches", batches(ids)), func(row []any) error {
		n, err := readNodeRow(row)
		if other, twice := counts[n.ID]; !twice || n.life.countsBefore(other.life) {
			counts[n.ID] = n
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	nodes := make(map[lineage.ID]lineage.Node, len(counts))
	for id, n := range counts {
		nodes[id] = n.Node
	}
	return nodes, nil
}

// Edges implements graphstore.Store.
func (s *Store) Edges(ctx context.Context, id lineage.ID, limit int, asOf time.Time) ([]lineage.Edge, bool, error) {
	const op = "edges"
	if limit < 1 {
		return nil, false, lineage.Invalid(op, "limit", "ask for at least one")
	}
	statement, parameters := cypher.Read("edges").With("TYPES", allTypes()), map[string]any{"id": id.String(), "limit": limit + 1}
	if !asOf.IsZero() {
		statement = cypher.Read("edges_as_of").With("TYPES", everyType())
		parameters["asOf"] = asOf.UTC()
	}
	var edges []lineage.Edge
	_, err := s.read(ctx, func(tx querier) (any, error) {
		edges = nil
		return nil, each(ctx, tx, statement, parameters, func(record *driver.Record) error {
			e, err := readEdge(record.AsMap())
			edges = append(edges, e.Edge)
			return err
		})
	})
	if err != nil {
		return nil, false, storeError(ctx, op, id.String(), err)
	}
	if len(edges) > limit {
		return edges[:limit], true, nil
	}
	return edges, false, nil
}

// History implements graphstore.Store.
func (s *Store) History(ctx context.Context, id lineage.ID) ([]lineage.Revision, error) {
	var revisions []lineage.Revision
	parameters := map[string]any{"id": id.String()}
	_, err := s.read(ctx, func(tx querier) (any, error) {
		revisions = nil
		err := each(ctx, tx, cypher.Read("history_nodes"), parameters, func(record *driver.Record) error {
			n, err := readNode(record)
			revisions = append(revisions, lineage.Revision{Node: &n.Node, CreatedAt: n.CreatedAt, RetractedAt: n.life.retractedAt})
			return err
		})
		if err != nil {
			return nil, err
		}
		statement := cypher.Read("history_edges").With("TYPES", everyType())
		return nil, each(ctx, tx, statement, parameters, func(record *driver.Record) error {
			e, err := readEdge(record.AsMap())
			revisions = append(revisions, lineage.Revision{Edge: &e.Edge, CreatedAt: e.CreatedAt, RetractedAt: e.life.retractedAt})
			return err
		})
	})
	if err != nil {
		return nil, storeError(ctx, "history", id.String(), err)
	}
	graphstore.SortRevisions(revisions)
	return revisions, nil
}

// Past implements graphstore.Store.
func (s *Store) Past(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Revision, error) {
	var revisions []lineage.Revision
	_, err := s.read(ctx, func(tx querier) (any, error) {
		revisions = nil
		for batch := range slices.Chunk(ids, batchSize) {
			parameters := map[string]any{"ids": texts(batch), "asOf": asOf.UTC()}
			err := each(ctx, tx, cypher.Read("past_nodes"), parameters, func(record *driver.Record) error {
				n, err := readNode(record)
				revisions = append(revisions, lineage.Revision{Node: &n.Node, CreatedAt: n.CreatedAt, RetractedAt: n.life.retractedAt})
				return err
			})
			if err != nil {
				return nil, err
			}
			err = each(ctx, tx, cypher.Read("past_edges"), parameters, func(record *driver.Record) error {
				e, err := readEdge(record.AsMap())
				revisions = append(revisions, lineage.Revision{Edge: &e.Edge, CreatedAt: e.CreatedAt, RetractedAt: e.life.retractedAt})
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	if err != nil {
		return nil, storeError(ctx, "past", "", err)
	}
	graphstore.SortRevisions(revisions)
	return revisions, nil
}

// with is a copy of parameters and one more.
func with(parameters map[string]any, name string, value any) map[string]any {
	all := map[string]any{name: value}
	for name, value := range parameters {
		all[name] = value
	}
	return all
}
