package cached

import "github.com/prometheus/client_golang/prometheus"

// Why an answer was dropped.
const (
	bySize    = "size"    // room was short
	byTTL     = "ttl"     // its time was over
	byChange  = "change"  // what it was made of changed
	byRequest = "request" // Flush
)

// Metrics count what the cache does.
type Metrics struct {
	hits, misses *prometheus.CounterVec // by question
	evictions    *prometheus.CounterVec // by reason
	bytes, kept  prometheus.Gauge
	limit        prometheus.Gauge
}

// NewMetrics registers the instruments. It panics when they are registered
// already: one registerer, one cache.
func NewMetrics(registerer prometheus.Registerer) *Metrics {
	counters := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m := &Metrics{
		hits:      counters("wellspring_cache_hits_total", "Questions to the graph store that were answered from memory.", "question"),
		misses:    counters("wellspring_cache_misses_total", "Questions to the graph store whose answer was not in memory.", "question"),
		evictions: counters("wellspring_cache_evictions_total", "Answers that were dropped from memory: size, ttl, change or request.", "reason"),
		bytes:     gauge("wellspring_cache_bytes", "Memory of the answers that are kept, with all that is kept beside them, bytes."),
		kept:      gauge("wellspring_cache_entries", "Answers that are kept."),
		limit:     gauge("wellspring_cache_max_bytes", "Memory that the kept answers may take, bytes."),
	}
	registerer.MustRegister(m.hits, m.misses, m.evictions, m.bytes, m.kept, m.limit)
	for _, q := range []string{askNodes, askEdges, askFind, askTraverse, askHistory} {
		m.hits.WithLabelValues(q)
		m.misses.WithLabelValues(q)
	}
	for _, reason := range []string{bySize, byTTL, byChange, byRequest} {
		m.evictions.WithLabelValues(reason)
	}
	return m
}
