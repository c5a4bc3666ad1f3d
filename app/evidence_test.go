package app_test

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"wellspring/api"
	"wellspring/app"
	"wellspring/evidence"
	"wellspring/examples"
	journalsqlite "wellspring/ingest/journal/sqlite"
)

func get[T any](t *testing.T, a *app.App, path string) T {
	t.Helper()
	status, text := request(t, a, http.MethodGet, path, nil)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, status, text)
	}
	return decode[T](t, text)
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var into T
	if err := json.Unmarshal([]byte(text), &into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return into
}

// logged waits until every record of the journal is entered, and returns the log.
func logged(t *testing.T, a *app.App, records int) []api.LogEntry {
	t.Helper()
	if err := a.EvidenceCaughtUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	entries := get[api.LogEntries](t, a, "/v1/log/entries?journal=true").Entries
	found := 0
	for _, e := range entries {
		if strings.Contains(e.Public, `"type":"record"`) {
			found++
		}
	}
	if found != records {
		t.Errorf("%d records are entered, want %d", found, records)
	}
	return entries
}

func TestLedgerFollowsTheJournal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	in := func(o *app.Options) { o.DataDir = dir }
	t.Run("first", func(t *testing.T) {
		a := start(t, in)
		for range 2 { // the second is a duplicate
			if status, text := request(t, a, http.MethodPost, "/v1/runs", example(t, examples.StockDilution)); status != http.StatusAccepted {
				t.Fatalf("import: %d %s", status, text)
			}
		}
		for _, e := range logged(t, a, 1) {
			if e.Journal != "" && e.Journal != api.Same {
				t.Errorf("entry %d: its record %s", e.Index, e.Journal)
			}
		}
		acts := get[api.Acts](t, a, "/v1/audit").Acts
		if len(acts) != 3 || acts[0].Action != "configure" || acts[1].Action != "importRun" || acts[2].Outcome != api.ActOutcomeAccepted {
			t.Errorf("acts: %+v", acts)
		}
	})
	// Somebody writes into the journal behind the service's back.
	db, err := sql.Open("sqlite", filepath.Join(dir, journalsqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE record SET envelope = CAST(replace(CAST(envelope AS TEXT), 'wshash', 'wsHash') AS BLOB)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	a := start(t, func(o *app.Options) { in(o); o.Workers = 3 })
	found := api.LogEntryJournal("")
	for _, e := range logged(t, a, 1) {
		if e.Journal != "" {
			found = e.Journal
		}
	}
	if found != api.Differs {
		t.Errorf("the journal is said to hold %q, want differs", found)
	}
	acts := get[api.Acts](t, a, "/v1/audit?action=configure").Acts
	if len(acts) != 2 {
		t.Fatalf("acts: %+v", acts)
	}
	changed, _ := acts[1].New.(map[string]any)
	was, _ := acts[1].Old.(map[string]any)
	if len(changed) != 1 || changed["workers"] != 3. || was["workers"] != 4. {
		t.Errorf("settings: %v, before %v; want workers only", changed, was)
	}
}

// Secrets of the settings are in no entry.
func TestSettingsAreEnteredMasked(t *testing.T) {
	const secret = "planted-4f1c9"
	a := start(t, func(o *app.Options) { o.MQTTPassword = secret })
	for _, e := range logged(t, a, 0) {
		if strings.Contains(e.Public+e.Private, secret) {
			t.Errorf("the secret is in %s", e.Private)
		}
	}
	acts := get[api.Acts](t, a, "/v1/audit?action=configure").Acts
	settings, _ := acts[0].New.(map[string]any)
	if settings["mqtt-password"] != "********" || acts[0].Outcome != evidence.OutcomeDone {
		t.Errorf("settings: %v", settings)
	}
}
