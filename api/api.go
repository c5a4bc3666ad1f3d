package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"wellspring/access"
	"wellspring/etl"
	"wellspring/ingest/journal"
	"wellspring/lineage"
	"wellspring/query"
)

// Intake takes what was sent, all or none. When it returns without an error,
// everything is durable.
type Intake interface {
	Accept(ctx context.Context, messages ...Message) ([]Receipt, error)
}

// Message is one document, or one CloudEvent in structured JSON.
type Message struct {
	Payload []byte
	Type    string // of the event, where the sender says what it is; empty: found out
}

// Receipt says what became of a message.
type Receipt struct {
	Source, ID string // of the event that it was filed as
	Subject    string // its owner: run:ID, plan:ID, …
	Position   journal.Position
	Duplicate  bool
}

// Pipeline tells how far the processing is.
type Pipeline interface {
	Get(ctx context.Context, owner lineage.Owner) (etl.Processing, error)
	List(ctx context.Context, q etl.StatesQuery) (etl.StatesPage, error)
	// Wait returns once the owner's record at a position was processed, or is
	// dead, then with the reason as an error of ErrorInvalid; or with ctx's cause.
	Wait(ctx context.Context, owner lineage.Owner, at journal.Position) (etl.Processing, error)
	// Candidates suggests which labware of earlier runs a run's labware may be.
	Candidates(ctx context.Context, run string) ([]etl.Candidate, error)
	// Rerun processes an owner again, and returns how that ended; or with ctx's cause.
	Rerun(ctx context.Context, owner lineage.Owner, from etl.Stage) (etl.Processing, error)
	// Cancel ends what an owner has or waits for, and returns how it stands then.
	Cancel(ctx context.Context, owner lineage.Owner) (etl.Processing, error)
	Pulse(ctx context.Context) (etl.Pulse, error)
	// Preview says what a manifest would change, and changes nothing.
	Preview(ctx context.Context, manifest []byte) (etl.Preview, error)
}

// Letters are the dead letters: what could not be processed.
type Letters interface {
	Letters(ctx context.Context, after string, limit int) ([]journal.DeadLetter, error)
	Letter(ctx context.Context, id string) (journal.DeadLetter, error)
	// Settle marks a letter dropped.
	Settle(ctx context.Context, id, state string) error
	// Retry takes a letter up again and returns like Pipeline.Wait.
	Retry(ctx context.Context, id string) (etl.Processing, error)
}

// Access finds out who sends a request.
type Access interface {
	Identify(r *http.Request) (access.Principal, error)
	// Reprove checks that who asks proves again who they are, to sign, and returns
	// when they did.
	Reprove(r *http.Request, p access.Principal, credential string) (time.Time, error)
}

// Keys are the API keys.
type Keys interface {
	List(ctx context.Context) ([]access.Key, error)
	Create(ctx context.Context, want access.NewKey) (access.Key, string, error)
	Rotate(ctx context.Context, id string, grace time.Duration) (access.Key, string, error)
	Revoke(ctx context.Context, id string) (access.Key, error)
}

// Notices go to webhooks: who is told what happened.
type Notices interface {
	States(ctx context.Context) ([]WebhookState, error)
	Test(ctx context.Context, name string) (WebhookTested, error)
}

// Limits bound what one request may take. Zero fields take the defaults.
type Limits struct {
	BodyBytes int64 // default 64 MiB
	// PendingBytes is what the bodies of all requests under way may take together,
	// one of unknown length counting as BodyBytes; default 4 × BodyBytes.
	PendingBytes int64
	Timeout      time.Duration // of answering, waiting aside; default 30 s
	RetryWait    time.Duration // for a dead letter that is retried, before the answer says that it goes on; default 10 s
}

// Options is what the interface is made of. All but Logger, Limits, Pages,
// Gatherer and Version must be there.
type Options struct {
	Query    *query.Service
	Intake   Intake
	Pipeline Pipeline
	Letters  Letters
	Upkeep   Upkeep
	Access   Access
	Keys     Keys
	Evidence Evidence
	Exports  Exports
	Witness  Cosigner // nil: this service is no witness of other logs
	// Signatures are those of people.
	Signatures Signatures
	// Robots tells how the reading of the robots stands; nil: none is read.
	Robots func() []RobotState
	// Webhooks are who is told what happened; nil: nobody is.
	Webhooks Notices
	// Ready says why the service can't take and answer now.
	Ready func(ctx context.Context) error
	// Gatherer holds the metrics; nil: none.
	Gatherer prometheus.Gatherer
	Logger   *slog.Logger
	Limits   Limits
	// Pages serves what is no path of the contract, below / and not below /v1/ or
	// /api/; nil: nothing does.
	Pages   http.Handler
	Version string
	// LoopbackOnly: who asks for another name than this machine's is refused.
	LoopbackOnly bool
}

func (o *Options) validate() error {
	const op = "make REST interface"
	for name, there := range map[string]bool{
		"Query": o.Query != nil, "Intake": o.Intake != nil, "Pipeline": o.Pipeline != nil,
		"Letters": o.Letters != nil, "Access": o.Access != nil, "Keys": o.Keys != nil, "Ready": o.Ready != nil,
		"Evidence": o.Evidence != nil, "Exports": o.Exports != nil, "Upkeep": o.Upkeep != nil,
		"Signatures": o.Signatures != nil,
	} {
		if !there {
			return lineage.Invalid(op, name, "it must be there")
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Gatherer == nil {
		o.Gatherer = prometheus.NewRegistry()
	}
	if o.Limits.BodyBytes == 0 {
		o.Limits.BodyBytes = 64 << 20
	}
	if o.Limits.PendingBytes == 0 {
		o.Limits.PendingBytes = 4 * o.Limits.BodyBytes
	}
	if o.Limits.Timeout == 0 {
		o.Limits.Timeout = 30 * time.Second
	}
	if o.Limits.RetryWait == 0 {
		o.Limits.RetryWait = 10 * time.Second
	}
	return nil
}

// New returns the REST interface.
func New(options Options) (http.Handler, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	checked, err := newContract(options.Access)
	if err != nil {
		return nil, err
	}
	checked.pages = options.Pages != nil
	s := &server{Options: options}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Logger.SetOutput(discard{})
	e.Binder = rawBinder{}
	e.IPExtractor = echo.ExtractIPDirect() // a header that anybody can send names nobody
	e.HTTPErrorHandler = problems{options.Logger}.handle
	s.middleware(e, checked)
	e.GET("/metrics", s.metrics())
	e.GET("/openapi.yaml", func(c echo.Context) error { return c.Blob(http.StatusOK, "application/yaml", contractText) })
	if options.Pages != nil {
		e.Any("/*", echo.WrapHandler(options.Pages))
	}
	RegisterHandlers(e, NewStrictHandler(s, []StrictMiddlewareFunc{withAccept}))
	return handler(e), nil
}

// server answers what the contract asks.
type server struct {
	Options
}

var _ StrictServerInterface = (*server)(nil)
