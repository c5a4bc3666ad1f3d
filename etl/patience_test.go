package etl

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"wellspring/lineage"
)

// A try without end is seen: it is counted.
func TestPatienceIsCounted(t *testing.T) {
	p := &Pipeline{logger: slog.New(slog.DiscardHandler), metrics: NewMetrics(prometheus.NewRegistry())}
	p.config.Retry, p.config.Clock = Retry{Wait: 1}.withDefaults(), time.Now
	left := 3
	err := p.patiently(t.Context(), "keep what others depend on", func() error {
		if left--; left >= 0 {
			return &lineage.Error{Op: "keep", Kind: lineage.ErrorUnavailable, Err: errors.New("no such table")}
		}
		return nil
	})
	if got := testutil.ToFloat64(p.metrics.retried.WithLabelValues(ofPipeline)); err != nil || got != 3 {
		t.Errorf("%v, counted %v tries, want 3", err, got)
	}
}
