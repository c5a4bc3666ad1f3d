package etl_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wellspring/etl"
	"wellspring/etl/statesqlite"
	"wellspring/graphstore"
	graphsqlite "wellspring/graphstore/sqlite"
	"wellspring/ingest/intake"
	"wellspring/ingest/journal"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/lineage"
)

// lab is everything around a pipeline, on real engines in a folder of its own.
type lab struct {
	t        testing.TB
	dir      string
	journal  *journalsqlite.Journal
	graph    graphstore.Store
	store    *faultyStore
	states   *statesqlite.States
	registry *prometheus.Registry
	pipeline *etl.Pipeline
	intake   *intake.Intake

	notes     int // written
	configure func(*etl.Config)
	stop      context.CancelFunc
	ended     chan error
}

// newLab opens the engines; configure may change the pipeline's settings.
func newLab(t testing.TB, configure func(*etl.Config)) *lab {
	t.Helper()
	l := openLab(t, configure)
	t.Cleanup(l.close)
	return l
}

// labOn is a lab over a graph store that is open.
func labOn(t testing.TB, graph graphstore.Store) *lab {
	t.Helper()
	l := &lab{t: t, dir: t.TempDir(), graph: graph}
	l.open()
	t.Cleanup(l.close)
	return l
}

// openLab is newLab for a lab that is closed by hand.
func openLab(t testing.TB, configure func(*etl.Config)) *lab {
	t.Helper()
	l := &lab{t: t, dir: t.TempDir(), configure: configure}
	l.open()
	return l
}

func (l *lab) open() {
	l.t.Helper()
	var err error
	if l.journal, err = journalsqlite.Open(l.dir, journalsqlite.Options{}); err != nil {
		l.t.Fatal(err)
	}
	l.openStates()
	if l.graph == nil {
		if l.graph, err = graphsqlite.Open(l.t.Context(), filepath.Join(l.dir, "graph.db"), graphsqlite.Options{}); err != nil {
			l.t.Fatal(err)
		}
	}
	l.store = &faultyStore{Store: l.graph}
	l.intake = intake.New(l.journal, intake.Options{})
	l.build()
}

func (l *lab) openStates() {
	l.t.Helper()
	var err error
	if l.states, err = statesqlite.Open(l.t.Context(), filepath.Join(l.dir, "state.db")); err != nil {
		l.t.Fatal(err)
	}
}

// build makes a new pipeline over the open engines.
func (l *lab) build() {
	l.t.Helper()
	l.registry = prometheus.NewRegistry()
	config := etl.Config{
		Journal: l.journal, DeadLetters: l.journal, Store: l.store, States: l.states, CodeVersion: "test",
		Metrics: etl.NewMetrics(l.registry), Logger: slog.New(slog.DiscardHandler),
	}
	if l.configure != nil {
		l.configure(&config)
	}
	var err error
	if l.pipeline, err = etl.New(config); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) start() {
	ctx, cancel := context.WithCancel(context.Background())
	l.stop, l.ended = cancel, make(chan error, 1)
	go func() { l.ended <- l.pipeline.Run(ctx) }()
}

// halt stops the pipeline, as a shutdown does.
func (l *lab) halt() {
	l.t.Helper()
	if l.stop == nil {
		return
	}
	l.stop()
	l.stop = nil
	if err := <-l.ended; err != nil {
		l.t.Errorf("the pipeline ended with: %v", err)
	}
}

// restart stops the pipeline and starts a new one over the same engines.
func (l *lab) restart() {
	l.t.Helper()
	l.halt()
	l.build()
	l.start()
}

func (l *lab) close() {
	l.halt()
	for _, err := range []error{l.store.Close(context.Background()), l.states.Close(), l.journal.Close()} {
		if err != nil {
			l.t.Error(err)
		}
	}
}

// take brings a payload in by the lenient door, as a robot's message.
func (l *lab) take(payload []byte) intake.Receipt {
	l.t.Helper()
	receipts, err := l.intake.Accept(l.t.Context(), intake.Message{Door: "mqtt", Payload: payload, Policy: intake.Lenient})
	if err != nil {
		l.t.Fatal(err)
	}
	return receipts[0]
}

// settle waits until a receipt's envelope is processed.
func (l *lab) settle(r intake.Receipt) (etl.Processing, error) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), time.Minute)
	defer cancel()
	return l.pipeline.Wait(ctx, lineage.Owner(r.Subject), r.Position)
}

func (l *lab) owned(owner lineage.Owner) lineage.Projection {
	l.t.Helper()
	p, err := l.store.Owned(l.t.Context(), owner)
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

func (l *lab) letters() []journal.DeadLetter {
	l.t.Helper()
	letters, err := l.journal.Letters(l.t.Context(), "", 100)
	if err != nil {
		l.t.Fatal(err)
	}
	return letters
}

// example reads a run record or a manifest of our own.
func example(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "examples", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
