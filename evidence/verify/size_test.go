package verify_test

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"wellspring/evidence/pack"
)

// sampled looks now and then, while a package is written, at how much is in use.
type sampled struct {
	bytes, next, step int64
	most              uint64
}

func (s *sampled) Write(p []byte) (int, error) {
	if s.bytes += int64(len(p)); s.bytes >= s.next {
		s.next = s.bytes + s.step
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		s.most = max(s.most, m.HeapAlloc)
	}
	return len(p), nil
}

// A package streams, its report and revisions too: what is in use does not grow with the
// graph. make bench-large asks for a million nodes (WELLSPRING_STATES=500000).
func TestPackageInFlatMemory(t *testing.T) {
	states := 3000
	if n, err := strconv.Atoi(os.Getenv("WELLSPRING_STATES")); err == nil {
		states = n
	}
	b := newLab(t, states, 2)
	w := &sampled{step: int64(states) * 10}
	began := time.Now()
	answer, err := pack.Make(context.Background(), w, pack.Options{Source: b, Log: b.ledger, LogSize: b.ledger.Size(), Temp: t.TempDir(),
		Question: pack.Question{About: pack.AboutRun, Selector: "r1", AsOf: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)}})
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(2 + 2*states); answer.Nodes != want {
		t.Errorf("%d nodes, want %d", answer.Nodes, want)
	}
	if w.most > 48<<20 {
		t.Errorf("%d bytes were in use at most", w.most)
	}
	t.Logf("%d nodes, %d edges in %.0f s: %d MiB written, %d MiB in use at most", answer.Nodes, answer.Edges, time.Since(began).Seconds(), w.bytes>>20, w.most>>20)
}
