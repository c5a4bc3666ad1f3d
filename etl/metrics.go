package etl

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wellspring/lineage"
)

// Metrics are the instruments of the road from the door to the graph. Intake
// counts at the door, the pipeline counts the rest.
type Metrics struct {
	registerer prometheus.Registerer

	processing *prometheus.HistogramVec
	tracking   *prometheus.HistogramVec

	received     prometheus.Counter
	acknowledged prometheus.Counter
	processed    prometheus.Counter
	retried      *prometheus.CounterVec
	dead         *prometheus.CounterVec
	storeErrors  *prometheus.CounterVec
}

// The windows by which latencies are labelled.
const (
	windowCollect = "collect"
	windowProcess = "process"
	windowStore   = "store"
	windowVerify  = "verify"
	windowTotal   = "total"
)

// latencyBuckets, in seconds, tell milliseconds apart, and hold the bounds that
// people promise and alert on: 30, 120 and 300 s.
func latencyBuckets() []float64 {
	return []float64{
		.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30, 60, 120, 180, 300, 600, 1800,
	}
}

// NewMetrics registers the instruments. It panics when they are registered
// already: one registerer, one process.
func NewMetrics(registerer prometheus.Registerer) *Metrics {
	histogram := func(name, help string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: latencyBuckets()}, []string{"window"})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	counters := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	m := &Metrics{
		registerer:   registerer,
		processing:   histogram("data_processing_latency_seconds", "Seconds per window of one processing of an owner, of the oldest envelope that it covers."),
		tracking:     histogram("lineage_tracking_latency_seconds", "Seconds per window of one envelope, from the door until its lineage is in the graph and verified."),
		received:     counter("wellspring_envelopes_received_total", "Envelopes that came in at a door."),
		acknowledged: counter("wellspring_envelopes_acknowledged_total", "Envelopes that the journal holds and the sender was told so."),
		processed:    counter("wellspring_envelopes_processed_total", "Envelopes whose lineage is in the graph and verified."),
		retried:      counters("wellspring_retries_total", "Tries after the first, by stage of a processing, or pipeline: of what it needs itself.", "stage"),
		dead:         counters("wellspring_envelopes_dead_total", "Envelopes that went to the dead letters.", "stage"),
		storeErrors:  counters("wellspring_store_errors_total", "Errors of the graph store.", "op"),
	}
	registerer.MustRegister(m.processing, m.tracking, m.received, m.acknowledged, m.processed, m.retried, m.dead, m.storeErrors)
	m.zero()
	return m
}

// zero makes every series that an alert may ask for exist from the start.
func (m *Metrics) zero() {
	for _, window := range []string{windowCollect, windowProcess, windowStore, windowVerify, windowTotal} {
		m.processing.WithLabelValues(window)
		m.tracking.WithLabelValues(window)
	}
	for _, stage := range []Stage{Extract, Transform, Load, Verify} {
		m.retried.WithLabelValues(string(stage))
		m.dead.WithLabelValues(string(stage))
	}
	for _, op := range []string{opApply, opOwned} {
		m.storeErrors.WithLabelValues(op)
	}
}

// The store's operations that the pipeline uses.
const (
	opApply = "apply"
	opOwned = "owned"
)

// Received counts envelopes that came in at a door.
func (m *Metrics) Received(envelopes int) { m.received.Add(float64(envelopes)) }

// Acknowledged counts envelopes that the journal holds.
func (m *Metrics) Acknowledged(envelopes int) { m.acknowledged.Add(float64(envelopes)) }

func (m *Metrics) finished(w Windows) {
	m.processing.WithLabelValues(windowCollect).Observe(w.Collect)
	m.processing.WithLabelValues(windowProcess).Observe(w.Process)
	m.processing.WithLabelValues(windowStore).Observe(w.Store)
	m.processing.WithLabelValues(windowVerify).Observe(w.Verify)
	m.processing.WithLabelValues(windowTotal).Observe(w.Total)
}

// tracked observes one envelope, by the times at which it passed.
func (m *Metrics) tracked(e entry, times passage) {
	observe := func(window string, from, to time.Time) {
		m.tracking.WithLabelValues(window).Observe(max(0, to.Sub(from).Seconds()))
	}
	observe(windowCollect, e.observed, e.appendedAt)
	observe(windowProcess, e.appendedAt, times.transformed)
	observe(windowStore, times.transformed, times.loaded)
	observe(windowVerify, times.loaded, times.verified)
	observe(windowTotal, e.observed, times.verified)
}

func (m *Metrics) storeFailed(op string, err error) error {
	if err != nil && lineage.KindOf(err) != "" {
		m.storeErrors.WithLabelValues(op).Inc()
	}
	return err
}

// lag is a collector that asks the journal at each scrape: a pipeline that
// stands still must show a lag that grows.
type lag struct {
	ask     func(ctx context.Context) (records int64, oldest time.Duration, err error)
	records *prometheus.Desc
	seconds *prometheus.Desc
}

const lagPatience = 2 * time.Second

func newLag(ask func(ctx context.Context) (int64, time.Duration, error)) prometheus.Collector {
	return NewLag("wellspring_journal_lag_records", "Records in the journal that are not processed yet.",
		"wellspring_journal_lag_seconds", "Age of the oldest record that is not processed yet.", ask)
}

// NewLag returns a collector of how many records are not done yet, and how old the
// oldest of them is, under names and with helps of their own.
func NewLag(records, recordsHelp, seconds, secondsHelp string, ask func(ctx context.Context) (int64, time.Duration, error)) prometheus.Collector {
	return &lag{ask: ask, records: prometheus.NewDesc(records, recordsHelp, nil, nil), seconds: prometheus.NewDesc(seconds, secondsHelp, nil, nil)}
}

// Describe implements prometheus.Collector.
func (l *lag) Describe(descs chan<- *prometheus.Desc) { descs <- l.records; descs <- l.seconds }

// Collect implements prometheus.Collector.
func (l *lag) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lagPatience)
	defer cancel()
	records, oldest, err := l.ask(ctx)
	if err != nil {
		return // an absent lag is an alert; a failed scrape would hide all the rest
	}
	metrics <- prometheus.MustNewConstMetric(l.records, prometheus.GaugeValue, float64(records))
	metrics <- prometheus.MustNewConstMetric(l.seconds, prometheus.GaugeValue, oldest.Seconds())
}
