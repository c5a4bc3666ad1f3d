package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wellspring/api"
	"wellspring/app"
	"wellspring/evidence"
	"wellspring/examples"
)

// retaining is a service that puts everything aside that it has processed.
func retaining(t *testing.T, dir string) *app.App {
	return start(t, func(o *app.Options) { o.DataDir, o.ScheduleRetention, o.RetentionAge = dir, "1s", 1 })
}

// aside waits until so many documents are in segments.
func aside(t *testing.T, a *app.App, records int) (all []string) {
	t.Helper()
	for n := 0; n < records; {
		n, all = 0, nil
		for _, s := range get[api.Segments](t, a, "/v1/segments").Segments {
			if strings.HasPrefix(s.Name, "segment-") {
				n += s.Records
				all = append(all, filepath.Join(a.DataDir(), "archive", s.Name))
			}
		}
	}
	return all
}

// What is put aside is part of the journal all the same: it is checked, rebuilt,
// corrected and backed up.
func TestRetention(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	a := retaining(t, dir)
	settled(t, a, examples.StockDilution, examples.AssayPlate)
	before := clean(t, a)
	aside(t, a, int(before.Records))
	after := clean(t, a)
	if after.Nodes != before.Nodes || after.Edges != before.Edges || after.Records != before.Records {
		t.Errorf("the check saw %+v, and before %+v", after, before)
	}
	alone(t, func() error {
		report, err := a.Rebuild(t.Context(), nil)
		unspoiled(t, report.Fsck)
		return err
	})
	if status, text := request(t, a, http.MethodPost, "/v1/declarations?wait=30", []byte("run,liquid,lot\n6f6ea665-d740-47bb-9399-fba49ea8c402,Water,LOT-LATE\n")); status >= 300 {
		t.Fatalf("%d %s", status, text)
	}
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := clean(t, a)
	wholeLog(t, a)
	exported(t, a, "about=run&selector=6f6ea665")
	_, log := request(t, a, http.MethodGet, "/v1/audit?action=schedule", nil)
	if !strings.Contains(log, `"subject":"schedule:retention"`) || !strings.Contains(log, "segment-1-") {
		t.Errorf("the evidence log says nothing of it: %.500s", log)
	}

	var backup bytes.Buffer
	alone(t, func() error {
		backup.Reset()
		return a.Backup(t.Context(), &backup)
	})
	restored := filepath.Join(t.TempDir(), "restored")
	if err := app.Restore(t.Context(), bytes.NewReader(backup.Bytes()), restored); err != nil {
		t.Fatal(err)
	}
	b := start(t, func(o *app.Options) { o.DataDir = restored })
	if err := b.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	wholeLog(t, b)
	if got := clean(t, b); got.Nodes != want.Nodes || got.Edges != want.Edges {
		t.Errorf("restored %d nodes and %d edges, want %d and %d", got.Nodes, got.Edges, want.Nodes, want.Edges)
	}
}

// A person puts documents aside at once, and sees before what that would be.
func TestRetentionByHand(t *testing.T) {
	a := start(t, nil)
	settled(t, a, examples.StockDilution, examples.AssayPlate)
	if status, text := request(t, a, http.MethodGet, "/v1/retention", nil); status != http.StatusBadRequest || !strings.Contains(text, "retention.age") {
		t.Errorf("without an age: %d %s", status, text)
	}
	if status, text := request(t, a, http.MethodPost, "/v1/retention?before=2999-01-01T00:00:00Z", nil); status != http.StatusBadRequest {
		t.Errorf("of a time to come: %d %s", status, text)
	}
	now := "/v1/retention?before=" + time.Now().UTC().Format(time.RFC3339Nano)
	would := get[api.Retainable](t, a, now)
	if would.Records != 2 || would.Subjects != 2 || would.Bytes == 0 {
		t.Errorf("it would put aside %+v, want the two runs", would)
	}
	if all := get[api.Segments](t, a, "/v1/segments").Segments; len(all) != 0 {
		t.Errorf("it was only asked, and closed %+v", all)
	}
	if status, text := request(t, a, http.MethodPost, now, nil); status != http.StatusOK || !strings.Contains(text, "segment-1-2-") {
		t.Errorf("%d %s", status, text)
	}
	if left := get[api.Retainable](t, a, now); left.Records != 0 {
		t.Errorf("%+v are left", left)
	}
	if _, log := request(t, a, http.MethodGet, "/v1/audit?action=startRetention", nil); !strings.Contains(log, `"outcome":"done"`) {
		t.Errorf("the evidence log says %s", log)
	}
	clean(t, a)
}

