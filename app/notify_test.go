package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"

	"wellspring/app"
	"wellspring/examples"
)

// told is what a webhook got.
type told struct {
	ID, Type, Subject, TraceParent string
	Data                           map[string]any
}

// listener is a webhook of a lab.
type listener struct {
	t    *testing.T
	url  string
	mu   sync.Mutex
	told []told
	more chan struct{}
}

func newListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{t: t, more: make(chan struct{}, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e told
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil || r.Header.Get("Webhook-Signature") == "" {
			t.Errorf("%v, headers %v", err, r.Header)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.told = append(l.told, e)
		select {
		case l.more <- struct{}{}:
		default:
		}
	}))
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

// settings makes it the webhook of a service.
func (l *listener) settings(t *testing.T) func(*app.Options) {
	t.Helper()
	t.Setenv("LAB_SECRET", "whsec_bm90aGluZyBvZiB0aGlzIGlzIHNlY3JldCBhdCBhbGw=")
	file := filepath.Join(t.TempDir(), "webhooks.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "webhooks:\n  - name: lab\n    url: %s\n    secret-env: LAB_SECRET\n", l.url), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(o *app.Options) { o.Webhooks = file }
}

// await waits for so many and takes them out.
func (l *listener) await(n int) []told {
	l.t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for {
		l.mu.Lock()
		all := l.told
		if len(all) >= n {
			l.told = nil
			l.mu.Unlock()
			return all
		}
		l.mu.Unlock()
		select {
		case <-l.more:
		case <-limit.C:
			l.t.Fatalf("%d notices did not come; got %v", n, all)
		}
	}
}

// take is await, each as "kind subject rest", sorted.
func (l *listener) take(n int) (lines []string) {
	l.t.Helper()
	for _, e := range l.await(n) {
		line := strings.TrimSuffix(strings.TrimPrefix(e.Type, "wellspring."), ".v1") + " " + e.Subject
		for _, key := range []string{"status", "finding", "severity", "cause", "alarm", "stage"} {
			if value, there := e.Data[key]; there {
				line += " " + fmt.Sprint(value)
			}
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func settle(t *testing.T, a *app.App) {
	t.Helper()
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// The story of the assay as a webhook hears it.
func TestWebhookHearsTheStory(t *testing.T) {
	l := newListener(t)
	a := start(t, func(o *app.Options) {
		l.settings(t)(o)
		o.BrokerListen = "127.0.0.1:0"
	})
	send := func(path, name string) {
		t.Helper()
		if status, text := request(t, a, http.MethodPost, path, example(t, name)); status >= 300 {
			t.Fatalf("%s: %d %s", name, status, text)
		}
		settle(t, a)
	}
	hears := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, l.take(len(want))); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	}
	const stock, assay = "run:6f6ea665-d740-47bb-9399-fba49ea8c402", "run:5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab"
	send("/v1/runs", examples.StockDilution)
	send("/v1/runs", examples.StockDilution) // again: no news
	send("/v1/runs", examples.AssayPlate)
	hears("run.ended "+assay+" succeeded", "run.ended "+stock+" succeeded")
	send("/v1/declarations", "manifests/lots.csv")
	send("/v1/declarations", "manifests/labware.csv") // it says what the labels say: no news
	hears("result.changed "+assay+" others", "result.changed "+stock+" others")
	send("/v1/declarations", "manifests/corrections.csv")
	hears("result.changed " + stock + " others")

	client := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + a.Broker()).SetClientID("robot").SetAutoReconnect(false))
	if token := client.Connect(); token.Wait() && token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer client.Disconnect(100)
	if token := client.Publish("wellspring/v1/run/r", 1, false, "no JSON"); token.Wait() && token.Error() != nil {
		t.Fatal(token.Error())
	}
	if got := l.take(1); len(got) != 1 || !strings.HasPrefix(got[0], "dead-letter unknown:") || !strings.HasSuffix(got[0], " extract") {
		t.Errorf("told %v", got)
	}
	if status, text := request(t, a, http.MethodGet, "/v1/webhooks", nil); status != http.StatusOK || !strings.Contains(text, `"state":"taking"`) || strings.Contains(text, "bm90") {
		t.Errorf("%d %s", status, text)
	}
	if status, text := request(t, a, http.MethodPost, "/v1/webhooks/lab/test", nil); status != http.StatusOK || strings.Contains(text, "problem") {
		t.Errorf("%d %s", status, text)
	}
	hears("test webhook:lab")
	if _, text := request(t, a, http.MethodGet, "/metrics", nil); !strings.Contains(text, `wellspring_webhook_up{webhook="lab"} 1`) {
		t.Error("the notices that were sent are not measured")
	}
}

// The page of the webhooks shows what was sent, without their secrets, and tries one.
func TestPageOfWebhooks(t *testing.T) {
	l := newListener(t)
	a := start(t, l.settings(t))
	if status, text := request(t, a, http.MethodPost, "/v1/runs?wait=30", example(t, examples.StockDilution)); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	l.await(1)
	response, text := send(t, a, http.MethodPost, "/webhooks/test", url.Values{"name": {"lab"}})
	if response.StatusCode != http.StatusOK {
		t.Errorf("%d %s", response.StatusCode, text)
	}
	for _, want := range []string{"Test of lab: it took the event", l.url, "it takes what it is sent", "result.changed", "/run?of=run%3A6f6ea665", "webhook lab"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q: %s", want, text)
		}
	}
	if strings.Contains(text, "bm90") || inline.MatchString(text) {
		t.Error("the page says too much, or what its policy forbids")
	}
}

