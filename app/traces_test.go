package app_test

import (
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"wellspring/app"
	"wellspring/examples"
)

// collected is a collector of OpenTelemetry: what it got, by trace.
type collected struct {
	url  string
	mu   sync.Mutex
	all  map[string][]*spans.Span
	more chan struct{}
}

func newCollected(t *testing.T) *collected {
	t.Helper()
	c := &collected{all: map[string][]*spans.Span{}, more: make(chan struct{}, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			var err error
			if body, err = gzip.NewReader(r.Body); err != nil {
				t.Error(err)
				return
			}
		}
		var request collector.ExportTraceServiceRequest
		text, err := io.ReadAll(body)
		if err == nil {
			err = proto.Unmarshal(text, &request)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, of := range request.ResourceSpans {
			for _, in := range of.ScopeSpans {
				for _, s := range in.Spans {
					id := hex.EncodeToString(s.TraceId)
					c.all[id] = append(c.all[id], s)
				}
			}
		}
		select {
		case c.more <- struct{}{}:
		default:
		}
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// paths are the names of the spans of a trace with those above them, sorted, once
// there are so many kinds.
func (c *collected) paths(t *testing.T, trace string, n int) []string {
	t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for {
		c.mu.Lock()
		byID, kinds := map[string]*spans.Span{}, map[string]bool{}
		for _, s := range c.all[trace] {
			byID[string(s.SpanId)] = s
		}
		for _, s := range c.all[trace] {
			name := s.Name
			for above := byID[string(s.ParentSpanId)]; above != nil; above = byID[string(above.ParentSpanId)] {
				name = above.Name + " > " + name
			}
			kinds[name] = true
		}
		c.mu.Unlock()
		var all []string
		for kind := range kinds {
			all = append(all, kind)
		}
		slices.Sort(all)
		if len(all) >= n {
			return all
		}
		select {
		case <-c.more:
		case <-limit.C:
			t.Fatalf("of trace %s only came %v", trace, all)
		}
	}
}

// A message's trace leads from the door through the journal to the verified graph,
// and on to who is told.
func TestTraces(t *testing.T) {
	c, l := newCollected(t), newListener(t)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.url)
	a := start(t, func(o *app.Options) {
		l.settings(t)(o)
		o.TracesEnabled, o.BrokerListen = true, "127.0.0.1:0"
	})
	// Over HTTP, in the trace of who asks.
	const asked = "0af7651916cd43dd8448eb211c80319c"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL()+"/v1/runs?wait=30", strings.NewReader(string(example(t, examples.StockDilution))))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Traceparent", "00-"+asked+"-b7ad6b7169203331-01")
	response, err := http.DefaultClient.Do(r)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response, err)
	}
	_ = response.Body.Close()
	want := []string{
		"POST /v1/runs", "POST /v1/runs > take in", "POST /v1/runs > take in > journal append",
		"POST /v1/runs > take in > process", "POST /v1/runs > take in > process > extract", "POST /v1/runs > take in > process > load",
		"POST /v1/runs > take in > process > transform", "POST /v1/runs > take in > process > verify",
	}
	if diff := cmp.Diff(want, c.paths(t, asked, len(want))); diff != "" {
		t.Errorf("over HTTP (-want +got):\n%s", diff)
	}
	if told := l.await(1); !strings.HasPrefix(told[0].TraceParent, "00-"+asked) {
		t.Errorf("the notice is of the trace %q", told[0].TraceParent)
	}

	// Over MQTT, in the trace that the event names.
	const said = "4bf92f3577b34da6a3ce929d0e0e4736"
	client := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + a.Broker()).SetClientID("robot").SetAutoReconnect(false))
	if token := client.Connect(); token.Wait() && token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer client.Disconnect(100)
	event := fmt.Sprintf(`{"specversion":"1.0","id":"1","source":"/robots/r","type":"wellspring.ot2.run.v1","traceparent":"00-%s-00f067aa0ba902b7-01","data":%s}`,
		said, `{"data":{"id":"r","status":"succeeded","labware":[],"pipettes":[],"actions":[]},"commands":{"data":[{"id":"c1","commandType":"home","status":"succeeded","params":{}}],"meta":{"totalLength":1}}}`)
	if token := client.Publish("wellspring/v1/events", 1, false, event); token.Wait() && token.Error() != nil {
		t.Fatal(token.Error())
	}
	want = []string{"process", "process > extract", "process > load", "process > transform", "process > verify", "take in", "take in > journal append"}
	if diff := cmp.Diff(want, c.paths(t, said, len(want))); diff != "" {
		t.Errorf("over MQTT (-want +got):\n%s", diff)
	}
	if _, text := request(t, a, http.MethodGet, "/metrics", nil); !strings.Contains(text, `wellspring_trace_spans_total{outcome="sent"}`) {
		t.Error("spans are not measured")
	}
}

// A collector that is away costs spans, and nothing else.
func TestTracesWithoutACollector(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "50")
	a := start(t, func(o *app.Options) { o.TracesEnabled, o.TracesEndpoint = true, gone.URL+"/v1/traces" })
	if status, text := request(t, a, http.MethodPost, "/v1/runs?wait=30", example(t, examples.StockDilution)); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
}
