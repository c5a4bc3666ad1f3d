// Package forward sends what a journal holds to a central service, for a small
// computer beside a robot.
//
// On the road of a fact it stands between two journals: what this one made
// durable is sent on in order, and counted as sent only once the other one has
// said yes. A crash repeats a little, which the other one knows by source and id.
//
// It refuses to lose: while the central service is away nothing is dropped, and
// what it refuses for good is kept among the dead letters here.
package forward

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"wellspring/ingest"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// Consumer is the name under which the journal remembers what was sent.
const Consumer = "forward"

const (
	events      = 200 // that one request brings at most
	bodyBytes   = 8 << 20
	answerTime  = 90 * time.Second
	longest     = 30 * time.Second // between two tries
	answerBytes = 1 << 20
	stage       = "forward" // of a dead letter
)

// Options say where to.
type Options struct {
	To      string        // base address of the central service, such as https://wellspring.lab
	Token   string        // API key there; empty: none
	TLS     *tls.Config   // nil: the system's authorities
	Longest time.Duration // between two tries; default 30 s
	Logger  *slog.Logger
}

// Journal is what a Forwarder needs of a journal.
type Journal interface {
	Read(ctx context.Context, after journal.Position, limit int) ([]journal.Record, error)
	Commit(ctx context.Context, consumer string, done journal.Position) error
	Committed(ctx context.Context, consumer string) (journal.Position, error)
	Lag(ctx context.Context, after journal.Position) (int64, time.Duration, error)
	Bury(ctx context.Context, letter journal.DeadLetter) error
}

// Forwarder sends one journal on.
type Forwarder struct {
	options Options
	journal Journal
	address string
	http    *http.Client
	sent    atomic.Int64
	refused atomic.Int64
	trouble atomic.Pointer[string] // why nothing can be sent now; nil: it can
}