// What was processed before somebody is told is no news to him, but its corrections are.
func TestWebhookComesLater(t *testing.T) {
	l, dir := newListener(t), filepath.Join(t.TempDir(), "data")
	send := func(a *app.App, path, name string) {
		t.Helper()
		if status, text := request(t, a, http.MethodPost, path, example(t, name)); status >= 300 {
			t.Fatalf("%s: %d %s", name, status, text)
		}
		settle(t, a)
	}
	t.Run("before", func(t *testing.T) {
		a := start(t, func(o *app.Options) { o.DataDir = dir })
		send(a, "/v1/runs", examples.StockDilution)
		send(a, "/v1/declarations", "manifests/lots.csv")
	})
	a := start(t, func(o *app.Options) {
		l.settings(t)(o)
		o.DataDir = dir
	})
	send(a, "/v1/declarations", "manifests/corrections.csv")
	if diff := cmp.Diff([]string{"result.changed run:6f6ea665-d740-47bb-9399-fba49ea8c402 others"}, l.take(1)); diff != "" {
		t.Error(diff)
	}
}

// A robot that can't be reached is told once.
func TestWebhookHearsOfRobots(t *testing.T) {
	l := newListener(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	start(t, func(o *app.Options) {
		l.settings(t)(o)
		o.Robot, o.RobotRate, o.RobotPoll = []string{"left=" + gone.URL + "?mqtt=off"}, 1000, 50*time.Millisecond
	})
	if diff := cmp.Diff([]string{"robot.alarm robot:left contact"}, l.take(1)); diff != "" {
		t.Error(diff)
	}
}

// What one service tells as OpenLineage, another one takes.
func TestOpenLineageFromOneServiceToAnother(t *testing.T) {
	keeper := start(t, nil)
	a := start(t, func(o *app.Options) { o.OpenLineageURL = keeper.URL() })
	for _, sent := range []struct{ path, name string }{{"/v1/runs", examples.StockDilution}, {"/v1/declarations", "manifests/lots.csv"}} {
		if status, text := request(t, a, http.MethodPost, sent.path, example(t, sent.name)); status >= 300 {
			t.Fatalf("%s: %d %s", sent.name, status, text)
		}
		settle(t, a)
	}
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	var text string
	for range 3000 {
		// The run, the manifest, and the run once more: each a START and a COMPLETE.
		if _, text = request(t, a, http.MethodGet, "/v1/webhooks", nil); strings.Contains(text, `"sent":6`) {
			break
		}
		<-ticker.C
	}
	if !strings.Contains(text, `"failed":0`) || !strings.Contains(text, `"waiting":0`) {
		t.Errorf("sent: %s", text)
	}
	settle(t, keeper)
	_, text = request(t, keeper, http.MethodGet, "/v1/processing", nil)
	if strings.Count(text, `"owner":"job:`) != 3 || strings.Contains(text, `"error"`) {
		t.Errorf("taken: %s", text)
	}
	if status, text := request(t, a, http.MethodPost, "/v1/webhooks/openlineage/test", nil); status != http.StatusOK || strings.Contains(text, "problem") {
		t.Errorf("%d %s", status, text)
	}
}
