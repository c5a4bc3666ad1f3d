package neo4j

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"pgregory.net/rapid"

	"wellspring/cypher"
	"wellspring/graphstore"
	"wellspring/internal/neo4jtest"
	"wellspring/lineage"
)

// TestManifestParts grows and shrinks an owner over the sizes at which its
// manifest is cut anew. Each time the store knows what it has, and keeps no part
// too many.
func TestManifestParts(t *testing.T) {
	s := openStore(t, neo4jtest.Server(t))
	held := lineage.Projection{Owner: "run:parts"}
	for i, steps := range []int{10, 300, 301, 2000, 2001, 1990, 150, 3, 0, 70} {
		want := longRun("parts", steps)
		if steps == 0 {
			want = lineage.Projection{Owner: want.Owner}
		}
		if i%2 == 0 {
			apply(t, s, want)
		} else if _, err := s.Amend(t.Context(), amendmentOf(t, held, want), time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		held = want
		checkOwned(t, s, want)
		l := ledgerOf(t, s, want.Owner)
		things := len(want.Nodes) + len(want.Edges)
		if l.nodes != len(want.Nodes) || l.edges != len(want.Edges) || !l.suits(things) {
			t.Errorf("%d steps: %d nodes, %d edges in %d parts", steps, l.nodes, l.edges, l.parts())
		}
		if n := countParts(t, s); n != l.parts() {
			t.Errorf("%d steps: %d parts are kept, want %d", steps, n, l.parts())
		}
		if applied, err := s.Apply(t.Context(), want, time.Unix(1, 0)); err != nil || applied.Changed() {
			t.Errorf("%d steps, again: %+v, %v", steps, applied, err)
		}
	}
}

// amendmentOf is what leads from one projection to another.
func amendmentOf(t *testing.T, from, to lineage.Projection) graphstore.Amendment {
	t.Helper()
	changes, err := graphstore.Diff(manifestOf(t, from), to)
	if err != nil {
		t.Fatal(err)
	}
	a := graphstore.Amendment{Owner: to.Owner, RetractNodes: changes.RetractNodes, RetractEdges: changes.RetractEdges}
	for _, n := range slices.Concat(changes.AddNodes, changes.ChangeNodes) {
		a.Nodes = append(a.Nodes, n.Node)
	}
	for _, e := range slices.Concat(changes.AddEdges, changes.ChangeEdges) {
		a.Edges = append(a.Edges, e.Edge)
	}
	return a
}

func ledgerOf(t *testing.T, s *Store, owner lineage.Owner) ledger {
	t.Helper()
	var l ledger
	_, err := s.read(t.Context(), func(tx querier) (any, error) {
		return nil, each(t.Context(), tx, cypher.Read("manifest"), map[string]any{"owner": string(owner)}, func(record *driver.Record) (err error) {
			l, err = readLedger(record)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func countParts(t *testing.T, s *Store) int {
	t.Helper()
	result, err := driver.ExecuteQuery(context.Background(), s.driver, cypher.Test("parts").Text, nil,
		driver.EagerResultTransformer, driver.ExecuteQueryWithDatabase(s.database))
	if err != nil {
		t.Fatal(err)
	}
	n, _, err := driver.GetRecordValue[int64](result.Records[0], "parts")
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// TestCut: all parts together are the manifest, each thing where it is looked
// for, and packing says one thing in one way.
func TestCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := emptyManifest()
		for i := range rapid.IntRange(0, 40).Draw(t, "things") {
			id := lineage.NewID(lineage.KindStep, fmt.Sprint(i))
			m.Nodes[id] = lineage.Hash{byte(i)}
			m.Edges[lineage.EdgeKey{SourceID: id, TargetID: lineage.NewID(lineage.KindRun, fmt.Sprint(i%3)), RelationshipType: lineage.PartOf}] = lineage.Hash{byte(i), 1}
		}
		parts := 1 << rapid.IntRange(1, 6).Draw(t, "parts")
		all := emptyManifest()
		l := ledger{}
		for i, packed := range cut(m, parts) {
			part, err := unpackManifest(packed)
			if err != nil {
				t.Fatal(err)
			}
			for id := range part.Nodes {
				if partOf(id, parts) != i {
					t.Fatalf("%s is in part %d", id, i)
				}
			}
			if diff := cmp.Diff(packed, packManifest(part)); diff != "" {
				t.Fatalf("packed again:\n%s", diff)
			}
			if err := unpackInto(all, packed); err != nil {
				t.Fatal(err)
			}
			l.digests = append(l.digests, digestOf(packed)...)
		}
		if diff := cmp.Diff(m, all); diff != "" {
			t.Fatalf("the parts together (-want +got):\n%s", diff)
		}
		if differing := l.differing(m); differing != nil {
			t.Fatalf("parts differ from themselves: %v", differing)
		}
		id := lineage.NewID(lineage.KindStep, "another")
		m.Make(graphstore.Changes{AddNodes: []graphstore.HashedNode{{Node: lineage.Node{ID: id}}}})
		if diff := cmp.Diff([]int{partOf(id, parts)}, l.differing(m)); diff != "" {
			t.Fatalf("parts that differ (-want +got):\n%s", diff)
		}
	})
}
