package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"wellspring/access"
	"wellspring/api"
	"wellspring/etl"
	"wellspring/etl/statesqlite"
	"wellspring/evidence/anchor"
	"wellspring/graphstore"
	"wellspring/ingest"
	"wellspring/ingest/bridge"
	"wellspring/ingest/intake"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/lineage"
	"wellspring/notify"
	"wellspring/ot2"
	"wellspring/query"
)

// What lies in the data folder.
const (
	graphFile  = "graph.db"
	statesFile = "state.db"
)

// App is the service in one process.
type App struct {
	options Options
	logger  *slog.Logger

	journal  *journalsqlite.Journal
	graph    *exchangeable    // the engine
	store    graphstore.Store // the same, with a cache before it
	states   *statesqlite.States
	pipeline *etl.Pipeline
	places   keptPlaces
	second   *second // nil: there is no second graph
	intake   *intake.Intake
	evidence *evidenceLog
	anchors  *anchor.Keeper
	bridges  []*bridge.Bridge
	notifier *notify.Notifier // nil: nobody is told
	traces   *traces          // nil: nothing is traced
	rest     http.Handler     // the REST interface and the pages, without the login
	exports  *exports
	handler  http.Handler
	upkeep   *upkeep

	schedules *schedules

	keys        *access.Keys
	guard       *access.Guard
	localToken  string
	certificate *certificate // nil: plain HTTP

	started chan struct{} // closed once address and broker are set
	address string
	broker  string

	closeOnce sync.Once
	closeErr  error
}

// New opens the journal, the graph and the state of processings, and builds
// the pipeline and the REST interface over them. Nothing moves until Run.
func New(ctx context.Context, options Options, logger *slog.Logger) (_ *App, err error) {
	const op = "start"
	if err := options.Validate(); err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, Err: err}
	}
	a := &App{options: options, logger: logger, started: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err := os.MkdirAll(options.DataDir, 0o700); err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: options.DataDir, Hint: "name a folder that can be written with data-dir", Err: err}
	}
	// The journal comes first: it holds the folder against a second process.
	if a.journal, err = journalsqlite.Open(options.DataDir, journalsqlite.Options{Logger: logger}); err != nil {
		return nil, err
	}
	if a.evidence, err = openEvidence(ctx, options, a.journal, logger); err != nil {
		return nil, err
	}
	if err := a.evidence.noteSettings(ctx, options); err != nil {
		return nil, err
	}
	if err := sweep(options.DataDir); err != nil {
		return nil, err
	}
	if err := a.place(ctx); err != nil {
		return nil, err
	}
	if a.states, err = statesqlite.Open(ctx, filepath.Join(options.DataDir, statesIn(a.places.First))); err != nil {
		return nil, err
	}
	store, err := options.firstGraph().open(ctx, options.DataDir)
	if err != nil {
		return nil, err
	}
	a.graph = &exchangeable{now: store}
	a.store = a.graph
	definitions, err := options.definitions()
	if err != nil {
		return nil, err
	}
	return a, a.connect(ctx, definitions)
}

// etlConfig is a pipeline into a graph with a set of its own.
func (a *App) etlConfig(set string, store graphstore.Store, states *statesqlite.States, definitions ot2.Definitions) etl.Config {
	return etl.Config{
		Journal: a.journal, DeadLetters: a.lettersOf(set), Store: store, States: states, Consumer: set,
		Definitions: definitions, Limits: a.options.Limits(), CodeVersion: Version().String(),
		Retry: etl.Retry{Tries: a.options.RetryTries, Wait: a.options.RetryWait}, Workers: a.options.Workers, Logger: a.logger.With("consumer", set),
	}
}

// connect builds the rooms that stand on the opened stores.
func (a *App) connect(ctx context.Context, definitions ot2.Definitions) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics := etl.NewMetrics(registry)
	a.upkeep = newUpkeep(registry)
	a.schedules = newSchedules(a, registry)
	err := a.admit(ctx, registry)
	if err != nil {
		return err
	}
	if a.options.TLSCert != "" {
		if a.certificate, err = newCertificate(a.options, a.logger, registry); err != nil {
			return err
		}
	}
	if a.store, err = keeping(a.graph, a.options.Cache(), registry); err != nil {
		return err
	}
	if a.traces, err = newTraces(ctx, a.options, a.logger, registry); err != nil {
		return err
	}
	if err := a.newNotifier(ctx, registry); err != nil {
		return err
	}
	config := a.etlConfig(a.places.First, a.store, a.states, definitions)
	config.Listener, config.Tracer, config.Logger, config.Metrics = a.listener(), a.traces.of(), a.logger, metrics
	if a.pipeline, err = etl.New(config); err != nil {
		return err
	}
	if a.second, err = a.newSecond(definitions, registry); err != nil {
		return err
	}
	if a.exports, err = newExports(a.options.DataDir, a); err != nil {
		return err
	}
	a.intake = intake.New(a.journal, intake.Options{
		Limits: a.options.Limits(), Logger: a.logger, Tracer: a.traces.of(),
		OnAccept: func(ingest.Envelope, intake.Receipt) { metrics.Received(1); metrics.Acknowledged(1) },
		OnRefuse: func(intake.Message, error) { metrics.Received(1) },
	})
	if err := a.newBridges(a.intake, registry); err != nil {
		return err
	}
	if a.anchors, err = a.newAnchors(registry); err != nil {
		return err
	}
	witness, err := a.newWitness()
	if err != nil {
		return err
	}
	questions := query.New(a.store)
	pages, err := a.pages(questions)
	if err != nil {
		return err
	}
	a.rest, err = api.New(api.Options{
		Query:    questions,
		Pages:    pages,
		Intake:   httpDoor{a.intake},
		Pipeline: a.processing(),
		Letters:  a.letters(),
		Upkeep:   Upkeep{a},
		Robots:   a.robotStates,
		Webhooks: a.webhooks(),
		Access:   a.guard, Keys: a.keys,
		Evidence: a.evidence, Exports: a.exports, Witness: witness, Signatures: signatures{a.exports},
		Ready: a.ready, Gatherer: registry, Logger: a.logger,
		Limits:  api.Limits{BodyBytes: a.options.MaxBytes},
		Version: Version().Version, LoopbackOnly: a.options.open() && !a.options.TrustNetwork,
	})
	if err != nil {
		return err
	}
	a.handler = guide(a.guard.Wrap(a.traces.wrap(a.rest)))
	return nil
}

