package cached_test

import (
	"testing"

	"wellspring/graphstore"
	"wellspring/graphstore/cached"
	"wellspring/graphstore/storetest"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/lineage"
)

// BenchmarkTraverse asks for the same ancestries again and again: with nothing
// kept and from memory.
func BenchmarkTraverse(b *testing.B) {
	lab := labgraph.Lab{Seed: 1}
	inner := openSQLite(b)
	storetest.Fill(b, inner, lab, 20)
	s, _ := over(b, unclosed{inner}, cached.DefaultConfig())
	b.Cleanup(func() {
		if err := inner.Close(b.Context()); err != nil {
			b.Error(err)
		}
	})
	for _, c := range []struct {
		name  string
		store graphstore.Store
	}{{"engine", inner}, {"memory", s}} {
		b.Run(c.name, func(b *testing.B) {
			nodes, i := 0, 0
			ask := func() {
				g, err := c.store.Traverse(b.Context(), lineage.Traversal{
					Roots: []lineage.ID{lab.Measurement(i%20, i%labgraph.Wells)}, Direction: lineage.Upstream,
				})
				if err != nil {
					b.Fatal(err)
				}
				nodes += len(g.Nodes)
				i = (i + 1) % 100
			}
			for range 100 {
				ask()
			}
			nodes = 0
			asked := 0
			for b.Loop() {
				ask()
				asked++
			}
			b.ReportMetric(float64(nodes)/float64(asked), "nodes/op")
		})
	}
}

// BenchmarkApply writes experiments with a thousand answers kept of which it
// drops some, and without.
func BenchmarkApply(b *testing.B) {
	lab := labgraph.Lab{Seed: 1}
	for _, kept := range []int{0, 1000} {
		b.Run(map[int]string{0: "engine", 1000: "with 1,000 answers"}[kept], func(b *testing.B) {
			inner := openSQLite(b)
			storetest.Fill(b, inner, lab, 20)
			s, _ := over(b, inner, cached.DefaultConfig())
			for i := range kept {
				if _, err := s.Traverse(b.Context(), lineage.Traversal{
					Roots: []lineage.ID{lab.Measurement(i%20, i%labgraph.Wells)}, Direction: lineage.Upstream,
				}); err != nil {
					b.Fatal(err)
				}
			}
			into := graphstore.Store(s)
			if kept == 0 {
				into = inner
			}
			i := 20
			for b.Loop() {
				for _, p := range lab.Experiment(i) {
					if _, err := into.Apply(b.Context(), p, labgraph.At(i)); err != nil {
						b.Fatal(err)
					}
				}
				i++
			}
		})
	}
}
