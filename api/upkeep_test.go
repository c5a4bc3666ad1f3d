package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"wellspring/api"
	"wellspring/etl"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// keeper starts each thing once; then it is busy.
type keeper struct {
	mu   sync.Mutex
	done map[string]bool
}

func (k *keeper) begin(what string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.done[what] {
		return &lineage.Error{Op: what, Kind: lineage.ErrorConflict, ID: what, Hint: "wait"}
	}
	if k.done == nil {
		k.done = map[string]bool{}
	}
	k.done[what] = true
	return nil
}

func (k *keeper) StartFsck() (etl.FsckState, error) {
	return etl.FsckState{Running: true}, k.begin("fsck")
}

func (k *keeper) FsckState() etl.FsckState {
	report := etl.Fsck{
		StartedAt: time.Unix(1, 0), EndedAt: time.Unix(2, 0), Records: 3, Versions: []string{}, Unsettled: []lineage.Owner{"run:1"}, DifferenceCount: 1,
		Differences: []etl.Difference{{Kind: etl.DifferenceGraph, Owner: "run:2", Problem: "1 nodes missing", Remedy: "rebuild", Parts: []string{"missing node"}}},
	}
	return etl.FsckState{Report: &report, Error: "the last one was cut off", Progress: etl.FsckProgress{Step: "graph", Done: 1, Total: 2}}
}

func (k *keeper) StartCompare() (etl.FsckState, error) {
	return etl.FsckState{Running: true}, k.begin("compare")
}

// CompareState has no second graph before there was a comparison.
func (k *keeper) CompareState() (etl.FsckState, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.done["compare"] {
		return etl.FsckState{}, &lineage.Error{Op: "compare", Kind: lineage.ErrorConflict, Hint: "name a second graph"}
	}
	return k.FsckState(), nil
}

func (k *keeper) StartRebuild(bool) (etl.RebuildState, error) {
	return etl.RebuildState{Running: true}, k.begin("rebuild")
}

func (k *keeper) RebuildState() etl.RebuildState {
	return etl.RebuildState{Report: &etl.Rebuild{Owners: 1, Fsck: *k.FsckState().Report}}
}

func (k *keeper) Retainable(_ context.Context, before time.Time) (journal.Retainable, time.Time, error) {
	if before.IsZero() {
		return journal.Retainable{}, before, lineage.Invalid("retain", "before", "say how old")
	}
	return journal.Retainable{Records: 2, Subjects: 1, Bytes: 300}, before, nil
}

func (k *keeper) Retain(ctx context.Context, before time.Time) ([]journal.Segment, time.Time, error) {
	if before.IsZero() {
		return nil, before, lineage.Invalid("retain", "before", "say how old")
	}
	all, err := k.Segments(ctx)
	return all, before, err
}

func (k *keeper) Segments(context.Context) ([]journal.Segment, error) {
	return []journal.Segment{{Name: "segment-1-2-abcd.gz", Records: 2, Subjects: 1, Bytes: 3, SHA256: "abcd", Present: true}}, nil
}

func (k *keeper) Backup(_ context.Context, to io.Writer) error {
	if err := k.begin("backup"); err != nil {
		return err
	}
	if _, err := to.Write([]byte("a tar")); err != nil {
		return err
	}
	return errors.New("the disk failed")
}

// A backup that breaks off must not look like a whole one.
func TestBackupThatBreaksOff(t *testing.T) {
	l := newLab(t, settings{})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.base+"/v1/backup", nil)
	must(t, err)
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/x-tar" {
		t.Fatalf("%s %s", answer.Status, answer.Header.Get("Content-Type"))
	}
	if body, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("it ended well, with %q", body)
	}
}

func TestUpkeepStates(t *testing.T) {
	l := newLab(t, settings{})
	if state := read[api.FsckState](l, "/v1/fsck"); state.Report.Differences[0].Owner != "run:2" || state.Progress.Step != "graph" {
		t.Errorf("%+v", state)
	}
	if state := read[api.RebuildState](l, "/v1/rebuild"); state.Report.Owners != 1 {
		t.Errorf("%+v", state)
	}
}
