package cached_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"

	"wellspring/graphstore"
	"wellspring/graphstore/cached"
	"wellspring/lineage"
)

// counted is a metric's value, all its series together.
func counted(t testing.TB, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum, found := 0.0, false
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name {
				found = true
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	if !found {
		t.Fatalf("no metric %s", name)
	}
	return sum
}

func wellState(name string) lineage.Node {
	return lineage.Node{ID: lineage.WellStateID("r", "plate", name, "1"), Kind: lineage.KindWellState, Name: name,
		Attributes: lineage.Attributes{lineage.AttrRun: "r"}}
}

func from(target, source lineage.Node, typ lineage.RelationshipType) lineage.Edge {
	return lineage.Edge{SourceID: source.ID, TargetID: target.ID, RelationshipType: typ}
}

// TestWritesDropWhatTheyChange has a graph, lot → a → b and lot → c, of one owner,
// and a question whose answer is kept; another owner's write then drops the
// answer or leaves it alone. Whether it must is written in each row; that what is
// then answered is true is compared with the engine.
func TestWritesDropWhatTheyChange(t *testing.T) {
	a, b, c, d := wellState("A1"), wellState("A2"), wellState("A3"), wellState("A4")
	other := lineage.Node{ID: lineage.LotID("other"), Kind: lineage.KindLot, Name: "other"}
	part := func(nodes []lineage.Node, edges ...lineage.Edge) lineage.Projection {
		return lineage.Projection{Owner: "run:second", Nodes: nodes, Edges: edges}
	}
	nodes := func(n ...lineage.Node) []lineage.Node { return n }
	derived := func(target, source lineage.Node) lineage.Edge { return from(target, source, lineage.DerivedFrom) }
	changed := d
	changed.Attributes = lineage.Attributes{lineage.AttrRun: "r", "note": "new"}

	traverse := func(root lineage.Node, direction lineage.Direction, asOf time.Time, types ...lineage.RelationshipType) func(graphstore.Store) (any, error) {
		return func(s graphstore.Store) (any, error) {
			return s.Traverse(t.Context(), lineage.Traversal{Roots: []lineage.ID{root.ID}, Direction: direction, AsOf: asOf, Types: types})
		}
	}
	find := func(f lineage.Find) func(graphstore.Store) (any, error) {
		return func(s graphstore.Store) (any, error) { return s.Find(t.Context(), f) }
	}
	history := func(n lineage.Node) func(graphstore.Store) (any, error) {
		return func(s graphstore.Store) (any, error) { return s.History(t.Context(), n.ID) }
	}
	edges := func(n lineage.Node, limit int) func(graphstore.Store) (any, error) {
		return func(s graphstore.Store) (any, error) {
			edges, more, err := s.Edges(t.Context(), n.ID, limit, time.Time{})
			return []any{edges, more}, err
		}
	}
	node := func(n lineage.Node, asOf time.Time) func(graphstore.Store) (any, error) {
		return func(s graphstore.Store) (any, error) { return s.Nodes(t.Context(), []lineage.ID{n.ID}, asOf) }
	}
	ofRun := map[string]string{lineage.AttrRun: "r"}
	before, now, after := monday.Add(-time.Hour), time.Time{}, monday.Add(time.Hour)

	for _, row := range []struct {
		name     string
		question func(graphstore.Store) (any, error)
		writes   []lineage.Projection // the question is asked before the last of them
		at       time.Time            // of the last
		dropped  bool
	}{
		{"ancestry: an edge further up", traverse(b, lineage.Upstream, now), []lineage.Projection{part(nodes(other), derived(a, other))}, monday, true},
		{"ancestry: the same edge goes", traverse(b, lineage.Upstream, now), []lineage.Projection{part(nodes(other), derived(a, other)), part(nodes(other))}, monday, true},
		{"ancestry: somebody else takes of the lot", traverse(b, lineage.Upstream, now), []lineage.Projection{part(nodes(lot, d), derived(d, lot))}, monday, false},
		{"ancestry: an edge of a type that was not followed", traverse(b, lineage.Upstream, now), []lineage.Projection{part(nodes(other), from(a, other, lineage.Used))}, monday, false},
		{"ancestry: an edge of a type that was named", traverse(b, lineage.Upstream, now, lineage.Used), []lineage.Projection{part(nodes(other), from(b, other, lineage.Used))}, monday, true},
		{"ancestry: another owner says the same", traverse(b, lineage.Upstream, now), []lineage.Projection{part(nodes(lot, a), derived(a, lot))}, monday, false},
		{"ancestry: what has nothing to do with it", traverse(b, lineage.Upstream, now), []lineage.Projection{part(nodes(other, d), derived(d, other))}, monday, false},
		{"ancestry of what is not there: it comes", traverse(d, lineage.Upstream, now), []lineage.Projection{part(nodes(d))}, monday, true},
		{"impact: somebody takes of the lot", traverse(lot, lineage.Downstream, now), []lineage.Projection{part(nodes(d), derived(d, lot))}, monday, true},
		{"impact: something comes in from elsewhere", traverse(lot, lineage.Downstream, now), []lineage.Projection{part(nodes(other), derived(b, other))}, monday, false},
		{"impact: content changes", traverse(d, lineage.Downstream, now), []lineage.Projection{part(nodes(d)), part(nodes(changed))}, monday, true},

		{"ancestry as of before: a write of now", traverse(b, lineage.Upstream, monday), []lineage.Projection{part(nodes(other), derived(a, other))}, after, true},
		{"ancestry as of before: a write of now, elsewhere", traverse(b, lineage.Upstream, monday), []lineage.Projection{part(nodes(other))}, after, false},
		{"ancestry as of now: a write of before, elsewhere", traverse(b, lineage.Upstream, monday), []lineage.Projection{part(nodes(other))}, before, true},

		{"find: one more", find(lineage.Find{Kind: lineage.KindWellState, Attrs: ofRun}), []lineage.Projection{part(nodes(d))}, monday, true},
		{"find: one more of another kind", find(lineage.Find{Kind: lineage.KindWellState, Attrs: ofRun}), []lineage.Projection{part(nodes(other))}, monday, false},
		{"find: one more of another run", find(lineage.Find{Kind: lineage.KindWellState, Attrs: map[string]string{lineage.AttrRun: "s"}}), []lineage.Projection{part(nodes(d))}, monday, false},
		{"find: one less", find(lineage.Find{Kind: lineage.KindWellState, Attrs: ofRun}), []lineage.Projection{part(nodes(d)), part(nil)}, monday, true},
		{"find by name", find(lineage.Find{Name: "other"}), []lineage.Projection{part(nodes(other))}, monday, true},
		{"find by an attribute that it gets", find(lineage.Find{Attrs: map[string]string{"note": "new"}}), []lineage.Projection{part(nodes(d)), part(nodes(changed))}, monday, true},
		{"find everything", find(lineage.Find{}), []lineage.Projection{part(nodes(other))}, monday, true},
		{"a first page, when the only node of the second goes", find(lineage.Find{Attrs: ofRun, Limit: 3}), []lineage.Projection{part(nodes(d)), part(nil)}, monday, true},
		{"a page of the past", find(lineage.Find{Attrs: ofRun, AsOf: monday}), []lineage.Projection{part(nodes(other))}, after, true},

		{"edges: one more", edges(lot, 10), []lineage.Projection{part(nodes(d), derived(d, lot))}, monday, true},
		{"edges: elsewhere", edges(b, 10), []lineage.Projection{part(nodes(d), derived(d, lot))}, monday, false},
		{"edges: there are more now", edges(lot, 2), []lineage.Projection{part(nodes(d), derived(d, lot))}, monday, true},
		{"history: an edge", history(lot), []lineage.Projection{part(nodes(d), derived(d, lot))}, monday, true},
		{"history: elsewhere", history(b), []lineage.Projection{part(nodes(d), derived(d, lot))}, monday, false},
		{"node: it comes", node(d, now), []lineage.Projection{part(nodes(d))}, monday, true},
		{"node: it goes with its last edge", node(d, now), []lineage.Projection{part(nodes(d)), part(nil)}, monday, true},
		{"node: an edge at it", node(lot, now), []lineage.Projection{part(nodes(d), derived(d, lot))}, monday, false},
		{"node as of later: it comes before", node(d, after), []lineage.Projection{part(nodes(d))}, monday, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			inner := openSQLite(t)
			s, registry := over(t, inner, cached.DefaultConfig())
			write(t, s, nodes(lot, a, b, c), derived(a, lot), derived(b, a), derived(c, lot))
			last := len(row.writes) - 1
			for _, p := range row.writes[:last] {
				apply(t, s, p, monday)
			}
			ask := func() any {
				answer, err := row.question(s)
				if err != nil {
					t.Fatal(err)
				}
				return answer
			}
			ask()
			apply(t, s, row.writes[last], row.at)
			hits := counted(t, registry, "wellspring_cache_hits_total")
			got := ask()
			if dropped := counted(t, registry, "wellspring_cache_hits_total") == hits; dropped != row.dropped {
				t.Errorf("dropped: %v, want %v", dropped, row.dropped)
			}
			want, err := row.question(inner)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func apply(t *testing.T, s graphstore.Store, p lineage.Projection, at time.Time) {
	t.Helper()
	if _, err := s.Apply(t.Context(), p, at); err != nil {
		t.Fatal(err)
	}
}

// TestAnEdgeThatLedNowhere: at the time asked for an edge was there, the node at
// its end was not. A late write that changes nothing else makes it there.
func TestAnEdgeThatLedNowhere(t *testing.T) {
	inner := openSQLite(t)
	s, _ := over(t, inner, cached.DefaultConfig())
	a, b := wellState("A1"), wellState("A2")
	at := func(hours int) time.Time { return monday.Add(time.Duration(hours) * time.Hour) }
	apply(t, s, lineage.Projection{Owner: "run:late", Nodes: []lineage.Node{b}}, at(10))
	apply(t, s, lineage.Projection{Owner: "run:r", Nodes: []lineage.Node{a}, Edges: []lineage.Edge{from(a, b, lineage.DerivedFrom)}}, at(5))
	ask := func(want int) {
		t.Helper()
		g, err := s.Traverse(t.Context(), lineage.Traversal{Roots: []lineage.ID{a.ID}, Direction: lineage.Upstream, AsOf: at(7)})
		if err != nil || len(g.Nodes) != want {
			t.Errorf("%d nodes, error %v, want %d", len(g.Nodes), err, want)
		}
	}
	ask(1)
	b.Attributes = lineage.Attributes{"note": "as it turned out"}
	apply(t, s, lineage.Projection{Owner: "run:late", Nodes: []lineage.Node{b}}, at(6))
	ask(2)
}
