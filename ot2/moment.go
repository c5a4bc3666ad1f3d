package ot2

import "time"

// The forms in which robots and their tools write an instant; those without a
// zone are UTC, as the robot's clock is.
var momentLayouts = [...]string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999",
}

// moment reads an instant of the device's clock. null, nothing, and the word
// TIMESTAMP, which stands for one in recorded analyses, are an unknown time.
func (v value) moment() (time.Time, error) {
	text, err := v.str()
	if err != nil || text == "" || text == "TIMESTAMP" {
		return time.Time{}, err
	}
	for _, layout := range momentLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, v.problem("is no time: "+shorten(v.text), "write times as RFC 3339: 2026-01-31T08:00:00.123Z")
}
