package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wellspring/internal/testruns"
)

// load sends documents for as long as it is let, to whatever service there is
// just now, and writes down what was acknowledged.
type load struct {
	t    testing.TB
	now  atomic.Pointer[service] // nil: there is none just now
	most int64                   // acknowledgements after a call of await, set before now; 0: no bound
	mu   sync.Mutex
	acks map[string]bool // event ids

	stop  context.CancelFunc
	wait  sync.WaitGroup
	busy  atomic.Int64 // answers 503
	since atomic.Int64 // acknowledgements since await was called
}

const senders = 4

// forNeo4j bounds the load where a Neo4j has to process all of it: one that shares two
// processors takes a dozen records a second, and a fault lasts for minutes.
const forNeo4j = 200

func startLoad(t testing.TB, seed uint64) *load {
	l := &load{t: t, acks: map[string]bool{}}
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	for n := range senders {
		l.wait.Go(func() { l.send(ctx, n, rand.New(rand.NewPCG(seed, uint64(n)))) })
	}
	t.Cleanup(l.end)
	return l
}

func (l *load) end() {
	l.stop()
	l.wait.Wait()
}

// acknowledged is what was so far.
func (l *load) acknowledged() map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[string]bool, len(l.acks))
	for id := range l.acks {
		all[id] = true
	}
	return all
}

// send sends run after run: whole, or in fragments, some of them late, twice or
// three times, and manifests about them.
func (l *load) send(ctx context.Context, sender int, random *rand.Rand) {
	for n := 0; ctx.Err() == nil; n++ {
		run := testruns.New([]string{testruns.Dilution, testruns.Normalize}[random.IntN(2)], fmt.Sprintf("run-%d-%d", sender, n), 40+random.IntN(20))
		var documents [][]byte
		if random.IntN(2) == 0 {
			documents = [][]byte{run.Document()}
		} else {
			documents = append(documents, run.Begin())
			for at := 0; at < len(run.Commands); at += 10 {
				documents = append(documents, run.Part(at, min(at+10, len(run.Commands))))
			}
			documents = append(documents, run.End())
		}
		for i := range documents { // duplicates, and out of order
			for range random.IntN(3) {
				documents = append(documents, documents[i])
			}
		}
		if random.IntN(2) == 0 {
			random.Shuffle(len(documents), func(i, j int) { documents[i], documents[j] = documents[j], documents[i] })
		}
		for _, d := range documents {
			l.deliver(ctx, "/v1/runs", d)
		}
		if random.IntN(3) == 0 {
			l.deliver(ctx, "/v1/declarations", fmt.Appendf(nil, "run,liquid,lot\n%s,Water,LOT-%d-%d\n", run.ID, sender, n))
		}
	}
}

// deliver sends one document until it is acknowledged.
func (l *load) deliver(ctx context.Context, path string, document []byte) {
	for ctx.Err() == nil {
		s := l.now.Load()
		if s == nil || l.most > 0 && l.since.Load() >= l.most {
			l.pause(ctx)
			continue
		}
		status, answer, header := s.post(ctx, path, bytes.NewReader(document))
		switch status {
		case http.StatusAccepted, http.StatusOK:
			var receipt struct{ ID string }
			if err := json.Unmarshal(answer, &receipt); err != nil || receipt.ID == "" {
				l.t.Errorf("an acknowledgement without an id: %s", answer)
				return
			}
			l.mu.Lock()
			l.acks[receipt.ID] = true
			l.mu.Unlock()
			l.since.Add(1)
			return
		case http.StatusServiceUnavailable:
			l.busy.Add(1)
			if header.Get("Retry-After") == "" {
				l.t.Errorf("503 without Retry-After: %s", answer)
				return
			}
			l.pause(ctx)
		case 0: // no answer
			l.pause(ctx)
		default:
			l.t.Errorf("%s: %d %s", path, status, answer)
			return
		}
	}
}

// await waits for so many acknowledgements more.
func (l *load) await(n int) {
	l.t.Helper()
	l.since.Store(0)
	before := len(l.acknowledged())
	until(l.t, fmt.Sprintf("%d more acknowledgements", n), func() bool { return len(l.acknowledged()) >= before+n || l.t.Failed() })
}

// pause lets a moment pass before a document is sent again.
func (l *load) pause(ctx context.Context) {
	select {
	case <-time.After(5 * time.Millisecond):
	case <-ctx.Done():
	}
}
