package etl

import (
	"context"
	"time"

	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// noTime asks for what is current.
var noTime time.Time

// running reports whether the pipeline has taken up what was left, and goes on.
func (q *queue) running() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.resumed
}

// suspend says that nobody gives turns any more.
func (q *queue) suspend() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.resumed = false
	q.changed.Broadcast()
}

// has reports whether an owner waits for a turn, or has it.
func (q *queue) has(owner lineage.Owner) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting[owner] != nil
}

// rests waits until an owner has no turn and waits for none, or until patience is over.
func (q *queue) rests(ctx context.Context, owner lineage.Owner, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer q.wake(ctx)()
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.waiting[owner] != nil && ctx.Err() == nil {
		q.changed.Wait()
	}
}

// hold waits until nobody has a turn, and lets nobody have one until release is
// called. What is read meanwhile waits.
func (q *queue) hold(ctx context.Context) (release func(), err error) {
	defer q.wake(ctx)()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.holders++
	release = func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.holders--
		q.changed.Broadcast()
	}
	for q.busy() && ctx.Err() == nil {
		q.changed.Wait()
	}
	if ctx.Err() != nil {
		q.holders--
		q.changed.Broadcast()
		return nil, context.Cause(ctx)
	}
	return release, nil
}

// busy reports whether anybody has a turn.
func (q *queue) busy() bool {
	for _, l := range q.waiting {
		if l.running {
			return true
		}
	}
	return false
}

// fewer waits until fewer than n owners wait for their turn.
func (q *queue) fewer(ctx context.Context, n int) error {
	defer q.wake(ctx)()
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.ready) >= n && ctx.Err() == nil {
		q.changed.Wait()
	}
	return context.Cause(ctx)
}

// overtaken reports whether the pipeline is done with the records up to a position.
func (p *Pipeline) overtaken(ctx context.Context, position journal.Position) bool {
	there, _, err := p.config.Journal.Lag(ctx, position)
	if err != nil {
		return false
	}
	here, _, err := p.config.Journal.Lag(ctx, p.queue.at())
	return err == nil && here <= there
}

// overtake waits until the pipeline is done with the records up to a position, or
// until patience is over.
func (p *Pipeline) overtake(ctx context.Context, position journal.Position, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer p.queue.wake(ctx)()
	for ctx.Err() == nil {
		at := p.queue.at()
		if p.overtaken(ctx, position) {
			return
		}
		if _, err := p.queue.passed(ctx, at); err != nil {
			return
		}
	}
}
