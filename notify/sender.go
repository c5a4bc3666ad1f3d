package notify

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// sender brings one receiver what is in the outbox for him. What fails for one
// subject does not hold up the others; a receiver that is away is asked more and more seldom.
type sender struct {
	receiver *receiver
	outbox   *outbox
	options  Options
}

// fewTries is how often a notice is tried that the receiver does not understand.
const fewTries = 5

func (s *sender) run(ctx context.Context) {
	defer s.receiver.http.CloseIdleConnections()
	pause := s.backoff()
	for ctx.Err() == nil {
		wait, err := s.step(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			s.sleep(ctx, pause.NextBackOff())
		case wait == 0: // it went well
			pause.Reset()
		default:
			s.idle(ctx, wait)
		}
	}
}

func (s *sender) backoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = s.options.First, s.options.Longest, 2
	return b
}

// forever is a wait for the bell alone.
const forever = 24 * time.Hour

// step sends one notice. wait: there is none to be sent for so long. An error is one
// of the receiver or of our disk: some pause is in order.
func (s *sender) step(ctx context.Context) (wait time.Duration, err error) {
	now := s.options.Clock()
	_, _, gone, err := s.outbox.waiting(ctx, s.receiver.name)
	if err != nil || gone {
		return forever, s.say(ctx, err)
	}
	l, due, err := s.outbox.next(ctx, s.receiver.name, now)
	switch {
	case err != nil:
		return 0, s.say(ctx, err)
	case l == nil && due.IsZero():
		return forever, nil
	case l == nil:
		return max(due.Sub(now), time.Millisecond), nil
	}
	if err := s.receiver.try(ctx, l); err != nil {
		if ctx.Err() != nil {
			return 0, err
		}
		return 0, errors.Join(s.say(ctx, err), s.failed(ctx, l, err))
	}
	s.worked(ctx)
	return 0, s.outbox.done(context.WithoutCancel(ctx), l)
}

// failed decides about the next try of a notice.
func (s *sender) failed(ctx context.Context, l *letter, why error) error {
	s.receiver.failures.Add(1)
	now, wait := s.options.Clock(), s.waitAfter(l.tries)
	var no *answerError
	if errors.As(why, &no) {
		wait = max(wait, min(no.after, s.options.Longest))
		if no.status == http.StatusGone {
			s.options.Logger.ErrorContext(ctx, "a webhook wants no more notices: they are kept; after a test that works, or a start, it is asked again",
				slog.String("webhook", s.receiver.name))
			return s.outbox.setGone(ctx, s.receiver.name, true)
		}
	}
	if now.Sub(l.madeAt) < s.options.GiveUp && (no == nil || !no.misunderstood() || l.tries+1 < fewTries) {
		return s.outbox.later(ctx, l, now.Add(wait))
	}
	s.receiver.givenUp.Add(1)
	s.options.Logger.ErrorContext(ctx, "a notice is given up: the webhook does not take it", slog.String("webhook", s.receiver.name), slog.String("kind", string(l.kind)),
		slog.String("subject", l.subject), slog.String("id", l.id), slog.Int("tries", l.tries+1), slog.Any("error", why))
	return s.outbox.done(ctx, l)
}

// misunderstood reports whether it is this notice that the receiver does not take,
// rather than any.
func (e *answerError) misunderstood() bool {
	switch e.status {
	case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// waitAfter is how long to wait after so many tries before the one that just failed.
func (s *sender) waitAfter(tries int) time.Duration {
	b := s.backoff()
	wait := b.NextBackOff()
	for range min(tries, 30) {
		wait = b.NextBackOff()
	}
	return wait
}

// say makes known why nothing can be sent, once for each reason, and returns it.
func (s *sender) say(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	text := err.Error()
	if was := s.receiver.trouble.Swap(&text); was == nil || *was != text {
		s.options.Logger.WarnContext(ctx, "a webhook takes no notice; trying again", slog.String("webhook", s.receiver.name), slog.Any("error", err))
	}
	return err
}

func (s *sender) worked(ctx context.Context) {
	now := s.options.Clock()
	s.receiver.sent.Add(1)
	s.receiver.lastSent.Store(&now)
	if s.receiver.trouble.Swap(nil) != nil {
		s.options.Logger.InfoContext(ctx, "a webhook takes notices again", slog.String("webhook", s.receiver.name))
	}
}

func (s *sender) sleep(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// idle waits for the bell too.
func (s *sender) idle(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.receiver.bell:
	case <-ctx.Done():
	}
}
