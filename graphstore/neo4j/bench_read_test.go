package neo4j

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/graphstore/storetest"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/internal/neo4jtest"
	"wellspring/lineage"
)

// benchNodes is how many nodes the graph has that is read; WELLSPRING_BENCH_NODES
// sets another size.
const benchNodes = 50_000

func benchExperiments(b *testing.B) int {
	b.Helper()
	nodes := benchNodes
	if text := os.Getenv("WELLSPRING_BENCH_NODES"); text != "" {
		var err error
		if nodes, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	return labgraph.ExperimentsFor(nodes)
}

// told is what projections come to in a store that was told of them at one time.
func told(projections iter.Seq[lineage.Projection]) iter.Seq2[lineage.Projection, error] {
	return func(yield func(lineage.Projection, error) bool) {
		for p := range projections {
			for i := range p.Nodes {
				p.Nodes[i].CreatedAt = labgraph.At(0)
			}
			for i := range p.Edges {
				p.Edges[i].CreatedAt = labgraph.At(0)
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// openBulk opens a store on a database that neo4j-admin made of projections.
func openBulk(b *testing.B, projections iter.Seq[lineage.Projection]) *Store {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "export")
	began := time.Now()
	exported, err := export(b.Context(), told(projections), dir)
	if err != nil {
		b.Fatal(err)
	}
	written := time.Now()
	server, err := neo4jtest.StartImported(b.Context(), dir)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Stop)
	b.Logf("%d nodes, %d edges: files written in %s, imported and started in %s",
		exported.Nodes, exported.Edges, written.Sub(began).Round(time.Second), time.Since(written).Round(time.Second))
	s, err := Open(b.Context(), Options{URI: server.URI})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return s
}

// BenchmarkRead asks what people ask in a lab's graph; and, of the same wells, the
// bare driver for the store's statement and for the one that comes to mind first.
func BenchmarkRead(b *testing.B) {
	lab, experiments := labgraph.Lab{Seed: 1}, benchExperiments(b)
	s := openBulk(b, lab.Projections(experiments))
	storetest.BenchmarkReads(b, s, lab, experiments)
	types := typesPattern(lineage.QuantitativeTypes())
	for name, statement := range map[string]cypher.Statement{
		"bare driver, ancestry of a measurement": cypher.Read("traverse_upstream").With("TYPES", types).With("DEPTH", strconv.Itoa(lineage.DefaultDepth+1)),
		"naive, ancestry of a measurement":       cypher.Test("naive_upstream").With("TYPES", types).With("DEPTH", strconv.Itoa(lineage.DefaultDepth)),
	} {
		b.Run(name, func(b *testing.B) {
			asked(b, s, func(n int) {
				askBare(b, s, statement, []lineage.ID{lab.Measurement(n*7919%experiments, n*31%labgraph.Wells)})
			})
		})
	}
}

// asked measures a question: how long it took, and the processor time of the server and of this
// process together.
func asked(b *testing.B, s *Store, ask func(n int)) {
	b.Helper()
	var times []time.Duration
	before := worked(b, s)
	for b.Loop() {
		times = append(times, timed(func() { ask(len(times)) }))
	}
	b.ReportMetric((worked(b, s)-before).Seconds()*1e3/float64(len(times)), "cpu-ms")
	report(b, times)
}

func report(b *testing.B, times []time.Duration) {
	b.Helper()
	slices.Sort(times)
	b.ReportMetric(times[len(times)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(times[len(times)*99/100].Seconds()*1e3, "p99-ms")
}

// askBare runs a statement in a transaction of its own and reads what it returns.
func askBare(b *testing.B, s *Store, statement cypher.Statement, ids []lineage.ID) {
	b.Helper()
	session := s.session(b.Context(), driver.AccessModeRead, s.bookmarks)
	parameters := map[string]any{"ids": texts(ids), "limit": lineage.DefaultNodes + 1}
	err := consume(b.Context(), alone{session}, statement, parameters)
	if err := errors.Join(err, session.Close(b.Context())); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkHub asks about a lot that 100,000 wells got some of.
func BenchmarkHub(b *testing.B) {
	const all = 100_000
	s := openBulk(b, slices.Values([]lineage.Projection{labgraph.Hub(all), labgraph.Ladder(41)}))
	for _, c := range []struct {
		name string
		q    lineage.Traversal
		want int
	}{
		{"impact, 10,000 nodes", lineage.Traversal{Roots: []lineage.ID{labgraph.HubLot()}, Direction: lineage.Downstream}, lineage.DefaultNodes},
		{"ancestry of a well", lineage.Traversal{Roots: []lineage.ID{labgraph.HubWell(all / 2)}, Direction: lineage.Upstream}, 2},
		{"ladder of 2^40 paths", lineage.Traversal{Roots: []lineage.ID{labgraph.LadderWell(40, 0)}, Direction: lineage.Upstream}, 81},
	} {
		b.Run(c.name, func(b *testing.B) {
			asked(b, s, func(int) {
				if g, err := s.Traverse(b.Context(), c.q); err != nil || len(g.Nodes) != c.want {
					b.Fatalf("%d nodes, error %v", len(g.Nodes), err)
				}
			})
		})
	}
	wells := make([]lineage.ID, lineage.DefaultNodes)
	for i := range wells {
		wells[i] = labgraph.HubWell(i)
	}
	b.Run("bare driver, 10,000 nodes by id", func(b *testing.B) {
		asked(b, s, func(int) { askBare(b, s, cypher.Test("bare_read"), wells) })
	})
	b.Run("edges, the first 1,000", func(b *testing.B) {
		asked(b, s, func(int) {
			if edges, more, err := s.Edges(b.Context(), labgraph.HubLot(), 1000, time.Time{}); err != nil || len(edges) != 1000 || !more {
				b.Fatalf("%d edges, more %v, error %v", len(edges), more, err)
			}
		})
	})
}
