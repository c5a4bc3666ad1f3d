package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"wellspring/etl"
	"wellspring/evidence"
	"wellspring/evidence/pack"
	"wellspring/graphstore"
	"wellspring/lineage"
	"wellspring/query"
)

const (
	exportsDir = "exports"
	// keptExports is how many packages are kept; an older one is made again, byte
	// for byte, when it is asked for.
	keptExports = 20
	// waitingExports is how many may wait to be made.
	waitingExports = 16
	// settleWait is how long an export waits for the pipeline.
	settleWait = 20 * time.Second
)

// exports makes packages, one at a time, into files of the data folder.
type exports struct {
	dir      string
	evidence *evidenceLog
	query    *query.Service
	store    graphstore.Store
	pipeline *etl.Pipeline
	logger   *slog.Logger

	mu    sync.Mutex
	jobs  map[string]*exportJob
	queue chan *exportJob
}

type exportJob struct {
	pack.Export
	who  evidence.Actor
	done chan struct{}
}

func newExports(dir string, a *App) (*exports, error) {
	e := &exports{
		dir: filepath.Join(dir, exportsDir), evidence: a.evidence, query: query.New(a.store), store: a.store, pipeline: a.pipeline, logger: a.logger,
		jobs: map[string]*exportJob{}, queue: make(chan *exportJob, waitingExports),
	}
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return nil, &lineage.Error{Op: "open exports", Kind: lineage.ErrorUnavailable, ID: e.dir, Err: err}
	}
	return e, e.load()
}

// load finds the packages of earlier starts, and removes what was not finished.
func (e *exports) load() error {
	files, err := os.ReadDir(e.dir)
	if err != nil {
		return &lineage.Error{Op: "open exports", Kind: lineage.ErrorUnavailable, ID: e.dir, Err: err}
	}
	for _, f := range files {
		path := filepath.Join(e.dir, f.Name())
		id, isState := strings.CutSuffix(f.Name(), ".json")
		switch {
		case isState:
			job := &exportJob{done: make(chan struct{})}
			text, err := os.ReadFile(path)
			if err == nil && json.Unmarshal(text, &job.Export) == nil && job.ID == id {
				close(job.done)
				e.jobs[id] = job
			}
		case !strings.HasSuffix(f.Name(), ".zip"):
			_ = os.RemoveAll(path) // the next one clears up what is still there
		}
	}
	return nil
}

// Start implements api.Exports.
func (e *exports) Start(ctx context.Context, q pack.Question, who evidence.Actor) (pack.Export, error) {
	const op = "export"
	asked := q
	if q.AsOf.IsZero() { // what is known once everything that came in is entered
		if err := e.evidence.caughtUp(ctx); err != nil {
			return pack.Export{}, err
		}
		q.AsOf = e.evidence.Now()
	}
	q.AsOf, q.Since = q.AsOf.UTC(), q.Since.UTC()
	if now := e.evidence.Now(); q.AsOf.After(now) {
		return pack.Export{}, lineage.Invalid(op, "asOf", "it is in the future")
	}
	if err := q.Validate(); err != nil {
		return pack.Export{}, err
	}
	if q.About != pack.AboutSince && q.About != pack.AboutExperiment && asked.AsOf.IsZero() {
		// A name that nothing has is told at once.
		if _, err := e.query.ResolveAll(ctx, selectorOf(q), time.Time{}); err != nil && e.quiet(ctx) {
			return pack.Export{}, err
		}
	}
	text, err := json.Marshal(q)
	if err != nil {
		return pack.Export{}, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	}
	id := evidence.SHA256(text)[:32]
	e.mu.Lock()
	defer e.mu.Unlock()
	if known := e.jobs[id]; known != nil && known.State != pack.StateFailed {
		return known.Export, nil
	}
	job := &exportJob{Export: pack.Export{ID: id, State: pack.StateWaiting, Question: q}, who: who, done: make(chan struct{})}
	select {
	case e.queue <- job:
	default:
		return pack.Export{}, &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: id, Hint: fmt.Sprintf("%d exports wait already", waitingExports)}
	}
	e.jobs[id] = job
	return job.Export, nil
}

// selectorOf is the selector of a question in the form that query takes.
func selectorOf(q pack.Question) string {
	_, err := uuid.Parse(q.Selector)
	switch {
	case err == nil: // a node
	case q.About == pack.AboutLot && !strings.Contains(q.Selector, ":"):
		return "lot:" + q.Selector
	case q.About == pack.AboutPlate && !strings.ContainsAny(q.Selector, ":/"):
		return "plate:" + q.Selector
	}
	return q.Selector
}

// quiet waits a moment for the pipeline, and reports whether it is through.
func (e *exports) quiet(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, settleWait)
	defer cancel()
	return e.pipeline.Quiet(ctx) == nil
}

