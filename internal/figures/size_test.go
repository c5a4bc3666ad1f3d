package figures

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"wellspring/graphstore/storetest/labgraph"
	"wellspring/internal/labfile"
	"wellspring/internal/neo4jtest"
	"wellspring/lineage"
)

// sizes are the graphs that are asked, by their nodes, roughly;
// WELLSPRING_BENCH_SIZES names others, as make bench-large does.
func sizes(b *testing.B) []int {
	b.Helper()
	text := os.Getenv("WELLSPRING_BENCH_SIZES")
	if text == "" {
		text = "10000,100000"
	}
	var all []int
	for _, part := range strings.Split(text, ",") {
		n, err := strconv.Atoi(part)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

// graphFile returns the file of a lab of about that many nodes. Large ones are
// kept in WELLSPRING_BENCH_DIR, if that is set.
func graphFile(b *testing.B, nodes int) string {
	b.Helper()
	dir := os.Getenv("WELLSPRING_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	path := filepath.Join(dir, fmt.Sprintf("lab-%d.db", nodes))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	size, err := labfile.Make(b.Context(), path+".making", labgraph.Lab{Seed: 1}, labgraph.ExperimentsFor(nodes))
	if err != nil {
		b.Fatal(err)
	}
	if err := os.Rename(path+".making", path); err != nil {
		b.Fatal(err)
	}
	b.Logf("%s: %+v", path, size)
	return path
}

// place is what is asked about: a well of an experiment.
type place struct{ experiment, well int }

// atSize are the common questions, each about a place.
func atSize() []struct {
	name string
	path func(p place) string
} {
	lab := labgraph.Lab{Seed: 1}
	node := func(id lineage.ID, rest string) string { return "/v1/nodes/" + id.String() + rest }
	return []struct {
		name string
		path func(p place) string
	}{
		{"origins of a well", func(p place) string { return node(lab.AssayWell(p.experiment, p.well), "/ancestry?kinds=Lot,Sample") }},
		{"ancestry of a value", func(p place) string { return node(lab.Measurement(p.experiment, p.well), "/ancestry?limit=10000") }},
		{"impact of a sample", func(p place) string {
			return node(lab.Sample(lab.SamplesOf(p.experiment), 1+p.well%(labgraph.Rows-1)), "/impact?limit=10000")
		}},
		{"impact of a lot, two hops", func(p place) string { return node(lab.ReagentLot(p.experiment), "/impact?limit=10000&depth=2") }},
		{"impact of a lot, all of it", func(p place) string { return node(lab.ReagentLot(p.experiment), "/impact") }},
		{"wells that a lot came to", func(p place) string { return node(lab.ReagentLot(p.experiment), "/touched?limit=10000") }},
		{"wells that a sample came to", func(p place) string {
			return node(lab.Sample(lab.SamplesOf(p.experiment), 1+p.well%(labgraph.Rows-1)), "/touched?limit=10000")
		}},
		{"runs", func(place) string { return "/v1/runs" }},
	}
}

// filled returns a data folder and the environment of a service whose graph is that of a
// file, and, if that is in Neo4j, its address: the file itself, or, where WELLSPRING_BENCH_NEO4J is the address of a Neo4j that
// holds the same already, that. If it is import, one is filled from the file as
// docs/neo4j-import.md tells.
func filled(b *testing.B, file string) (dir string, environment []string, uri string) {
	b.Helper()
	dir = b.TempDir()
	uri = os.Getenv("WELLSPRING_BENCH_NEO4J")
	if uri == "" || uri == "import" {
		if err := os.Symlink(file, filepath.Join(dir, "graph.db")); err != nil {
			b.Fatal(err)
		}
	}
	switch uri {
	case "":
		return dir, nil, ""
	case "import":
		uri = imported(b, dir)
	}
	return b.TempDir(), []string{"WELLSPRING_STORE=neo4j", "WELLSPRING_NEO4J_URI=" + uri}, uri
}

// imported is the address of a Neo4j that neo4j-admin filled with the graph of a data folder.
func imported(b *testing.B, dir string) string {
	b.Helper()
	files := filepath.Join(b.TempDir(), "files")
	began := time.Now()
	if out, err := exec.Command(program, "export", "--for", "neo4j-admin", files, "--data-dir", dir).CombinedOutput(); err != nil {
		b.Fatalf("wellspring export: %v\n%s", err, out)
	}
	exported := time.Now()
	server, err := neo4jtest.StartImported(b.Context(), files)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Stop)
	b.Logf("files written in %s, imported and started in %s", exported.Sub(began).Round(time.Second), time.Since(exported).Round(time.Second))
	return server.URI
}

// BenchmarkSize asks a service on SQLite, or on the Neo4j that filled tells of, over HTTP, one
// question after the other: cold, without the cache, each about another place, and warm, with it, about
// the same sixteen places. cpu is the service's own, server that of Neo4j; what is waited for
// besides, is waited for others on the machine. A graph's first questions also read what the operating
// system has not cached yet.
func BenchmarkSize(b *testing.B) {
	grown := growth{}
	for _, nodes := range sizes(b) {
		b.Run(fmt.Sprintf("%d nodes", nodes), func(b *testing.B) {
			file := graphFile(b, nodes)
			dir, environment, uri := filled(b, file)
			engine := openEngine(b, uri)
			for _, warm := range []bool{false, true} {
				b.Run(map[bool]string{false: "cold", true: "warm"}[warm], func(b *testing.B) {
					s := serveIn(b, dir, append(environment, "WELLSPRING_CACHE_ENABLED="+strconv.FormatBool(warm), "WELLSPRING_RATE_LIMIT=0"))
					for _, q := range atSize() {
						b.Run(q.name, func(b *testing.B) {
							p50, results := s.measure(b, engine, q.path, labgraph.ExperimentsFor(nodes), warm)
							grown.report(b, fmt.Sprint(q.name, warm), p50, results)
						})
					}
					if !warm {
						naive(b, file, engine, labgraph.ExperimentsFor(nodes))
					}
					b.Run("memory", func(b *testing.B) {
						for b.Loop() {
							s.get(b, "/readyz")
						}
						b.ReportMetric(float64(s.resident()), "resident-bytes")
					})
				})
			}
		})
	}
}

// growth keeps of each question the first median and how many results it was for.
type growth map[string]struct{ p50, results float64 }

func (g growth) report(b *testing.B, question string, p50 time.Duration, results float64) {
	first, there := g[question]
	if !there || math.Abs(results-first.results) > first.results/5 {
		g[question] = struct{ p50, results float64 }{p50.Seconds(), results}
		return
	}
	b.ReportMetric(p50.Seconds()/first.p50, "times-smaller")
}

// measure asks one question about many places and returns the median and how many
// results an answer had.
func (s *service) measure(b *testing.B, engine *engine, path func(place) string, experiments int, warm bool) (time.Duration, float64) {
	b.Helper()
	asked := 0
	next := func() string {
		n := asked
		if asked++; warm {
			n %= 16
		}
		return path(place{n * 7919 % experiments, n * 31 % labgraph.Wells})
	}
	if warm {
		for range 16 {
			s.get(b, next())
		}
	}
	var took []time.Duration
	results := 0
	worked, engineWorked := s.worked(), engine.worked(b)
	for b.Loop() {
		path := next()
		began := time.Now()
		text := s.get(b, path)
		took = append(took, time.Since(began))
		results += bytes.Count(text, []byte(`"depth":`)) + bytes.Count(text, []byte(`"contents":`)) // of items, of wells
	}
	worked, engineWorked = s.worked()-worked, engine.worked(b)-engineWorked
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
	b.ReportMetric(worked.Seconds()*1e3/float64(len(took)), "cpu-ms")
	if engine != nil {
		b.ReportMetric(engineWorked.Seconds()*1e3/float64(len(took)), "server-ms")
	}
	b.ReportMetric(float64(results)/float64(len(took)), "results/op")
	return took[len(took)/2], float64(results) / float64(len(took))
}

// get asks, and reads the whole answer.
func (s *service) get(b *testing.B, path string) []byte {
	b.Helper()
	response, err := http.Get(s.base + path)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s %v\n%s", path, response.Status, err, text)
	}
	return text
}
