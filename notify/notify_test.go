package notify_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"

	"wellspring/etl"
	"wellspring/lineage"
	"wellspring/notify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

func secretOf(letter byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(slices.Repeat([]byte{letter}, 32))
}

// event is what a receiver got.
type event struct {
	ID, Type, Subject, Source, SpecVersion string
	Data                                   map[string]any
}

// receiver is a real one, which takes notices or not.
type receiver struct {
	*httptest.Server
	t      *testing.T
	verify *standardwebhooks.Webhook

	mu     sync.Mutex
	refuse func(event) int // status of the answer; 0 takes it
	tries  []string        // ids, in the order in which they came
	taken  []event
	more   chan struct{} // rung at each request
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	verify, err := standardwebhooks.NewWebhook(secretOf('a'))
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{t: t, verify: verify, more: make(chan struct{}, 1)}
	r.Server = httptest.NewServer(http.HandlerFunc(r.handle))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) handle(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	if err := r.verify.Verify(body, request.Header); err != nil {
		r.t.Errorf("signature: %v", err)
	}
	if got := request.Header.Get("Content-Type"); got != "application/cloudevents+json; charset=utf-8" {
		r.t.Errorf("content type %q", got)
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		r.t.Error(err)
	}
	if id := request.Header.Get("Webhook-Id"); id != e.ID || id == "" {
		r.t.Errorf("webhook-id %q, event %q", id, e.ID)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries = append(r.tries, e.ID)
	status := 0
	if r.refuse != nil {
		status = r.refuse(e)
	}
	if status == 0 {
		status = http.StatusNoContent
		r.taken = append(r.taken, e)
	}
	w.WriteHeader(status)
	select {
	case r.more <- struct{}{}:
	default:
	}
}

func (r *receiver) set(refuse func(event) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = refuse
}

// await waits until it is so of what was tried and taken.
func (r *receiver) await(what string, so func(tries []string, taken []event) bool) []event {
	r.t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for {
		r.mu.Lock()
		tries, taken := slices.Clone(r.tries), slices.Clone(r.taken)
		r.mu.Unlock()
		if so(tries, taken) {
			return taken
		}
		select {
		case <-r.more:
		case <-limit.C:
			r.t.Fatalf("it did not come to it: %s: tried %v, taken %v", what, tries, taken)
		}
	}
}

func (r *receiver) webhook(name string, kinds ...notify.Kind) notify.Webhook {
	return notify.Webhook{Name: name, URL: r.URL + "/hook/secret-place", Secrets: []string{secretOf('b'), secretOf('a')}, Kinds: kinds}
}

// open opens a notifier and runs it until stop.
func open(t *testing.T, path string, change func(*notify.Options), webhooks ...notify.Webhook) (n *notify.Notifier, stop func()) {
	t.Helper()
	o := notify.Options{Path: path, Webhooks: webhooks, First: time.Millisecond, Longest: 5 * time.Millisecond}
	if change != nil {
		change(&o)
	}
	n, err := notify.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return n, stop
}

func path(t *testing.T) string { return filepath.Join(t.TempDir(), notify.FileName) }

// alarm raises one of a robot.
func alarm(t *testing.T, n *notify.Notifier, robot, detail string) {
	t.Helper()
	if err := n.Alarms(t.Context(), robot, []notify.Alarm{{Key: detail, Kind: "lost", Detail: detail}}); err != nil {
		t.Fatal(err)
	}
}

// by is what was taken, "subject detail".
func by(taken []event, subject string) (details []string) {
	for _, e := range taken {
		if e.Subject == subject {
			details = append(details, e.Data["detail"].(string))
		}
	}
	return details
}

func count(n int) func([]string, []event) bool {
	return func(_ []string, taken []event) bool { return len(taken) >= n }
}

// A receiver that fails gets everything in the end, each subject's in order, and
// what failed under the same id.
func TestNothingIsLostAndEachSubjectIsInOrder(t *testing.T) {
	r := newReceiver(t)
	n, _ := open(t, path(t), nil, r.webhook("lims"))
	failures := map[string]int{}
	r.set(func(e event) int { // each fails twice
		if failures[e.ID]++; failures[e.ID] <= 2 {
			return http.StatusServiceUnavailable
		}
		return 0
	})
	var want []string
	for i := range 6 {
		alarm(t, n, "left", fmt.Sprint(i))
		alarm(t, n, "right", fmt.Sprint(i))
		want = append(want, fmt.Sprint(i))
	}
	taken := r.await("all is taken", count(12))
	for _, subject := range []string{"robot:left", "robot:right"} {
		if diff := cmp.Diff(want, by(taken, subject)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", subject, diff)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, times := range failures {
		if times != 3 {
			t.Errorf("%s was tried %d times, want 3", id, times)
		}
	}
	if e := taken[0]; e.SpecVersion != "1.0" || e.Type != "wellspring.robot.alarm.v1" || e.Source != "/wellspring" || e.Data["robot"] != "left" {
		t.Errorf("got %+v", e)
	}
}

// What one subject can't get through does not hold up the others, and is given up at last.
func TestOnePoisonedNotice(t *testing.T) {
	r := newReceiver(t)
	n, _ := open(t, path(t), nil, r.webhook("lims"))
	r.set(func(e event) int {
		if e.Data["detail"] == "poison" {
			return http.StatusUnprocessableEntity
		}
		return 0
	})
	alarm(t, n, "left", "poison")
	alarm(t, n, "left", "after it")
	alarm(t, n, "right", "beside it")
	taken := r.await("the others are taken", count(2))
	if diff := cmp.Diff([]string{"beside it", "after it"}, append(by(taken, "robot:right"), by(taken, "robot:left")...)); diff != "" {
		t.Error(diff)
	}
	s := until(t, n, func(s notify.State) bool { return s.Waiting == 0 && s.Error == "" })
	if s.GivenUp != 1 || s.Failed != 5 || s.Sent != 2 {
		t.Errorf("state %+v, want one given up after five tries", s)
	}
}

// until waits for something to become so of the first webhook.
func until(t *testing.T, n *notify.Notifier, so func(notify.State) bool) notify.State {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for range 30_000 {
		if s := state(t, n); so(s) {
			return s
		}
		<-ticker.C
	}
	t.Fatalf("it did not come to it: %+v", state(t, n))
	return notify.State{}
}

func state(t *testing.T, n *notify.Notifier) notify.State {
	t.Helper()
	states, err := n.States(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return states[0]
}

// A receiver that does not answer costs the others nothing.
func TestSlowReceiver(t *testing.T) {
	slow, quick := newReceiver(t), newReceiver(t)
	release := make(chan struct{})
	held := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(held.Close)
	t.Cleanup(func() { close(release) })
	hanging := slow.webhook("slow")
	hanging.URL = held.URL
	n, _ := open(t, path(t), func(o *notify.Options) { o.Answer = 20 * time.Millisecond }, hanging, quick.webhook("quick"))
	for i := range 5 {
		alarm(t, n, "left", fmt.Sprint(i))
	}
	quick.await("the quick one has all", count(5))
	if s := state(t, n); s.Waiting != 5 || s.Sent != 0 {
		t.Errorf("the slow one: %+v, want all waiting", s)
	}
}

// What was not sent is sent by the next process, in order, under the same ids, though
// the receiver was away all the while; what was sent is not sent again.
func TestRestart(t *testing.T) {
	r, file := newReceiver(t), path(t)
	n, stop := open(t, file, nil, r.webhook("lims"))
	alarm(t, n, "left", "0")
	r.await("the first is taken", count(1))
	r.set(func(event) int { return http.StatusBadGateway })
	alarm(t, n, "left", "1")
	alarm(t, n, "left", "2")
	r.await("the second was tried", func(tries []string, _ []event) bool { return len(tries) > 2 })
	stop()
	r.set(nil)
	n, _ = open(t, file, nil, r.webhook("lims"))
	taken := r.await("all is taken", count(3))
	if diff := cmp.Diff([]string{"0", "1", "2"}, by(taken, "robot:left")); diff != "" {
		t.Error(diff)
	}
	r.mu.Lock()
	if r.tries[1] != taken[1].ID {
		t.Errorf("tried as %s, taken as %s", r.tries[1], taken[1].ID)
	}
	r.mu.Unlock()
	// An alarm that goes on is no news after a restart.
	alarm(t, n, "left", "2")
	alarm(t, n, "left", "3")
	if taken := r.await("the new one is taken", count(4)); taken[3].Data["detail"] != "3" {
		t.Errorf("told %v", taken[3])
	}
}

// One that says 410 is left alone until somebody tests it.
func TestGone(t *testing.T) {
	r := newReceiver(t)
	n, _ := open(t, path(t), nil, r.webhook("lims"))
	r.set(func(event) int { return http.StatusGone })
	alarm(t, n, "left", "0")
	r.await("it was tried", func(tries []string, _ []event) bool { return len(tries) == 1 })
	alarm(t, n, "left", "1")
	s := until(t, n, func(s notify.State) bool { return s.Gone && s.Waiting == 2 })
	if next := s.Next; len(next) != 2 || next[0].Kind != notify.RobotAlarm || next[1].Subject != "robot:left" || next[0].ID == next[1].ID {
		t.Errorf("next are %+v", next)
	}
	if tested, err := n.Test(t.Context(), "lims"); err != nil || tested.Status != http.StatusGone || tested.Problem == "" || !state(t, n).Gone {
		t.Errorf("tested %+v, %v", tested, err)
	}
	r.set(nil)
	if tested, err := n.Test(t.Context(), "lims"); err != nil || tested.Problem != "" {
		t.Errorf("tested %+v, %v", tested, err)
	}
	taken := r.await("what waited is sent", count(3))
	if diff := cmp.Diff([]string{"0", "1"}, by(taken, "robot:left")); diff != "" || taken[0].Type != "wellspring.test.v1" {
		t.Errorf("%v %s", taken, diff)
	}
	var tries []string
	for _, try := range until(t, n, func(s notify.State) bool { return s.Waiting == 0 }).Latest {
		tries = append(tries, fmt.Sprint(try.Kind, " ", try.Problem == ""))
	}
	if diff := cmp.Diff([]string{"robot.alarm true", "robot.alarm true", "test true", "test false", "robot.alarm false"}, tries); diff != "" {
		t.Errorf("the last tries, newest first (-want +got):\n%s", diff)
	}
	if _, err := n.Test(t.Context(), "nobody"); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("got %v, want not found", err)
	}
}

// Redirects are an error: what is signed for one goes to no other.
func TestRedirectsAreNotFollowed(t *testing.T) {
	r := newReceiver(t)
	away := httptest.NewServer(http.RedirectHandler(r.URL, http.StatusTemporaryRedirect))
	t.Cleanup(away.Close)
	w := r.webhook("lims")
	w.URL = away.URL
	n, _ := open(t, path(t), nil, w)
	tested, err := n.Test(t.Context(), "lims")
	if err != nil || tested.Status != http.StatusTemporaryRedirect || len(r.tries) != 0 {
		t.Errorf("%+v %v, %d reached", tested, err, len(r.tries))
	}
}

// The outbox is bounded: the oldest give way, and that is counted.
func TestTheOldestGiveWay(t *testing.T) {
	r := newReceiver(t)
	r.set(func(event) int { return http.StatusServiceUnavailable })
	n, _ := open(t, path(t), func(o *notify.Options) { o.Keep = 3 }, r.webhook("lims"))
	for i := range 5 {
		alarm(t, n, "left", fmt.Sprint(i))
	}
	if s := state(t, n); s.Waiting != 3 || s.Dropped != 2 {
		t.Errorf("%+v, want 3 waiting, 2 dropped", s)
	}
	// One of the oldest may be on its way still, and is no more taken than before.
	takes := false
	r.set(func(e event) int {
		if takes = takes || e.Data["detail"] == "2"; takes {
			return 0
		}
		return http.StatusServiceUnavailable
	})
	taken := r.await("the newest are taken", func(_ []string, taken []event) bool { return slices.Contains(by(taken, "robot:left"), "4") })
	if diff := cmp.Diff([]string{"2", "3", "4"}, by(taken, "robot:left")); diff != "" {
		t.Error(diff)
	}
}

// What is too old is given up.
func TestGiveUp(t *testing.T) {
	r := newReceiver(t)
	r.set(func(event) int { return http.StatusServiceUnavailable })
	n, _ := open(t, path(t), func(o *notify.Options) { o.GiveUp = time.Nanosecond }, r.webhook("lims"))
	alarm(t, n, "left", "0")
	r.await("it was tried", func(tries []string, _ []event) bool { return len(tries) == 1 })
	if s := until(t, n, func(s notify.State) bool { return s.GivenUp == 1 && s.Waiting == 0 }); s.Error == "" {
		t.Errorf("%+v", s)
	}
}

// A webhook hears of the kinds that it wants, and of nothing from before it was there.
func TestWhoHearsWhat(t *testing.T) {
	dead, all, file := newReceiver(t), newReceiver(t), path(t)
	begun := time.Now()
	n, stop := open(t, file, nil, dead.webhook("dead", notify.DeadLetter), all.webhook("all"))
	alarm(t, n, "left", "0")
	ended := func(run string, at time.Time) {
		t.Helper()
		p := lineage.Projection{Owner: lineage.RunOwner(run), Nodes: []lineage.Node{{ID: lineage.RunID(run), Kind: lineage.KindRun, Name: run,
			Attributes: lineage.Attributes{"run": run, "status": "failed", "complete": true}}}}
		e := etl.Ending{Processing: etl.Processing{Owner: p.Owner}, Projection: &p, KnownAt: at, SaidAt: at}
		if err := n.Ended(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	ended("old", begun.Add(-time.Hour))
	ended("new", time.Now())
	ended("new", time.Now()) // once more the same: no news
	alarm(t, n, "left", "1")
	taken := all.await("all there is", count(3))
	if len(taken) != 3 || taken[1].Type != "wellspring.run.failed.v1" || taken[1].Subject != "run:new" {
		t.Errorf("told %+v", taken)
	}
	stop()
	// One that is no more has nothing waiting when it is back.
	n, _ = open(t, file, nil, dead.webhook("dead"))
	alarm(t, n, "left", "2")
	if taken := dead.await("what it wants now", count(1)); taken[0].Data["detail"] != "2" {
		t.Errorf("told %+v", taken)
	}
}

// No secret is shown, though the address holds one.
func TestNoSecretIsShown(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	n, _ := open(t, path(t), nil, notify.Webhook{Name: "x", URL: closed.URL + "/secret-place?key=secret-word", Secrets: []string{secretOf('a')}})
	tested, err := n.Test(t.Context(), "x")
	if err != nil || tested.Problem == "" || tested.Status != 0 {
		t.Fatalf("%+v %v", tested, err)
	}
	for _, shown := range []string{tested.Problem, fmt.Sprintf("%+v", state(t, n))} {
		for _, secret := range []string{"secret-place", "secret-word", secretOf('a')} {
			if strings.Contains(shown, secret) {
				t.Errorf("%q shows %q", shown, secret)
			}
		}
	}
}
