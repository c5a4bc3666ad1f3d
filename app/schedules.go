package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/prometheus/client_golang/prometheus"

	"wellspring/etl"
	"wellspring/evidence"
	"wellspring/lineage"
)

// What becomes of a scheduled run.
const (
	runDone    = "done"
	runFailed  = "failed"
	runSkipped = "skipped" // something else was under way
)

// actionSchedule is the act of a scheduled run; its subject is schedule:TASK.
const actionSchedule = "schedule"

// schedules do at fixed times what a person may do at any time.
type schedules struct {
	app   *App
	tasks []*task

	runs              *prometheus.CounterVec
	lastRun, lastDone *prometheus.GaugeVec
}

// task is one thing that is done at fixed times.
type task struct {
	name, when string
	// do does it and says for the evidence log what came of it.
	do func(ctx context.Context) (result map[string]any, err error)

	mu   sync.Mutex
	next func() (time.Time, error) // nil: the schedule does not run
	last etl.Schedule              // the last run of it
}

// scheduled are the settings of the tasks that have a schedule.
func (o Options) scheduled() map[string]string {
	all := map[string]string{"fsck": o.ScheduleFsck, "backup": o.ScheduleBackup, "retention": o.ScheduleRetention}
	for name, when := range all {
		if strings.TrimSpace(when) == "" {
			delete(all, name)
		}
	}
	return all
}

func (o Options) validateSchedules(wrong func(name, format string, args ...any)) {
	for name, when := range o.scheduled() {
		if _, err := parseSchedule(when); err != nil {
			wrong("schedules."+name, "%v", err)
		}
	}
	if o.ScheduleBackup != "" && o.ScheduleBackupDir == "" {
		wrong("schedules.backup_dir", "name the folder that backups are written to")
	}
	if o.RetentionAge < 0 || o.ScheduleRetention != "" && o.RetentionAge == 0 {
		wrong("retention.age", "say how old, such as 8760h for a year")
	}
	if o.ScheduleBackupKeep < 0 {
		wrong("schedules.backup_keep", "must not be negative")
	}
}

// parseSchedule reads an interval, such as 6h, or a cron expression.
func parseSchedule(when string) (gocron.JobDefinition, error) {
	if interval, err := time.ParseDuration(when); err == nil {
		if interval < time.Second {
			return nil, fmt.Errorf("%q is shorter than a second", when)
		}
		return gocron.DurationJob(interval), nil
	}
	if err := gocron.NewDefaultCron(false).IsValid(when, time.Local, time.Now()); err != nil {
		return nil, fmt.Errorf("%q is neither an interval, such as 6h, nor a cron expression, such as 0 3 * * *: %w", when, err)
	}
	return gocron.CronJob(when, false), nil
}

func newSchedules(a *App, registry prometheus.Registerer) *schedules {
	s := &schedules{
		app: a,
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "wellspring_schedule_runs_total", Help: "Scheduled runs by task and outcome: done, failed, skipped.",
		}, []string{"task", "outcome"}),
		lastRun: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "wellspring_schedule_last_run_timestamp_seconds", Help: "When the last scheduled run of a task ended, however it did, Unix time; runs before the start count.",
		}, []string{"task"}),
		lastDone: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "wellspring_schedule_last_success_timestamp_seconds", Help: "When a scheduled run of a task last ended well, Unix time; runs before the start count, 0: never.",
		}, []string{"task"}),
	}
	registry.MustRegister(s.runs, s.lastRun, s.lastDone)
	do := map[string]func(context.Context) (map[string]any, error){"fsck": a.scheduledFsck, "backup": a.scheduledBackup, "retention": a.scheduledRetention}
	for name, when := range a.options.scheduled() {
		s.tasks = append(s.tasks, &task{name: name, when: when, do: do[name], last: etl.Schedule{Task: name, When: when}})
		for _, outcome := range []string{runDone, runFailed, runSkipped} {
			s.runs.WithLabelValues(name, outcome)
		}
	}
	slices.SortFunc(s.tasks, func(a, b *task) int { return strings.Compare(a.name, b.name) })
	return s
}

// run keeps the schedules until ctx ends. What was due while the service was
// away is not made up for.
func (s *schedules) run(ctx context.Context) error {
	if len(s.tasks) == 0 || s.app.options.unannounced {
		return nil // a command's own service lives as long as the command
	}
	const op = "keep schedules"
	scheduler, err := gocron.NewScheduler(gocron.WithStopTimeout(patience))
	if err != nil {
		return &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	}
	for _, t := range s.tasks {
		if err := s.recall(ctx, t); err != nil {
			return errors.Join(err, scheduler.Shutdown())
		}
		when, err := parseSchedule(t.when)
		if err != nil {
			return errors.Join(err, scheduler.Shutdown())
		}
		// A run that is due while the one before goes on is counted as skipped.
		job, err := scheduler.NewJob(when, gocron.NewTask(func() { s.once(ctx, t) }), gocron.WithName(t.name))
		if err != nil {
			return errors.Join(&lineage.Error{Op: op, Kind: lineage.ErrorInternal, ID: t.name, Err: err}, scheduler.Shutdown())
		}
		t.mu.Lock()
		t.next = job.NextRun
		t.mu.Unlock()
	}
	scheduler.Start()
	<-ctx.Done()
	if err := scheduler.Shutdown(); err != nil {
		return &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, Err: err}
	}
	return nil
}

