package bridge

import "github.com/prometheus/client_golang/prometheus"

// Collector measures bridges at each scrape.
type Collector struct {
	bridges []*Bridge
	descs   map[string]*prometheus.Desc
}

// The metrics of a robot.
const (
	metricUp          = "wellspring_bridge_up"
	metricContact     = "wellspring_bridge_last_contact_timestamp_seconds"
	metricHeld        = "wellspring_bridge_runs_held"
	metricUnharvested = "wellspring_bridge_runs_unharvested"
	metricUntil       = "wellspring_bridge_runs_until_eviction"
	metricRisk        = "wellspring_bridge_eviction_risk"
	metricGaps        = "wellspring_bridge_gaps"
	metricRequests    = "wellspring_bridge_requests_total"
	metricHints       = "wellspring_bridge_hints_total"
)

// NewCollector returns a collector of bridges.
func NewCollector(bridges ...*Bridge) *Collector {
	c := &Collector{bridges: bridges, descs: map[string]*prometheus.Desc{}}
	for name, help := range map[string]string{
		metricUp:          "1 while the robot is read.",
		metricContact:     "When the robot last answered, in seconds since 1970; 0: never.",
		metricHeld:        "Runs that the robot holds.",
		metricUnharvested: "Runs that the robot holds and that are not read in full.",
		metricUntil:       "Runs that can still be started before the robot deletes one that is not read in full.",
		metricRisk:        "1 while a run that is not read in full is close to being deleted by the robot.",
		metricGaps:        "Losses that the bridge remembers, up to a hundred: runs deleted or lost before they were read.",
		metricRequests:    "Requests sent to the robot.",
		metricHints:       "Messages heard from the robot's broker.",
	} {
		c.descs[name] = prometheus.NewDesc(name, help, []string{"robot"}, nil)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(metrics chan<- prometheus.Metric) {
	for _, b := range c.bridges {
		s := b.State()
		measure := func(name string, kind prometheus.ValueType, value float64) {
			metrics <- prometheus.MustNewConstMetric(c.descs[name], kind, value, s.Name)
		}
		contact := 0.0
		if !s.Contact.IsZero() {
			contact = float64(s.Contact.UnixMilli()) / 1000
		}
		measure(metricUp, prometheus.GaugeValue, one(s.State == Idle || s.State == Following))
		measure(metricContact, prometheus.GaugeValue, contact)
		measure(metricHeld, prometheus.GaugeValue, float64(len(s.Runs)))
		measure(metricUnharvested, prometheus.GaugeValue, float64(s.Unharvested))
		measure(metricUntil, prometheus.GaugeValue, float64(s.UntilDeleted))
		measure(metricRisk, prometheus.GaugeValue, one(s.atRisk()))
		measure(metricGaps, prometheus.GaugeValue, float64(len(s.Gaps)))
		measure(metricRequests, prometheus.CounterValue, float64(s.Requests))
		measure(metricHints, prometheus.CounterValue, float64(s.Heard))
	}
}

func (s State) atRisk() bool {
	for _, a := range s.Alarms {
		if a.Kind == AlarmEviction {
			return true
		}
	}
	return false
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
