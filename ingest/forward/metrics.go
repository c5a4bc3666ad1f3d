package forward

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Collector measures a Forwarder at each scrape.
type Collector struct {
	forwarder                          *Forwarder
	up, waiting, oldest, sent, refused *prometheus.Desc
}

// NewCollector returns a collector of one Forwarder.
func NewCollector(f *Forwarder) *Collector {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }
	return &Collector{
		forwarder: f,
		up:        desc("wellspring_forward_up", "1 while the central service takes events."),
		waiting:   desc("wellspring_forward_waiting_records", "Records in the journal that the central service does not have yet."),
		oldest:    desc("wellspring_forward_waiting_seconds", "Age of the oldest of them."),
		sent:      desc("wellspring_forward_sent_total", "Events that the central service took."),
		refused:   desc("wellspring_forward_refused_total", "Events that it refused for good; they are among the dead letters."),
	}
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.waiting, c.oldest, c.sent, c.refused} {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	s, err := c.forwarder.State(ctx)
	up := 1.0
	if s.Error != "" {
		up = 0
	}
	metrics <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, up)
	metrics <- prometheus.MustNewConstMetric(c.sent, prometheus.CounterValue, float64(s.Sent))
	metrics <- prometheus.MustNewConstMetric(c.refused, prometheus.CounterValue, float64(s.Refused))
	if err != nil {
		return // what waits is not known
	}
	metrics <- prometheus.MustNewConstMetric(c.waiting, prometheus.GaugeValue, float64(s.Waiting))
	metrics <- prometheus.MustNewConstMetric(c.oldest, prometheus.GaugeValue, s.Oldest.Seconds())
}
