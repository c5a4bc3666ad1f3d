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
