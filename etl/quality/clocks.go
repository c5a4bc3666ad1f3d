package quality

import (
	"fmt"
	"slices"
	"time"

	"wellspring/liquid"
	"wellspring/ot2"
)

// clocks checks the device's stamps: within a command, between commands, and
// of the run. Executed order rests on them.
func clocks(run ot2.Run, options Options) []liquid.Finding {
	var found []liquid.Finding
	if back := backwards(run.CreatedAt, run.StartedAt, run.CompletedAt); back > options.Jitter {
		found = append(found, liquid.Finding{Kind: ClockBackwards, Detail: fmt.Sprintf("the run's created, started and completed times go back by %s", back)})
	}
	started := make([]ot2.Command, 0, len(run.Commands))
	for _, c := range run.Commands {
		if back := backwards(c.CreatedAt, c.StartedAt, c.CompletedAt); back > options.Jitter {
			found = append(found, liquid.Finding{
				Kind: ClockBackwards, Command: c.ID,
				Detail: fmt.Sprintf("%s: created, started and completed times go back by %s", c.Type, back),
			})
		}
		if !c.StartedAt.IsZero() {
			started = append(started, c)
		}
	}
	slices.SortStableFunc(started, func(a, b ot2.Command) int { return a.StartedAt.Compare(b.StartedAt) })
	return append(found, between(started, options)...)
}

// between checks each command against the ones before it: a robot does one
// thing at a time, so an overlap is a clock that was set.
func between(started []ot2.Command, options Options) []liquid.Finding {
	var found []liquid.Finding
	var latest time.Time
	for _, c := range started {
		if latest.IsZero() {
			latest = end(c)
			continue
		}
		switch pause := c.StartedAt.Sub(latest); {
		case -pause > options.Jitter:
			found = append(found, liquid.Finding{
				Kind: ClockBackwards, Command: c.ID,
				Detail: fmt.Sprintf("%s started %s before the command before it ended", c.Type, -pause),
			})
		case pause > options.Gap:
			found = append(found, liquid.Finding{
				Kind: ClockGap, Command: c.ID,
				Detail: fmt.Sprintf("%s started %s after the command before it", c.Type, pause),
			})
		}
		if e := end(c); e.After(latest) {
			latest = e
		}
	}
	return found
}

func end(c ot2.Command) time.Time {
	if c.CompletedAt.After(c.StartedAt) {
		return c.CompletedAt
	}
	return c.StartedAt
}

// backwards returns by how much the given times, unknown ones left out, go back
// from one to the next at most.
func backwards(times ...time.Time) time.Duration {
	var most time.Duration
	var last time.Time
	for _, t := range times {
		if t.IsZero() {
			continue
		}
		if !last.IsZero() {
			most = max(most, last.Sub(t))
		}
		last = t
	}
	return most
}
