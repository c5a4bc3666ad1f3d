package api_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"wellspring/api"
	"wellspring/graphstore"
	"wellspring/lineage"
	"wellspring/query"
	"wellspring/query/querytest"
)

// failing is a store that answers some reads with an error, or a panic.
type failing struct {
	graphstore.Store
	fail func(ctx context.Context) error
}

func (f failing) Nodes(ctx context.Context, _ []lineage.ID, _ time.Time) ([]lineage.Node, error) {
	return nil, f.fail(ctx)
}

func around(fail func(ctx context.Context) error) func(graphstore.Store) graphstore.Store {
	return func(store graphstore.Store) graphstore.Store { return failing{store, fail} }
}

func TestTimeout(t *testing.T) {
	l := newLab(t, settings{limits: api.Limits{Timeout: 10 * time.Millisecond}, store: around(func(ctx context.Context) error {
		<-ctx.Done()
		return graphstore.Interrupted("read nodes", ctx.Err())
	})})
	answer := l.get("/v1/runs/" + querytest.Dilution)
	if p := problem(t, answer); answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" || !strings.Contains(p.Hint, "too long") {
		t.Errorf("%s %+v", answer.Status, p)
	}
}

// A bug is told to the log, not to the client, and ends one request only.
func TestPanic(t *testing.T) {
	l := newLab(t, settings{store: around(func(context.Context) error { panic("secret detail") })})
	answer := l.get("/v1/runs/" + querytest.Dilution)
	p := problem(t, answer)
	if answer.StatusCode != http.StatusInternalServerError || strings.Contains(string(answer.body), "secret detail") {
		t.Errorf("%s %s", answer.Status, answer.body)
	}
	if log := l.log.String(); !strings.Contains(log, "secret detail") || !strings.Contains(log, p.RequestID) {
		t.Errorf("the log lacks the cause or the request: %s", log)
	}
	if l.get("/healthz").StatusCode != http.StatusOK {
		t.Error("the service is gone")
	}
}

func TestInternalErrorsStayInside(t *testing.T) {
	l := newLab(t, settings{store: around(func(context.Context) error {
		return &lineage.Error{Op: "read nodes", Kind: lineage.ErrorInternal, ID: "/var/lib/graph.db", Hint: "the file is damaged"}
	})})
	answer := l.get("/v1/runs/" + querytest.Dilution)
	if answer.StatusCode != http.StatusInternalServerError || strings.Contains(string(answer.body), "graph.db") {
		t.Errorf("%s %s", answer.Status, answer.body)
	}
	if !strings.Contains(l.log.String(), "graph.db") {
		t.Error("the log does not say what happened")
	}
}

func TestUnavailableStore(t *testing.T) {
	l := newLab(t, settings{store: around(func(context.Context) error {
		return &lineage.Error{Op: "read nodes", Kind: lineage.ErrorUnavailable, Hint: "is Neo4j up?"}
	})})
	answer := l.get("/v1/runs/" + querytest.Dilution)
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("%s %s", answer.Status, answer.body)
	}
	problem(t, answer)
}

func TestRoutes(t *testing.T) {
	l := newLab(t, settings{})
	for _, test := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/", 404},
		{http.MethodGet, "/v2/runs", 404},
		{http.MethodDelete, "/v1/runs", 405},
		{http.MethodPost, "/v1/processing", 405},
	} {
		answer := l.do(test.method, test.path, nil)
		if answer.StatusCode != test.status {
			t.Errorf("%s %s: %s", test.method, test.path, answer.Status)
		}
		problem(t, answer)
	}
}

// A page of another origin can't make a browser write.
func TestCrossOrigin(t *testing.T) {
	l := newLab(t, settings{})
	answer := l.do(http.MethodPost, "/v1/runs", []byte(small), "Sec-Fetch-Site", "cross-site", "Origin", "https://elsewhere.example")
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("%s %s", answer.Status, answer.body)
	}
	problem(t, answer)
	if got := l.get("/v1/runs", "Sec-Fetch-Site", "cross-site"); got.StatusCode != http.StatusOK || got.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%s %v", got.Status, got.Header)
	}
}

func TestOptions(t *testing.T) {
	if _, err := api.New(api.Options{Query: query.New(nil)}); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("without an intake: %v", err)
	}
}

func TestHeaders(t *testing.T) {
	header := newLab(t, settings{}).get("/healthz").Header
	if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("X-Request-Id") == "" || header.Get("Cache-Control") != "no-store" {
		t.Errorf("the headers are %v", header)
	}
}

// cut is a store whose second page of runs fails.
type cut struct{ graphstore.Store }

func (c cut) Find(_ context.Context, find lineage.Find) (lineage.Page, error) {
	if find.After != "" {
		return lineage.Page{}, &lineage.Error{Op: "find", Kind: lineage.ErrorUnavailable, Hint: "is the store up?"}
	}
	return lineage.Page{Nodes: []lineage.Node{{ID: lineage.RunID("a"), Kind: lineage.KindRun, Name: "a"}}, Next: "more"}, nil
}

// A client must not take half of a list for the whole.
func TestABrokenListBreaksTheConnection(t *testing.T) {
	l := newLab(t, settings{store: func(store graphstore.Store) graphstore.Store { return cut{store} }})
	for _, format := range []string{"ndjson", "csv"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.base+"/v1/runs?format="+format, nil)
		must(t, err)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			continue // nothing had been sent yet
		}
		if _, err := io.Copy(io.Discard, response.Body); err == nil {
			t.Errorf("%s: half of a list came to a good end, with %s", format, response.Status)
		}
		_ = response.Body.Close()
	}
	if !strings.Contains(l.log.String(), "a list broke off") {
		t.Error("the log does not say that a list broke off")
	}
}

// TestWhatIsCompressed: an answer is compressed for who is elsewhere, or sends it
// there, and not for who is on this machine.
func TestWhatIsCompressed(t *testing.T) {
	l := newLab(t, settings{})
	for name, c := range map[string]struct {
		sentOn []string
		want   string
	}{
		"from this machine":       {nil, ""},
		"through a proxy here":    {[]string{"X-Forwarded-For", "192.0.2.7"}, "gzip"},
		"through one of RFC 7239": {[]string{"Forwarded", "for=192.0.2.7"}, "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := l.get("/openapi.yaml", append(c.sentOn, "Accept-Encoding", "gzip")...)
			if got := answer.Header.Get("Content-Encoding"); got != c.want || answer.StatusCode != http.StatusOK {
				t.Errorf("%s, Content-Encoding %q, want %q", answer.Status, got, c.want)
			}
		})
	}
}
