package neo4j

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/lineage"
)

// nothing answers every statement with no rows.
type nothing struct{ driver.ResultWithContext }

func (nothing) ask(context.Context, cypher.Statement, map[string]any) (driver.ResultWithContext, error) {
	return nothing{}, nil
}
func (nothing) NextRecord(context.Context, **driver.Record) bool { return false }
func (nothing) Err() error                                       { return nil }

// TestWalkAgain has a root appear between a read that a commit overtook and the
// one that comes after it.
func TestWalkAgain(t *testing.T) {
	q := lineage.Traversal{Roots: []lineage.ID{{1}, {2}}, Direction: lineage.Upstream, Types: []lineage.RelationshipType{lineage.DerivedFrom}}
	if err := q.Validate(); err != nil {
		t.Fatal(err)
	}
	near := map[lineage.ID]neighbourhood{}
	walk := func() []lineage.Reached {
		t.Helper()
		w := walker{tx: nothing{}, q: q, near: near}
		g, err := w.walk(t.Context(), w.knownHop())
		if err != nil {
			t.Fatal(err)
		}
		return g.Nodes
	}
	if nodes := walk(); len(nodes) != 0 {
		t.Fatalf("an empty graph has %v", nodes)
	}
	for _, id := range q.Roots {
		near[id] = neighbourhood{node: storedNode{Node: lineage.Node{ID: id}}}
	}
	want := []lineage.Reached{{Node: lineage.Node{ID: lineage.ID{1}}}, {Node: lineage.Node{ID: lineage.ID{2}}}}
	if diff := cmp.Diff(want, walk()); diff != "" {
		t.Errorf("the second time (-want +got):\n%s", diff)
	}
}
