package neo4j_test

import (
	"context"
	"fmt"
	"log/slog"
	"path"
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
		want, ok := answers[path.Base(q.File)]
		if !ok {
			t.Errorf("%s: say here what the answer is", q.File)
		}
		if diff := cmp.Diff(want, facts(t, result, want)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", q.File, diff)
		}
	}
}

// answer is what a question's answer must say of the story: how many rows there
// are, some fields of the first, and how many nodes of each kind are drawn.
type answer struct {
	Rows  int
	First map[string]any
	Drawn map[string]int
}

var answers = map[string]answer{
	"01_reading.cypher":     {Rows: 17, Drawn: map[string]int{"Measurement": 1, "WellState": 10, "Lot": 6}},
	"02_origin.cypher":      {Rows: 16, Drawn: map[string]int{"WellState": 10, "Lot": 6}},
	"03_composition.cypher": {Rows: 3, First: map[string]any{"what": []any{"BRD-1188", "Bradford reagent"}, "fraction": 0.9, "volumeUl": 180.0}},
	"04_impact.cypher":      {Rows: 6, First: map[string]any{"plate": "TR-0002", "well": "B1", "fraction": 1.0}}, // the tube, and the five blanks
	"05_well.cypher":        {Rows: 2, First: map[string]any{"step": "dispense", "volumeUl": 100.0}},
	"06_run.cypher":         {Rows: 110, First: map[string]any{"step": "loadLiquid", "volumeUl": 14000.0, "failed": false}},
	"07_carry_over.cypher":  {Rows: 41, First: map[string]any{"times": int64(1)}},
	"08_unknown.cypher":     {Rows: 3, First: map[string]any{"volumeUl": 100.0, "reasons": []any{"undeclared-source"}}},
	"09_plate.cypher":       {Rows: 2, First: map[string]any{"run": "6f6ea665-d740-47bb-9399-fba49ea8c402", "slot": "1"}},
	"10_corrected.cypher":   {Rows: 1, First: map[string]any{"now": "PBS-2611-B"}},
}

// facts is what a result says of the things that want names.
func facts(t *testing.T, result *driver.EagerResult, want answer) answer {
	t.Helper()
	got := answer{Rows: len(result.Records)}
	for i, record := range result.Records {
		for j, value := range record.Values {
			if _, asked := want.First[record.Keys[j]]; asked && i == 0 {
				if got.First == nil {
					got.First = map[string]any{}
				}
				got.First[record.Keys[j]] = sortedList(value)
			}
			if n, ok := value.(dbtype.Node); ok {
				if got.Drawn == nil {
					got.Drawn = map[string]int{}
				}
				got.Drawn[kindOf(n)]++
			}
		}
	}
	return got
}

// kindOf is the label that is a kind.
func kindOf(n dbtype.Node) string {
	for _, label := range n.Labels {
		if lineage.Kind(label).Class() != "" {
			return label
		}
	}
	return ""
}

// sortedList sorts names as people read them: by byte, not as the server sorts.
func sortedList(value any) any {
	list, ok := value.([]any)
	if !ok {
		return value
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return list
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
