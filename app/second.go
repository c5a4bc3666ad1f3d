package app

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"wellspring/etl"
	"wellspring/etl/statesqlite"
	"wellspring/graphstore"
	"wellspring/graphstore/cached"
	"wellspring/ingest/journal"
	"wellspring/lineage"
	"wellspring/ot2"
)

// second fills a second graph from the journal, in the background: nobody waits for
// it, and nothing is answered from it. Whatever goes wrong with it is its own.
type second struct {
	app         *App
	at          graphAt
	set         string
	definitions ot2.Definitions
	nudged      chan struct{} // a person did something about a dead letter

	mu       sync.Mutex
	pipeline *etl.Pipeline // nil: the graph is not open
	graph    cached.Engine
	err      error // why it is not, or was not

	differences, comparedAt prometheus.Gauge
}

// newSecond returns nil where there is to be no second graph.
func (a *App) newSecond(definitions ot2.Definitions, registry prometheus.Registerer) (*second, error) {
	at := a.options.secondGraph()
	if at.store == "" {
		return nil, nil
	}
	s := &second{
		app: a, at: at, set: otherSet(a.places.First), definitions: definitions, nudged: make(chan struct{}, 1),
		differences: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "wellspring_compare_differences", Help: "Differences between the first and the second graph that the last comparison found.",
		}),
		comparedAt: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "wellspring_compare_timestamp_seconds", Help: "When the last comparison of the two graphs ended, Unix time; 0: none since the start.",
		}),
	}
	lag := etl.NewLag("wellspring_second_lag_records", "Records in the journal that are not in the second graph yet.",
		"wellspring_second_lag_seconds", "Age of the oldest record that is not in the second graph yet.", s.lag)
	return s, errors.Join(registry.Register(lag), registry.Register(s.differences), registry.Register(s.comparedAt))
}

// lag says how far the second graph is behind, also while it is not open.
func (s *second) lag(ctx context.Context) (int64, time.Duration, error) {
	at, err := s.app.journal.Committed(ctx, s.set)
	if err != nil {
		return 0, 0, err
	}
	return s.app.journal.Lag(ctx, at)
}

// The bounds of the wait before the second graph is opened again.
const (
	reopenFirst = time.Second
	reopenLast  = 30 * time.Second
)

// run fills the second graph until ctx ends.
func (s *second) run(ctx context.Context) error {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = reopenFirst, reopenLast
	_, _ = backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, s.fill(ctx) }, // it ends with ctx
		backoff.WithBackOff(waits), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, wait time.Duration) {
			s.app.logger.ErrorContext(ctx, "the second graph is not filled; trying again", "graph", s.at.name(), "wait", wait, "error", err)
		}))
	return nil
}

// fill opens the second graph and fills it until ctx ends; an error is why it can't.
func (s *second) fill(ctx context.Context) (err error) {
	defer func() {
		if ctx.Err() != nil {
			err = nil
		}
		s.hold(nil, nil, err)
	}()
	path := filepath.Join(s.app.options.DataDir, statesIn(s.set))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return unavailable("fill second graph", path, err)
	}
	states, err := statesqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, states.Close()) }()
	graph, err := s.at.open(ctx, s.app.options.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, graph.Close(context.WithoutCancel(ctx))) }()
	config := s.app.etlConfig(s.set, graph, states, s.definitions)
	config.Workers, config.Window = max(1, config.Workers/2), time.Minute
	pipeline, err := etl.New(config)
	if err != nil {
		return err
	}
	s.hold(pipeline, graph, nil)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return pipeline.Run(ctx) })
	group.Go(func() error { return s.watch(ctx, pipeline) })
	group.Go(func() error { return s.mirror(ctx, pipeline) })
	return group.Wait()
}

func (s *second) hold(pipeline *etl.Pipeline, graph cached.Engine, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pipeline, s.graph, s.err = pipeline, graph, err
}

