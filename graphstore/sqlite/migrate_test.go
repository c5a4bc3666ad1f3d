package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/graphstore"
	"wellspring/graphstore/sqlite"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/lineage"
)

// backToVersion2 gives a file the tables of version 2 and what was in them.
const backToVersion2 = `
	CREATE TABLE old (source BLOB NOT NULL, type TEXT NOT NULL, target BLOB NOT NULL, transformation BLOB NOT NULL, owner INTEGER NOT NULL,
		hash BLOB NOT NULL, attributes TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (source, type, target, transformation, owner)) STRICT, WITHOUT ROWID;
	INSERT INTO old SELECT source_id, type, target_id, transformation, owner, hash, attributes, created_at FROM edge;
	DROP TABLE edge;
	ALTER TABLE old RENAME TO edge;
	CREATE INDEX edge_by_target ON edge (target, type, source, transformation);
	CREATE INDEX edge_by_owner  ON edge (owner, hash);
	DROP TABLE origin;
	DROP TABLE holding;
	CREATE TABLE claim (owner INTEGER NOT NULL, node BLOB NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (owner, node)) STRICT, WITHOUT ROWID;
	INSERT INTO claim SELECT c.owner, n.id, c.hash FROM node_owner c JOIN node n ON n.num = c.node;
	DROP TABLE node_owner;
	ALTER TABLE claim RENAME TO node_owner;
	CREATE INDEX node_owner_by_node ON node_owner (node);
	DROP TABLE edge_owner;
	PRAGMA user_version = 2`

// TestOlderFile opens a file of version 2: everybody's part is as it was, with its
// history, is found from both ends, and is written on.
func TestOlderFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "graph.db")
	lab, experiments := labgraph.Lab{Seed: 5}, 2
	open := func() *sqlite.Store {
		t.Helper()
		s, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	parts := append(lab.Experiment(0), lab.Experiment(1)...)
	for _, p := range parts {
		apply(t, s, p, 0)
	}
	// The last edge of each part goes, and comes again: they have a history.
	for _, p := range parts {
		less := p
		less.Edges = p.Edges[:len(p.Edges)-1]
		apply(t, s, less, 1)
		apply(t, s, p, 2)
	}
	before := said(t, s, lab, experiments)
	shut := func() {
		t.Helper()
		if err := s.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	shut()

	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(backToVersion2); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		t.Error("the file was not closed whole")
	}

	s = open()
	defer func() { shut() }()
	if diff := cmp.Diff(before, said(t, s, lab, experiments)); diff != "" {
		t.Errorf("after the migration (-before +after):\n%s", diff)
	}
	for _, p := range parts {
		if got := apply(t, s, p, 3); got.Changed() {
			t.Errorf("%s, once more: %+v", p.Owner, got)
		}
	}
	got := apply(t, s, lineage.Projection{Owner: parts[0].Owner}, 4)
	if want := (lineage.Applied{NodesRetracted: len(parts[0].Nodes), EdgesRetracted: len(parts[0].Edges)}); got != want {
		t.Errorf("retracted %+v, want %+v", got, want)
	}
}

func apply(t *testing.T, s graphstore.Store, p lineage.Projection, hours int) lineage.Applied {
	t.Helper()
	got, err := s.Apply(t.Context(), p, labgraph.At(hours))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// said is what a store says of a lab.
func said(t *testing.T, s *sqlite.Store, lab labgraph.Lab, experiments int) map[string]any {
	t.Helper()
	all := map[string]any{}
	note := func(name string, value any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		all[name] = value
	}
	for i := range experiments {
		for _, p := range lab.Experiment(i) {
			owned, err := s.Owned(t.Context(), p.Owner)
			note("owned "+string(p.Owner), owned, err)
			last := p.Edges[len(p.Edges)-1]
			history, err := s.History(t.Context(), last.TargetID)
			note("history "+last.TargetID.String(), history, err)
			edges, _, err := s.Edges(t.Context(), last.SourceID, lineage.MaxNodes, labgraph.At(1))
			note("past edges "+last.SourceID.String(), edges, err)
		}
		first := lineage.WellStateID(lab.DilutionRun(i), "reservoir", "A1", "load-000")
		held, more, err := s.Holders(t.Context(), []lineage.ID{first}, lineage.MaxNodes)
		if note("holders of "+first.String(), held, err); len(held) < 10 || more {
			t.Errorf("%d wells hold of a first state, more: %v", len(held), more)
		}
		for direction, root := range map[lineage.Direction]lineage.ID{
			lineage.Upstream: lab.Measurement(i, 7), lineage.Downstream: lab.ReagentLot(i),
		} {
			g, err := s.Traverse(t.Context(), lineage.Traversal{Roots: []lineage.ID{root}, Direction: direction})
			note("traverse "+root.String(), g, err)
			if len(g.Nodes) < 10 {
				t.Errorf("%s of %s: %d nodes", direction, root, len(g.Nodes))
			}
		}
	}
	if wrong, err := s.CheckViews(t.Context()); err != nil || wrong != nil {
		t.Errorf("the views: %v, error %v", wrong, err)
	}
	return all
}
