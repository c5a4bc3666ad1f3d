package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"wellspring/api"
	"wellspring/etl"
	"wellspring/graphstore"
	graphsqlite "wellspring/graphstore/sqlite"
	"wellspring/lineage"
)

// awayStore is a store that can't be reached for a while.
type awayStore struct {
	graphstore.Store
	away  atomic.Bool
	tried chan struct{}
}

func (s *awayStore) Apply(ctx context.Context, p lineage.Projection, at time.Time) (lineage.Applied, error) {
	if !s.away.Load() {
		return s.Store.Apply(ctx, p, at)
	}
	select {
	case s.tried <- struct{}{}:
	default:
	}
	return lineage.Applied{}, s.Ping(ctx)
}

func (s *awayStore) Ping(ctx context.Context) error {
	if s.away.Load() {
		return &lineage.Error{Op: "ping", Kind: lineage.ErrorUnavailable, Hint: "wait"}
	}
	return s.Store.Ping(ctx)
}

// What waits for a graph that is away can be seen, ended and begun again.
func TestSteering(t *testing.T) {
	graph, err := graphsqlite.Open(t.Context(), filepath.Join(t.TempDir(), "graph.db"), graphsqlite.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, graph.Close(context.Background())) })
	store := &awayStore{Store: graph, tried: make(chan struct{}, 1)}
	store.away.Store(true)
	l := newLab(t, settings{graph: store, limits: api.Limits{RetryWait: time.Millisecond}})
	const owner = "/v1/processing/run:run-small"
	stands := func(answer reply, status int, want etl.Status) {
		t.Helper()
		var p etl.Processing
		if err := json.Unmarshal(answer.body, &p); err != nil || answer.StatusCode != status || p.Status != want {
			t.Errorf("%s, %s: %v, want %d and %s", answer.Status, answer.body, err, status, want)
		}
	}
	if answer := l.do(http.MethodPost, "/v1/runs", []byte(small)); answer.StatusCode != http.StatusAccepted {
		t.Fatalf("%s", answer.body)
	}
	<-store.tried
	var pulse etl.Pulse
	must(t, json.Unmarshal(l.do(http.MethodGet, "/v1/pulse", nil).body, &pulse))
	if len(pulse.Running) != 1 || pulse.Running[0].Owner != "run:run-small" || pulse.Behind != 1 {
		t.Errorf("pulse: %+v", pulse)
	}
	stands(l.do(http.MethodPost, owner+"/cancel", nil), http.StatusOK, etl.Cancelled)
	if answer := l.do(http.MethodPost, owner+"/cancel", nil); answer.StatusCode != http.StatusConflict {
		t.Errorf("cancelled twice: %s", answer.Status)
	}
	if answer := l.do(http.MethodPost, owner+"/rerun", nil); answer.StatusCode != http.StatusAccepted {
		t.Errorf("rerun while the graph is away: %s %s", answer.Status, answer.body)
	}
	<-store.tried
	stands(l.do(http.MethodPost, owner+"/cancel", nil), http.StatusOK, etl.Cancelled)
	store.away.Store(false)
	if answer := l.do(http.MethodPost, owner+"/rerun?from=load", nil); answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusAccepted {
		t.Errorf("rerun: %s %s", answer.Status, answer.body)
	}
	must(t, l.pipeline.Quiet(t.Context()))
	stands(l.do(http.MethodGet, owner, nil), http.StatusOK, etl.Done)
}