// once does a task and remembers what came of it.
func (s *schedules) once(ctx context.Context, t *task) {
	began := time.Now()
	result, outcome, err := s.attempt(ctx, t)
	if ctx.Err() != nil && err != nil {
		return // the service ends
	}
	logger := s.app.logger.With("task", t.name, "outcome", outcome, "seconds", time.Since(began).Seconds())
	switch {
	case err == nil:
		logger.InfoContext(ctx, "a scheduled run ended", "result", result)
	case outcome == runSkipped:
		logger.WarnContext(ctx, "a scheduled run was skipped: something else is under way", "error", err)
	default:
		logger.ErrorContext(ctx, "a scheduled run failed: it is done again at its next time", "error", err)
	}
	if outcome != runSkipped {
		act := evidence.Act{Action: actionSchedule, Outcome: outcome, Subject: subjectOf(t.name),
			Details: evidence.Details{Who: evidence.Actor{Name: "schedule"}, Target: t.when, New: result}}
		if err != nil {
			act.Details.Reason = err.Error()
		}
		if _, failed := s.app.evidence.Append(ctx, act); failed != nil {
			outcome, err = runFailed, failed
			logger.ErrorContext(ctx, "a scheduled run could not be entered in the evidence log", "error", failed)
		}
	}
	s.runs.WithLabelValues(t.name, outcome).Inc()
	s.note(t, time.Now(), outcome, err)
}

// attempt does a task if nothing else of the kind is under way.
func (s *schedules) attempt(ctx context.Context, t *task) (result map[string]any, outcome string, err error) {
	if err := s.app.upkeep.begin(t.name); err != nil {
		return nil, runSkipped, err
	}
	defer s.app.upkeep.end()
	if result, err = t.do(ctx); err != nil {
		return result, runFailed, err
	}
	return result, runDone, nil
}

// note remembers a run.
func (s *schedules) note(t *task, at time.Time, outcome string, err error) {
	s.lastRun.WithLabelValues(t.name).Set(float64(at.UnixNano()) / 1e9)
	done := s.lastDone.WithLabelValues(t.name)
	if outcome == runDone {
		done.Set(float64(at.UnixNano()) / 1e9)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at = at.UTC()
	t.last.LastAt, t.last.Outcome, t.last.Error = &at, outcome, ""
	if err != nil {
		t.last.Error = err.Error()
	}
}

// recall reads in the evidence log what the runs before the start came to.
func (s *schedules) recall(ctx context.Context, t *task) error {
	return s.app.evidence.eachAct(ctx, actionSchedule, subjectOf(t.name), func(entry evidence.Entry, details evidence.Details) error {
		public, err := entry.Read()
		if err != nil {
			return err
		}
		var failed error
		if public.Outcome == runFailed {
			failed = errors.New(details.Reason)
		}
		s.note(t, entry.LoggedAt, public.Outcome, failed)
		return nil
	})
}

// states says how the schedules stand.
func (s *schedules) states() []etl.Schedule {
	all := []etl.Schedule{}
	for _, t := range s.tasks {
		t.mu.Lock()
		state, next := t.last, t.next
		t.mu.Unlock()
		if next != nil {
			if at, err := next(); err == nil && !at.IsZero() {
				at = at.UTC()
				state.NextAt = &at
			}
		}
		all = append(all, state)
	}
	return all
}

func subjectOf(task string) string { return "schedule:" + task }

func (a *App) scheduledFsck(ctx context.Context) (map[string]any, error) {
	report, err := a.fsck(ctx, nil)
	if err != nil {
		return nil, err
	}
	return map[string]any{"differences": report.DifferenceCount, "records": report.Records, "owners": report.Owners}, nil
}

// scheduledBackups is how the files of scheduled backups are named: those that a
// person made are never taken away.
const scheduledBackups = "wellspring-scheduled-*.tar"

// scheduledBackup writes a backup into the folder, then takes away the oldest
// that are too many.
func (a *App) scheduledBackup(ctx context.Context) (map[string]any, error) {
	const op = "back up"
	dir := a.options.ScheduleBackupDir
	name := strings.Replace(scheduledBackups, "*", time.Now().UTC().Format("20060102T150405.000Z"), 1)
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: dir, Hint: "name a folder that can be written with schedules.backup_dir", Err: err}
	}
	hash := sha256.New()
	bytes, err := WriteWhole(path, func(to io.Writer) error { return a.backup(ctx, io.MultiWriter(to, hash)) })
	if err != nil {
		return nil, err
	}
	result := map[string]any{"file": path, "bytes": bytes, "sha256": hex.EncodeToString(hash.Sum(nil))}
	removed, err := a.thinBackups(dir)
	if len(removed) > 0 {
		result["removed"] = removed
	}
	return result, err
}

// thinBackups removes all but the newest scheduled backups.
func (a *App) thinBackups(dir string) (removed []string, err error) {
	kept, err := filepath.Glob(filepath.Join(dir, scheduledBackups))
	if err != nil || a.options.ScheduleBackupKeep == 0 {
		return nil, err
	}
	slices.Sort(kept) // named by their time
	for len(kept) > a.options.ScheduleBackupKeep {
		if err := os.Remove(kept[0]); err != nil {
			return removed, &lineage.Error{Op: "remove old backup", Kind: lineage.ErrorUnavailable, ID: kept[0], Hint: "see that the folder can be written", Err: err}
		}
		removed, kept = append(removed, kept[0]), kept[1:]
	}
	return removed, nil
}
