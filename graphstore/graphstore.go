// Package graphstore keeps the lineage graph. The engines are in folders of
// their own (sqlite, neo4j); storetest is the one suite that each must pass.
//
// On the road of a fact it comes last: etl applies projections, query reads.
// The graph is a projection of the journal; it can be thrown away and made again.
//
// It refuses to know what a node means: kinds, fractions and liquids are the
// business of lineage and liquid.
package graphstore

import (
	"context"
	"time"

	"wellspring/lineage"
)

// Store keeps the graph. Its methods are safe for concurrent use. Errors are
// *lineage.Error. A list that is returned is the caller's own; the attributes in
// it may be another caller's too and are not to be changed.
//
// Reads take a time, asOf: zero asks for what is current, else for what the
// store knew then, from created_at on, until just before it was retracted. A
// later Apply may tell of an earlier time, so that several revisions of one
// thing cover one moment: then the current one counts, else the one that began
// last. What an owner says is only known as it is now.
type Store interface {
	// Apply makes the owner's part of the graph equal to the projection, in one
	// transaction: what is new is added with created_at = at, what is gone is
	// retracted, what is the same is not touched. A node or an edge whose content
	// changed keeps its identity; what it was before stays in its history. An
	// empty projection retracts the owner. The same projection twice writes
	// nothing.
	//
	// Edges may end at nodes of other owners, which must be in the graph:
	// ErrorNotFound names the one that is not. What several owners name must have
	// one content (ErrorConflict) and stays until the last of them lets go; an
	// edge names the nodes at its ends. So one owner's Apply never takes anything
	// from another's part.
	Apply(ctx context.Context, projection lineage.Projection, at time.Time) (lineage.Applied, error)

	// Owned returns the owner's current part of the graph, sorted: what Apply was
	// last given, with created_at. Of an owner that there is none of it is empty.
	Owned(ctx context.Context, owner lineage.Owner) (lineage.Projection, error)

	// Owners returns the owners that have a part of the graph now, in order of
	// name, after one, at most limit of them (at least 1).
	Owners(ctx context.Context, after lineage.Owner, limit int) ([]lineage.Owner, error)

	// Nodes returns the nodes with these ids, in the order asked. Ids that there
	// are none of are left out.
	Nodes(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Node, error)

	// Edges returns the edges that end at a node, on either side, in order of
	// key, at most limit of them (at least 1) and whether there are more.
	Edges(ctx context.Context, id lineage.ID, limit int, asOf time.Time) (edges []lineage.Edge, more bool, err error)

	// Find returns nodes by what they are.
	Find(ctx context.Context, find lineage.Find) (lineage.Page, error)

	// Traverse follows relationships from the roots, breadth first. Roots that
	// there are none of are left out.
	Traverse(ctx context.Context, traversal lineage.Traversal) (lineage.Graph, error)

	// Holders returns the wells that hold, or held, something of any of these first
	// states, as their contents now say by AttrOriginIDs and AttrOriginFractions: in
	// order of run, labware and well, at most limit of them (at least 1), and whether
	// there are more. No edge is followed for it: a view, kept in the transaction
	// that writes the contents, has them by their origins.
	Holders(ctx context.Context, origins []lineage.ID, limit int) (wells []lineage.HeldWell, more bool, err error)

	// History returns all revisions of a node and of the edges at it, in the order
	// of SortRevisions: oldest first.
	History(ctx context.Context, id lineage.ID) ([]lineage.Revision, error)

	// Past returns what nodes were before, and the edges into them that there were: the
	// revisions that had been retracted at a time, in the order of SortRevisions. Ids that
	// nothing is known of are left out.
	Past(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Revision, error)

	// Ping says whether the store can answer now.
	Ping(ctx context.Context) error

	Close(ctx context.Context) error
}

// Viewer is a Store that can hold its views against the graph that they show.
type Viewer interface {
	// CheckViews returns what is wrong, in words, and changes nothing. It looks at all.
	CheckViews(ctx context.Context) ([]string, error)
}

// Teller is a Store that tells of an owner's part without holding all of it.
type Teller interface {
	Store

	// Tell calls back with what Owned returns, in any order. An error of a callback ends
	// it and is returned.
	Tell(ctx context.Context, owner lineage.Owner, node func(lineage.Node) error, edge func(lineage.Edge) error) error
}

// Tell tells of an owner's part of any store.
func Tell(ctx context.Context, s Store, owner lineage.Owner, node func(lineage.Node) error, edge func(lineage.Edge) error) error {
	if t, ok := s.(Teller); ok {
		return t.Tell(ctx, owner, node, edge)
	}
	owned, err := s.Owned(ctx, owner)
	for i := 0; i < len(owned.Nodes) && err == nil; i++ {
		err = node(owned.Nodes[i])
	}
	for i := 0; i < len(owned.Edges) && err == nil; i++ {
		err = edge(owned.Edges[i])
	}
	return err
}
