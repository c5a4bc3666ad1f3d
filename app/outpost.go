package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"wellspring/api"
	"wellspring/ingest/bridge"
	"wellspring/ingest/forward"
	"wellspring/ingest/intake"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/lineage"
)

// Outpost is the service for a small computer beside a robot: it reads robots
// into a journal of its own and sends that on to a central service, where the
// graph is.
type Outpost struct {
	options   Options
	logger    *slog.Logger
	journal   *journalsqlite.Journal
	bridges   []*bridge.Bridge
	forwarder *forward.Forwarder
	registry  *prometheus.Registry
	traces    *traces // nil: nothing is traced
	address   string
	started   chan struct{}
}

// NewOutpost opens the journal. Nothing moves until Run.
func NewOutpost(options Options, logger *slog.Logger) (_ *Outpost, err error) {
	const op = "start bridge"
	if err := options.Validate(); err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, Err: err}
	}
	addresses, err := options.robots()
	switch {
	case err != nil:
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, Err: err}
	case len(addresses) == 0:
		return nil, lineage.Invalid(op, "robot", "say which robot to read, such as --robot 169.254.20.7")
	case options.To == "":
		return nil, lineage.Invalid(op, "to", "say which service to send to, such as --to https://wellspring.lab; serve --robot keeps everything here")
	case options.Listen != "" && !options.TrustNetwork && !loopback(options.Listen):
		return nil, lineage.Invalid(op, "listen", "the bridge's state is told without a login: listen on loopback, or set trust-network where the network keeps strangers out")
	}
	o := &Outpost{options: options, logger: logger, registry: prometheus.NewRegistry(), started: make(chan struct{})}
	if err := os.MkdirAll(options.DataDir, 0o700); err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: options.DataDir, Hint: "name a folder that can be written with data-dir", Err: err}
	}
	if o.journal, err = journalsqlite.Open(options.DataDir, journalsqlite.Options{Logger: logger}); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.journal.Close())
		}
	}()
	trust, err := options.At(options.To).trust()
	if err != nil {
		return nil, err
	}
	if o.forwarder, err = forward.New(forward.Options{To: options.To, Token: options.Token, TLS: trust, Logger: logger}, o.journal); err != nil {
		return nil, err
	}
	if o.traces, err = newTraces(context.Background(), options, logger, o.registry); err != nil {
		return nil, err
	}
	in := intake.New(o.journal, intake.Options{Limits: options.Limits(), Logger: logger, Tracer: o.traces.of()})
	if o.bridges, err = openBridges(options, addresses, in, logger); err != nil {
		return nil, err
	}
	o.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		bridge.NewCollector(o.bridges...), forward.NewCollector(o.forwarder))
	return o, nil
}

// Run reads and sends until ctx ends.
func (o *Outpost) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	if o.options.Listen != "" {
		if err := o.serve(ctx, group); err != nil {
			return err
		}
	}
	close(o.started)
	group.Go(func() error { return o.forwarder.Run(ctx) })
	for _, b := range o.bridges {
		group.Go(func() error { return b.Run(ctx) })
	}
	return group.Wait()
}

// Started is closed once Addr is known.
func (o *Outpost) Started() <-chan struct{} { return o.started }

// Addr is where its state can be read, host:port; empty: nowhere.
func (o *Outpost) Addr() string { return o.address }

// Close lets go of the journal.
func (o *Outpost) Close() error { return errors.Join(o.traces.close(), o.journal.Close()) }

// serve answers about the state: nothing can be written there.
func (o *Outpost) serve(ctx context.Context, group *errgroup.Group) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.options.Listen)
	if err != nil {
		return &lineage.Error{Op: "serve", Kind: lineage.ErrorConflict, ID: o.options.Listen, Hint: "another program listens there? choose another address with listen", Err: err}
	}
	o.address = listener.Addr().String()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, api.Health{Status: api.Ok, Version: Version().Version})
	})
	mux.HandleFunc("GET /v1/robots", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, api.Robots{Robots: statesOf(o.bridges)})
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(o.logger.Handler(), slog.LevelWarn)}
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		return server.Shutdown(closing)
	})
	return nil
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // who asked may have gone
}

// openBridges makes one bridge a robot.
func openBridges(options Options, addresses []bridge.Address, in *intake.Intake, logger *slog.Logger) ([]*bridge.Bridge, error) {
	var bridges []*bridge.Bridge
	for _, address := range addresses {
		b, err := bridge.New(bridge.Options{
			Robot: address, Dir: filepath.Join(options.DataDir, robotsDir), Rate: options.RobotRate, Poll: options.RobotPoll,
			Margin: options.RobotMargin, MaxBytes: options.MaxBytes, Logger: logger,
		}, in)
		if err != nil {
			return nil, err
		}
		bridges = append(bridges, b)
	}
	return bridges, nil
}
