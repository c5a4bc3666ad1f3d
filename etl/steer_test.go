package etl_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"wellspring/etl"
	"wellspring/etl/statesqlite"
	"wellspring/internal/testruns"
	"wellspring/lineage"
)

// A store that is away holds a turn for as long as it takes: a person can end it,
// and begin it again when the store is back.
func TestCancelAndRerun(t *testing.T) {
	record := testruns.New(testruns.Normalize, "steered", 40)
	owner := lineage.RunOwner(record.ID)
	l := newLab(t, func(c *etl.Config) { c.Retry.Wait, c.Retry.Patience = time.Millisecond, time.Millisecond })
	tried := make(chan struct{}, 1)
	l.store.fail(func(lineage.Projection) error {
		select {
		case tried <- struct{}{}:
		default:
		}
		return errAway
	}, func() error { return errAway })
	l.start()
	receipt := l.take(record.Document())
	<-tried
	pulse, err := l.pipeline.Pulse(t.Context())
	if err != nil || len(pulse.Running) != 1 || pulse.Running[0].Owner != owner || pulse.Behind != 1 {
		t.Errorf("pulse %+v, %v", pulse, err)
	}
	cancelled, err := l.pipeline.Cancel(t.Context(), owner)
	if err != nil || cancelled.Status != etl.Cancelled {
		t.Fatalf("cancelled: %+v, %v", cancelled, err)
	}
	if _, err := l.settle(receipt); lineage.KindOf(err) != lineage.ErrorConflict {
		t.Errorf("waiting for a cancelled envelope: %v", err)
	}
	if _, err := l.pipeline.Cancel(t.Context(), owner); lineage.KindOf(err) != lineage.ErrorConflict {
		t.Errorf("cancelled what does not run: %v", err)
	}
	l.store.fail(nil, nil)
	l.restart() // which does not take it up
	if err := l.pipeline.Quiet(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(l.owned(owner).Nodes); n != 0 {
		t.Errorf("a cancelled run has %d nodes in the graph", n)
	}
	rerun, err := l.pipeline.Rerun(t.Context(), owner, etl.Load)
	if err != nil || rerun.Status != etl.Done || rerun.Applied.NodesAdded == 0 {
		t.Errorf("rerun: %+v, %v", rerun, err)
	}
	same(t, cleanImport(t, record), l.owned(owner))
	if pulse, err := l.pipeline.Pulse(t.Context()); err != nil || pulse.Processings[etl.Done] != 1 || len(pulse.Running) != 0 || pulse.Behind != 0 {
		t.Errorf("pulse in the end %+v, %v", pulse, err)
	}
}

// A rerun that only verifies writes nothing where nothing differs, and mends what does.
func TestRerunVerifies(t *testing.T) {
	record := testruns.New(testruns.Normalize, "verified", 40)
	owner := lineage.RunOwner(record.ID)
	l := newLab(t, func(c *etl.Config) { c.Retry.Wait = time.Millisecond })
	l.start()
	if _, err := l.settle(l.take(record.Document())); err != nil {
		t.Fatal(err)
	}
	applies := 0
	l.store.fail(func(lineage.Projection) error { applies++; return nil }, nil)
	if p, err := l.pipeline.Rerun(t.Context(), owner, etl.Verify); err != nil || p.Status != etl.Done || applies != 0 {
		t.Errorf("nothing differs: %+v, %v, applied %d times", p, err, applies)
	}
	want := l.owned(owner)
	torn := want
	torn.Nodes = torn.Nodes[:len(torn.Nodes)-1]
	torn.Edges = nil
	if _, err := l.graph.Apply(t.Context(), torn, time.Now()); err != nil {
		t.Fatal(err)
	}
	if p, err := l.pipeline.Rerun(t.Context(), owner, etl.Verify); err != nil || p.Status != etl.Done || applies == 0 {
		t.Errorf("the graph lacks something: %+v, %v, applied %d times", p, err, applies)
	}
	same(t, want, l.owned(owner))
	if _, err := l.pipeline.Rerun(t.Context(), owner, "publish"); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("a stage that is none: %v", err)
	}
	if _, err := l.pipeline.Rerun(t.Context(), "run:nobody", etl.Load); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("an owner that is none: %v", err)
	}
}

// putting tells of each state that is kept.
type putting struct {
	*statesqlite.States
	told chan etl.Status
}

func (s putting) Put(ctx context.Context, p etl.Processing) error {
	err := s.States.Put(ctx, p)
	select {
	case s.told <- p.Status:
	default:
	}
	return err
}

// What a person asked for outlives the service: it is done after the next start.
func TestRerunOutlivesAStop(t *testing.T) {
	record := testruns.New(testruns.Normalize, "patient", 40)
	owner := lineage.RunOwner(record.ID)
	told := make(chan etl.Status, 1)
	l := newLab(t, func(c *etl.Config) { c.States = putting{c.States.(*statesqlite.States), told} })
	l.start()
	if _, err := l.settle(l.take(record.Document())); err != nil {
		t.Fatal(err)
	}
	l.halt()
	for len(told) > 0 {
		<-told
	}
	asking, giveUp := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := l.pipeline.Rerun(asking, owner, etl.Extract) // nobody works
		ended <- err
	}()
	if status := <-told; status != etl.Pending {
		t.Fatalf("the wish is kept as %s", status)
	}
	giveUp()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	l.restart()
	if err := l.pipeline.Quiet(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p, err := l.states.Get(t.Context(), owner); err != nil || p.Status != etl.Done {
		t.Errorf("after the start: %+v, %v", p, err)
	}
}
