package app_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wellspring/api"
	"wellspring/app"
	"wellspring/etl"
	"wellspring/examples"
	graphsqlite "wellspring/graphstore/sqlite"
	"wellspring/ingest/intake"
	"wellspring/ingest/journal"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/internal/neo4jtest"
	"wellspring/lineage"
	"wellspring/ot2"
)

// with are the settings of a service on one folder with these graphs.
func with(dir string, first, second func(o *app.Options, second bool)) func(*app.Options) {
	return func(o *app.Options) {
		o.DataDir = dir
		first(o, false)
		if second != nil {
			second(o, true)
		}
	}
}

// file is an embedded graph as the first or the second.
func file(name string) func(*app.Options, bool) {
	return func(o *app.Options, second bool) {
		if second {
			o.SecondStore, o.SecondSQLiteFile = "sqlite", name
		} else {
			o.Store, o.SQLiteFile = "sqlite", name
		}
	}
}

func inNeo4j(s *neo4jtest.Handle) func(*app.Options, bool) {
	return func(o *app.Options, second bool) {
		if second {
			o.SecondStore, o.SecondNeo4jURI, o.SecondNeo4jUser, o.SecondNeo4jPassword, o.SecondNeo4jDatabase = "neo4j", s.URI, s.User, s.Password, neo4jtest.Database
		} else {
			o.Store, o.Neo4jURI, o.Neo4jUser, o.Neo4jPassword, o.Neo4jDatabase = "neo4j", s.URI, s.User, s.Password, neo4jtest.Database
		}
	}
}

// caughtUp waits until the second graph has all that the journal holds.
func caughtUp(t *testing.T, a *app.App) etl.Second {
	t.Helper()
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	var second etl.Second
	eventually(t, "the second graph to catch up", func() bool {
		second = *get[etl.Pulse](t, a, "/v1/pulse").Second
		return second.Behind == 0 && second.Filled && second.Error == ""
	})
	return second
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.After(2 * time.Minute); !is(); {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// alike fails the test where the two graphs are not.
func alike(t *testing.T, a *app.App) etl.Fsck {
	t.Helper()
	caughtUp(t, a)
	report, err := a.Compare(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	unspoiled(t, report)
	if report.Owners == 0 || report.Nodes == 0 {
		t.Errorf("nothing was compared: %+v", report)
	}
	return report
}

// declare sends declarations and waits until they are processed.
func declare(t *testing.T, a *app.App, lot string) {
	t.Helper()
	if status, text := request(t, a, http.MethodPost, "/v1/declarations?wait=60", []byte("run,liquid,lot\n6f6ea665-d740-47bb-9399-fba49ea8c402,Water,"+lot+"\n")); status >= 300 {
		t.Fatalf("%d %s", status, text)
	}
}

// A second graph begins beside a service that has a history, a part of it in segments:
// it is filled from the beginning, follows what comes, and a difference is named and mended.
func TestSecondGraph(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	t.Run("alone", func(t *testing.T) {
		a := retaining(t, dir)
		settled(t, a, examples.StockDilution)
		aside(t, a, 1)
	})
	a := start(t, with(dir, file("graph.db"), file("graph-2.db")))
	if second := caughtUp(t, a); second.Graph != "sqlite graph-2.db" || second.Records != 1 || second.Error != "" {
		t.Errorf("%+v", second)
	}
	settled(t, a, examples.AssayPlate)
	declare(t, a, "LOT-LATE")
	if first, both := clean(t, a), alike(t, a); both.Nodes != first.Nodes || both.Edges != first.Edges || both.Owners != first.Owners {
		t.Errorf("compared %+v, and there is %+v", both, first)
	}
	_, metrics := request(t, a, http.MethodGet, "/metrics", nil)
	for _, line := range []string{"wellspring_second_lag_records 0", "wellspring_second_lag_seconds 0", "wellspring_compare_differences 0"} {
		if !strings.Contains(metrics, "\n"+line+"\n") {
			t.Errorf("the metrics don't say %s", line)
		}
	}

	spoil(t, filepath.Join(dir, "graph-2.db"))
	if status, text := request(t, a, http.MethodPost, "/v1/compare", nil); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, text)
	}
	var state api.FsckState
	eventually(t, "the comparison", func() bool {
		state = get[api.FsckState](t, a, "/v1/compare")
		return !state.Running
	})
	if state.Report == nil || state.Report.DifferenceCount != 1 || !strings.Contains(strings.Join(state.Report.Differences[0].Parts, "\n"), `name is "spoilt", not "`) {
		t.Fatalf("%+v %s", state.Report, state.Error)
	}
	clean(t, a) // the first is right
	if status, text := request(t, a, http.MethodPost, "/v1/rebuild?second=true", nil); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, text)
	}
	var rebuilt etl.RebuildState
	eventually(t, "the rebuild", func() bool {
		rebuilt = get[etl.RebuildState](t, a, "/v1/rebuild")
		return !rebuilt.Running
	})
	if rebuilt.Report == nil || rebuilt.Report.Fsck.DifferenceCount > 0 {
		t.Errorf("%+v %s", rebuilt.Report, rebuilt.Error)
	}
	alike(t, a)
}

