package app_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wellspring/app"
	"wellspring/etl"
	"wellspring/examples"
)

// schedule is how a schedule stands.
func schedule(t *testing.T, a *app.App, task string) etl.Schedule {
	t.Helper()
	for _, s := range get[etl.Pulse](t, a, "/v1/pulse").Schedules {
		if s.Task == task {
			return s
		}
	}
	t.Fatalf("no schedule %s", task)
	return etl.Schedule{}
}

// ran waits until a task had a run that ended in a way.
func ran(t *testing.T, a *app.App, task, outcome string) etl.Schedule {
	t.Helper()
	for patience := time.Now().Add(time.Minute); time.Now().Before(patience); {
		if s := schedule(t, a, task); s.Outcome == outcome {
			return s
		}
	}
	t.Fatalf("%s was never %s", task, outcome)
	return etl.Schedule{}
}

func TestSchedules(t *testing.T) {
	backups := filepath.Join(t.TempDir(), "backups")
	by := filepath.Join(backups, "wellspring-monday.tar") // a person's
	if err := os.MkdirAll(backups, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(by, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	t.Run("first", func(t *testing.T) {
		a := start(t, func(o *app.Options) {
			o.DataDir, o.ScheduleFsck, o.ScheduleBackup = data, "1s", "1s"
			o.ScheduleBackupDir, o.ScheduleBackupKeep = backups, 1
		})
		settled(t, a, examples.StockDilution)
		ran(t, a, "fsck", "done")
		first := ran(t, a, "backup", "done")
		if first.When != "1s" || first.NextAt == nil || first.LastAt == nil {
			t.Errorf("%+v", first)
		}
		for second := first; !second.LastAt.After(*first.LastAt) || second.Outcome != "done"; {
			second = schedule(t, a, "backup")
		}
		_, metrics := request(t, a, http.MethodGet, "/metrics", nil)
		for _, want := range []string{`wellspring_schedule_runs_total{outcome="done",task="fsck"}`, `wellspring_schedule_last_success_timestamp_seconds{task="backup"}`} {
			if !strings.Contains(metrics, want) {
				t.Errorf("no metric %s", want)
			}
		}
		_, log := request(t, a, http.MethodGet, "/v1/audit?action=schedule", nil)
		for _, want := range []string{`"subject":"schedule:fsck"`, `"subject":"schedule:backup"`, `"differences":0`, `"sha256":"`, `"who":"schedule"`} {
			if !strings.Contains(log, want) {
				t.Errorf("the evidence log says nothing of %s: %s", want, log)
			}
		}
	})
	kept, err := filepath.Glob(filepath.Join(backups, "*"))
	if err != nil || len(kept) != 2 {
		t.Errorf("kept %v, want one, and the one of a person; %v", kept, err)
	}
	restored := filepath.Join(t.TempDir(), "restored")
	for _, file := range kept {
		if file == by {
			continue
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := app.Restore(t.Context(), f, restored); err != nil {
			t.Error(err)
		}
	}

	// What the last run came to is known after a restart, before the next.
	a := start(t, func(o *app.Options) {
		o.DataDir, o.ScheduleBackup, o.ScheduleBackupDir = data, "0 3 * * *", backups
	})
	if s := ran(t, a, "backup", "done"); s.LastAt == nil || s.NextAt == nil {
		t.Errorf("after a restart: %+v", s)
	}
}

// A run that can't be done says why, and one that meets another is skipped.
func TestSchedulesThatFail(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a := start(t, func(o *app.Options) { o.ScheduleBackup, o.ScheduleBackupDir = "1s", filepath.Join(file, "no folder") })
	if s := ran(t, a, "backup", "failed"); !strings.Contains(s.Error, "no folder") {
		t.Errorf("%+v", s)
	}
	held, stop := hold{make(chan struct{})}, make(chan error, 1)
	go func() { stop <- a.Backup(t.Context(), held) }()
	ran(t, a, "backup", "skipped")
	close(held.until)
	if err := <-stop; err != nil {
		t.Error(err)
	}
	ran(t, a, "backup", "failed")
	_, text := request(t, a, http.MethodGet, "/v1/audit?action=schedule", nil)
	var log struct {
		Acts []struct{ Outcome string }
	}
	if err := json.Unmarshal([]byte(text), &log); err != nil || len(log.Acts) == 0 {
		t.Fatalf("%v: %s", err, text)
	}
	for _, e := range log.Acts {
		if e.Outcome != "failed" {
			t.Errorf("entered as %q: nothing was done", e.Outcome)
		}
	}
}

// hold is a writer that waits.
type hold struct{ until chan struct{} }

func (h hold) Write(p []byte) (int, error) {
	<-h.until
	return len(p), nil
}

func TestSchedulesAreChecked(t *testing.T) {
	for _, when := range []string{"sometimes", "61 * * * *", "0 3 * *", "-1h", "10ms", "* * * * * *"} {
		o := app.DefaultOptions()
		o.ScheduleFsck = when
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), "schedules.fsck") {
			t.Errorf("%q: %v", when, err)
		}
	}
	o := app.DefaultOptions()
	o.ScheduleBackup, o.ScheduleBackupKeep = "CRON_TZ=Europe/Berlin 0 3 * * 1-5", -1
	if err := o.Validate(); err == nil || !strings.Contains(err.Error(), "schedules.backup_dir") || !strings.Contains(err.Error(), "schedules.backup_keep") || strings.Contains(err.Error(), "schedules.backup:") {
		t.Errorf("%v", err)
	}
}
