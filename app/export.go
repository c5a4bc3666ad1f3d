package app

import (
	"context"
	"errors"

	"wellspring/graphstore/neo4j"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/lineage"
)

// Export writes the graph into a folder, as neo4j.Export does. It holds the data
// folder meanwhile, so that no service writes.
func Export(ctx context.Context, options Options, dir string) (_ neo4j.Exported, err error) {
	if err := options.Validate(); err != nil {
		return neo4j.Exported{}, &lineage.Error{Op: "export", Kind: lineage.ErrorInvalid, Err: err}
	}
	journal, err := journalsqlite.Open(options.DataDir, journalsqlite.Options{})
	if err != nil {
		return neo4j.Exported{}, err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	store, err := options.firstGraph().open(ctx, options.DataDir)
	if err != nil {
		return neo4j.Exported{}, err
	}
	defer func() { err = errors.Join(err, store.Close(context.WithoutCancel(ctx))) }()
	return neo4j.Export(ctx, store, dir)
}
