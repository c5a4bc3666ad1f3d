package etl

import (
	"testing"
	"time"
)

// A rate is over the time since the start, however late the first turn ended, and
// over no more than was asked for.
func TestRates(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := rates{since: start}
	r.count(start.Add(90*time.Second), 3, false)
	r.count(start.Add(100*time.Second), 3, true)
	for i, want := range []Rate{
		{Minutes: 1},
		{Minutes: 5, TurnsPerMinute: 1, EnvelopesPerMinute: 3, Failed: 1},
		{Minutes: 15, TurnsPerMinute: 1, EnvelopesPerMinute: 3, Failed: 1},
	} {
		if got := r.over(start.Add(2*time.Minute), 1, 5, 15)[i]; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if got := r.over(start.Add(time.Hour), 15)[0]; got != (Rate{Minutes: 15}) {
		t.Errorf("an hour later: %+v", got)
	}
}
