package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A set stays with its graph, whatever the settings say of the two.
func TestWhichGraphHasWhichSet(t *testing.T) {
	known := places{
		First:  setTwo,
		Graphs: map[string]string{setOne: "a", setTwo: "b"},
		Filled: map[string]bool{setOne: true, setTwo: true},
	}
	for name, c := range map[string]struct {
		before        places
		first, second string
		want          places
		emptied       []string
	}{
		"a second for the first time": {
			places{}, "a", "b",
			places{setOne, map[string]string{setOne: "a", setTwo: "b"}, map[string]bool{setOne: true, setTwo: false}},
			[]string{setTwo},
		},
		"as before":          {known, "b", "a", known, nil},
		"without the second": {known, "b", "", known, nil},
		"exchanged": {
			known, "a", "b", places{setOne, known.Graphs, known.Filled}, nil,
		},
		"the second alone": {
			known, "a", "", places{setOne, known.Graphs, known.Filled}, nil,
		},
		"another second": {
			known, "b", "c",
			places{setTwo, map[string]string{setOne: "c", setTwo: "b"}, map[string]bool{setOne: false, setTwo: true}},
			[]string{setOne},
		},
		"the first at another address": {
			known, "b2", "a",
			places{setTwo, map[string]string{setOne: "a", setTwo: "b2"}, known.Filled},
			nil,
		},
		"an unknown first, and the one of before as the second": {
			known, "c", "b",
			places{setOne, map[string]string{setOne: "c", setTwo: "b"}, map[string]bool{setOne: false, setTwo: true}},
			[]string{setOne},
		},
	} {
		t.Run(name, func(t *testing.T) {
			next, emptied := c.before.assign(c.first, c.second)
			if diff := cmp.Diff(c.want, next); diff != "" {
				t.Errorf("places (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.emptied, emptied); diff != "" {
				t.Errorf("emptied (-want +got):\n%s", diff)
			}
		})
	}
}

// One graph has one name, however its address is written.
func TestNamesOfGraphs(t *testing.T) {
	for _, same := range [][]graphAt{
		{
			{store: "neo4j", uri: "neo4j://localhost:7687"},
			{store: "neo4j", uri: "bolt://127.0.0.1", database: "neo4j"},
			{store: "neo4j", uri: "bolt+s://LOCALHOST:7687", database: "Neo4j", user: "somebody"},
		},
		{{store: "neo4j", uri: "neo4j://lab:7688", database: "other"}, {store: "neo4j", uri: "neo4j://Lab:7688/", database: "other"}},
		{{store: "sqlite", file: "graph.db"}, {store: "sqlite", file: "graph.db", uri: "neo4j://unused"}},
		{{store: "sqlite", file: "graph-2.db"}},
	} {
		for _, g := range same {
			if g.name() != same[0].name() {
				t.Errorf("%+v is %q, and %q", g, g.name(), same[0].name())
			}
		}
	}
	if one, other := (graphAt{store: "sqlite", file: "graph.db"}).name(), (graphAt{store: "sqlite", file: "graph-2.db"}).name(); one == other {
		t.Errorf("two files have one name: %s", one)
	}
}
