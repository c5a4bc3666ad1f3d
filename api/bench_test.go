package api_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"wellspring/graphstore"
	"wellspring/graphstore/neo4j"
	"wellspring/internal/neo4jtest"
	"wellspring/internal/testdata"
	"wellspring/lineage"
)

// BenchmarkREST asks over HTTP where the content of wells came from, and what
// liquids touch, in turn for every well and liquid of the held run logs.
func BenchmarkREST(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkREST(b, nil) })
	b.Run("neo4j", func(b *testing.B) {
		server := neo4jtest.Server(b)
		store, err := neo4j.Open(b.Context(), neo4j.Options{URI: server.URI, User: server.User, Password: server.Password, Database: neo4jtest.Database})
		must(b, err)
		b.Cleanup(func() { must(b, store.Close(context.Background())) })
		benchmarkREST(b, store)
	})
}

func benchmarkREST(b *testing.B, graph graphstore.Store) {
	l := newLab(b, settings{graph: graph})
	logs, err := filepath.Glob(filepath.Join(testdata.Shared(b, "ot2/run-logs"), "*.json"))
	must(b, err)
	for _, name := range logs {
		document, err := os.ReadFile(name)
		must(b, err)
		l.send(document)
	}
	wells := paths(b, l.store, lineage.KindWellState, "/ancestry", func(n lineage.Node) bool { return n.Attributes["last"] == true })
	lots := paths(b, l.store, lineage.KindLot, "/impact", func(lineage.Node) bool { return true })
	firsts := paths(b, l.store, lineage.KindWellState, "/impact", func(n lineage.Node) bool {
		origins, _ := n.Attributes[lineage.AttrOriginIDs].([]string)
		return len(origins) == 1 && origins[0] == n.ID.String()
	})
	b.Run("ancestry", func(b *testing.B) { ask(b, l, wells) })
	b.Run("impact", func(b *testing.B) { ask(b, l, append(lots, firsts...)) })
}

// paths are the questions about all nodes of a kind.
func paths(b *testing.B, store graphstore.Store, kind lineage.Kind, question string, wanted func(lineage.Node) bool) []string {
	b.Helper()
	var all []string
	find := lineage.Find{Kind: kind, Limit: lineage.MaxPage}
	for {
		page, err := store.Find(b.Context(), find)
		must(b, err)
		for _, node := range page.Nodes {
			if wanted(node) {
				all = append(all, "/v1/nodes/"+url.PathEscape(node.ID.String())+question)
			}
		}
		if find.After = page.Next; find.After == "" {
			return all
		}
	}
}

func ask(b *testing.B, l *lab, paths []string) {
	if len(paths) == 0 {
		b.Skip("the held runs have nothing to ask about")
	}
	var took []time.Duration
	var bytes int64
	for b.Loop() {
		path := paths[len(took)%len(paths)]
		began := time.Now()
		response, err := http.Get(l.base + path)
		must(b, err)
		n, err := io.Copy(io.Discard, response.Body)
		must(b, err)
		must(b, response.Body.Close())
		if response.StatusCode != http.StatusOK {
			b.Fatalf("%s: %s", path, response.Status)
		}
		took = append(took, time.Since(began))
		bytes += n
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds(), "p50-sec")
	b.ReportMetric(took[len(took)*99/100].Seconds(), "p99-sec")
	b.ReportMetric(float64(bytes)/float64(len(took)), "answer-bytes")
}
