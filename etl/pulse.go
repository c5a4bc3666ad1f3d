package etl

import (
	"context"
	"sync"
	"time"

	"wellspring/lineage"
)

// Pulse is what a person asks first of a pipeline: how much waits, what is being
// done, how fast it goes, how old the oldest is, and what failed.
type Pulse struct {
	Workers int    `json:"workers"` // turns at a time, at most
	Running []Turn `json:"running"` // the longest first
	Waiting int    `json:"waiting"` // owners that wait for a turn
	// Behind is how many records of the journal are not settled, and how old the
	// oldest of them is.
	Behind        int64   `json:"behind"`
	OldestSeconds float64 `json:"oldest_seconds"`
	Followed      int     `json:"followed"` // runs under way that are kept in memory
	LeftOut       int     `json:"left_out"` // records among the dead letters, dropped ones too
	// Processings is how many owners stand where.
	Processings map[Status]int64 `json:"processings"`
	Rates       []Rate           `json:"rates"`
	Schedules   []Schedule       `json:"schedules"` // filled by who keeps them
	// Second is how a second graph stands, filled by who keeps one; nil: there is none.
	Second *Second `json:"second,omitempty"`
}

// Second is a second graph that is filled from the same journal.
type Second struct {
	Graph         string  `json:"graph"`   // where it is
	Filled        bool    `json:"filled"`  // it had all that the journal held once: it may become the first
	Records       int64   `json:"records"` // of the journal
	Behind        int64   `json:"behind"`  // of these, not in it yet
	OldestSeconds float64 `json:"oldest_seconds"`
	DeadLetters   int     `json:"dead_letters"`    // of its own, that wait
	Error         string  `json:"error,omitempty"` // why it is not open
}

// Schedule is something that is done at fixed times, and what the last run of it came to.
type Schedule struct {
	Task    string     `json:"task"`
	When    string     `json:"when"` // an interval or a cron expression
	NextAt  *time.Time `json:"next_at,omitempty"`
	LastAt  *time.Time `json:"last_at,omitempty"` // when the last run ended
	Outcome string     `json:"outcome,omitempty"` // of it: done, failed, skipped
	Error   string     `json:"error,omitempty"`
}

// Turn is a processing under way.
type Turn struct {
	Owner    lineage.Owner `json:"owner"`
	Stage    Stage         `json:"stage,omitempty"`
	Status   Status        `json:"status,omitempty"`
	Attempts int           `json:"attempts,omitempty"`
	Error    string        `json:"error,omitempty"` // of the try before
	Since    time.Time     `json:"since"`
}

// Rate is how fast it went over the last minutes, since the start of the process at most.
type Rate struct {
	Minutes            int     `json:"minutes"`
	TurnsPerMinute     float64 `json:"turns_per_minute"`
	EnvelopesPerMinute float64 `json:"envelopes_per_minute"`
	Failed             int     `json:"failed"` // turns
}

// Pulse says how the pipeline is doing.
func (p *Pipeline) Pulse(ctx context.Context) (Pulse, error) {
	pulse := Pulse{Workers: p.config.Workers, Running: p.reins.running(), Waiting: p.queue.waits(), Followed: p.lives.len(), LeftOut: p.graves.len(), Schedules: []Schedule{}}
	behind, oldest, err := p.config.Journal.Lag(ctx, p.queue.at())
	if err != nil {
		return Pulse{}, err
	}
	pulse.Behind, pulse.OldestSeconds = behind, oldest.Seconds()
	if pulse.Processings, err = p.config.States.Counts(ctx); err != nil {
		return Pulse{}, err
	}
	for i := range pulse.Running {
		turn := &pulse.Running[i]
		state, err := p.config.States.Get(ctx, turn.Owner)
		if lineage.KindOf(err) == lineage.ErrorNotFound {
			continue
		}
		if err != nil {
			return Pulse{}, err
		}
		if state.Status == Running || state.Status == Retrying {
			turn.Stage, turn.Status, turn.Attempts, turn.Error = state.Stage, state.Status, state.Attempts, state.Error
		}
	}
	pulse.Rates = p.rates.over(p.config.Clock(), 1, 5, 15)
	return pulse, nil
}

// rates count turns by the minute, for the last quarter of an hour.
type rates struct {
	mu      sync.Mutex
	since   time.Time // the start
	minutes [16]minute
}

type minute struct {
	number                   int64 // since 1970
	turns, envelopes, failed int
}

func (r *rates) count(now time.Time, envelopes int, failed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	number := now.Unix() / 60
	m := &r.minutes[number%int64(len(r.minutes))]
	if m.number != number {
		*m = minute{number: number}
	}
	m.turns++
	m.envelopes += envelopes
	if failed {
		m.failed++
	}
}

// over are the rates over the last minutes. The minute that is not over counts
// for the part of it that is.
func (r *rates) over(now time.Time, spans ...int) []Rate {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Rate, len(spans))
	number := now.Unix() / 60
	for i, span := range spans {
		sum := minute{}
		for _, m := range r.minutes {
			if m.number > number-int64(span) && m.number <= number {
				sum.turns, sum.envelopes, sum.failed = sum.turns+m.turns, sum.envelopes+m.envelopes, sum.failed+m.failed
			}
		}
		began := time.Unix((number-int64(span)+1)*60, 0)
		elapsed := now.Sub(latest(began, r.since)).Minutes()
		all[i] = Rate{Minutes: span, Failed: sum.failed}
		if elapsed > 0 && sum.turns > 0 {
			elapsed = max(elapsed, 1.0/60)
			all[i].TurnsPerMinute, all[i].EnvelopesPerMinute = float64(sum.turns)/elapsed, float64(sum.envelopes)/elapsed
		}
	}
	return all
}
