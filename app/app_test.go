package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wellspring/app"
	"wellspring/examples"
)

// start runs a service in a folder of its own until the test ends.
func start(t *testing.T, change func(*app.Options)) *app.App {
	t.Helper()
	return startLogging(t, change, slog.New(slog.DiscardHandler))
}

func startLogging(t *testing.T, change func(*app.Options), logger *slog.Logger) *app.App {
	t.Helper()
	o := app.DefaultOptions()
	o.DataDir, o.Listen = filepath.Join(t.TempDir(), "data"), "127.0.0.1:0"
	if change != nil {
		change(&o)
	}
	a, err := app.New(t.Context(), o, logger)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-a.Started():
	case err := <-ended:
		t.Fatalf("it ended before it began: %v", err)
	}
	return a
}

func request(t *testing.T, a *app.App, method, path string, body []byte) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+a.Addr()+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return answered(t, r)
}

// answered sends a request; a refusal must be a problem.
func answered(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode >= 400 && response.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s: %d as %q, want a problem", r.Method, r.URL, response.StatusCode, response.Header.Get("Content-Type"))
	}
	return response.StatusCode, string(text)
}

func example(t *testing.T, name string) []byte {
	t.Helper()
	payload, err := fs.ReadFile(examples.Files, name)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// Two services in one process know nothing of each other.
func TestTwoInOneProcess(t *testing.T) {
	one, other := start(t, nil), start(t, nil)
	if status, text := request(t, one, http.MethodPost, "/v1/runs?wait=30", example(t, examples.StockDilution)); status != http.StatusOK {
		t.Fatalf("import: %d %s", status, text)
	}
	if _, text := request(t, one, http.MethodGet, "/v1/runs", nil); !strings.Contains(text, "6f6ea665") {
		t.Errorf("the run is not there: %s", text)
	}
	if _, text := request(t, other, http.MethodGet, "/v1/runs", nil); strings.Contains(text, "6f6ea665") {
		t.Error("the run is in the other service too")
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/openapi.yaml"} {
		if status, _ := request(t, other, http.MethodGet, path, nil); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}
}

// A data folder has one service; what was journaled is processed after a restart.
func TestRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	in := func(o *app.Options) { o.DataDir = dir }
	t.Run("first", func(t *testing.T) {
		a := start(t, in)
		if status, text := request(t, a, http.MethodPost, "/v1/runs", example(t, examples.StockDilution)); status != http.StatusAccepted {
			t.Fatalf("import: %d %s", status, text)
		}
		o := app.DefaultOptions()
		o.DataDir = dir
		if second, err := app.New(t.Context(), o, slog.New(slog.DiscardHandler)); err == nil {
			_ = second.Close()
			t.Error("a second service opened the same folder")
		}
		if s, ok := app.Running(t.Context(), dir); !ok || s.URL != a.URL() {
			t.Errorf("running at %q, %v, want %q", s.URL, ok, a.URL())
		}
	})
	if s, ok := app.Running(t.Context(), dir); ok {
		t.Errorf("still said to run at %q", s.URL)
	}
	a := start(t, in)
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, _ := request(t, a, http.MethodGet, "/v1/runs/6f6ea665", nil); status != http.StatusOK {
		t.Errorf("the run is not in the graph after a restart: %d", status)
	}
}

// A run that arrives live ends in the graph that its file gives.
func TestLiveEqualsFile(t *testing.T) {
	file := start(t, nil)
	live := start(t, func(o *app.Options) { o.BrokerListen = "127.0.0.1:0" })
	for _, a := range []*app.App{file, live} {
		if status, text := request(t, a, http.MethodPost, "/v1/runs?wait=30", example(t, examples.StockDilution)); status != http.StatusOK {
			t.Fatalf("import: %d %s", status, text)
		}
	}
	if status, text := request(t, file, http.MethodPost, "/v1/runs?wait=30", example(t, examples.AssayPlate)); status != http.StatusOK {
		t.Fatalf("import: %d %s", status, text)
	}
	if err := live.Play(t.Context(), example(t, examples.AssayPlate), time.Second, nil); err != nil {
		t.Fatal(err)
	}
	const well = "/v1/wells/5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab/AP-0001/A2"
	want := composition(t, file, well)
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	got := ""
	for range 400 {
		if got = composition(t, live, well); got == want {
			return
		}
		<-ticker.C
	}
	t.Errorf("live: %s\nfile: %s", got, want)
}

