package faults

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// hearer is a webhook that refuses some notices, and some of whose yeses are lost.
type hearer struct {
	*httptest.Server
	mu    sync.Mutex
	told  map[string]map[string]bool // ids, by type and subject
	order map[string][]string        // types by subject, in the order in which they first came
	seen  map[string]int             // how often, by id
}

func newHearer(t *testing.T, seed uint64) *hearer {
	h := &hearer{told: map[string]map[string]bool{}, order: map[string][]string{}, seen: map[string]int{}}
	random := rand.New(rand.NewPCG(seed, 1))
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e struct{ ID, Type, Subject string }
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil || e.ID != r.Header.Get("Webhook-Id") {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if random.IntN(10) == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		key := e.Type + " " + e.Subject
		if h.told[key] == nil {
			h.told[key] = map[string]bool{}
		}
		if h.seen[e.ID]++; h.seen[e.ID] == 1 {
			h.order[e.Subject] = append(h.order[e.Subject], e.Type)
		}
		h.told[key][e.ID] = true
		if random.IntN(10) == 0 {
			panic(http.ErrAbortHandler) // taken, but the yes is lost
		}
	}))
	t.Cleanup(h.Close)
	return h
}

// However often the service is killed: the end of every run is told, under one id,
// and before anything that changes it later.
func TestKillTellsAll(t *testing.T) {
	n, seed := rounds(t, 4), uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	h, dir := newHearer(t, seed), filepath.Join(t.TempDir(), "data")
	file := filepath.Join(t.TempDir(), "webhooks.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "webhooks: [{name: h, url: %s, unsigned: true}]\n", h.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := "WELLSPRING_WEBHOOKS=" + file
	l := startLoad(t, seed)
	for range n {
		s := launch(t, dir, settings)
		if s == nil {
			t.Fatal("the service did not start again")
		}
		l.now.Store(s)
		l.await(1 + random.IntN(10))
		<-time.After(time.Duration(random.IntN(400)) * time.Millisecond) // the moment is the test
		l.now.Store(nil)
		s.kill()
	}
	l.end()
	s := launch(t, dir, settings)
	if s == nil {
		t.Fatal("the service did not start again")
	}
	ask := func(path string, answer any) {
		t.Helper()
		status, text, _ := s.get(t.Context(), path)
		if err := json.Unmarshal(text, answer); status != http.StatusOK || err != nil {
			t.Fatalf("%s: %d %v %s", path, status, err, text)
		}
	}
	s.processed(t)
	until(t, "all is processed and told", func() bool {
		var pulse struct {
			Behind  int64
			Waiting int
			Running []any
		}
		var webhooks struct{ Webhooks []struct{ Waiting int64 } }
		ask("/v1/pulse", &pulse)
		ask("/v1/webhooks", &webhooks)
		return pulse.Behind == 0 && pulse.Waiting == 0 && len(pulse.Running) == 0 && webhooks.Webhooks[0].Waiting == 0
	})
	h.judge(t, ask)
	if err := s.terminate(); err != nil {
		t.Error(err)
	}
}

func (h *hearer) judge(t *testing.T, ask func(path string, answer any)) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	ended, twice := 0, 0
	for cursor := ""; ; {
		var page struct {
			Runs []struct{ Attributes struct{ Run, Status string } }
			Next string
		}
		ask("/v1/runs?limit=1000"+cursor, &page)
		for _, n := range page.Runs {
			r := n.Attributes
			if r.Status != "succeeded" {
				continue
			}
			ended++
			if ids := h.told["wellspring.run.ended.v1 run:"+r.Run]; len(ids) != 1 {
				t.Errorf("the end of run %s was told under %d ids", r.Run, len(ids))
			}
			if order := h.order["run:"+r.Run]; strings.Contains(strings.Join(order, " "), "changed.v1 wellspring.run.ended") {
				t.Errorf("run %s: told in the order %v", r.Run, order)
			}
		}
		if page.Next == "" {
			break
		}
		cursor = "&cursor=" + page.Next
	}
	for _, times := range h.seen {
		if times > 1 {
			twice++
		}
	}
	t.Logf("%d runs ended; %d notices, %d of them came more than once", ended, len(h.seen), twice)
	if ended == 0 {
		t.Error("no run ended: the test proves nothing")
	}
}