// wholeLog checks that old entries are in segments, and computes the log again from all of them.
func wholeLog(t *testing.T, a *app.App) {
	t.Helper()
	signed := get[api.SignedCheckpoint](t, a, "/v1/checkpoint")
	c, err := evidence.ReadUnsigned([]byte(signed.Note))
	if err != nil {
		t.Fatal(err)
	}
	check := evidence.NewLogCheck(c)
	for check.Size() < c.Size {
		for _, e := range get[api.LogEntries](t, a, fmt.Sprintf("/v1/log/entries?limit=100&first=%d", check.Size())).Entries {
			check.Add(e.Index, []byte(e.Public), []byte(e.Private))
		}
	}
	if faults := check.Finish(); len(faults) > 0 {
		t.Errorf("the log: %v", faults)
	}
	aside := 0
	for _, s := range get[api.Segments](t, a, "/v1/segments").Segments {
		if strings.HasPrefix(s.Name, "evidence-") && s.Present {
			aside += s.Records
		}
	}
	if aside == 0 {
		t.Error("no entry was put aside")
	}
}

// Without the segments of the evidence log a service starts and works; what needs them names them.
func TestRetentionWithoutTheLogsSegments(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	t.Run("first", func(t *testing.T) {
		a := retaining(t, dir)
		settled(t, a, examples.AssayPlate)
		for entries := 0; entries < 3; {
			entries = 0
			for _, s := range get[api.Segments](t, a, "/v1/segments").Segments {
				if strings.HasPrefix(s.Name, "evidence-") {
					entries += s.Records
				}
			}
		}
	})
	files, err := filepath.Glob(filepath.Join(dir, "archive", "evidence-*.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		if err := os.Rename(file, file+".away"); err != nil {
			t.Fatal(err)
		}
	}
	a := start(t, func(o *app.Options) { o.DataDir = dir })
	if status, text := request(t, a, http.MethodPost, "/v1/runs?wait=30", example(t, examples.StockDilution)); status != http.StatusOK {
		t.Errorf("import: %d %s", status, text)
	}
	if status, text := request(t, a, http.MethodGet, "/v1/log/entries", nil); status != http.StatusServiceUnavailable || !strings.Contains(text, filepath.Base(files[0])) {
		t.Errorf("the log without its beginning: %d %s", status, text)
	}
	report, err := a.Fsck(t.Context(), nil)
	if err != nil || report.DifferenceCount != len(files) {
		t.Errorf("the check: %+v, %v; want a difference a segment", report, err)
	}
	for _, file := range files {
		if err := os.Rename(file+".away", file); err != nil {
			t.Fatal(err)
		}
	}
	clean(t, a)
	wholeLog(t, a)
}

// Without its segment an owner stays in the graph as it is: nothing is derived from
// a part of its documents, and what comes late waits among the dead letters.
func TestRetentionWithoutASegment(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	a := retaining(t, dir)
	settled(t, a, examples.AssayPlate)
	whole := clean(t, a)
	files := aside(t, a, int(whole.Records))
	away := t.TempDir()
	for _, file := range files {
		if err := os.Rename(file, filepath.Join(away, filepath.Base(file))); err != nil {
			t.Fatal(err)
		}
	}
	id := get[struct{ Runs []struct{ ID string } }](t, a, "/v1/runs").Runs[0].ID
	graphBefore := strings.Join(graph(t, a, id), "\n")

	late := bytes.ReplaceAll(example(t, examples.AssayPlate), []byte(`"succeeded"`), []byte(`"failed"`))
	if status, text := request(t, a, http.MethodPost, "/v1/runs", late); status != http.StatusAccepted {
		t.Errorf("a late document: %d %s", status, text)
	}
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	letters := get[api.DeadLetters](t, a, "/v1/deadletters").DeadLetters
	if len(letters) != 1 || !strings.Contains(letters[0].Remedy, filepath.Base(files[0])) {
		t.Fatalf("dead letters: %+v", letters)
	}
	if got := strings.Join(graph(t, a, id), "\n"); got != graphBefore {
		t.Error("the graph changed")
	}
	for what, try := range map[string]func() error{
		"a check":   func() error { _, err := a.Fsck(t.Context(), nil); return err },
		"a rebuild": func() error { _, err := a.Rebuild(t.Context(), nil); return err },
	} {
		for err := try(); ; err = try() {
			if err == nil || strings.Contains(err.Error(), filepath.Base(files[0])) {
				if err == nil {
					t.Errorf("%s without the segment says nothing of it", what)
				}
				break
			}
		}
	}
	if segments := get[api.Segments](t, a, "/v1/segments").Segments; len(segments) == 0 || segments[0].Present {
		t.Errorf("segments: %+v", segments)
	}

	for _, file := range files {
		if err := os.Rename(filepath.Join(away, filepath.Base(file)), file); err != nil {
			t.Fatal(err)
		}
	}
	if status, text := request(t, a, http.MethodPost, "/v1/deadletters/"+letters[0].ID+"/retry", nil); status >= 300 {
		t.Errorf("retry: %d %s", status, text)
	}
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if report := clean(t, a); report.DeadLetters > 0 || report.Records != whole.Records+1 {
		t.Errorf("%d dead letters; %d records, want %d", report.DeadLetters, report.Records, whole.Records+1)
	}
}