// composition is a well's composition and whether it is complete, as text.
func composition(t *testing.T, a *app.App, path string) string {
	t.Helper()
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, text := request(t, a, http.MethodGet, path, nil)
	var well struct {
		VolumeUl *float64 `json:"volume_ul"`
		Complete bool     `json:"complete"`
		Reasons  []string `json:"reasons"`
		Liquids  []struct {
			Name     string  `json:"name"`
			Fraction float64 `json:"fraction"`
		} `json:"liquids"`
	}
	if err := json.Unmarshal([]byte(text), &well); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	again, err := json.Marshal(well)
	if err != nil {
		t.Fatal(err)
	}
	return string(again)
}

// Bad input gets an error that names the place; nothing of it is written, and
// the service lives on.
func TestBadInput(t *testing.T) {
	a := start(t, func(o *app.Options) { o.MaxBytes = 1 << 20 })
	deep := strings.Repeat(`{"data":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	for _, test := range []struct {
		name, body string
		status     []int
		says       string
	}{
		{"no JSON", "hello", []int{400, 422}, ""},
		{"cut JSON", `{"data": {"id": "r1", "status": "succ`, []int{400, 422}, ""},
		{"another tool's JSON", `{"openapi": "3.0.3", "info": {"title": "x"}}`, []int{422}, ""},
		{"empty", "", []int{400, 422}, "empty"},
		{"too large", `{"data": "` + strings.Repeat("x", 2<<20) + `"}`, []int{413}, "1048576"},
		{"10,000 levels deep", deep, []int{413, 422}, ""},
		{"NaN", `{"id": "r1", "commands": [{"id": "c", "commandType": "aspirate", "params": {"volume": NaN}}]}`, []int{400, 422}, ""},
		{
			"a negative volume",
			`{"id": "r1", "robotSerial": "x", "commands": [{"id": "c", "commandType": "aspirate", "status": "succeeded", "params": {"labwareId": "l", "wellName": "A1", "pipetteId": "p", "volume": -1}}]}`,
			[]int{422}, "commands[0].params.volume",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, text := request(t, a, http.MethodPost, "/v1/runs", []byte(test.body))
			found := false
			for _, want := range test.status {
				found = found || status == want
			}
			if !found || !strings.Contains(text, test.says) {
				t.Errorf("%d %s; want %v and %q", status, text, test.status, test.says)
			}
		})
	}
	if _, text := request(t, a, http.MethodGet, "/v1/runs", nil); !strings.Contains(text, `"runs":[]`) {
		t.Errorf("something was written: %s", text)
	}
	if status, _ := request(t, a, http.MethodGet, "/readyz", nil); status != http.StatusOK {
		t.Errorf("readyz: %d", status)
	}
	// A run without commands, and one that uses labware nobody loaded, are runs: with findings.
	for name, body := range map[string]string{
		"none":    `{"id": "none", "status": "succeeded", "robotSerial": "x", "commands": []}`,
		"unknown": `{"id": "unknown", "status": "succeeded", "robotSerial": "x", "commands": [{"id": "c", "commandType": "aspirate", "status": "succeeded", "startedAt": "2026-01-01T00:00:00Z", "params": {"labwareId": "l", "wellName": "A1", "pipetteId": "p", "volume": 1}}]}`,
	} {
		if status, text := request(t, a, http.MethodPost, "/v1/runs?wait=30", []byte(body)); status != http.StatusOK {
			t.Errorf("%s: %d %s", name, status, text)
		}
		if _, text := request(t, a, http.MethodGet, "/v1/runs/"+name, nil); strings.Contains(text, `"findings":[]`) {
			t.Errorf("%s: no finding: %s", name, text)
		}
	}
}

// Who only pretends to be this machine is kept out.
func TestForeignHostIsRefused(t *testing.T) {
	a := start(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+a.Addr()+"/v1/runs", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example"
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusMisdirectedRequest || response.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s, want the problem %d", response.StatusCode, response.Header.Get("Content-Type"), http.StatusMisdirectedRequest)
	}
}

func TestNewRefusesWhatCannotBeOpened(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := app.DefaultOptions()
	o.DataDir = filepath.Join(file, "below")
	if _, err := app.New(t.Context(), o, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error for a folder below a file")
	}
}
