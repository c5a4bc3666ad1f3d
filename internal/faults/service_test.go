package faults

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"wellspring/app"
	"wellspring/etl"
	"wellspring/ingest/journal"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/lineage"
)

// childEnv makes a copy of the test program a service, with the settings that the
// environment has, until it is killed; where its value is asBridge, a bridge that
// sends on to a central service.
const (
	childEnv = "FAULTS_CHILD"
	asBridge = "bridge"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		if err := serve(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// where is what a service says once its doors are open.
type where struct{ REST, Broker string }

func serve() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	options, err := app.Load("", nil)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if os.Getenv(childEnv) == asBridge {
		return serveBridge(ctx, options, logger)
	}
	a, err := app.New(ctx, options, logger)
	if err != nil {
		return err
	}
	go func() {
		<-a.Started()
		_ = json.NewEncoder(os.Stdout).Encode(where{"http://" + a.Addr(), a.Broker()})
	}()
	return errors.Join(a.Run(ctx), a.Close())
}

func serveBridge(ctx context.Context, options app.Options, logger *slog.Logger) error {
	o, err := app.NewOutpost(options, logger)
	if err != nil {
		return err
	}
	go func() {
		<-o.Started()
		_ = json.NewEncoder(os.Stdout).Encode(where{REST: "http://" + o.Addr()})
	}()
	return errors.Join(o.Run(ctx), o.Close())
}

// service is a child process.
type service struct {
	where
	t      testing.TB
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process is gone
	failed error         // how it ended
}

// launch starts a service on a data folder; nil where it ended before its doors opened.
func launch(t testing.TB, dir string, settings ...string) *service {
	t.Helper()
	s := &service{t: t, cmd: exec.Command(os.Args[0]), ended: make(chan struct{})}
	s.cmd.Env = append(os.Environ(), append([]string{childEnv + "=1", "WELLSPRING_DATA_DIR=" + dir, "WELLSPRING_LISTEN=127.0.0.1:0"}, settings...)...)
	log, err := os.OpenFile(filepath.Join(t.TempDir(), "log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stderr = log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("what a service said:\n%s", text[max(0, len(text)-4000):])
		}
		_ = log.Close()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &s.where)
	}
	go func() {
		defer close(s.ended)
		_, _ = io.Copy(io.Discard, out)
		s.failed = s.cmd.Wait()
	}()
	if err != nil {
		<-s.ended
		return nil
	}
	return s
}

// kill ends the service at once, and waits until it is gone.
func (s *service) kill() {
	_ = s.cmd.Process.Kill() // it may be gone
	<-s.ended
}

// terminate asks the service to end, and waits until it has.
func (s *service) terminate() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-s.ended
	return s.failed
}

func (s *service) post(ctx context.Context, path string, body io.Reader) (int, []byte, http.Header) {
	return s.ask(ctx, http.MethodPost, path, body)
}

func (s *service) get(ctx context.Context, path string) (int, []byte, http.Header) {
	return s.ask(ctx, http.MethodGet, path, nil)
}

// ask sends a request and returns the status and the answer; 0 where there was none.
func (s *service) ask(ctx context.Context, method, path string, body io.Reader) (int, []byte, http.Header) {
	request, err := http.NewRequestWithContext(ctx, method, s.REST+path, body)
	if err != nil {
		return 0, nil, nil
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, nil
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, nil, nil
	}
	return answer.StatusCode, text, answer.Header
}

// verdict opens what is left in a data folder: everything that was acknowledged
// (by event id, or by run) must be in the journal, nothing twice, everything must be in the graph, and fsck
// must find nothing.
func verdict(t *testing.T, dir string, acknowledged map[string]bool, settings ...string) etl.Fsck {
	t.Helper()
	count(t, dir, acknowledged)
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		t.Setenv(name, value)
	}
	t.Setenv("WELLSPRING_DATA_DIR", dir)
	t.Setenv("WELLSPRING_LISTEN", "127.0.0.1:0")
	options, err := app.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), options, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	defer func() {
		cancel()
		if err := errors.Join(<-ended, a.Close()); err != nil {
			t.Error(err)
		}
	}()
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	report, err := a.Fsck(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range report.Differences {
		if i < 20 {
			t.Errorf("fsck: %s %s %s: %s %q", d.Kind, d.Owner, d.Position, d.Problem, d.Parts)
		}
	}
	if report.DeadLetters > 0 || len(report.Unsettled) > 0 {
		t.Errorf("%d dead letters; not compared: %v", report.DeadLetters, report.Unsettled)
	}
	if options.SecondStore != "" {
		here := &service{t: t, where: where{REST: "http://" + a.Addr()}}
		dwindle(t, "records that the second graph lacks", func() int { return here.behind(t) })
		compare(t, a)
	}
	t.Logf("%d acknowledged, %d records, %d owners, %d nodes, %d edges, %d differences", len(acknowledged), report.Records, report.Owners, report.Nodes, report.Edges, report.DifferenceCount)
	return report
}