// open returns what fills the graph, and the graph.
func (s *second) open() (*etl.Pipeline, graphstore.Store, error) {
	if s == nil {
		return nil, nil, &lineage.Error{Op: "open second graph", Kind: lineage.ErrorConflict, Hint: "there is none: name one with second.store"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pipeline == nil {
		return nil, nil, &lineage.Error{Op: "open second graph", Kind: lineage.ErrorUnavailable, ID: s.at.name(), Hint: "it is tried again by itself",
			Err: cmp.Or(s.err, errors.New("it is being opened"))}
	}
	return s.pipeline, s.graph, nil
}

// watch notes when all that the journal held is in the graph.
func (s *second) watch(ctx context.Context, pipeline *etl.Pipeline) error {
	if s.app.places.isFilled(s.set) {
		return nil
	}
	if err := pipeline.CatchUp(ctx); err != nil {
		return err
	}
	s.app.logger.InfoContext(ctx, "the second graph is filled", "graph", s.at.name())
	return s.app.places.filled(s.app.options.DataDir, s.set)
}

// nudge says that a person did something about a dead letter.
func (s *second) nudge() {
	if s == nil {
		return
	}
	select {
	case s.nudged <- struct{}{}:
	default:
	}
}

// ownAgain is how often dead letters that only the second graph has are tried again:
// there is nobody else who does.
const ownAgain = 15 * time.Minute

// mirror does to the second graph's dead letters what people do to the first's: that
// is in no record of the journal.
func (s *second) mirror(ctx context.Context, pipeline *etl.Pipeline) error {
	ticker := time.NewTicker(ownAgain)
	defer ticker.Stop()
	for own := true; ; {
		if err := s.mirrorAll(ctx, pipeline, own); err != nil && ctx.Err() == nil {
			s.app.logger.WarnContext(ctx, "dead letters of the second graph were not looked at", "error", err)
		}
		select {
		case <-s.nudged:
			own = false
		case <-ticker.C:
			own = true
		case <-ctx.Done():
			return nil
		}
	}
}

// mirrorAll looks at every dead letter; where own is set, those too that the first graph
// does not have are tried again.
func (s *second) mirrorAll(ctx context.Context, pipeline *etl.Pipeline, own bool) error {
	first, letters := s.app.lettersOf(s.app.places.First), s.app.lettersOf(s.set)
	for after := ""; ; {
		page, err := letters.Letters(ctx, after, 100)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, l := range page {
			after = l.ID
			if l.State != journal.StateDead {
				continue
			}
			other, err := first.Letter(ctx, l.ID)
			switch {
			case lineage.KindOf(err) == lineage.ErrorNotFound:
				other.State = journal.StateRetried
			case err != nil:
				return err
			}
			switch n := len(other.History); {
			case other.State == journal.StateDropped:
				err = letters.Settle(ctx, l.ID, journal.StateDropped)
			case other.State == journal.StateRetried && (own || n > 0 && other.History[n-1].At.After(l.DiedAt)):
				if _, failed := pipeline.Retry(ctx, l.ID); failed != nil {
					s.app.logger.DebugContext(ctx, "a dead letter of the second graph was tried again, and failed", "letter", l.ID, "error", failed)
				}
				err = ctx.Err()
			default:
				err = nil
			}
			if err != nil {
				return err
			}
		}
	}
}

// state is how the second graph stands; nil: there is none.
func (s *second) state(ctx context.Context) (*etl.Second, error) {
	if s == nil {
		return nil, nil
	}
	behind, oldest, err := s.lag(ctx)
	if err != nil {
		return nil, err
	}
	records, _, err := s.app.journal.Lag(ctx, "")
	if err != nil {
		return nil, err
	}
	state := &etl.Second{Graph: s.at.name(), Filled: s.app.places.isFilled(s.set), Records: records, Behind: behind, OldestSeconds: oldest.Seconds()}
	pipeline, _, err := s.open()
	if err == nil {
		state.DeadLetters, err = pipeline.Dead(ctx)
	}
	if err != nil {
		state.Error = err.Error()
	}
	return state, nil
}

// Compare compares the first graph with the second, while both go on.
func (a *App) Compare(ctx context.Context, progress func(etl.FsckProgress)) (etl.Fsck, error) {
	if err := a.upkeep.begin("compare"); err != nil {
		return etl.Fsck{}, err
	}
	defer a.upkeep.end()
	return a.compare(ctx, progress)
}

func (a *App) compare(ctx context.Context, progress func(etl.FsckProgress)) (report etl.Fsck, err error) {
	return a.upkeep.check(&a.upkeep.compare, progress, func(progress func(etl.FsckProgress)) (etl.Fsck, error) {
		with, _, err := a.second.open()
		if err != nil {
			return report, err
		}
		report, err := a.pipeline.Compare(ctx, with, etl.FsckOptions{Store: a.graph, Progress: progress})
		if err == nil {
			a.second.compared(report)
		}
		return report, err
	})
}

func (s *second) compared(report etl.Fsck) {
	s.differences.Set(float64(report.DifferenceCount))
	s.comparedAt.Set(float64(report.EndedAt.UnixNano()) / 1e9)
	if report.DifferenceCount > 0 {
		first := report.Differences[0]
		s.app.logger.Error("the two graphs differ", "differences", report.DifferenceCount, "owner", string(first.Owner), "problem", first.Problem)
	}
}

// rebuildSecond makes the second graph equal to the journal, owner by owner.
func (a *App) rebuildSecond(ctx context.Context, options etl.RebuildOptions) (etl.Rebuild, error) {
	pipeline, graph, err := a.second.open()
	if err != nil {
		return etl.Rebuild{}, err
	}
	options.Graph, options.Files = graph, nil
	return pipeline.Rebuild(ctx, options)
}

// CompareState tells how the comparison of the two graphs stands.
func (u Upkeep) CompareState() (etl.FsckState, error) {
	if u.app.second == nil {
		_, _, err := u.app.second.open()
		return etl.FsckState{}, err
	}
	k := u.app.upkeep
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.compare, nil
}

// StartCompare starts a comparison of the two graphs, which goes on after the call.
func (u Upkeep) StartCompare() (etl.FsckState, error) {
	if _, _, err := u.app.second.open(); err != nil {
		return etl.FsckState{}, err
	}
	failed := u.start("compare", func(ctx context.Context) error {
		_, err := u.app.compare(ctx, nil)
		return err
	}, func(k *upkeep) { k.compare.Running, k.compare.Progress, k.compare.Error = true, etl.FsckProgress{}, "" })
	state, err := u.CompareState()
	return state, errors.Join(failed, err)
}
