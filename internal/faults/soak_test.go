package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"wellspring/internal/testruns"
)

// TestSoak sends a day of a lab, 1,000 experiments, as fast as the service takes
// them: each a run, in fragments or whole, and lots declared for it. Nothing is
// lost, fsck is clean, and memory does not grow with what was taken. It ends by
// itself after WELLSPRING_SOAK_MINUTES, and says how far it came.
func TestSoak(t *testing.T) {
	text := os.Getenv("WELLSPRING_SOAK_MINUTES")
	if text == "" {
		t.Skip("it takes minutes: make soak")
	}
	minutes, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatalf("WELLSPRING_SOAK_MINUTES=%q: name a number of minutes", text)
	}
	const experiments = 1000
	deadline := time.Now().Add(time.Duration(minutes * float64(time.Minute)))
	dir := filepath.Join(t.TempDir(), "data")
	s := launch(t, dir)
	if s == nil {
		t.Fatal("it did not start")
	}
	l := &load{t: t, acks: map[string]bool{}}
	l.now.Store(s)
	var memory []int // MiB, at each twentieth
	sent := 0
	for ; sent < experiments && time.Now().Before(deadline) && !t.Failed(); sent++ {
		run := testruns.New(testruns.Dilution, fmt.Sprintf("soak-%d", sent), 60)
		if sent%2 == 0 {
			l.deliver(t.Context(), "/v1/runs", run.Document())
		} else {
			l.deliver(t.Context(), "/v1/runs", run.Begin())
			for at := 0; at < len(run.Commands); at += 15 {
				l.deliver(t.Context(), "/v1/runs", run.Part(at, min(at+15, len(run.Commands))))
			}
			l.deliver(t.Context(), "/v1/runs", run.End())
		}
		l.deliver(t.Context(), "/v1/declarations", fmt.Appendf(nil, "run,liquid,lot\n%s,PBS,PBS-%d\n", run.ID, sent/24))
		if sent%(experiments/20) == experiments/20-1 {
			s.processed(t)
			memory = append(memory, s.resident(t))
			t.Logf("%d experiments: %d MiB resident", sent+1, memory[len(memory)-1])
		}
	}
	if sent < experiments {
		t.Logf("cut after %v: %d of %d experiments", minutes, sent, experiments)
	}
	// Flat: what grows at first is the pages that SQLite keeps, which its connections
	// bound. From the middle on it grows by no more than a tenth, and 16 MiB for a
	// collection that is due.
	if n := len(memory); n >= 8 && memory[n-1] > memory[n/2]*11/10+16 {
		t.Errorf("memory grows: %v MiB", memory)
	}
	l.now.Store(nil)
	if err := s.terminate(); err != nil {
		t.Error(err)
	}
	verdict(t, dir, l.acks)
}

// processed waits until the service has processed all that it has taken.
func (s *service) processed(t testing.TB) {
	t.Helper()
	dwindle(t, "records to be processed", func() int { return s.figure(t, "wellspring_journal_lag_records") })
}

// resident is how much memory the service holds, MiB.
func (s *service) resident(t testing.TB) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Skipf("no /proc here: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
			kib, err := strconv.Atoi(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			return kib >> 10
		}
	}
	t.Fatal("the system does not say how much memory is resident")
	return 0
}