// spoil changes a node of a graph behind the service's back.
func spoil(t *testing.T, path string) {
	t.Helper()
	graph, err := graphsqlite.Open(t.Context(), path, graphsqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = graph.Close(context.Background()) }()
	const run = "run:6f6ea665-d740-47bb-9399-fba49ea8c402"
	owned, err := graph.Owned(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	for i := range owned.Nodes {
		if owned.Nodes[i].Kind == lineage.KindRun {
			owned.Nodes[i].Name = "spoilt"
		}
	}
	if _, err := graph.Apply(t.Context(), owned, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// The first and the second change their places, and again: each goes on from where it was.
func TestSwitch(t *testing.T) {
	switching(t, file("graph.db"), file("graph-2.db"))
}

// The same between SQLite and Neo4j, in both directions.
func TestSwitchToNeo4jAndBack(t *testing.T) {
	server := neo4jtest.Server(t)
	t.Run("from SQLite", func(t *testing.T) { switching(t, file("graph.db"), inNeo4j(server)) })
	server.Clear(t)
	t.Run("from Neo4j", func(t *testing.T) { switching(t, inNeo4j(server), file("graph.db")) })
}

func switching(t *testing.T, one, other func(*app.Options, bool)) {
	dir := filepath.Join(t.TempDir(), "data")
	var nodes int
	t.Run("before", func(t *testing.T) {
		a := start(t, with(dir, one, other))
		settled(t, a, examples.StockDilution)
		alike(t, a)
	})
	t.Run("switched", func(t *testing.T) {
		a := start(t, with(dir, other, one))
		if status, text := request(t, a, http.MethodGet, "/v1/runs/6f6ea665", nil); status != http.StatusOK {
			t.Errorf("what was there before: %d %s", status, text)
		}
		if taken := get[struct{ Processings []etl.Processing }](t, a, "/v1/processing"); len(taken.Processings) != 1 || taken.Processings[0].Status != etl.Done {
			t.Errorf("processings after the switch: %+v", taken)
		}
		settled(t, a, examples.AssayPlate)
		declare(t, a, "LOT-AFTER")
		nodes = clean(t, a).Nodes
		alike(t, a)
	})
	t.Run("alone", func(t *testing.T) { // the one of before is away, and comes back
		a := start(t, with(dir, other, nil))
		declare(t, a, "LOT-ALONE")
		if err := a.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		nodes = clean(t, a).Nodes
	})
	t.Run("back", func(t *testing.T) {
		alike(t, start(t, with(dir, other, one)))
	})
	a := start(t, with(dir, one, other))
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := clean(t, a); got.Nodes != nodes || got.Records != 4 {
		t.Errorf("%d nodes of %d records, want %d of 4", got.Nodes, got.Records, nodes)
	}
	alike(t, a)
}

// A graph that was never filled can't become the first: the service says so and does
// not start, and goes on as before with the settings of before.
func TestSwitchBeforeItIsFilled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	away := func(o *app.Options, second bool) {
		if second {
			o.SecondStore, o.SecondNeo4jURI = "neo4j", "bolt://127.0.0.1:1"
		} else {
			o.Store, o.Neo4jURI = "neo4j", "bolt://localhost:1"
		}
	}
	t.Run("before", func(t *testing.T) { settled(t, start(t, with(dir, file("graph.db"), away)), examples.StockDilution) })
	for name, change := range map[string]func(*app.Options){
		"the second":                 with(dir, away, file("graph.db")),
		"the second, alone":          with(dir, away, nil),
		"one that nobody has seen":   with(dir, file("graph-3.db"), file("graph.db")),
		"the same graph as both":     with(dir, file("graph.db"), file("graph.db")),
		"the same Neo4j as both":     func(o *app.Options) { away(o, false); away(o, true); o.DataDir = dir },
		"a file beyond the folder":   with(dir, file("../graph.db"), nil),
		"a second file that is none": with(dir, file("graph.db"), file("journal.db")),
	} {
		o := app.DefaultOptions()
		change(&o)
		a, err := app.New(t.Context(), o, slog.New(slog.DiscardHandler))
		if err == nil {
			_ = a.Close()
			t.Errorf("%s: it started", name)
			continue
		}
		switch kind := lineage.KindOf(err); {
		case kind == lineage.ErrorConflict && strings.Contains(err.Error(), "1 records are missing"):
		case kind == lineage.ErrorInvalid && strings.Contains(err.Error(), "name another place"):
		case kind == lineage.ErrorInvalid && strings.Contains(err.Error(), "sqlite-file"):
		default:
			t.Errorf("%s: %v", name, err)
		}
	}
	clean(t, start(t, with(dir, file("graph.db"), nil)))
}

// A second graph that is away from the start is nobody's trouble but its own.
func TestSecondGraphIsAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	place := filepath.Join(dir, "graph-2.db")
	if err := os.MkdirAll(filepath.Join(place, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	a := start(t, with(dir, file("graph.db"), file("graph-2.db")))
	settled(t, a, examples.StockDilution)
	clean(t, a)
	if status, text := request(t, a, http.MethodGet, "/readyz", nil); status != http.StatusOK {
		t.Errorf("readyz: %d %s", status, text)
	}
	eventually(t, "the pulse to tell", func() bool {
		second := get[etl.Pulse](t, a, "/v1/pulse").Second
		return second.Behind == 1 && second.OldestSeconds > 0 && second.Error != "" && !second.Filled
	})
	if _, metrics := request(t, a, http.MethodGet, "/metrics", nil); !strings.Contains(metrics, "\nwellspring_second_lag_records 1\n") {
		t.Error("the metrics don't tell of the lag")
	}
	if status, text := request(t, a, http.MethodPost, "/v1/compare", nil); status != http.StatusServiceUnavailable || !strings.Contains(text, "graph-2.db") {
		t.Errorf("compare: %d %s", status, text)
	}
	if err := os.RemoveAll(place); err != nil {
		t.Fatal(err)
	}
	alike(t, a) // by itself
}

// Who has no second graph is told how to get one.
func TestCompareWithoutASecondGraph(t *testing.T) {
	a := start(t, nil)
	for _, path := range []string{"/v1/compare", "/v1/rebuild?second=true"} {
		if status, text := request(t, a, http.MethodPost, path, nil); status != http.StatusConflict || !strings.Contains(text, "second.store") {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if left, err := filepath.Glob(filepath.Join(a.DataDir(), "graphs.json")); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// What people do to dead letters is done to those of the second graph too; one that
// only the second has is tried again at a start.
func TestSecondGraphAndDeadLetters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	t.Run("alone", func(t *testing.T) { settled(t, start(t, with(dir, file("graph.db"), nil)), examples.AssayPlate) })
	j, err := journalsqlite.Open(dir, journalsqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	narrow := intake.New(j, intake.Options{Limits: ot2.Limits{Bytes: 100, Depth: 10, Commands: 1}})
	for _, payload := range [][]byte{example(t, examples.StockDilution), []byte("nothing that anybody can read")} {
		if _, err := narrow.Accept(t.Context(), intake.Message{Door: "mqtt", Payload: payload, Policy: intake.Lenient}); err != nil {
			t.Fatal(err)
		}
	}
	records, err := j.Read(t.Context(), "", 1)
	if err != nil {
		t.Fatal(err)
	}
	err = j.LettersOf("second").Bury(t.Context(), journal.DeadLetter{Record: records[0], Stage: "load", Error: "of the second alone"})
	if err := errors.Join(err, j.Close()); err != nil {
		t.Fatal(err)
	}

	a := start(t, with(dir, file("graph.db"), file("graph-2.db")))
	eventually(t, "the letters that both have", func() bool { return caughtUp(t, a).DeadLetters == 2 })
	alike(t, a)
	letters := get[api.DeadLetters](t, a, "/v1/deadletters").DeadLetters
	if len(letters) != 2 {
		t.Fatalf("%+v", letters)
	}
	for i, act := range []string{"retry", "drop"} {
		if status, text := request(t, a, http.MethodPost, "/v1/deadletters/"+letters[i].ID+"/"+act, nil); status >= 300 {
			t.Fatalf("%d %s", status, text)
		}
	}
	eventually(t, "the second graph's letters", func() bool { return caughtUp(t, a).DeadLetters == 0 })
	alike(t, a)
	clean(t, a)
}
