package forward_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"wellspring/ingest/forward"
	"wellspring/ingest/intake"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/lineage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// central is a service that takes events, or not.
type central struct {
	*httptest.Server
	mu     sync.Mutex
	status int             // of every answer; 0: it takes events
	poison string          // an id that it refuses
	lose   int             // answers that break off after the events were taken
	taken  []string        // ids, in the order in which they first came
	known  map[string]bool // ids
	again  []string        // ids that came once more
}

func newCentral(t *testing.T) *central {
	c := &central{known: map[string]bool{}}
	c.Server = httptest.NewServer(http.HandlerFunc(c.handle))
	t.Cleanup(c.Close)
	return c
}

func (c *central) handle(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var events []struct{ ID string }
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.URL.Path != "/v1/events" || r.Header.Get("Authorization") != "Bearer key" || json.Unmarshal(body, &events) != nil {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	if c.status != 0 {
		w.WriteHeader(c.status)
		return
	}
	for _, e := range events {
		if e.ID == c.poison {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
	}
	for _, e := range events {
		if c.known[e.ID] {
			c.again = append(c.again, e.ID)
			continue
		}
		c.known[e.ID] = true
		c.taken = append(c.taken, e.ID)
	}
	if c.lose > 0 {
		c.lose--
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write([]byte(`{"accepted":[]}`))
}

func (c *central) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

func openJournal(t *testing.T, dir string) *journalsqlite.Journal {
	t.Helper()
	j, err := journalsqlite.Open(dir, journalsqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// accept journals events of one run with these ids.
func accept(t *testing.T, j *journalsqlite.Journal, ids ...string) {
	t.Helper()
	in := intake.New(j, intake.Options{})
	for _, id := range ids {
		payload := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/robots/r","type":"wellspring.ot2.run.v1","data":{"runId":"r1","run":{"status":"running"},"commands":[]}}`, id)
		if _, err := in.Accept(t.Context(), intake.Message{Door: "bridge", Payload: []byte(payload)}); err != nil {
			t.Fatal(err)
		}
	}
}

func names(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("event-%03d", i))
	}
	return list
}

func run(t *testing.T, c *central, j *journalsqlite.Journal) (f *forward.Forwarder, stop func()) {
	t.Helper()
	f, err := forward.New(forward.Options{To: c.URL, Token: "key", Longest: 20 * time.Millisecond}, j)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return f, stop
}

func await(t *testing.T, f *forward.Forwarder, what string, so func(forward.State) bool) {
	t.Helper()
	ticker := time.NewTicker(3 * time.Millisecond)
	defer ticker.Stop()
	var s forward.State
	for range 10_000 {
		var err error
		if s, err = f.State(t.Context()); err != nil {
			t.Fatal(err)
		}
		if so(s) {
			return
		}
		<-ticker.C
	}
	t.Fatalf("it did not come to it: %s: %+v", what, s)
}

// Whatever happens to the central service, its answers or us: in the end it has
// every event, in order, and we count what it has as sent.
func TestNothingIsLostOnTheWay(t *testing.T) {
	c, dir := newCentral(t), t.TempDir()
	j := openJournal(t, dir)
	accept(t, j, names(0, 450)...)
	c.set(func() { c.status = http.StatusServiceUnavailable })
	f, stop := run(t, c, j)
	await(t, f, "it is told that nothing can be sent", func(s forward.State) bool { return s.Error != "" && s.Waiting == 450 })
	c.set(func() { c.status, c.lose = 0, 2 })
	await(t, f, "all is sent", func(s forward.State) bool { return s.Waiting == 0 && s.Error == "" })

	// A key that does not do: somebody has to give another one, and nothing is dropped.
	c.set(func() { c.status = http.StatusUnauthorized })
	accept(t, j, names(450, 460)...)
	await(t, f, "it waits for another key", func(s forward.State) bool { return s.Error != "" && s.Waiting == 10 && s.Refused == 0 })
	stop()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}

	// The next process goes on where the last one was.
	c.set(func() { c.status, c.again = 0, nil })
	j = openJournal(t, dir)
	f, _ = run(t, c, j)
	await(t, f, "the rest is sent", func(s forward.State) bool { return s.Waiting == 0 && s.Sent == 10 })
	c.mu.Lock()
	defer c.mu.Unlock()
	if diff := cmp.Diff(names(0, 460), c.taken); diff != "" {
		t.Error(diff)
	}
	for _, id := range c.again {
		if id < "event-450" { // a request that was cut off at the stop may have come through after all
			t.Errorf("%s was sent again", id)
		}
	}
}

// What the central service refuses for good is kept here, and does not hold up the rest.
func TestRefusedForGood(t *testing.T) {
	c := newCentral(t)
	j := openJournal(t, t.TempDir())
	c.poison = "event-007"
	accept(t, j, names(0, 20)...)
	unknown := intake.New(j, intake.Options{})
	if _, err := unknown.Accept(t.Context(), intake.Message{Door: "bridge", Payload: []byte("no JSON"), Policy: intake.Lenient}); err != nil {
		t.Fatal(err)
	}
	f, _ := run(t, c, j)
	await(t, f, "all is dealt with", func(s forward.State) bool { return s.Waiting == 0 })
	c.mu.Lock()
	defer c.mu.Unlock()
	want := append(names(0, 7), names(8, 20)...)
	if diff := cmp.Diff(want, c.taken); diff != "" {
		t.Error(diff)
	}
	letters, err := j.Letters(t.Context(), "", 10)
	if err != nil || len(letters) != 2 || letters[0].Stage != "forward" {
		t.Errorf("%v, dead letters %+v", err, letters)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, to := range []string{"", "central", "ftp://central", "https://user:word@central", "https://central?x=1"} {
		_, err := forward.New(forward.Options{To: to}, nil)
		var e *lineage.Error
		if !errors.As(err, &e) || e.Kind != lineage.ErrorInvalid {
			t.Errorf("%q: got %v, want an invalid error", to, err)
		}
	}
}
