package etl

import (
	"context"
	"time"

	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// Listener is told what came of the pipeline's work, for others who want to know.
// It is told before the journal counts the work as done: where the service stops in
// between, it is told again. What it can't take is tried until it can, so it only
// writes down; it must not wait for anybody.
type Listener interface {
	// Ended is told of each processing that ended, well or not.
	Ended(ctx context.Context, e Ending) error
	// Died is told of a record that goes to the dead letters.
	Died(ctx context.Context, letter journal.DeadLetter) error
}

// Ending is how a processing ended.
type Ending struct {
	Processing Processing
	// Projection is the owner's part of the graph, verified; it is read only. Nil:
	// this processing got nothing there.
	Projection *lineage.Projection
	// KnownAt is the journal's time of the latest that the projection rests on.
	KnownAt time.Time
	// SaidAt is the journal's time of the owner's latest envelope, where no processing
	// that ended had it before. Zero: one had.
	SaidAt time.Time
	// Others says that the owner was derived again because of what others said.
	Others bool
}

// tell lets the listener know how the processing ends. It comes before others are
// given their turns, and before the state says that it is over: both bring the
// turn back after a crash.
func (t *turn) tell(ctx context.Context) error {
	if t.p.config.Listener == nil {
		return nil
	}
	ending := Ending{Processing: t.ended(t.p.config.Clock()), KnownAt: t.knownAt, SaidAt: t.saidAt, Others: len(t.batch.entries) == 0}
	if t.derived != nil {
		ending.Projection = &t.derived.Projection
	}
	return t.p.patiently(ctx, "note what others are told", func() error { return t.p.config.Listener.Ended(ctx, ending) })
}

func (p *Pipeline) tellDied(ctx context.Context, letter journal.DeadLetter) error {
	if p.config.Listener == nil {
		return nil
	}
	return p.patiently(ctx, "note what others are told", func() error { return p.config.Listener.Died(ctx, letter) })
}
