package etl_test

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"wellspring/graphstore"
	"wellspring/graphstore/neo4j"
	graphsqlite "wellspring/graphstore/sqlite"
	"wellspring/ingest/intake"
	"wellspring/internal/neo4jtest"
	"wellspring/internal/testruns"
)

// stores are the engines that a pipeline is measured on.
func eachStore(b *testing.B, measure func(b *testing.B, open func(b *testing.B) graphstore.Store)) {
	b.Run("sqlite", func(b *testing.B) {
		measure(b, func(b *testing.B) graphstore.Store {
			store, err := graphsqlite.Open(b.Context(), b.TempDir()+"/graph.db", graphsqlite.Options{})
			if err != nil {
				b.Fatal(err)
			}
			return store
		})
	})
	b.Run("neo4j", func(b *testing.B) {
		server := neo4jtest.Server(b)
		measure(b, func(b *testing.B) graphstore.Store {
			server.Clear(b)
			store, err := neo4j.Open(b.Context(), neo4j.Options{URI: server.URI, User: server.User, Password: server.Password, Database: neo4jtest.Database})
			if err != nil {
				b.Fatal(err)
			}
			return store
		})
	})
}

// processorTime is what this process has used so far: on a busy machine it says
// more than the clock on the wall.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkRuns takes whole runs of 400 commands in and waits until all of them
// are in the graph, verified.
func BenchmarkRuns(b *testing.B) {
	for _, example := range []string{testruns.Normalize, testruns.Dilution} {
		b.Run(example, func(b *testing.B) {
			eachStore(b, func(b *testing.B, open func(b *testing.B) graphstore.Store) {
				store := open(b)
				l := labOn(b, store)
				l.start()
				texts := make([][]byte, b.N)
				for i := range texts {
					texts[i] = testruns.New(example, fmt.Sprintf("run-%d", i), 400).Document()
				}
				ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
				defer cancel()
				before := processorTime(b)
				b.ResetTimer() // not b.Loop: its clock stops at the last document, before that is in the graph
				for _, text := range texts {
					if _, err := l.intake.Accept(ctx, intake.Message{Door: "files", Payload: text}); err != nil {
						b.Fatal(err)
					}
				}
				if err := l.pipeline.Quiet(ctx); err != nil {
					b.Fatal(err)
				}
				n := b.N
				b.ReportMetric(float64(n)/b.Elapsed().Hours(), "runs/h")
				b.ReportMetric(float64(processorTime(b)-before)/float64(n), "cpu-ns/run")
				if letters := l.letters(); len(letters) > 0 {
					b.Fatalf("dead letter: %s", letters[0].Error)
				}
			})
		})
	}
}