// compare holds the second graph, which has caught up, against the first: it must be as that is.
func compare(t *testing.T, a *app.App) {
	t.Helper()
	var report etl.Fsck
	until(t, "a comparison", func() bool {
		var err error
		if report, err = a.Compare(t.Context(), nil); err != nil && lineage.KindOf(err) != lineage.ErrorConflict && lineage.KindOf(err) != lineage.ErrorUnavailable {
			t.Fatal(err)
		}
		return err == nil
	})
	for i, d := range report.Differences {
		if i < 20 {
			t.Errorf("compare: %s: %s %q", d.Owner, d.Problem, d.Parts)
		}
	}
	if report.DeadLetters > 0 || len(report.Unsettled) > 0 || report.Owners == 0 {
		t.Errorf("compare: %d owners, %d dead letters; not compared: %v", report.Owners, report.DeadLetters, report.Unsettled)
	}
}

// count looks for what was acknowledged in the journal itself.
func count(t *testing.T, dir string, acknowledged map[string]bool) {
	t.Helper()
	j, err := journalsqlite.Open(dir, journalsqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}()
	stored := map[string]bool{}
	for after := journal.Position(""); ; {
		left, _, err := j.Lag(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			break
		}
		records, err := j.Read(t.Context(), after, 500)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			after = r.Position
			key := r.Envelope.Event.Source() + " " + r.Envelope.Event.ID() + " " + r.Envelope.Hash
			if stored[key] {
				t.Errorf("%s is in the journal twice", key)
			}
			stored[key] = true
			stored[r.Envelope.Event.ID()] = true
			stored[strings.TrimPrefix(r.Envelope.Event.Subject(), "run:")] = true
		}
	}
	lost := 0
	for id := range acknowledged {
		if !stored[id] {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged events are lost", lost, len(acknowledged))
	}
	if len(acknowledged) == 0 {
		t.Error("nothing was acknowledged: the test proves nothing")
	}
}

// rounds is how often a fault is brought about: a few times, or as WELLSPRING_SOAK says.
func rounds(t testing.TB, few int) int {
	t.Helper()
	text := os.Getenv("WELLSPRING_SOAK")
	if text == "" {
		if testing.Short() {
			t.Skip("starts and stops services for some seconds")
		}
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("WELLSPRING_SOAK=%q: name a number of rounds", text)
	}
	return n
}

// patience is how long nothing may go on. The driver gives a connection to Neo4j that
// fell silent up after two minutes.
const patience = 5 * time.Minute

// until asks again and again until ask says yes, or patience is over.
func until(t testing.TB, what string, ask func() bool) {
	t.Helper()
	deadline := time.After(patience)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !ask() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// dwindle waits until nothing is left, however much there is, and gives up where it
// becomes no less. What left says below zero is not known just now.
func dwindle(t testing.TB, what string, left func() int) {
	t.Helper()
	for least := math.MaxInt; least > 0; {
		until(t, fmt.Sprintf("fewer than %d %s", least, what), func() bool {
			now := left()
			if now < 0 || now >= least {
				return false
			}
			least = now
			return true
		})
	}
}

// figure is a whole number among the metrics; -1 where nobody tells it.
func (s *service) figure(t testing.TB, name string) int {
	t.Helper()
	_, metrics, _ := s.get(t.Context(), "/metrics")
	for line := range strings.Lines(string(metrics)) {
		if value, is := strings.CutPrefix(line, name+" "); is {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return int(n)
		}
	}
	return -1
}
