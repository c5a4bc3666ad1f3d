package notify

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"

	"wellspring/lineage"
)

// State is how one webhook stands.
type State struct {
	Name    string
	To      string // scheme and host of its address
	Kinds   []Kind // that it is told of
	Signed  bool
	Waiting int64     // notices that are not sent yet
	Oldest  time.Time // when the oldest of them was made; zero: none waits
	Gone    bool      // it said that it wants no more
	Error   string    // why the last try failed; empty: it did not

	// Since the start of the process.
	LastSent time.Time // zero: none
	Sent     int64
	Failed   int64 // tries
	GivenUp  int64 // notices that it did not take in all their time
	Dropped  int64 // notices that gave way to newer ones
	Latest   []Try // the last ones, newest first

	// Next are the first of those that wait, in the order in which they came to be known.
	Next []Notice
}

// Notice is one that waits for a webhook.
type Notice struct {
	ID      string // of the event
	Kind    Kind
	Subject string
	MadeAt  time.Time
	Tries   int
	DueAt   time.Time // not sent before
}

// States are those of all webhooks, in the order of the configuration.
func (n *Notifier) States(ctx context.Context) ([]State, error) {
	states := make([]State, 0, len(n.receivers))
	for _, r := range n.receivers {
		s := State{Name: r.name, To: r.to(), Kinds: r.kinds, Signed: len(r.signers) > 0}
		var err error
		if s.Waiting, s.Oldest, s.Gone, err = n.outbox.waiting(ctx, r.name); err != nil {
			return nil, err
		}
		if s.Next, err = n.outbox.first(ctx, r.name, kept); err != nil {
			return nil, err
		}
		s.Latest = r.tries.latest()
		// After the outbox: what does not wait any more is counted.
		s.Sent, s.Failed, s.GivenUp, s.Dropped = r.sent.Load(), r.failures.Load(), r.givenUp.Load(), r.dropped.Load()
		if r.lineage {
			s.Kinds = []Kind{lineageRun}
		} else if len(s.Kinds) == 0 {
			s.Kinds = Kinds()
		}
		if why := r.trouble.Load(); why != nil {
			s.Error = *why
		}
		if at := r.lastSent.Load(); at != nil {
			s.LastSent = *at
		}
		states = append(states, s)
	}
	return states, nil
}

// Tested is what came of a test.
type Tested struct {
	ID      string // of the event
	Took    time.Duration
	Status  int    // of an answer that is no yes; 0: none came, or it is one
	Problem string // empty: the webhook took it
}

// Test sends one webhook an event of the kind test, now and once.
func (n *Notifier) Test(ctx context.Context, name string) (Tested, error) {
	const op = "test webhook"
	r := n.find(name)
	if r == nil {
		return Tested{}, lineage.NotFound(op, name, "use the name of a webhook of the configuration: wellspring webhooks list")
	}
	now := n.options.Clock()
	d := draft{kind: Test, subject: "webhook:" + name, at: now, id: uuid.NewString(), data: map[string]string{"webhook": name}}
	var err error
	if r.lineage {
		d.body, err = json.Marshal(newRunEvent(n.options.Version, "OTHER", d.id, "test", now))
	} else {
		d.body, err = d.encode(now, trace.SpanContextFromContext(ctx))
	}
	if err != nil {
		return Tested{}, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, ID: name, Err: err}
	}
	tested := Tested{ID: d.id}
	began := time.Now()
	err = r.try(ctx, &letter{id: d.id, subject: d.subject, kind: Test, body: d.body})
	tested.Took = time.Since(began)
	if err == nil {
		err = n.outbox.setGone(ctx, name, false)
		r.ring()
		return tested, err
	}
	var no *answerError
	if tested.Problem = err.Error(); errors.As(err, &no) {
		tested.Status = no.status
	}
	return tested, nil
}
