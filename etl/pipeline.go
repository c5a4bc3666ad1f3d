package etl

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"wellspring/bench"
	"wellspring/etl/benchindex"
	"wellspring/graphstore"
	"wellspring/ingest"
	"wellspring/ingest/journal"
	"wellspring/lineage"
	"wellspring/ot2"
)

// Consumer is the name under which a pipeline commits its place in the journal that
// was given no other.
const Consumer = "etl"

// Config of a Pipeline. Journal, DeadLetters, Store and States are needed.
type Config struct {
	Journal     journal.Journal
	DeadLetters journal.DeadLetters
	Store       graphstore.Store
	States      States
	Bench       *benchindex.Index // default: that of States, where it has one
	Consumer    string            // of the journal; default Consumer

	Definitions ot2.Definitions      // for logs that carry none; may be nil
	Limits      ot2.Limits           // default ot2.DefaultLimits
	BenchLimits bench.Limits         // default bench.DefaultLimits
	CodeVersion string               // of this program
	Projectors  map[string]Projector // by envelope type, beside the known ones

	Retry   Retry
	Workers int // owners at a time; default 4
	Backlog int // records read and not done, at most; default 1024
	// Window is how much of the journal's time one turn of an owner covers at most: so
	// exact is what a graph that is filled late answers as of a time. Default: no bound.
	Window time.Duration
	// Follow is how many commands of runs under way are kept in memory together, so
	// that a new one needs no look at those before it. Default 100,000; negative: none.
	Follow int

	Listener Listener     // default: nobody is told
	Tracer   trace.Tracer // nil: nothing is traced

	Clock   func() time.Time // default time.Now
	Logger  *slog.Logger     // default: none
	Metrics *Metrics         // default: registered nowhere
}

func (c Config) withDefaults() (Config, error) {
	if s, ok := c.States.(interface{ Bench() *benchindex.Index }); c.Bench == nil && ok {
		c.Bench = s.Bench()
	}
	var missing []error
	for name, absent := range map[string]bool{
		"Journal": c.Journal == nil, "DeadLetters": c.DeadLetters == nil, "Store": c.Store == nil, "States": c.States == nil, "Bench": c.Bench == nil,
	} {
		if absent {
			missing = append(missing, lineage.Invalid("new pipeline", name, "the pipeline needs it"))
		}
	}
	if c.Limits == (ot2.Limits{}) {
		c.Limits = ot2.DefaultLimits()
	}
	c.Consumer = cmp.Or(c.Consumer, Consumer)
	c.Retry = c.Retry.withDefaults()
	c.Workers, c.Backlog = cmp.Or(max(0, c.Workers), 4), cmp.Or(max(0, c.Backlog), 1024)
	c.Follow = cmp.Or(c.Follow, 100_000)
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(prometheus.NewRegistry())
	}
	return c, errors.Join(missing...)
}

// Pipeline takes what the journal holds into the graph. Its state is in the
// journal (how far it is, what is dead) and in States (what a person sees); a
// pipeline that dies is continued by the next one.
type Pipeline struct {
	config     Config
	logger     *slog.Logger
	metrics    *Metrics
	projectors map[string]Projector

	queue   *queue
	lives   *lives
	reins   *reins
	rates   *rates
	graves  *graves
	waiters *waiters
}

// New returns a Pipeline. It does nothing until Run.
func New(config Config) (*Pipeline, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Pipeline{
		config: config, logger: config.Logger, metrics: config.Metrics, projectors: projectors(config),
		queue: newQueue(config.Backlog, config.Window), lives: newLives(max(0, config.Follow)), reins: &reins{}, rates: &rates{since: config.Clock()}, graves: &graves{}, waiters: &waiters{},
	}
	maps.Copy(p.projectors, config.Projectors)
	err = p.metrics.registerer.Register(newLag(func(ctx context.Context) (int64, time.Duration, error) {
		return config.Journal.Lag(ctx, p.queue.at())
	}))
	if err != nil {
		return nil, &lineage.Error{Op: "new pipeline", Kind: lineage.ErrorConflict, ID: "Metrics", Hint: "give each pipeline metrics of its own", Err: err}
	}
	return p, nil
}

