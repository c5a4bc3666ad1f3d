package etl

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/cenkalti/backoff/v5"

	"wellspring/lineage"
)

// Retry says how often a stage is tried again, and how long it waits before.
type Retry struct {
	Tries int           // after the first; default 3, negative: none
	Wait  time.Duration // default 1 s
	// Patience is the longest wait between two tries while something that the
	// pipeline needs is away. Default 30 s. There is no limit to these tries.
	Patience time.Duration
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

// tries decides about the next try of one operation: an error that passes is
// waited out, any other gets so many tries.
type tries struct {
	retry   Retry
	failed  int // times it failed, not counting those it was away
	away    bool
	outages *backoff.ExponentialBackOff
}

func newTries(r Retry) *tries {
	outages := backoff.NewExponentialBackOff()
	outages.InitialInterval, outages.MaxInterval = min(r.Wait, r.Patience), r.Patience
	return &tries{retry: r, outages: outages}
}

// saw takes note of an error.
func (t *tries) saw(err error) error {
	switch t.away = lineage.KindOf(err) == lineage.ErrorUnavailable; {
	case t.away:
		return err
	case permanent(err):
		return backoff.Permanent(err)
	}
	t.outages.Reset()
	t.failed++
	return err
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
// the error is ctx's. It tells again of each error that is followed by a try.
func (p *Pipeline) attempt(ctx context.Context, operation func() error, again func(err error, wait time.Duration)) error {
	t := newTries(p.config.Retry)
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := operation()
		if err != nil && ctx.Err() == nil {
			err = t.saw(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(t), backoff.WithMaxElapsedTime(0), backoff.WithNotify(again))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// patiently is attempt for what the pipeline itself needs: it logs each retry.
func (p *Pipeline) patiently(ctx context.Context, what string, operation func() error) error {
	return p.attempt(ctx, operation, func(err error, wait time.Duration) {
		p.logger.WarnContext(ctx, "waiting to try again", slog.String("what", what), slog.Duration("wait", wait), slog.Any("error", err))
	})
}

// guarded turns a panic into an error: one poisoned document must not take the
// service along.
func guarded(op, id string, operation func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &lineage.Error{
				Op: op, Kind: lineage.ErrorInternal, ID: id,
				Hint: "this is a fault of the program: report it with the document",
				Err:  fmt.Errorf("panic: %v\n%s", r, debug.Stack()),
			}
		}
	}()
	return operation()
}
