package neo4j_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"
	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/dbtype"
	"github.com/prometheus/client_golang/prometheus"

	"wellspring/cypher"
	"wellspring/etl"
	"wellspring/etl/statesqlite"
	"wellspring/examples"
	"wellspring/graphstore/neo4j"
	"wellspring/ingest"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/internal/neo4jtest"
	"wellspring/lineage"
)

// TestBrowserQuestions asks what docs/neo4j-browser.md shows, with the values
// that it shows, of the graph of the examples.
func TestBrowserQuestions(t *testing.T) {
	server := neo4jtest.Server(t)
	loadAssay(t, open(t, server))
	d, err := driver.NewDriverWithContext(server.URI, server.Auth())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	var got strings.Builder
	for _, q := range cypher.Browser() {
		parameters := map[string]any{}
		for name, value := range q.Examples {
			parameters[name] = value
		}
		result, err := driver.ExecuteQuery(t.Context(), d, q.Text, parameters,
			driver.EagerResultTransformer, driver.ExecuteQueryWithDatabase(neo4jtest.Database), driver.ExecuteQueryWithReadersRouting())
		if err != nil {
			t.Errorf("%s: %v", q.File, err)
			continue
		}
		fmt.Fprintf(&got, "%s\n%s\n", q.Question, table(result))
	}
	golden := filepath.Join("testdata", "browser.txt")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("answers changed; if they are right, run with -update (-want +got):\n%s", diff)
	}
}

// table shows the first rows of an answer: of a node its kind and name, of what
// was drawn how many nodes of each kind. Times of the journal are today's and left out.
func table(result *driver.EagerResult) string {
	const shown = 5
	var b strings.Builder
	kinds := map[string]int{}
	for i, record := range result.Records {
		var fields []string
		for j, value := range record.Values {
			switch v := value.(type) {
			case dbtype.Node:
				kinds[v.Labels[slices.IndexFunc(v.Labels, func(l string) bool { return lineage.Kind(l).Class() != "" })]]++
			case time.Time:
				fields = append(fields, record.Keys[j]+" set")
			default:
				fields = append(fields, fmt.Sprintf("%s %v", record.Keys[j], v))
			}
		}
		if len(fields) > 0 && i < shown {
			fmt.Fprintf(&b, "    %s\n", strings.Join(fields, " | "))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(&b, "    %d %s\n", kinds[kind], kind)
	}
	fmt.Fprintf(&b, "    %d rows\n", len(result.Records))
	return b.String()
}

// loadAssay tells the store the story of the assay, as examples/README.md has
// it: two runs that share a plate, what was declared, a reading, a correction.
func loadAssay(t *testing.T, s *neo4j.Store) {
	t.Helper()
	dir := t.TempDir()
	journal, err := journalsqlite.Open(dir, journalsqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	states, err := statesqlite.Open(t.Context(), dir+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, err := range []error{states.Close(), journal.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	pipeline, err := etl.New(etl.Config{
		Journal: journal, DeadLetters: journal, Store: s, States: states, CodeVersion: "test",
		Metrics: etl.NewMetrics(prometheus.NewRegistry()), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pipeline.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for i, e := range []struct{ kind, owner, file string }{
		{ingest.TypeRun, "run:6f6ea665-d740-47bb-9399-fba49ea8c402", examples.StockDilution},
		{ingest.TypeRun, "run:5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab", examples.AssayPlate},
		{ingest.TypeRun, "run:a6bed815-fa05-4b02-9bcc-5612f59602a5", "runs/two_transfers.json"},
		{ingest.TypeManifest, "manifest:labware", "manifests/labware.csv"},
		{ingest.TypeManifest, "manifest:lots", "manifests/lots.csv"},
		{ingest.TypeManifest, "manifest:samples", "manifests/samples.csv"},
		{ingest.TypeReading, "measurement:595", "plate-reader/AP-0001.csv"},
		{ingest.TypeManifest, "manifest:corrections", "manifests/corrections.csv"},
	} {
		text, err := examples.Files.ReadFile(e.file)
		if err != nil {
			t.Fatal(err)
		}
		format := map[string]string{".json": cloudevents.ApplicationJSON, ".csv": "text/csv"}[path.Ext(e.file)]
		event := cloudevents.New()
		event.SetID(e.file)
		event.SetSource("/test")
		event.SetType(e.kind)
		event.SetSubject(e.owner)
		if err := event.SetData(format, text); err != nil {
			t.Fatal(err)
		}
		envelope := ingest.Envelope{Event: event, Observed: time.Date(2026, time.November, 24, 9, i, 0, 0, time.UTC), Hash: e.file, Door: "files"}
		if _, err := journal.Append(t.Context(), envelope); err != nil {
			t.Fatal(err)
		}
		if err := pipeline.Quiet(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	letters, err := journal.Letters(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range letters {
		t.Errorf("%s failed: %s", l.Stage, l.Error)
	}
}
