package etl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/cenkalti/backoff/v5"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// Retry says how often a stage is tried again, and how long it waits before.
type Retry struct {
	Tries int           // after the first; default 3, negative: none
	Wait  time.Duration // default 1 s
	// Patience is the longest wait between two tries while something that the
	// pipeline needs is away. Default 30 s. There is no limit to these tries.
	Patience time.Duration
	// Grace is how long the store may refuse one owner as unavailable while it
	// answers a ping: from then on the owner is at fault, not the store. Default
	// 15 min.
	Grace time.Duration
}

func (r Retry) withDefaults() Retry {
	if r.Tries == 0 {
		r.Tries = 3
	}
	if r.Wait <= 0 {
		r.Wait = time.Second
	}
	if r.Patience <= 0 {
		r.Patience = 30 * time.Second
	}
	if r.Grace <= 0 {
		r.Grace = 15 * time.Minute
	}
	return r
}

// permanent reports whether another try can't change an error.
func permanent(err error) bool {
	switch lineage.KindOf(err) {
	case lineage.ErrorInvalid, lineage.ErrorTooLarge, lineage.ErrorConflict, lineage.ErrorNotFound, lineage.ErrorAmbiguous:
		return true
	}
	return false
}

// operation is something that is tried until it is done.
type operation struct {
	run func() error
	// again is told of each error that is followed by a try.
	again func(err error, wait time.Duration)
	// answers says whether what was unavailable answers otherwise. Nil: nobody knows.
	answers func() bool
}

// tries decides about the next try of one operation: what is away is waited
// for, any other error gets so many tries.
type tries struct {
	retry    Retry
	clock    func() time.Time
	answers  func() bool
	failed   int // times it failed, not counting those it was away
	away     bool
	refusing time.Time // since when it answers, but not this; zero: it does not
	outages  *backoff.ExponentialBackOff
}

func newTries(r Retry, clock func() time.Time, answers func() bool) *tries {
	outages := backoff.NewExponentialBackOff()
	outages.InitialInterval, outages.MaxInterval = min(r.Wait, r.Patience), r.Patience
	return &tries{retry: r, clock: clock, answers: answers, outages: outages}
}

// saw takes note of an error.
func (t *tries) saw(err error) error {
	switch t.away = lineage.KindOf(err) == lineage.ErrorUnavailable; {
	case t.away && !errors.Is(err, graphstore.ErrNoWrites) && t.graceIsOver():
		return backoff.Permanent(err)
	case t.away:
		return err
	case permanent(err):
		return backoff.Permanent(err)
	}
	t.outages.Reset()
	t.failed++
	return err
}

// graceIsOver reports whether this was refused for too long by something that
// is not away.
func (t *tries) graceIsOver() bool {
	if t.answers == nil || !t.answers() {
		t.refusing = time.Time{}
		return false
	}
	if t.refusing.IsZero() {
		t.refusing = t.clock()
	}
	return t.clock().Sub(t.refusing) >= t.retry.Grace
}

// NextBackOff implements backoff.BackOff.
func (t *tries) NextBackOff() time.Duration {
	switch {
	case t.away:
		return t.outages.NextBackOff()
	case t.failed > t.retry.Tries:
		return backoff.Stop
	}
	return t.retry.Wait
}

// Reset implements backoff.BackOff.
func (t *tries) Reset() {}

// attempt runs an operation until it is done, fails for good, or ctx ends; then
// the error is ctx's.
func (p *Pipeline) attempt(ctx context.Context, o operation) error {
	t := newTries(p.config.Retry, p.config.Clock, o.answers)
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := o.run()
		if err != nil && ctx.Err() == nil {
			err = t.saw(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(t), backoff.WithMaxElapsedTime(0), backoff.WithNotify(o.again))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// ofPipeline is the stage of tries that no stage of an owner's turn makes.
const ofPipeline = "pipeline"

// patiently is attempt for what the pipeline itself needs: it counts and logs each
// retry, since there may be no end to them.
func (p *Pipeline) patiently(ctx context.Context, what string, run func() error) error {
	return p.attempt(ctx, operation{run: run, again: func(err error, wait time.Duration) {
		p.metrics.retried.WithLabelValues(ofPipeline).Inc()
		p.logger.WarnContext(ctx, "waiting to try again", slog.String("what", what), slog.Duration("wait", wait), slog.Any("error", err))
	}})
}

// guarded turns a panic into an error: one poisoned document must not take the
// service along.
func guarded(op, id string, run func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &lineage.Error{
				Op: op, Kind: lineage.ErrorInternal, ID: id,
				Hint: "this is a fault of the program: report it with the document",
				Err:  fmt.Errorf("panic: %v\n%s", r, debug.Stack()),
			}
		}
	}()
	return run()
}
