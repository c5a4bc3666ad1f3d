package project

import (
	"time"

	"wellspring/lineage"
)

// attributes collects what is known: a zero value is not written, so that
// unknown is absent and never an empty string or a false zero.
type attributes lineage.Attributes

func (a attributes) text(key, value string) attributes {
	if value != "" {
		a[key] = value
	}
	return a
}

func (a attributes) texts(key string, values []string) attributes {
	if len(values) > 0 {
		a[key] = values
	}
	return a
}

func (a attributes) time(key string, t time.Time) attributes {
	if !t.IsZero() {
		a[key] = t.UTC().Format(time.RFC3339Nano)
	}
	return a
}

// number writes a number, zero too: of a volume, zero is knowledge.
func (a attributes) number(key string, value float64) attributes {
	a[key] = value
	return a
}

func (a attributes) count(key string, n int) attributes {
	if n != 0 {
		a[key] = float64(n)
	}
	return a
}

// seconds writes the time between two instants, where both are known.
func (a attributes) seconds(key string, from, to time.Time) attributes {
	if !from.IsZero() && !to.IsZero() {
		a[key] = to.Sub(from).Seconds()
	}
	return a
}

func (a attributes) flag(key string, value bool) attributes {
	if value {
		a[key] = true
	}
	return a
}
