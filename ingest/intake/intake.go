// Package intake is the one way in that every door shares: it wraps what a
// door received into envelopes and has the journal keep them.
//
// On the road of a fact it stands between a door and the journal: it finds the
// run a payload is about, takes secrets out, names the event, appends it, and
// only then tells the door that the sender may be told yes.
//
// It refuses to interpret: the stored payload is what was sent, less its secrets.
package intake

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"wellspring/bench"
	"wellspring/ingest"
	"wellspring/ingest/journal"
	"wellspring/ot2"
)

// Policy says what becomes of a payload that can't be read.
type Policy int

const (
	// Strict refuses it with a *lineage.Error, for a sender who can be told. It
	// is decoded in full before it is taken.
	Strict Policy = iota
	// Lenient journals it as ingest.TypeUnknown, for a sender who can't: the
	// pipeline then puts it among the dead letters.
	Lenient
)

// Message is what a door received: a raw payload, or a whole CloudEvent in
// structured JSON, which is known by its specversion.
type Message struct {
	Door    string // files, http, mqtt
	Payload []byte
	Policy  Policy

	// Origin is the place within the door that makes a payload another one when
	// it comes from elsewhere, such as an MQTT topic. Mostly empty: the same
	// document from two places is one.
	Origin string
	// Name is what a person knows the payload by, such as a file name. It does
	// not identify.
	Name string
	// Type is the CloudEvents type, where the door knows it. Empty: found out.
	Type string
	// Subject is the owner ("run:<id>", "plan:<id>"), where the door knows it. A
	// payload that names another one can't be read.
	Subject string
	// Document is what is journaled instead of Payload, where the door translated
	// it. Payload still makes the id and the hash.
	Document []byte
	// Fault is why the door could not translate Payload: it can't be read.
	Fault error
}

// Receipt says what became of a message.
type Receipt struct {
	journal.Receipt
	Source   string
	ID       string // of the event
	Type     string
	Subject  string
	Hash     string
	Redacted []string
	Reason   string // of ingest.TypeUnknown: why it could not be read
}

// Appender is what an Intake needs of a journal.
type Appender interface {
	Append(ctx context.Context, envelopes ...ingest.Envelope) ([]journal.Receipt, error)
}

// Options may be left zero.
type Options struct {
	Limits ot2.Limits // default ot2.DefaultLimits
	// BenchLimits are those of manifests, readings and steps; default bench.DefaultLimits.
	BenchLimits bench.Limits
	Clock       func() time.Time // default time.Now
	Logger      *slog.Logger     // default: none
	// OnAccept is told of each envelope once the journal has it, duplicates
	// included; OnRefuse of each message that was not taken. They must not block.
	OnAccept func(ingest.Envelope, Receipt)
	OnRefuse func(Message, error)
	Tracer   trace.Tracer // nil: nothing is traced
}

// Intake takes messages in. It is safe for concurrent use.
type Intake struct {
	journal Appender
	options Options
}

// New returns an Intake that keeps what it takes in a journal.
func New(journal Appender, options Options) *Intake {
	if options.Limits == (ot2.Limits{}) {
		options.Limits = ot2.DefaultLimits()
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.OnAccept == nil {
		options.OnAccept = func(ingest.Envelope, Receipt) {}
	}
	if options.OnRefuse == nil {
		options.OnRefuse = func(Message, error) {}
	}
	return &Intake{journal: journal, options: options}
}

// Identify says what a strict message is, by its type, and whose; it takes nothing in.
func (in *Intake) Identify(m Message) (kind, owner string, err error) {
	m.Policy = Strict
	envelope, err := in.wrap(m)
	if err != nil {
		return "", "", err
	}
	return envelope.Event.Type(), envelope.Event.Subject(), nil
}

// Accept journals messages, all or none, and then returns, one receipt each.
// Errors are *lineage.Error: of ErrorInvalid, ErrorTooLarge or ErrorConflict
// about a strict message that can't be read, of ErrorUnavailable when the
// journal can't write now.
func (in *Intake) Accept(ctx context.Context, messages ...Message) (_ []Receipt, err error) {
	ctx, ended := in.traced(ctx, messages)
	defer func() { ended(err) }()
	envelopes := make([]ingest.Envelope, len(messages))
	for i, m := range messages {
		envelope, err := in.wrap(m)
		if err != nil {
			in.options.OnRefuse(m, err)
			in.options.Logger.Info("refused", "door", m.Door, "origin", m.Origin, "name", m.Name, "error", err)
			return nil, err
		}
		ingest.SetTrace(&envelope.Event, trace.SpanContextFromContext(ctx))
		envelopes[i] = envelope
	}
	appended, err := in.append(ctx, envelopes)
	if err != nil {
		return nil, err
	}
	receipts := make([]Receipt, len(messages))
	for i, e := range envelopes {
		receipts[i] = Receipt{
			Receipt: appended[i], Source: e.Event.Source(), ID: e.Event.ID(), Type: e.Event.Type(),
			Subject: e.Event.Subject(), Hash: e.Hash, Redacted: e.Redacted, Reason: e.Reason,
		}
		in.options.OnAccept(e, receipts[i])
		in.options.Logger.Debug("accepted", "door", e.Door, "envelope_id", e.Event.ID(), "subject", e.Event.Subject(),
			"position", appended[i].Position, "duplicate", appended[i].Duplicate)
		if e.Reason != "" && !appended[i].Duplicate {
			in.options.Logger.Warn("kept, but can't be read: it goes to the dead letters", "door", e.Door, "origin", messages[i].Origin,
				"envelope_id", e.Event.ID(), "reason", e.Reason)
		}
	}
	return receipts, nil
}
