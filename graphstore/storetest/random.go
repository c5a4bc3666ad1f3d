package storetest

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// randomHistories applies drawn histories to the store and to the model and
// compares everything that both then say. Every history has a world of its own
// in the one store: ids, owners and the run attribute. Its times go back now and
// then, and no two are the same.
func randomHistories(t *testing.T, s graphstore.Store) {
	// A few hundred by default, not rapid's hundred; as many as -rapid.checks says.
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set("250"); err != nil {
			t.Fatal(err)
		}
	}
	histories := 0
	rapid.Check(t, func(rt *rapid.T) {
		histories++
		w := newWorld(fmt.Sprintf("world-%d", histories))
		model := NewModel()
		steps := rapid.IntRange(1, 7).Draw(rt, "steps")
		times := []time.Time{now}
		for step := range steps {
			p := w.drawProjection(rt)
			when := at(max(0, step-rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(rt, "late"))).Add(time.Duration(step))
			times = append(times, when)
			want, wantErr := model.Apply(t.Context(), p, when)
			got, gotErr := s.Apply(t.Context(), p, when)
			if (wantErr == nil) != (gotErr == nil) {
				rt.Fatalf("step %d: apply says %v, want %v", step, gotErr, wantErr)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("step %d: applied (-want +got):\n%s", step, diff)
			}
		}
		asOf := rapid.SampledFrom(times).Draw(rt, "as of")
		if before := rapid.Bool().Draw(rt, "just before"); before && !asOf.IsZero() {
			asOf = asOf.Add(-1)
		}
		for _, q := range w.questions(asOf) {
			want, got := q.ask(t, model), q.ask(t, s)
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				rt.Fatalf("%s (-want +got):\n%s", q.name, diff)
			}
		}
	})
}

// world is a small set of things that a history is drawn from, so that owners
// meet often: four nodes with one content each, four that change.
type world struct {
	name   string
	nodes  []lineage.Node
	owners []lineage.Owner
}

func newWorld(name string) world {
	w := world{name: name}
	for i := range 8 {
		n := node(lineage.KindWellState, fmt.Sprintf("%s-%d", name, i), lineage.Attributes{lineage.AttrRun: name})
		n.Name = fmt.Sprintf("node %d", i%5)
		w.nodes = append(w.nodes, n)
	}
	for _, owner := range []string{"a", "b", "c"} {
		w.owners = append(w.owners, lineage.Owner("run:"+name+"-"+owner))
	}
	return w
}

func (w world) drawProjection(rt *rapid.T) lineage.Projection {
	p := lineage.Projection{Owner: rapid.SampledFrom(w.owners).Draw(rt, "owner")}
	for i, n := range w.nodes {
		if !rapid.Bool().Draw(rt, "named") {
			continue
		}
		if i >= 4 {
			content := rapid.IntRange(0, 2).Draw(rt, "content")
			n.Attributes = lineage.Attributes{lineage.AttrRun: w.name, "content": float64(content)}
			holding(n.Attributes, w.nodes[:content]...)
		}
		p.Nodes = append(p.Nodes, n)
	}
	index := rapid.IntRange(0, len(w.nodes)-1)
	seen := map[lineage.EdgeKey]bool{}
	for range rapid.IntRange(0, 8).Draw(rt, "edges") {
		e := edge(w.nodes[index.Draw(rt, "target")],
			rapid.SampledFrom([]lineage.RelationshipType{lineage.DerivedFrom, lineage.CarriedOver, lineage.MeasuredFrom}).Draw(rt, "type"),
			w.nodes[index.Draw(rt, "source")])
		if e.SourceID == e.TargetID || seen[e.Key()] {
			continue
		}
		seen[e.Key()] = true
		if rapid.IntRange(0, 4).Draw(rt, "volume") == 0 {
			e.Attributes = lineage.Attributes{lineage.AttrVolumeUl: 5.0}
		}
		p.Edges = append(p.Edges, e)
	}
	return p
}

type question struct {
	name string
	ask  func(*testing.T, graphstore.Store) any
}

// questions are about the current graph and about that of a time.
func (w world) questions(asOf time.Time) []question {
	var qs []question
	add := func(name string, ask func(*testing.T, graphstore.Store) any) {
		qs = append(qs, question{name, ask})
	}
	for _, owner := range w.owners {
		add("owned "+string(owner), func(t *testing.T, s graphstore.Store) any { return ownedNow(t, s, owner) })
	}
	for i, n := range w.nodes[:3] {
		add(fmt.Sprintf("history of node %d", i), func(t *testing.T, s graphstore.Store) any { return history(t, s, n.ID) })
		add(fmt.Sprintf("edges of node %d", i), func(t *testing.T, s graphstore.Store) any { return edgesOf(t, s, n.ID) })
		add(fmt.Sprintf("edges of node %d as of %s", i, asOf), func(t *testing.T, s graphstore.Store) any { return edgesAt(t, s, asOf, n.ID) })
	}
	add("holders", func(t *testing.T, s graphstore.Store) any { return holders(t, s, w.nodes[0], w.nodes[1]) })
	add("holders of node 1", func(t *testing.T, s graphstore.Store) any { return holders(t, s, w.nodes[1]) })
	byRun := map[string]string{lineage.AttrRun: w.name}
	for _, f := range []lineage.Find{
		{Attrs: byRun},
		{Attrs: byRun, AsOf: asOf},
		{Attrs: byRun, AsOf: asOf, Kind: lineage.KindWellState, Name: "node 2"},
	} {
		f.Limit = 3
		add(fmt.Sprintf("find %+v", f), func(t *testing.T, s graphstore.Store) any { return find(t, s, f) })
	}
	for _, q := range []lineage.Traversal{
		{Direction: lineage.Upstream},
		{Direction: lineage.Downstream, Depth: 2},
		{Direction: lineage.Downstream, Nodes: 4},
		{Direction: lineage.Upstream, AsOf: asOf},
		{Direction: lineage.Downstream, AsOf: asOf, Depth: 1},
	} {
		q.Roots = ids(w.nodes[:2])
		q.Types = []lineage.RelationshipType{lineage.DerivedFrom, lineage.CarriedOver}
		add(fmt.Sprintf("traverse %+v", q), func(t *testing.T, s graphstore.Store) any { return traverse(t, s, q) })
	}
	add(fmt.Sprintf("what was before %s", asOf), func(t *testing.T, s graphstore.Store) any { return past(t, s, asOf, ids(w.nodes)...) })
	add(fmt.Sprintf("nodes as of %s", asOf), func(t *testing.T, s graphstore.Store) any { return nodesAt(t, s, asOf, ids(w.nodes)...) })
	return qs
}
