package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wellspring/app"
	"wellspring/etl"
	"wellspring/examples"
	"wellspring/graphstore/neo4j"
	"wellspring/internal/neo4jtest"
	"wellspring/lineage"
)

// clean fails the test where fsck finds anything.
func clean(t *testing.T, a *app.App) etl.Fsck {
	t.Helper()
	var report etl.Fsck
	alone(t, func() (err error) {
		report, err = a.Fsck(t.Context(), nil)
		return err
	})
	unspoiled(t, report)
	return report
}

// alone does what can't be done while another thing of the kind is under way,
// such as a schedule's.
func alone(t *testing.T, do func() error) {
	t.Helper()
	err := do()
	for lineage.KindOf(err) == lineage.ErrorConflict {
		err = do()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func unspoiled(t *testing.T, report etl.Fsck) {
	t.Helper()
	for _, d := range report.Differences {
		t.Errorf("fsck: %s %s %s: %s %q", d.Kind, d.Owner, d.Position, d.Problem, d.Parts)
	}
	if len(report.Unsettled) > 0 {
		t.Errorf("fsck: not compared: %v", report.Unsettled)
	}
}

func settled(t *testing.T, a *app.App, names ...string) {
	t.Helper()
	for _, name := range names {
		if status, text := request(t, a, http.MethodPost, "/v1/runs?wait=60", example(t, name)); status != http.StatusOK {
			t.Fatalf("import %s: %d %s", name, status, text)
		}
	}
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestFsckAndRebuildOverREST(t *testing.T) {
	a := start(t, nil)
	settled(t, a, examples.StockDilution, examples.AssayPlate)
	for _, path := range []string{"/v1/fsck", "/v1/rebuild"} {
		if status, text := request(t, a, http.MethodPost, path, nil); status != http.StatusAccepted {
			t.Fatalf("%s: %d %s", path, status, text)
		}
		var state struct {
			Running bool
			Error   string
			Report  *struct {
				DifferenceCount int `json:"difference_count"`
				Fsck            *struct {
					DifferenceCount int `json:"difference_count"`
				}
			}
		}
		for state.Running = true; state.Running; {
			_, text := request(t, a, http.MethodGet, path, nil)
			state.Report = nil
			if err := json.Unmarshal([]byte(text), &state); err != nil {
				t.Fatal(err)
			}
		}
		if state.Error != "" || state.Report == nil || state.Report.DifferenceCount != 0 || state.Report.Fsck != nil && state.Report.Fsck.DifferenceCount != 0 {
			t.Errorf("%s: %+v", path, state)
		}
	}
	if status, _ := request(t, a, http.MethodGet, "/v1/runs/6f6ea665", nil); status != http.StatusOK {
		t.Errorf("after the rebuild the run is not there: %d", status)
	}
	_, metrics := request(t, a, http.MethodGet, "/metrics", nil)
	if !strings.Contains(metrics, "\nwellspring_fsck_differences 0\n") || strings.Contains(metrics, "\nwellspring_fsck_timestamp_seconds 0\n") {
		t.Error("the metrics don't tell of the check")
	}
	if left, _ := filepath.Glob(filepath.Join(a.DataDir(), "graph.rebuild*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A graph that can't even be opened is made again from the journal.
func TestRebuildOfALostGraph(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	t.Run("before", func(t *testing.T) {
		settled(t, start(t, func(o *app.Options) { o.DataDir = dir }), examples.StockDilution)
	})
	file := filepath.Join(dir, "graph.db")
	if err := os.WriteFile(file, bytes.Repeat([]byte("no graph "), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	o := app.DefaultOptions()
	o.DataDir = dir
	if a, err := app.New(t.Context(), o, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("it opened a graph that is none")
		_ = a.Close()
	}
	a, err := app.OpenToRebuild(t.Context(), o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	report, err := a.Rebuild(t.Context(), nil)
	if err := errors.Join(err, a.Close()); err != nil {
		t.Fatal(err)
	}
	unspoiled(t, report.Fsck)
	if report.Owners != 1 || report.Fsck.Nodes == 0 {
		t.Errorf("%+v", report)
	}
	// What a killed rebuild leaves, at whichever moment, is gone after a start.
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.WriteFile(filepath.Join(dir, "graph.rebuild.db"+end), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := start(t, func(o *app.Options) { o.DataDir = dir })
	clean(t, again)
	if left, _ := filepath.Glob(filepath.Join(dir, "graph.rebuild*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A backup of a running service, restored into an empty place, is the same
// graph, and takes in what comes.
func TestBackupAndRestore(t *testing.T) {
	a := start(t, nil)
	settled(t, a, examples.StockDilution)
	request(t, a, http.MethodPost, "/v1/runs", example(t, examples.AssayPlate)) // it may be half-way
	var backup bytes.Buffer
	if err := a.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := clean(t, a)

	dir := filepath.Join(t.TempDir(), "restored")
	if err := app.Restore(t.Context(), bytes.NewReader(backup.Bytes()), dir); err != nil {
		t.Fatal(err)
	}
	b := start(t, func(o *app.Options) { o.DataDir = dir })
	if err := b.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := clean(t, b)
	if got.Records != want.Records || got.Nodes != want.Nodes || got.Edges != want.Edges || got.Nodes == 0 {
		t.Errorf("restored: %d records, %d nodes, %d edges; want %d, %d, %d", got.Records, got.Nodes, got.Edges, want.Records, want.Nodes, want.Edges)
	}
	if status, text := request(t, b, http.MethodPost, "/v1/runs", example(t, examples.AssayPlate)); status != http.StatusAccepted || !strings.Contains(text, `"duplicate":true`) {
		t.Errorf("sent again to the restored one: %d %s", status, text)
	}
	err := app.Restore(t.Context(), bytes.NewReader(backup.Bytes()), dir)
	if lineage.KindOf(err) != lineage.ErrorConflict {
		t.Errorf("restoring over a folder in use: %v", err)
	}
	for name, spoilt := range map[string][]byte{
		"cut": backup.Bytes()[:backup.Len()/2], "empty": nil, "no tar": []byte("hello"),
		"a flipped bit": flipped(backup.Bytes()),
	} {
		into := filepath.Join(t.TempDir(), "spoilt")
		if err := app.Restore(t.Context(), bytes.NewReader(spoilt), into); lineage.KindOf(err) != lineage.ErrorInvalid {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := filepath.Glob(into + "*"); len(left) > 0 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
}

func flipped(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)/2] ^= 1
	return b
}

// In Neo4j the graph is made equal where it is, while the service runs.
func TestRebuildInNeo4j(t *testing.T) {
	server := neo4jtest.Server(t)
	a := start(t, func(o *app.Options) {
		o.Store, o.Neo4jURI, o.Neo4jUser, o.Neo4jPassword, o.Neo4jDatabase = "neo4j", server.URI, server.User, server.Password, neo4jtest.Database
	})
	settled(t, a, examples.StockDilution, examples.AssayPlate)
	want := clean(t, a)
	graph, err := neo4j.Open(t.Context(), neo4j.Options{URI: server.URI, User: server.User, Password: server.Password, Database: neo4jtest.Database})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := graph.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	n := lineage.Node{ID: lineage.NewID(lineage.KindLot, "made up"), Kind: lineage.KindLot, Name: "made up"}
	for _, p := range []lineage.Projection{
		{Owner: "run:made-up", Nodes: []lineage.Node{n}},
		{Owner: "run:5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab"},
	} {
		if _, err := graph.Apply(t.Context(), p, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	spoilt, err := a.Fsck(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if spoilt.DifferenceCount != 2 {
		t.Errorf("fsck found %d differences, want 2: %+v", spoilt.DifferenceCount, spoilt.Differences)
	}
	report, err := a.Rebuild(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	unspoiled(t, report.Fsck)
	if got := report.Fsck; got.Nodes != want.Nodes || got.Edges != want.Edges || report.Retracted != 1 {
		t.Errorf("%d nodes, %d edges, %d retracted; want %d, %d, 1", got.Nodes, got.Edges, report.Retracted, want.Nodes, want.Edges)
	}
}
