package faults

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"wellspring/ingest/bridge/robottest"
	"wellspring/ingest/intake"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/internal/testruns"
)

// A bridge is killed at random moments while it sends on what it has, and the wire
// to the central service is cut: all of it arrives there, and nothing twice.
func TestBridgeIsKilledWhileItForwards(t *testing.T) {
	n, seed := rounds(t, 4), uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	robot := robottest.New(t) // it has no runs: what is sent is in the bridge's journal
	here, there := filepath.Join(t.TempDir(), "bridge"), filepath.Join(t.TempDir(), "central")
	central := launch(t, there)
	if central == nil {
		t.Fatal("the central service did not start")
	}
	w := newWire(t, central.REST[len("http://"):])
	settings := []string{childEnv + "=" + asBridge, "WELLSPRING_TO=http://" + w.address, "WELLSPRING_ROBOT=left=" + robot.URL + "?mqtt=off"}
	kept := map[string]bool{}
	sent := 0
	for i, left := 0, 0; i < n; i++ {
		if left < 320 { // of a harvest; so whenever it is killed it has something to send
			harvest(t, here, i, kept)
		}
		b := launch(t, here, settings...)
		if b == nil {
			t.Fatal("the bridge did not start again")
		}
		w.slow.Store(int64(time.Duration(random.IntN(5)) * time.Millisecond))
		left = b.unsent(t)
		if random.IntN(4) > 0 { // else it may be killed before it has begun
			began := left
			until(t, "something to be sent on", func() bool { left = b.unsent(t); return left < began })
			sent++
		}
		if random.IntN(2) == 0 {
			w.cut(false)
		}
		<-time.After(time.Duration(random.IntN(150)) * time.Millisecond) // the moment is the test
		b.kill()
	}
	t.Logf("killed %d times, %d of them while it sent on", n, sent)
	w.slow.Store(0)
	b := launch(t, here, settings...)
	if b == nil {
		t.Fatal("the bridge did not start again")
	}
	dwindle(t, "records to be sent on", func() int { return b.unsent(t) })
	for _, s := range []*service{b, central} {
		if err := s.terminate(); err != nil {
			t.Errorf("it ended with: %v", err)
		}
	}
	if report := verdict(t, there, kept); int(report.Records) != len(kept) {
		t.Errorf("%d records at the centre, want %d", report.Records, len(kept))
	}
}

// unsent is how many records a bridge has to send on.
func (s *service) unsent(t testing.TB) (n int) {
	t.Helper()
	until(t, "the bridge to say what waits", func() bool {
		n = s.figure(t, "wellspring_forward_waiting_records")
		return n >= 0
	})
	return n
}

// harvest has the journal of a bridge that does not run keep some runs, in parts.
func harvest(t *testing.T, dir string, round int, kept map[string]bool) {
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
	in := intake.New(j, intake.Options{})
	for i := range 10 {
		run := testruns.New(testruns.Normalize, fmt.Sprintf("run-%d-%d", round, i), 60)
		documents := [][]byte{run.Begin()}
		for at := 0; at < len(run.Commands); at += 2 {
			documents = append(documents, run.Part(at, min(at+2, len(run.Commands))))
		}
		for _, d := range append(documents, run.End()) {
			receipts, err := in.Accept(t.Context(), intake.Message{Door: "bridge", Payload: d})
			if err != nil {
				t.Fatal(err)
			}
			kept[receipts[0].ID] = true
		}
	}
}
