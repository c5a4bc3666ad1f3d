package faults

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// The service is killed at random moments: while it takes in, folds, loads,
// checks, backs up and makes its graph again.
func TestKill(t *testing.T) {
	n, seed := rounds(t, 8), uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := filepath.Join(t.TempDir(), "data")
	l := startLoad(t, seed)
	doing := []string{"", "", "/v1/fsck", "/v1/rebuild", "/v1/rebuild", "/v1/backup"}
	for range n {
		s := launch(t, dir)
		if s == nil {
			t.Fatal("the service did not start again")
		}
		l.now.Store(s)
		l.await(1 + random.IntN(10))
		if path := doing[random.IntN(len(doing))]; path != "" {
			go func() { _, _, _ = s.post(t.Context(), path, http.NoBody) }()
		}
		<-time.After(time.Duration(random.IntN(400)) * time.Millisecond) // the moment is the test
		l.now.Store(nil)
		s.kill()
		if t.Failed() {
			break
		}
	}
	l.end()
	verdict(t, dir, l.acknowledged())
	for _, pattern := range []string{"*.tmp*", "graph.rebuild.db*"} {
		if left, err := filepath.Glob(filepath.Join(dir, pattern)); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

// The service is killed while it puts aside whatever it has processed, under load
// that goes on about the same runs.
func TestKillWhilePuttingAside(t *testing.T) {
	n, seed := rounds(t, 4), uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := filepath.Join(t.TempDir(), "data")
	l := startLoad(t, seed)
	for range n {
		s := launch(t, dir, "WELLSPRING_SCHEDULES_RETENTION=1s", "WELLSPRING_RETENTION_AGE=1ms")
		if s == nil {
			t.Fatal("the service did not start again")
		}
		l.now.Store(s)
		l.await(5)
		until(t, "retention", func() bool {
			_, metrics, _ := s.get(t.Context(), "/metrics")
			return bytes.Contains(metrics, []byte(`wellspring_schedule_runs_total{outcome="done",task="retention"} 1`))
		})
		<-time.After(900*time.Millisecond + time.Duration(random.IntN(200))*time.Millisecond) // it does it again by then
		l.now.Store(nil)
		s.kill()
	}
	l.end()
	segments, err := filepath.Glob(filepath.Join(dir, "archive", "segment-*.gz"))
	if err != nil || len(segments) == 0 {
		t.Errorf("nothing was put aside: %v", err)
	}
	report := verdict(t, dir, l.acknowledged())
	t.Logf("%d segments of %d records", len(segments), report.Records)
}

// SIGTERM under load: who was let in is answered, and it ends by itself.
func TestTerminate(t *testing.T) {
	n, seed := rounds(t, 2), uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dir := filepath.Join(t.TempDir(), "data")
	l := startLoad(t, seed)
	for range min(n, 20) {
		s := launch(t, dir)
		if s == nil {
			t.Fatal("the service did not start again")
		}
		l.now.Store(s)
		l.await(10)
		if err := s.terminate(); err != nil {
			t.Errorf("it ended with: %v", err)
		}
		l.now.Store(nil)
	}
	l.end()
	verdict(t, dir, l.acknowledged())
}

// A second service on one data folder is refused, and the first goes on.
func TestTwoOnOneFolder(t *testing.T) {
	rounds(t, 1)
	dir := filepath.Join(t.TempDir(), "data")
	l := startLoad(t, 1)
	first := launch(t, dir)
	if first == nil {
		t.Fatal("it did not start")
	}
	l.now.Store(first)
	l.await(3)
	if second := launch(t, dir); second != nil {
		t.Error("a second service started on the same folder")
		second.kill()
	}
	l.await(3)
	l.now.Store(nil)
	l.end()
	if err := first.terminate(); err != nil {
		t.Error(err)
	}
	verdict(t, dir, l.acknowledged())
}
