package notify

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Collector measures a Notifier at each scrape.
type Collector struct {
	notifier                                              *Notifier
	up, waiting, oldest, sent, failures, givenUp, dropped *prometheus.Desc
}

// NewCollector returns a collector of one Notifier.
func NewCollector(n *Notifier) *Collector {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, []string{"webhook"}, nil)
	}
	return &Collector{
		notifier: n,
		up:       desc("wellspring_webhook_up", "1 while the webhook takes notices, or none was to be sent."),
		waiting:  desc("wellspring_webhook_waiting_notices", "Notices that the webhook does not have yet."),
		oldest:   desc("wellspring_webhook_waiting_seconds", "Age of the oldest of them."),
		sent:     desc("wellspring_webhook_sent_total", "Notices that the webhook took."),
		failures: desc("wellspring_webhook_failures_total", "Tries that failed."),
		givenUp:  desc("wellspring_webhook_given_up_total", "Notices that the webhook did not take in all their time."),
		dropped:  desc("wellspring_webhook_dropped_total", "Notices that gave way to newer ones because too many waited."),
	}
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.waiting, c.oldest, c.sent, c.failures, c.givenUp, c.dropped} {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	states, err := c.notifier.States(ctx)
	if err != nil {
		return // nothing is known
	}
	now := c.notifier.options.Clock()
	for _, s := range states {
		gauge := func(d *prometheus.Desc, v float64) {
			metrics <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, s.Name)
		}
		counter := func(d *prometheus.Desc, v int64) {
			metrics <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), s.Name)
		}
		up, age := 1.0, 0.0
		if s.Error != "" || s.Gone {
			up = 0
		}
		if !s.Oldest.IsZero() {
			age = max(0, now.Sub(s.Oldest).Seconds())
		}
		gauge(c.up, up)
		gauge(c.waiting, float64(s.Waiting))
		gauge(c.oldest, age)
		counter(c.sent, s.Sent)
		counter(c.failures, s.Failed)
		counter(c.givenUp, s.GivenUp)
		counter(c.dropped, s.Dropped)
	}
}
