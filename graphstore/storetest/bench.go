package storetest

import (
	"slices"
	"testing"
	"time"

	"wellspring/graphstore"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/lineage"
)

// Fill gives a store the first experiments of a lab.
func Fill(tb testing.TB, s graphstore.Store, lab labgraph.Lab, experiments int) {
	tb.Helper()
	for i := range experiments {
		for _, p := range lab.Experiment(i) {
			if _, err := s.Apply(tb.Context(), p, labgraph.At(i)); err != nil {
				tb.Fatal(err)
			}
		}
	}
}

// BenchmarkReads asks a store, filled with the first experiments of a lab, what
// people ask, each time about another place, and reports p50, p99 and how many
// nodes and edges an answer has.
func BenchmarkReads(b *testing.B, s graphstore.Store, lab labgraph.Lab, experiments int) {
	for _, q := range readings(lab) {
		b.Run(q.name, func(b *testing.B) {
			var times []time.Duration
			things := 0
			for b.Loop() {
				n := len(times)
				start := time.Now()
				things += q.ask(b, s, n*7919%experiments, n*31%labgraph.Wells)
				times = append(times, time.Since(start))
			}
			slices.Sort(times)
			b.ReportMetric(times[len(times)/2].Seconds()*1e3, "p50-ms")
			b.ReportMetric(times[len(times)*99/100].Seconds()*1e3, "p99-ms")
			b.ReportMetric(float64(things)/float64(len(times)), "things/op")
		})
	}
}

// reading is a question about an experiment and a well, and how many things
// answer it.
type reading struct {
	name string
	ask  func(b *testing.B, s graphstore.Store, experiment, well int) int
}

func readings(lab labgraph.Lab) []reading {
	walk := func(direction lineage.Direction, root func(experiment, well int) lineage.ID, asOf func(experiment int) time.Time) func(*testing.B, graphstore.Store, int, int) int {
		return func(b *testing.B, s graphstore.Store, experiment, well int) int {
			q := lineage.Traversal{Roots: []lineage.ID{root(experiment, well)}, Direction: direction}
			if asOf != nil {
				q.AsOf = asOf(experiment)
			}
			g, err := s.Traverse(b.Context(), q)
			if err != nil {
				b.Fatal(err)
			}
			return len(g.Nodes) + len(g.Edges)
		}
	}
	look := func(find func(experiment, well int) lineage.Find) func(*testing.B, graphstore.Store, int, int) int {
		return func(b *testing.B, s graphstore.Store, experiment, well int) int {
			page, err := s.Find(b.Context(), find(experiment, well))
			if err != nil {
				b.Fatal(err)
			}
			return len(page.Nodes)
		}
	}
	sample := func(experiment, well int) lineage.ID { return lab.Sample(experiment, well%labgraph.Rows) }
	lot := func(experiment, _ int) lineage.ID { return lab.BufferLot(experiment) }
	return []reading{
		{"ancestry of a measurement", walk(lineage.Upstream, lab.Measurement, nil)},
		{"ancestry of a measurement as of its time", walk(lineage.Upstream, lab.Measurement, labgraph.At)},
		{"impact of a sample", walk(lineage.Downstream, sample, nil)},
		{"impact of a lot", walk(lineage.Downstream, lot, nil)},
		{"edges of a well", func(b *testing.B, s graphstore.Store, experiment, well int) int {
			edges, _, err := s.Edges(b.Context(), lab.AssayWell(experiment, well), 1000, now)
			if err != nil {
				b.Fatal(err)
			}
			return len(edges)
		}},
		{"states of a well", look(func(experiment, well int) lineage.Find {
			return lineage.Find{Kind: lineage.KindWellState, Attrs: map[string]string{
				lineage.AttrRun: lab.AssayRun(experiment), lineage.AttrLabware: "assay", lineage.AttrWell: labgraph.WellName(well),
			}}
		})},
		{"first page of runs", look(func(int, int) lineage.Find { return lineage.Find{Kind: lineage.KindRun} })},
	}
}
