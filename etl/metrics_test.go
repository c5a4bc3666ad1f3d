package etl_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"wellspring/etl"
)

func (l *lab) registryOfItsOwn() *prometheus.Registry { return prometheus.NewRegistry() }

// series is one series of a registry, read.
type series struct {
	value  float64 // of a counter or a gauge
	count  uint64  // of a histogram, and so on
	sum    float64
	bounds []float64
}

// metric returns one series of the lab's registry.
func (l *lab) metric(name string, labels ...string) series {
	l.t.Helper()
	families, err := l.registry.Gather()
	if err != nil {
		l.t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			var values []string
			for _, pair := range m.GetLabel() {
				values = append(values, pair.GetValue())
			}
			if !slices.Equal(values, labels) {
				continue
			}
			h := m.GetHistogram()
			s := series{value: m.GetCounter().GetValue() + m.GetGauge().GetValue(), count: h.GetSampleCount(), sum: h.GetSampleSum()}
			for _, bucket := range h.GetBucket() {
				s.bounds = append(s.bounds, bucket.GetUpperBound())
			}
			return s
		}
	}
	l.t.Fatalf("no metric %s %v", name, labels)
	return series{}
}

func TestMetricsPassTheLinter(t *testing.T) {
	l := newLab(t, nil)
	problems, err := testutil.GatherAndLint(l.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestMetricsTellWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withNotes(&notes{}))
		l.store.fail(times(2, errBroken), nil)
		l.start()
		if _, err := l.wait("note:a", l.write("note:a", "one")[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := l.wait("note:b", l.write("note:b", "unreadable")[0]); err == nil {
			t.Fatal("it is not dead")
		}
		synctest.Wait()
		got := map[string]float64{
			"processed":    l.metric("wellspring_envelopes_processed_total").value,
			"retried":      l.metric("wellspring_retries_total", "load").value,
			"dead":         l.metric("wellspring_envelopes_dead_total", "extract").value,
			"store errors": l.metric("wellspring_store_errors_total", "apply").value,
		}
		if diff := cmp.Diff(map[string]float64{"processed": 1, "retried": 2, "dead": 1, "store errors": 2}, got); diff != "" {
			t.Errorf("counters (-want +got):\n%s", diff)
		}
		for window, want := range map[string]float64{"process": 0, "store": 2, "verify": 0} {
			if h := l.metric("data_processing_latency_seconds", window); h.count != 2 || h.sum != want {
				t.Errorf("window %s: %d samples, %v s, want 2 samples of %v s together", window, h.count, h.sum, want)
			}
		}
		for _, window := range []string{"collect", "process", "store", "verify", "total"} {
			if n := l.metric("lineage_tracking_latency_seconds", window).count; n != 1 {
				t.Errorf("window %s: %d samples, want one: a dead envelope has no lineage", window, n)
			}
		}
	})
}

func TestLatencyBucketsHoldThePromises(t *testing.T) {
	l := newLab(t, nil)
	bounds := l.metric("data_processing_latency_seconds", "total").bounds
	for _, bound := range []float64{.001, 30, 120, 300} {
		if !slices.Contains(bounds, bound) {
			t.Errorf("no bucket ends at %v s: %v", bound, bounds)
		}
	}
}

func TestLagGrowsWhileThePipelineStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withNotes(&notes{}))
		at := l.write("note:a", "one", "two")
		time.Sleep(90 * time.Second)
		got := []float64{l.metric("wellspring_journal_lag_records").value, l.metric("wellspring_journal_lag_seconds").value}
		if diff := cmp.Diff([]float64{2, 90}, got); diff != "" {
			t.Errorf("records and seconds (-want +got):\n%s", diff)
		}
		l.start()
		if _, err := l.wait("note:a", at[1]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := l.metric("wellspring_journal_lag_records").value; n != 0 {
			t.Errorf("%v records behind, want none", n)
		}
	})
}

func TestWindowsOfAProcessing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, withNotes(&notes{}))
		l.store.fail(times(3, errBroken), nil)
		at := l.write("note:a", "one")[0] // observed long ago, by its envelope
		time.Sleep(time.Minute)
		l.start()
		processing, err := l.wait("note:a", at)
		if err != nil {
			t.Fatal(err)
		}
		want := etl.Windows{Store: 3, Total: 63}
		if diff := cmp.Diff(want, processing.Seconds); diff != "" {
			t.Errorf("seconds (-want +got):\n%s", diff)
		}
	})
}
