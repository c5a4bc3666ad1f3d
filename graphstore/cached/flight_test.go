package cached_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wellspring/graphstore"
	"wellspring/graphstore/cached"
	"wellspring/graphstore/storetest"
	"wellspring/lineage"
)

// gated is a store whose traversals wait for a word, and which counts what it
// is asked.
type gated struct {
	cached.Engine
	mu      sync.Mutex
	asked   int
	entered chan context.Context
	release chan struct{}
}

func newGated(inner cached.Engine) *gated {
	return &gated{Engine: inner, entered: make(chan context.Context, 100), release: make(chan struct{})}
}

// Traverse reads first and waits then: what it returns may have changed meanwhile.
func (g *gated) Traverse(ctx context.Context, t lineage.Traversal) (lineage.Graph, error) {
	graph, err := g.Engine.Traverse(ctx, t)
	g.mu.Lock()
	g.asked++
	g.mu.Unlock()
	g.entered <- ctx
	select {
	case <-g.release:
	case <-ctx.Done():
		return lineage.Graph{}, ctx.Err()
	}
	return graph, err
}

func (g *gated) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.asked
}

var (
	lot   = lineage.Node{ID: lineage.LotID("water"), Kind: lineage.KindLot, Name: "water"}
	state = lineage.Node{ID: lineage.WellStateID("r", "plate", "A1", "1"), Kind: lineage.KindWellState, Name: "A1",
		Attributes: lineage.Attributes{lineage.AttrRun: "r", lineage.AttrVolumeUl: 10.0}}
	fromLot = lineage.Edge{SourceID: lot.ID, TargetID: state.ID, RelationshipType: lineage.DerivedFrom}
	upwards = lineage.Traversal{Roots: []lineage.ID{state.ID}, Direction: lineage.Upstream}
	monday  = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
)

func write(t *testing.T, s graphstore.Store, nodes []lineage.Node, edges ...lineage.Edge) {
	t.Helper()
	if _, err := s.Apply(t.Context(), lineage.Projection{Owner: "run:r", Nodes: nodes, Edges: edges}, monday); err != nil {
		t.Fatal(err)
	}
}

func TestConcurrentMissesAreOneReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newGated(storetest.NewModel())
		s, _ := over(t, inner, cached.DefaultConfig())
		write(t, s, []lineage.Node{lot, state}, fromLot)
		var asking sync.WaitGroup
		for range 20 {
			asking.Go(func() {
				if g, err := s.Traverse(t.Context(), upwards); err != nil || len(g.Nodes) != 2 {
					t.Errorf("%d nodes, error %v", len(g.Nodes), err)
				}
			})
		}
		synctest.Wait()
		close(inner.release)
		asking.Wait()
		if n := inner.count(); n != 1 {
			t.Errorf("20 questions were read %d times", n)
		}
	})
}

func TestReadingOutlivesTheFirstWhoAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newGated(storetest.NewModel())
		s, _ := over(t, inner, cached.DefaultConfig())
		write(t, s, []lineage.Node{lot, state}, fromLot)
		first, leave := context.WithCancel(t.Context())
		var asking sync.WaitGroup
		asking.Go(func() {
			if _, err := s.Traverse(first, upwards); lineage.KindOf(err) != lineage.ErrorUnavailable || !errors.Is(err, context.Canceled) {
				t.Errorf("who left was told %v", err)
			}
		})
		synctest.Wait()
		asking.Go(func() {
			if g, err := s.Traverse(t.Context(), upwards); err != nil || len(g.Nodes) != 2 {
				t.Errorf("who stayed got %d nodes, error %v", len(g.Nodes), err)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		close(inner.release)
		asking.Wait()
	})
}

func TestReadingEndsWithTheLastWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newGated(storetest.NewModel())
		s, _ := over(t, inner, cached.DefaultConfig())
		write(t, s, []lineage.Node{lot, state}, fromLot)
		ctx, leave := context.WithCancel(t.Context())
		var asking sync.WaitGroup
		for range 2 {
			asking.Go(func() {
				if _, err := s.Traverse(ctx, upwards); err == nil {
					t.Error("who left got an answer")
				}
			})
		}
		reading := <-inner.entered
		leave()
		asking.Wait()
		<-reading.Done()
		// Who comes then is not given what was broken off.
		close(inner.release)
		if g, err := s.Traverse(t.Context(), upwards); err != nil || len(g.Nodes) != 2 {
			t.Errorf("%d nodes, error %v", len(g.Nodes), err)
		}
	})
}

func TestReadingThatBeganBeforeAWriteIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newGated(storetest.NewModel())
		s, _ := over(t, inner, cached.DefaultConfig())
		write(t, s, []lineage.Node{lot, state}, fromLot)
		var asking sync.WaitGroup
		asking.Go(func() {
			if g, err := s.Traverse(t.Context(), upwards); err != nil || len(g.Nodes) != 2 {
				t.Errorf("before: %d nodes, error %v", len(g.Nodes), err)
			}
		})
		<-inner.entered
		write(t, s, []lineage.Node{state})
		// Nor may who asks now join it.
		asking.Go(func() {
			if g, err := s.Traverse(t.Context(), upwards); err != nil || len(g.Nodes) != 1 {
				t.Errorf("after: %d nodes, error %v", len(g.Nodes), err)
			}
		})
		<-inner.entered
		close(inner.release)
		asking.Wait()
		if g, err := s.Traverse(t.Context(), upwards); err != nil || len(g.Nodes) != 1 {
			t.Errorf("later: %d nodes, error %v", len(g.Nodes), err)
		}
	})
}

// lost is a store whose next Apply is committed though it says that it failed,
// after a while.
type lost struct {
	cached.Engine
	later func()
}

func (l *lost) Apply(ctx context.Context, p lineage.Projection, at time.Time) (lineage.Applied, error) {
	l.later = func() { _, _ = l.Engine.Apply(ctx, p, at) }
	return lineage.Applied{}, errors.New("the connection broke while committing")
}

func TestFailedWriteStaysInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := storetest.NewModel()
		write(t, model, []lineage.Node{lot, state}, fromLot)
		inner := &lost{Engine: model}
		s, _ := over(t, inner, cached.DefaultConfig())
		ask := func(want int) {
			t.Helper()
			if g, err := s.Traverse(t.Context(), upwards); err != nil || len(g.Nodes) != want {
				t.Errorf("%d nodes, error %v, want %d", len(g.Nodes), err, want)
			}
		}
		ask(2)
		if _, err := s.Apply(t.Context(), lineage.Projection{Owner: "run:r", Nodes: []lineage.Node{state}}, monday); err == nil {
			t.Fatal("the write did not fail")
		}
		ask(2)
		inner.later()
		ask(1)
	})
}

func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := storetest.NewModel()
		inner := newGated(model)
		s, _ := over(t, inner, cached.DefaultConfig())
		write(t, model, []lineage.Node{lot, state}, fromLot)
		var asking sync.WaitGroup
		asking.Go(func() {
			if _, err := s.Traverse(t.Context(), upwards); err != nil {
				t.Error(err)
			}
		})
		<-inner.entered
		write(t, model, []lineage.Node{state}) // another process
		s.Flush()
		close(inner.release)
		asking.Wait()
		if g, err := s.Traverse(t.Context(), upwards); err != nil || len(g.Nodes) != 1 {
			t.Errorf("%d nodes, error %v", len(g.Nodes), err)
		}
	})
}

func TestTimeToLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := storetest.NewModel()
		s, registry := over(t, model, cached.DefaultConfig())
		write(t, model, []lineage.Node{lot, state}, fromLot)
		ask := func(want int) {
			t.Helper()
			if g, err := s.Traverse(t.Context(), upwards); err != nil || len(g.Nodes) != want {
				t.Errorf("%d nodes, error %v, want %d", len(g.Nodes), err, want)
			}
		}
		ask(2)
		write(t, model, []lineage.Node{state}) // another process
		time.Sleep(time.Hour - time.Second)
		ask(2)
		time.Sleep(2 * time.Second)
		ask(1)
		if n := counted(t, registry, "wellspring_cache_evictions_total"); n != 1 {
			t.Errorf("%v answers were dropped, want the one whose time was over", n)
		}
	})
}

// committing is a tracker whose transactions wait between their word and their
// commit.
type committing struct {
	*gated
	told, commit chan struct{}
}

func (committing) Tracks() {}

func (c committing) Apply(ctx context.Context, p lineage.Projection, at time.Time) (lineage.Applied, error) {
	changes, err := graphstore.Diff(graphstore.Manifest{}, p)
	if err != nil {
		return lineage.Applied{}, err
	}
	graphstore.Touch(ctx, changes, nil, nil)
	c.told <- struct{}{}
	<-c.commit
	return c.Engine.Apply(ctx, p, at)
}

// TestReadingsWhileAWriteCommits: two questions that are asked in turn while a
// write commits do not share a reading, nor does who asks after it share one from before.
func TestReadingsWhileAWriteCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := storetest.NewModel()
		inner := committing{newGated(model), make(chan struct{}), make(chan struct{})}
		s, _ := over(t, inner, cached.DefaultConfig())
		var working sync.WaitGroup
		ask := func() {
			working.Go(func() {
				if _, err := s.Traverse(t.Context(), upwards); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		working.Go(func() { write(t, s, []lineage.Node{lot, state}, fromLot) })
		<-inner.told
		ask()
		ask()
		if n := inner.count(); n != 2 {
			t.Errorf("%d readings of two questions while a write commits", n)
		}
		close(inner.commit)
		synctest.Wait()
		ask()
		if n := inner.count(); n != 3 {
			t.Errorf("%d readings, want a new one after the write", n)
		}
		close(inner.release)
		working.Wait()
		if g, err := s.Traverse(t.Context(), upwards); err != nil || len(g.Nodes) != 2 {
			t.Errorf("%d nodes, error %v", len(g.Nodes), err)
		}
	})
}
