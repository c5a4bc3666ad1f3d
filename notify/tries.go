package notify

import (
	"context"
	"slices"
	"sync"
	"time"
)

// kept is how many tries of a webhook are remembered, and how many of what waits is shown.
const kept = 20

// Try is one sending of a notice, or of a test.
type Try struct {
	ID      string // of the event
	Kind    Kind
	Subject string
	At      time.Time
	Took    time.Duration // until the answer
	Problem string        // empty: the webhook took it
}

// tries are the last ones of a receiver.
type tries struct {
	mu   sync.Mutex
	last []Try
}

func (t *tries) add(one Try) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last[max(0, len(t.last)-kept+1):], one)
}

// latest are the tries, newest first.
func (t *tries) latest() []Try {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := slices.Clone(t.last)
	slices.Reverse(all)
	return all
}

// try posts a letter and remembers how that went. What the end of the process cut off is no try.
func (r *receiver) try(ctx context.Context, l *letter) error {
	one := Try{ID: l.id, Kind: l.kind, Subject: l.subject, At: r.clock()}
	err := r.post(ctx, l)
	if ctx.Err() != nil {
		return err
	}
	if one.Took = r.clock().Sub(one.At); err != nil {
		one.Problem = err.Error()
	}
	r.tries.add(one)
	return err
}