// Run processes what is in the journal and what comes, until ctx ends; then it
// returns nil. What was in the works is taken up by the next Run. It runs once.
func (p *Pipeline) Run(ctx context.Context) error {
	group, running := errgroup.WithContext(ctx)
	defer p.queue.wake(running)()
	defer p.queue.suspend()
	after, err := p.resume(running)
	if err == nil {
		p.queue.resume()
		group.Go(func() error { return p.read(running, after) })
		group.Go(func() error { return p.commit(running, after) })
		for range p.config.Workers {
			group.Go(func() error { return p.work(running) })
		}
		err = group.Wait()
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// resume finds out where the last Run was.
func (p *Pipeline) resume(ctx context.Context) (after journal.Position, err error) {
	if err := p.begin(ctx); err != nil {
		return "", err
	}
	err = p.patiently(ctx, "read how far the journal is processed", func() error {
		after, err = p.config.Journal.Committed(ctx, p.config.Consumer)
		return err
	})
	if err != nil {
		return "", err
	}
	p.queue.start(after)
	err = p.patiently(ctx, "read the dead letters", func() error { return p.graves.load(ctx, p.config.DeadLetters) })
	if err != nil {
		return "", err
	}
	return after, p.takeUp(ctx)
}

// begin goes back to the journal's beginning when the bench index is new, or was
// lost: it is made from all of it.
func (p *Pipeline) begin(ctx context.Context) error {
	return p.patiently(ctx, "open the bench index", func() error {
		begun, err := p.config.Bench.Begun(ctx)
		if err != nil || begun {
			return err
		}
		if err := p.config.Journal.Commit(ctx, p.config.Consumer, ""); err != nil {
			return err
		}
		return p.config.Bench.Begin(ctx, p.config.Clock())
	})
}

// takeUp gives a turn to every owner whose processing was cut off, or whose
// inputs changed since.
func (p *Pipeline) takeUp(ctx context.Context) error {
	err := p.patiently(ctx, "read what is to be derived again", func() error {
		owners, err := p.config.Bench.Todo(ctx)
		for _, owner := range owners {
			p.queue.add(owner)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, status := range []Status{Pending, Running, Retrying} {
		query := StatesQuery{Status: status}
		for {
			var page StatesPage
			err := p.patiently(ctx, "read the unfinished processings", func() (err error) {
				page, err = p.config.States.List(ctx, query)
				return err
			})
			if err != nil {
				return err
			}
			for _, unfinished := range page.Processings {
				p.queue.add(unfinished.Owner)
			}
			if query.After = page.Next; query.After == "" {
				break
			}
		}
	}
	return nil
}

const readPage = 256

// read takes records from the journal into the queue.
func (p *Pipeline) read(ctx context.Context, after journal.Position) error {
	for {
		if err := p.queue.room(ctx); err != nil {
			return err
		}
		var records []journal.Record
		var damaged journal.Position
		err := p.patiently(ctx, "read the journal", func() (err error) {
			records, err = p.config.Journal.Read(ctx, after, min(readPage, p.config.Backlog))
			if at, ok := journal.DamagedAt(err); ok {
				damaged = at
				return p.buryDamaged(ctx, at, err)
			}
			return err
		})
		if err != nil {
			return err
		}
		if damaged != "" {
			p.queue.skip(damaged)
			after = damaged
			continue
		}
		for _, r := range records {
			p.queue.read(ownerOf(r), entry{position: r.Position, observed: observed(r), appendedAt: r.AppendedAt, record: atHand(r), origin: ingest.TraceOf(r.Envelope.Event)})
			after = r.Position
		}
	}
}

// buryDamaged lets the journal's damage be seen where a person looks for what
// did not arrive, and goes on behind it.
func (p *Pipeline) buryDamaged(ctx context.Context, at journal.Position, cause error) error {
	return p.bury(ctx, journal.Record{Position: at}, Extract, 1, cause)
}

// owner of a record: the subject, as the door found it.
func ownerOf(r journal.Record) lineage.Owner {
	return lineage.Owner(cmp.Or(r.Envelope.Event.Subject(), "unknown"))
}

func observed(r journal.Record) time.Time {
	if o := r.Envelope.Observed; !o.IsZero() && o.Before(r.AppendedAt) {
		return o
	}
	return r.AppendedAt
}

// commit tells the journal how far everything is done.
func (p *Pipeline) commit(ctx context.Context, committed journal.Position) error {
	for {
		watermark, err := p.queue.passed(ctx, committed)
		if err != nil {
			return err
		}
		err = p.patiently(ctx, "commit the place in the journal", func() error {
			return p.config.Journal.Commit(ctx, p.config.Consumer, watermark)
		})
		if err != nil {
			return err
		}
		committed = watermark
	}
}

// work gives owners their turns.
func (p *Pipeline) work(ctx context.Context) error {
	for {
		b, err := p.queue.take(ctx)
		if err != nil {
			return err
		}
		result, err := p.process(ctx, b)
		if err != nil {
			return err
		}
		p.queue.done(b)
		p.waiters.settle(b, result)
		for _, r := range b.requests {
			r.told <- result
		}
	}
}