// Run processes what is in the journal and takes in what comes, until ctx ends
// or something fails for good. It runs once; Close comes after it.
func (a *App) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	// The doors close first: who was let in is still served by the pipeline.
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error { return a.pipeline.Run(working) })
	if a.second != nil {
		group.Go(func() error { return a.second.run(working) })
	}
	group.Go(func() error { return a.evidence.run(working) })
	group.Go(func() error { return a.anchors.Run(working) })
	group.Go(func() error { return a.upkeep.work(working) })
	group.Go(func() error { return a.exports.run(working) })
	group.Go(func() error { return a.schedules.run(working) })
	a.notify(working, group)
	group.Go(func() error {
		defer stop()
		return a.open(ctx)
	})
	return group.Wait()
}

// Settle waits until all that the journal holds is in the graph, or among the
// dead letters, and what depends on it is derived again. Run must be running.
func (a *App) Settle(ctx context.Context) error {
	if err := a.pipeline.Quiet(ctx); err != nil {
		return &lineage.Error{Op: "process", Kind: lineage.ErrorUnavailable, Hint: "what is not processed yet stays in the journal and is taken up at the next start", Err: err}
	}
	return nil
}

// Started is closed once the doors are open: Addr and Broker are known then.
func (a *App) Started() <-chan struct{} { return a.started }

// DataDir is the folder that the service holds.
func (a *App) DataDir() string { return a.options.DataDir }

// Addr is the address of the REST interface, host:port; empty where there is none.
func (a *App) Addr() string { return a.address }

// URL is the address of the REST interface as its own machine asks it; empty where there is none.
func (a *App) URL() string {
	if a.address == "" {
		return ""
	}
	return a.service().URL
}

// Broker is the address of the embedded MQTT broker, host:port; empty where there is none.
func (a *App) Broker() string { return a.broker }

// Handler is the REST interface, for a process that serves it by itself.
func (a *App) Handler() http.Handler { return a.handler }

// Close lets go of everything. It may be called more than once.
func (a *App) Close() error {
	a.closeOnce.Do(func() {
		var errs []error
		if a.store != nil {
			errs = append(errs, a.store.Close(context.Background()))
		}
		if a.guard != nil {
			a.guard.Close()
		}
		if a.keys != nil {
			errs = append(errs, a.keys.Close())
		}
		if a.states != nil {
			errs = append(errs, a.states.Close())
		}
		errs = append(errs, a.traces.close())
		if a.notifier != nil {
			errs = append(errs, a.notifier.Close())
		}
		errs = append(errs, a.evidence.shut())
		if a.journal != nil {
			errs = append(errs, a.journal.Close())
		}
		a.closeErr = errors.Join(errs...)
	})
	return a.closeErr
}

// ready says why the service can't take or answer now.
func (a *App) ready(ctx context.Context) error {
	if _, err := a.journal.Committed(ctx, a.places.First); err != nil {
		return err
	}
	if err := a.journal.Ready(ctx); err != nil {
		return err
	}
	if err := a.evidence.Ready(ctx); err != nil { // what can't be entered is refused
		return err
	}
	asking, cancel := context.WithTimeout(ctx, pingPatience)
	defer cancel()
	err := a.store.Ping(asking)
	if err != nil && asking.Err() != nil && ctx.Err() == nil {
		return &lineage.Error{Op: "ping", Kind: lineage.ErrorUnavailable, ID: a.options.Store, Hint: "the graph does not answer: see that it runs and can be reached"}
	}
	return err
}

// pingPatience is how long the graph has to say that it is there.
const pingPatience = 5 * time.Second

// pipeline is what the REST interface asks about the pipeline.
type pipeline struct {
	*statesqlite.States
	*etl.Pipeline
	schedules *schedules
	second    *second
}

func (a *App) processing() pipeline { return pipeline{a.states, a.pipeline, a.schedules, a.second} }

// Pulse adds the schedules and the second graph, which the pipeline does not know.
func (p pipeline) Pulse(ctx context.Context) (etl.Pulse, error) {
	pulse, err := p.Pipeline.Pulse(ctx)
	if err != nil {
		return pulse, err
	}
	pulse.Schedules = p.schedules.states()
	pulse.Second, err = p.second.state(ctx)
	return pulse, err
}

// Rerun lets the second graph know that letters may have been taken up again.
func (p pipeline) Rerun(ctx context.Context, owner lineage.Owner, from etl.Stage) (etl.Processing, error) {
	defer p.second.nudge()
	return p.Pipeline.Rerun(ctx, owner, from)
}