// New returns a Forwarder; Run lets it work.
func New(options Options, from Journal) (*Forwarder, error) {
	u, err := url.Parse(options.To)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, lineage.Invalid("open forwarder", options.To, "use the address of a service, such as https://wellspring.lab")
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Longest == 0 {
		options.Longest = longest
	}
	return &Forwarder{
		options: options, journal: from, address: strings.TrimSuffix(u.String(), "/") + "/v1/events",
		http: &http.Client{
			Timeout:   answerTime,
			Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: options.TLS, MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: time.Minute},
			// A yes from somewhere else is none.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Run sends until ctx ends. A central service that is away is tried again and again.
func (f *Forwarder) Run(ctx context.Context) error {
	defer f.http.CloseIdleConnections()
	done, err := f.again(ctx, "read how far it was sent", func() (journal.Position, error) { return f.journal.Committed(ctx, Consumer) })
	for err == nil {
		if done, err = f.next(ctx, done); err == nil {
			done, err = f.again(ctx, "remember how far it was sent", func() (journal.Position, error) {
				return done, f.journal.Commit(ctx, Consumer, done)
			})
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// again tries until it works or ctx ends.
func (f *Forwarder) again(ctx context.Context, what string, do func() (journal.Position, error)) (journal.Position, error) {
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = f.options.Longest
	pause.InitialInterval = min(pause.InitialInterval, f.options.Longest)
	return backoff.Retry(ctx, do, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, wait time.Duration) {
		text := err.Error()
		if was := f.trouble.Swap(&text); was == nil || *was != text {
			f.options.Logger.Warn("could not "+what+"; trying again", "to", f.options.To, "wait", wait, "error", err)
		}
	}))
}

// next sends what comes after a position and returns up to where.
func (f *Forwarder) next(ctx context.Context, after journal.Position) (journal.Position, error) {
	records, err := f.journal.Read(ctx, after, events)
	if at, damaged := journal.DamagedAt(err); damaged {
		f.options.Logger.Error("a damaged record can't be sent on; see fsck", "position", string(at), "error", err)
		return at, nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return f.again(ctx, "read the journal", func() (journal.Position, error) {
			_, err := f.journal.Read(ctx, after, 1)
			return after, err
		})
	}
	for len(records) > 0 {
		n, batch := f.gather(records)
		if err := f.send(ctx, records[:n], batch); err != nil {
			return "", err
		}
		records, after = records[n:], records[n-1].Position
	}
	return after, nil
}

// gather writes as many events as one request may bring, at the least one. What
// can't be understood by anybody is not sent.
func (f *Forwarder) gather(records []journal.Record) (n int, batch []json.RawMessage) {
	size := 0
	for _, r := range records {
		text, err := ingest.Encode(r.Envelope)
		if err != nil || r.Envelope.Event.Type() == ingest.TypeUnknown {
			text = nil
		}
		if n > 0 && size+len(text) > bodyBytes {
			break
		}
		n, size, batch = n+1, size+len(text), append(batch, text)
	}
	return n, batch
}

// send returns once the central service has said yes to all, or each of those
// that it refuses is kept here as a dead letter.
func (f *Forwarder) send(ctx context.Context, records []journal.Record, batch []json.RawMessage) error {
	var sound []json.RawMessage
	for i, text := range batch {
		if text == nil {
			if err := f.bury(ctx, records[i], errors.New("it can't be read here: "+records[i].Envelope.Reason)); err != nil {
				return err
			}
			continue
		}
		sound = append(sound, text)
	}
	if len(sound) == 0 {
		return nil
	}
	why, err := f.post(ctx, sound)
	if err != nil || why == nil {
		return err
	}
	if len(records) == 1 {
		return f.bury(ctx, records[0], why)
	}
	for i := range records { // one of them is the one
		if batch[i] == nil {
			continue
		}
		if err := f.send(ctx, records[i:i+1], batch[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// refusedError is a no for good.
type refusedError struct{ text string }

func (e *refusedError) Error() string { return e.text }

// post tries until the central service has answered. why: it refuses for good.
func (f *Forwarder) post(ctx context.Context, batch []json.RawMessage) (why, err error) {
	body, err := json.Marshal(batch)
	if err != nil {
		return err, nil
	}
	_, err = f.again(ctx, "send to the central service", func() (journal.Position, error) { return "", f.postOnce(ctx, body) })
	var no *refusedError
	switch {
	case errors.As(err, &no):
		return no, nil
	case err != nil:
		return nil, err
	}
	if f.trouble.Swap(nil) != nil {
		f.options.Logger.Info("the central service takes events again", "to", f.options.To)
	}
	f.sent.Add(int64(len(batch)))
	return nil, nil
}

func (f *Forwarder) postOnce(ctx context.Context, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.address, bytes.NewReader(body))
	if err != nil {
		return backoff.Permanent(err)
	}
	request.Header.Set("Content-Type", "application/cloudevents-batch+json")
	if f.options.Token != "" {
		request.Header.Set("Authorization", "Bearer "+f.options.Token)
	}
	response, err := f.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerBytes))
	status := response.StatusCode
	switch status {
	case http.StatusAccepted, http.StatusOK:
		return err // only a whole answer is a yes
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge, http.StatusConflict:
		return backoff.Permanent(&refusedError{fmt.Sprintf("the central service answers %s: %.500s", response.Status, text)})
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		return backoff.RetryAfter(min(seconds, int(longest/time.Second)))
	}
	return fmt.Errorf("the central service answers %s: %.300s", response.Status, text)
}

// bury keeps what can't be sent.
func (f *Forwarder) bury(ctx context.Context, r journal.Record, why error) error {
	f.refused.Add(1)
	f.options.Logger.Error("an event can't be sent on; it stays in this journal and among its dead letters", "envelope_id", r.Envelope.Event.ID(),
		"subject", r.Envelope.Event.Subject(), "error", why)
	_, err := f.again(ctx, "keep a dead letter", func() (journal.Position, error) {
		return "", f.journal.Bury(ctx, journal.DeadLetter{
			ID: string(r.Position), Record: r, Stage: stage, Error: why.Error(), Remedy: "import it at the central service by hand, or drop it",
			Attempts: 1, DiedAt: time.Now().UTC(), State: journal.StateDead,
		})
	})
	return err
}

// State is how the sending stands.
type State struct {
	Waiting int64         // events that are not sent yet
	Oldest  time.Duration // age of the oldest of them
	Sent    int64         // since the start
	Refused int64         // since the start
	Error   string        // why nothing can be sent now
}

// State tells how the sending stands.
func (f *Forwarder) State(ctx context.Context) (State, error) {
	s := State{Sent: f.sent.Load(), Refused: f.refused.Load()}
	if why := f.trouble.Load(); why != nil {
		s.Error = *why
	}
	done, err := f.journal.Committed(ctx, Consumer)
	if err != nil {
		return s, err
	}
	s.Waiting, s.Oldest, err = f.journal.Lag(ctx, done)
	return s, err
}
