package bench

import "time"

const momentHint = "write times with their zone: 2026-01-31T08:00:00Z or 2026-01-31 09:00:00+01:00"

var momentLayouts = [...]string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999 Z07:00",
	"2006-01-02 15:04:05.999999999 -0700",
	"2006-01-02T15:04Z07:00",
}

// parseMoment reads an instant. A time without a zone is none: nobody knows
// which clock on the bench it was read from.
func parseMoment(text string) (time.Time, bool) {
	for _, layout := range momentLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}