// Wait implements api.Exports.
func (e *exports) Wait(ctx context.Context, id string) (pack.Export, error) {
	e.mu.Lock()
	job := e.jobs[id]
	e.mu.Unlock()
	if job == nil {
		return pack.Export{}, lineage.NotFound("show export", id, "no export has that id, or it is too old: ask again")
	}
	select {
	case <-job.done:
	case <-ctx.Done():
	}
	return e.Get(ctx, id)
}

// Get implements api.Exports.
func (e *exports) Get(_ context.Context, id string) (pack.Export, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if job := e.jobs[id]; job != nil {
		return job.Export, nil
	}
	return pack.Export{}, lineage.NotFound("show export", id, "no export has that id, or it is too old: ask again")
}

// List implements api.Exports: the newest first.
func (e *exports) List(context.Context) ([]pack.Export, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]pack.Export, 0, len(e.jobs))
	for _, job := range e.jobs {
		all = append(all, job.Export)
	}
	slices.SortFunc(all, func(a, b pack.Export) int {
		if c := b.Question.AsOf.Compare(a.Question.AsOf); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all, nil
}

// Open implements api.Exports.
func (e *exports) Open(ctx context.Context, id string) (io.ReadSeekCloser, pack.Export, error) {
	job, err := e.Get(ctx, id)
	if err != nil {
		return nil, job, err
	}
	if job.State != pack.StateDone {
		return nil, job, &lineage.Error{Op: "fetch export", Kind: lineage.ErrorConflict, ID: id, Hint: "it is " + job.State + ": look at /v1/exports/" + id}
	}
	f, err := os.Open(e.path(id, ".zip"))
	if err != nil {
		return nil, job, &lineage.Error{Op: "fetch export", Kind: lineage.ErrorNotFound, ID: id, Hint: "its file is gone: ask again", Err: err}
	}
	return f, job, nil
}

func (e *exports) path(id, end string) string { return filepath.Join(e.dir, id+end) }

// run makes the packages that wait, until ctx ends.
func (e *exports) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case job := <-e.queue:
			e.set(job, func(x *pack.Export) { x.State = pack.StateWorking })
			made, err := e.make(ctx, job)
			if err != nil {
				e.logger.WarnContext(ctx, "an export failed", "export", job.ID, "error", err)
				made.State, made.Error = pack.StateFailed, err.Error()
			}
			e.set(job, func(x *pack.Export) { *x = made })
			close(job.done)
			e.forget()
		}
	}
}

func (e *exports) set(job *exportJob, change func(*pack.Export)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&job.Export)
}

// make writes one package, and enters in the log that it was made, with its hash.
func (e *exports) make(ctx context.Context, job *exportJob) (pack.Export, error) {
	made := job.Export
	if err := e.evidence.caughtUp(ctx); err != nil {
		return made, err
	}
	source := e.source(!e.quiet(ctx))
	size, err := e.evidence.sizeAt(ctx, job.Question.AsOf)
	if err != nil {
		return made, err
	}
	part := e.path(job.ID, ".part")
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return made, &lineage.Error{Op: "export", Kind: lineage.ErrorUnavailable, ID: part, Err: err}
	}
	hashed := newHashing(f)
	made.Answer, err = pack.Make(ctx, hashed, pack.Options{Source: source, Log: e.evidence, LogSize: size, Temp: e.dir, Question: job.Question})
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return made, errors.Join(err, os.Remove(part))
	}
	made.State, made.Bytes, made.SHA256 = pack.StateDone, hashed.size, hashed.sum()
	_, err = e.evidence.Append(ctx, evidence.Act{
		Action: "exported", Outcome: evidence.OutcomeDone, Subject: "export:" + job.ID,
		Details: evidence.Details{Who: job.who, New: map[string]any{"question": job.Question, "sha256": made.SHA256, "bytes": made.Bytes, "lineage_sha256": made.Answer.LineageSHA256}},
	})
	if err != nil {
		return made, errors.Join(err, os.Remove(part))
	}
	text, err := json.Marshal(made)
	if err == nil {
		err = os.Rename(part, e.path(job.ID, ".zip"))
	}
	if err == nil {
		err = os.WriteFile(e.path(job.ID, ".json"), text, 0o600)
	}
	return made, err
}

// forget removes the oldest packages.
func (e *exports) forget() {
	all, _ := e.List(context.Background())
	e.mu.Lock()
	defer e.mu.Unlock()
	kept := 0
	for _, x := range all {
		if x.State == pack.StateWaiting || x.State == pack.StateWorking {
			continue
		}
		if kept++; kept <= keptExports {
			continue
		}
		delete(e.jobs, x.ID)
		for _, end := range []string{".json", ".zip"} {
			if err := os.Remove(e.path(x.ID, end)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				e.logger.Warn("an old export could not be removed", "export", x.ID, "error", err)
			}
		}
	}
}
