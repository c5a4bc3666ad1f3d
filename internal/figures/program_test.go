package figures

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"wellspring/app"
	"wellspring/internal/neo4jtest"
)

// program is the path of the program under measurement.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		os.Exit(m.Run()) // nothing will run
	}
	os.Exit(measure(m))
}

// measure builds the program and runs the benchmarks.
func measure(m *testing.M) int {
	dir, err := os.MkdirTemp("", "figures")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "wellspring")
	build := exec.Command("go", "build", "-trimpath", "-o", program, "wellspring/cmd/wellspring")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// store is one engine to measure with.
type store struct {
	name string
	// fresh returns the environment of a service on an empty graph.
	fresh func(b *testing.B) []string
}

func stores() []store {
	return []store{
		{"sqlite", func(*testing.B) []string { return []string{"WELLSPRING_STORE=sqlite"} }},
		{"neo4j", func(b *testing.B) []string {
			server := neo4jtest.Server(b)
			server.Clear(b)
			return []string{"WELLSPRING_STORE=neo4j", "WELLSPRING_NEO4J_URI=" + server.URI,
				"WELLSPRING_NEO4J_USER=" + server.User, "WELLSPRING_NEO4J_PASSWORD=" + server.Password}
		}},
	}
}

// service is a running wellspring serve.
type service struct {
	b      *testing.B
	cmd    *exec.Cmd
	base   string
	stderr bytes.Buffer
	ended  bool
}

// patience bounds everything that is waited for.
const patience = time.Minute

// serve starts a service on an empty folder and waits until it is ready.
func serve(b *testing.B, environment []string) *service {
	b.Helper()
	return serveIn(b, b.TempDir(), environment)
}

// serveIn starts a service on a data folder and waits until it is ready.
func serveIn(b *testing.B, dir string, environment []string) *service {
	b.Helper()
	s := &service{b: b, cmd: exec.Command(program, "serve", "--data-dir", dir, "--listen", "127.0.0.1:0", "--log-level", "error")}
	s.cmd.Env = append(os.Environ(), environment...)
	s.cmd.Stderr = &s.stderr
	if err := s.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if !s.ended {
			s.stop()
		}
	})
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		at, ok := app.Running(ctx, dir)
		if s.base = at.URL; ok && s.status("/readyz") == http.StatusOK {
			return s
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.Fatalf("the service did not become ready:\n%s", s.stderr.String())
		}
	}
}

// stop ends the service and returns the most memory that it had, in bytes.
func (s *service) stop() int64 {
	s.b.Helper()
	s.ended = true
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		s.b.Error(err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.b.Errorf("wellspring serve: %v\n%s", err, s.stderr.String())
	}
	return s.cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
}

// resident is the memory that the service has now, in bytes.
func (s *service) resident() int64 {
	s.b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.b.Skipf("resident memory can't be read here: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	s.b.Fatal("no VmRSS")
	return 0
}

// worked is the processor time that the service has used.
func (s *service) worked() time.Duration {
	s.b.Helper()
	return worked(s.b, s.cmd.Process.Pid)
}

func worked(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skipf("processor time can't be read here: %v", err)
	}
	// After the name in parentheses: state, and 10 more before utime and stime, in
	// ticks of 10 ms.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func (s *service) status(path string) int {
	response, err := http.Get(s.base + path)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// send imports a document and waits until it is in the graph. A large one is sent
// once: the answer may come before that, and then it is asked for.
func (s *service) send(document []byte) {
	s.b.Helper()
	const path = "/v1/runs?wait=60"
	response, err := http.Post(s.base+path, "application/json", bytes.NewReader(document))
	if err != nil {
		s.b.Fatal(err)
	}
	answer := s.body(path, response)
	var accepted struct{ Subject string }
	if err := json.Unmarshal(answer, &accepted); err != nil {
		s.b.Fatal(err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for response.StatusCode == http.StatusAccepted {
		select {
		case <-tick.C:
		case <-s.b.Context().Done():
			s.b.Fatal(s.b.Context().Err())
		}
		var state struct{ Status string }
		if err := json.Unmarshal(s.get(s.b, "/v1/processing/"+url.PathEscape(accepted.Subject)), &state); err != nil {
			s.b.Fatal(err)
		}
		if state.Status == "done" {
			return
		}
		if state.Status == "failed" {
			s.b.Fatalf("%s failed", accepted.Subject)
		}
	}
	if bytes.Contains(answer, []byte(`"error"`)) {
		s.b.Fatalf("the document was not processed: %s", answer)
	}
}

func (s *service) body(path string, response *http.Response) []byte {
	s.b.Helper()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.b.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusAccepted {
		s.b.Fatalf("%s: %s\n%s", path, response.Status, text)
	}
	return text
}
