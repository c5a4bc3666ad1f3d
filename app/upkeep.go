package app

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	_ "modernc.org/sqlite" // the driver

	"wellspring/etl"
	"wellspring/evidence/ledger"
	"wellspring/graphstore/cached"
	graphsqlite "wellspring/graphstore/sqlite"
	"wellspring/lineage"
)

// upkeep checks and repairs, one thing at a time, and remembers what came of it.
type upkeep struct {
	jobs chan func(ctx context.Context)

	mu      sync.Mutex
	busy    string // with what; empty: with nothing
	fsck    etl.FsckState
	compare etl.FsckState // of the first graph with the second
	rebuild etl.RebuildState

	differences, checkedAt prometheus.Gauge
}

func newUpkeep(registry prometheus.Registerer) *upkeep {
	u := &upkeep{
		jobs: make(chan func(context.Context), 1),
		differences: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "wellspring_fsck_differences", Help: "Differences between journal and graph that the last check found.",
		}),
		checkedAt: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "wellspring_fsck_timestamp_seconds", Help: "When the last check of journal and graph ended, Unix time; 0: none since the start.",
		}),
	}
	registry.MustRegister(u.differences, u.checkedAt)
	return u
}

// work does the jobs until ctx ends.
func (u *upkeep) work(ctx context.Context) error {
	for {
		select {
		case job := <-u.jobs:
			job(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

// begin claims the upkeep for one thing.
func (u *upkeep) begin(what string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.busy != "" {
		return &lineage.Error{Op: what, Kind: lineage.ErrorConflict, ID: u.busy, Hint: "one thing at a time: wait until it has ended"}
	}
	u.busy = what
	return nil
}

func (u *upkeep) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.busy = ""
}

// change changes what is remembered.
func (u *upkeep) change(f func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	f()
}

// Fsck checks the journal, the graph, the states of processing and the dead
// letters against each other. Run may be running. progress may be nil.
func (a *App) Fsck(ctx context.Context, progress func(etl.FsckProgress)) (etl.Fsck, error) {
	if err := a.upkeep.begin("fsck"); err != nil {
		return etl.Fsck{}, err
	}
	defer a.upkeep.end()
	return a.fsck(ctx, progress)
}

func (a *App) fsck(ctx context.Context, progress func(etl.FsckProgress)) (etl.Fsck, error) {
	return a.upkeep.check(&a.upkeep.fsck, progress, func(progress func(etl.FsckProgress)) (etl.Fsck, error) {
		report, err := a.pipeline.Fsck(ctx, etl.FsckOptions{Store: a.graph, Files: a.files(), Progress: progress})
		if err == nil {
			a.checked(report)
		}
		return report, err
	})
}

// check does a check, and remembers in state how it stands.
func (u *upkeep) check(state *etl.FsckState, progress func(etl.FsckProgress), do func(progress func(etl.FsckProgress)) (etl.Fsck, error)) (etl.Fsck, error) {
	u.change(func() { state.Running, state.Error = true, "" })
	report, err := do(func(p etl.FsckProgress) {
		u.change(func() { state.Progress = p })
		if progress != nil {
			progress(p)
		}
	})
	u.change(func() {
		state.Running = false
		if err != nil {
			state.Error = err.Error()
			return
		}
		state.Report = &report
	})
	return report, err
}

func (a *App) checked(report etl.Fsck) {
	a.upkeep.differences.Set(float64(report.DifferenceCount))
	a.upkeep.checkedAt.Set(float64(report.EndedAt.UnixNano()) / 1e9)
	if report.DifferenceCount > 0 {
		first := report.Differences[0]
		a.logger.Error("journal and graph differ", "differences", report.DifferenceCount, "kind", string(first.Kind),
			"owner", string(first.Owner), "problem", first.Problem, "remedy", first.Remedy)
	}
}

// Rebuild makes the graph again from the journal, and proves it. Run may be
// running. The embedded graph is made in a file beside and put in place when it
// is whole, so it may be cut off at any moment; Neo4j's is made equal owner by owner.
func (a *App) Rebuild(ctx context.Context, progress func(etl.FsckProgress)) (etl.Rebuild, error) {
	if err := a.upkeep.begin("rebuild"); err != nil {
		return etl.Rebuild{}, err
	}
	defer a.upkeep.end()
	return a.rebuild(ctx, false, progress)
}

func (a *App) rebuild(ctx context.Context, second bool, progress func(etl.FsckProgress)) (report etl.Rebuild, err error) {
	u := a.upkeep
	u.change(func() { u.rebuild.Running, u.rebuild.Error = true, "" })
	options := etl.RebuildOptions{Graph: a.graph, Files: a.files(), Progress: func(p etl.FsckProgress) {
		u.change(func() { u.rebuild.Progress = p })
		if progress != nil {
			progress(p)
		}
	}}
	switch {
	case second:
		report, err = a.rebuildSecond(ctx, options)
	case a.options.Store == "neo4j":
		report, err = a.pipeline.Rebuild(ctx, options)
	default:
		report, err = a.rebuildBeside(ctx, options)
	}
	u.change(func() {
		u.rebuild.Running = false
		if err != nil {
			u.rebuild.Error = err.Error()
			return
		}
		if u.rebuild.Report = &report; !second {
			u.fsck.Report = &report.Fsck
		}
	})
	if err == nil && !second {
		a.checked(report.Fsck)
	}
	return report, err
}

const besideFile = "graph.rebuild.db"

// rebuildBeside makes the embedded graph in a new file and puts that in place.
func (a *App) rebuildBeside(ctx context.Context, options etl.RebuildOptions) (_ etl.Rebuild, err error) {
	beside, place := filepath.Join(a.options.DataDir, besideFile), filepath.Join(a.options.DataDir, a.options.SQLiteFile)
	if err := removeDatabase(beside); err != nil {
		return etl.Rebuild{}, err
	}
	fresh, err := graphsqlite.Open(ctx, beside, graphsqlite.Options{})
	if err != nil {
		return etl.Rebuild{}, err
	}
	swapped := false
	defer func() {
		if !swapped {
			err = errors.Join(err, fresh.Close(context.WithoutCancel(ctx)), removeDatabase(beside))
		}
	}()
	options.Into = fresh
	options.Swap = func(ctx context.Context) error {
		defer a.forget()
		return a.graph.exchange(func(now cached.Engine) (cached.Engine, error) {
			swapped = true
			// Closed, a database is one file: what was in its log is in it.
			if err := errors.Join(fresh.Close(ctx), now.Close(ctx)); err != nil {
				a.logger.Warn("a graph did not close well", "error", err)
			}
			if err := replaceDatabase(beside, place); err != nil {
				return nil, err
			}
			return graphsqlite.Open(ctx, place, graphsqlite.Options{})
		})
	}
	return a.pipeline.Rebuild(ctx, options)
}

// sweep takes away what a process left that was killed in the midst of a rebuild or
// a backup.
func sweep(dataDir string) error {
	return errors.Join(removeDatabase(filepath.Join(dataDir, besideFile)), os.RemoveAll(filepath.Join(dataDir, backupFolder)))
}

// forget drops the answers that are kept of the graph.
func (a *App) forget() {
	if kept, ok := a.store.(*cached.Store); ok {
		kept.Flush()
	}
}

// companions are the ends of the names of the files that lie beside a SQLite
// database; -journal where it was not in WAL mode yet.
var companions = []string{"-wal", "-shm", "-journal"}

// removeDatabase removes a SQLite database with what lies beside it.
func removeDatabase(path string) error {
	var errs []error
	for _, end := range append([]string{""}, companions...) {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return unavailable("remove database", path, errors.Join(errs...))
}

// replaceDatabase puts one closed SQLite database in the place of another.
func replaceDatabase(from, to string) error {
	// A log of the old one beside the new one would be taken for the new one's.
	for _, end := range companions {
		if err := os.Remove(to + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			return unavailable("put graph in place", to, err)
		}
	}
	return unavailable("put graph in place", to, errors.Join(os.Rename(from, to), syncFolder(filepath.Dir(to))))
}

// syncFolder makes the names in a folder durable. Windows does that by itself, and
// knows no such call.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func unavailable(op, id string, err error) error {
	if err == nil {
		return nil
	}
	return &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: id, Hint: "look at the disk of the data folder", Err: err}
}

// files are the checks of what the data is kept in.
func (a *App) files() map[string]func(context.Context) ([]string, error) {
	checks := map[string]func(context.Context) ([]string, error){
		"journal": a.journal.Check, "evidence": a.evidence.Check, "the graph's view of what holds what": a.graph.CheckViews,
	}
	for _, name := range append(a.graphFiles(), journalFile, accessFile, ledger.FileName) {
		path := filepath.Join(a.options.DataDir, name)
		if _, err := os.Stat(path); err == nil {
			checks[name] = func(ctx context.Context) ([]string, error) { return integrity(ctx, path) }
		}
	}
	return checks
}

// integrity has SQLite check a file.
func integrity(ctx context.Context, path string) (wrong []string, err error) {
	db, err := sql.Open("sqlite", besides(path))
	if err != nil {
		return nil, unavailable("check file", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, "PRAGMA integrity_check(20)")
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return []string{err.Error()}, nil // so damaged that it can't be read
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var said string
		if err := rows.Scan(&said); err != nil {
			return nil, unavailable("check file", path, err)
		}
		if said != "ok" {
			wrong = append(wrong, said)
		}
	}
	return wrong, unavailable("check file", path, rows.Err())
}

// besides opens a database beside those who use it, to read.
func besides(path string) string {
	query := url.Values{"_pragma": {"busy_timeout(10000)"}}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}

// Progress says how far a check or a rebuild is.
type Progress = etl.FsckProgress

// OpenToRebuild is New for a rebuild without Run: where the embedded graph can't
// be opened any more, it is moved aside and an empty one takes its place.
func OpenToRebuild(ctx context.Context, options Options, logger *slog.Logger) (*App, error) {
	a, err := New(ctx, options, logger)
	place := filepath.Join(options.DataDir, options.SQLiteFile)
	if err == nil || options.Store != "sqlite" {
		return a, err
	}
	if wrong, checking := integrity(ctx, place); checking != nil || len(wrong) == 0 {
		return nil, err // it is something else
	}
	aside := place + ".damaged"
	logger.Warn("the graph can't be opened: it is moved aside", "file", aside, "error", err)
	if err := errors.Join(removeDatabase(aside), replaceDatabase(place, aside)); err != nil {
		return nil, err
	}
	return New(ctx, options, logger)
}

// Upkeep is what the REST interface may ask for.
type Upkeep struct{ app *App }

// FsckState tells how the check stands.
func (u Upkeep) FsckState() etl.FsckState {
	k := u.app.upkeep
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.fsck
}

// RebuildState tells how the rebuild stands.
func (u Upkeep) RebuildState() etl.RebuildState {
	k := u.app.upkeep
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.rebuild
}

// StartFsck starts a check, which goes on after the call.
func (u Upkeep) StartFsck() (etl.FsckState, error) {
	err := u.start("fsck", func(ctx context.Context) error {
		_, err := u.app.fsck(ctx, nil)
		return err
	}, func(k *upkeep) { k.fsck.Running, k.fsck.Progress, k.fsck.Error = true, etl.FsckProgress{}, "" })
	return u.FsckState(), err
}

// StartRebuild starts a rebuild, of the second graph where that is meant, which goes on
// after the call.
func (u Upkeep) StartRebuild(second bool) (etl.RebuildState, error) {
	if _, _, err := u.app.second.open(); second && err != nil {
		return etl.RebuildState{}, err
	}
	err := u.start("rebuild", func(ctx context.Context) error {
		_, err := u.app.rebuild(ctx, second, nil)
		return err
	}, func(k *upkeep) { k.rebuild.Running, k.rebuild.Progress, k.rebuild.Error = true, etl.FsckProgress{}, "" })
	return u.RebuildState(), err
}

func (u Upkeep) start(what string, job func(context.Context) error, show func(*upkeep)) error {
	k := u.app.upkeep
	if err := k.begin(what); err != nil {
		return err
	}
	k.change(func() { show(k) })
	k.jobs <- func(ctx context.Context) { // there is room: only who began may send
		defer k.end()
		began := time.Now()
		if err := job(ctx); err != nil {
			u.app.logger.Error(what+" failed", "error", err)
			return
		}
		u.app.logger.Info(what+" ended", "seconds", time.Since(began).Seconds())
	}
	return nil
}

// Backup writes a backup of the running service.
func (u Upkeep) Backup(ctx context.Context, to io.Writer) error {
	return u.app.Backup(ctx, to)
}
