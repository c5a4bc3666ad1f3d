package ledger

import (
	"context"
	"path/filepath"
	"testing"

	"wellspring/evidence"
)

// TestReady has the file refuse what is written to it.
func TestReady(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(t.Context(), filepath.Join(dir, FileName), Options{KeyFile: filepath.Join(dir, KeyFileName)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	refuse := func(how string) {
		t.Helper()
		if _, err := l.writes.ExecContext(t.Context(), "PRAGMA query_only = "+how); err != nil {
			t.Fatal(err)
		}
	}
	act := evidence.Act{Action: "test", Subject: "test", Outcome: evidence.OutcomeDone, Details: evidence.Details{Who: evidence.Actor{Name: "Ada"}}}
	refuse("1")
	if err := l.Ready(t.Context()); err != nil {
		t.Errorf("before anything was tried: %v", err)
	}
	if _, err := l.Append(t.Context(), act); err == nil {
		t.Fatal("it took an entry")
	}
	if err := l.Ready(t.Context()); err == nil {
		t.Error("it says that it is ready, and takes no entries")
	}
	given, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Ready(given); err == nil {
		t.Error("it says that it is ready to somebody who gave up")
	}
	if !l.failing.Load() {
		t.Error("a call that was given up made it forget that it takes no entries")
	}
	refuse("0")
	if err := l.Ready(t.Context()); err != nil {
		t.Errorf("it can be written to again: %v", err)
	}
	if _, err := l.Append(t.Context(), act); err != nil {
		t.Error(err)
	}
}
