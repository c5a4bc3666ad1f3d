package pagetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// root is the folder of the product.
const root = "../.."

// The runs of the examples' story.
const (
	stockRun = "6f6ea665-d740-47bb-9399-fba49ea8c402"
	assayRun = "5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab"
)

// program builds the program once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pagetest-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "wellspring")
	build := exec.Command("go", "build", "-C", root, "-o", path, "./cmd/wellspring")
	build.Stderr = os.Stderr
	return path, build.Run()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// service is a running program.
type service struct {
	tb  testing.TB
	dir string
	URL string
	cmd *exec.Cmd
	log *bytes.Buffer
}

// serve starts the program on a data folder, until stop or the test's end.
func serve(tb testing.TB, dir string, flags ...string) *service {
	tb.Helper()
	path, err := program()
	if err != nil {
		tb.Fatal(err)
	}
	s := &service{tb: tb, dir: dir, log: &bytes.Buffer{}}
	s.cmd = exec.Command(path, append([]string{"serve", "--data-dir", dir, "--listen", "127.0.0.1:0", "--log-level", "warn", "--retry-wait", "10ms"}, flags...)...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.stop)
	until(tb, "the service to answer", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "service.json"))
		var at struct{ URL string }
		if err != nil || json.Unmarshal(text, &at) != nil {
			return false
		}
		s.URL = at.URL
		response, err := http.Get(s.URL + "/readyz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return s
}

// stop ends the program as Ctrl-C does.
func (s *service) stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(os.Interrupt)
	if err := s.cmd.Wait(); err != nil {
		s.tb.Errorf("the service ended badly: %v\n%s", err, s.log)
	}
	s.cmd = nil
}

// tell sends documents in, each once the one before is in the graph.
func (s *service) tell(names ...string) {
	s.tb.Helper()
	for _, name := range names {
		s.send(read(s.tb, name))
	}
}

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	payload, err := os.ReadFile(filepath.Join(root, "examples", filepath.FromSlash(name)))
	if err != nil {
		tb.Fatal(err)
	}
	return payload
}

func (s *service) send(payload []byte) {
	s.tb.Helper()
	response, err := http.Post(s.URL+"/v1/runs?wait=60", "application/json", bytes.NewReader(payload))
	if err != nil {
		s.tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		s.tb.Fatalf("%d %s %v", response.StatusCode, text, err)
	}
}

// story is a service that was told all of the examples' story.
func story(tb testing.TB) *service {
	tb.Helper()
	webhooks := filepath.Join(tb.TempDir(), "webhooks.yaml")
	if err := os.WriteFile(webhooks, []byte("webhooks: [{name: lims, url: 'http://127.0.0.1:9/nobody-listens', unsigned: true}]"), 0o600); err != nil {
		tb.Fatal(err)
	}
	s := serve(tb, tb.TempDir(), "--webhooks", webhooks)
	s.tell("runs/stock_dilution.json", "runs/assay_plate.json", "analyses/assay_plate.json", "manifests/lots.csv", "manifests/samples.csv", "manifests/experiments.csv",
		"plate-reader/AP-0001.csv", "manifests/corrections.csv", "runs/pcr_setup.json", "runs/serial_dilution.json")
	return s
}

// pieces are a run cut up as it arrives while it goes on: of so many commands each.
// The last one says how the run ended.
func pieces(tb testing.TB, name string, size int) [][]byte {
	tb.Helper()
	var whole struct {
		Data     map[string]any
		Commands struct{ Data []any }
	}
	if err := json.Unmarshal(read(tb, name), &whole); err != nil {
		tb.Fatal(err)
	}
	all := whole.Commands.Data
	var cut [][]byte
	for from := 0; from < len(all); from += size {
		to := min(from+size, len(all))
		run := map[string]any{}
		for key, value := range whole.Data {
			run[key] = value
		}
		if to < len(all) {
			run["status"] = "running"
			delete(run, "completedAt")
		}
		text, err := json.Marshal(map[string]any{"runId": run["id"], "run": run,
			"commands": map[string]any{"data": all[from:to], "meta": map[string]any{"totalLength": len(all)}}})
		if err != nil {
			tb.Fatal(err)
		}
		cut = append(cut, text)
	}
	return cut
}

// until waits for something to become true.
func until(tb testing.TB, what string, happened func() bool) {
	tb.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for range 3000 {
		if happened() {
			return
		}
		<-ticker.C
	}
	tb.Fatalf("waited for %s in vain", what)
}
