package cached

import (
	"context"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// Store keeps the answers of another Store, which must be written through it
// alone. What it returns may be returned to others too: the lists are the
// caller's own, the attributes in them are not to be changed.
//
// Owned, Owners, Held and Ping are passed on: who compares a part of the graph with what it
// should be wants to see the database. So are Holders, which are a view already.
type Store struct {
	inner   Engine
	tracked bool               // inner tells what it changes
	readers sync.WaitGroup     // flights; their goroutines
	calls   singleflight.Group // those in current, by the same names

	mu      sync.Mutex
	shelf   *shelf
	flights map[*flight]struct{}
	current map[string]*flight // those that may be joined, by key and generation
	// generation counts what makes a reading that is under way no answer to a new question.
	generation uint64
	record
}

// Engine is what can be kept answers of.
type Engine interface {
	graphstore.Store
	graphstore.Amender
}

var _ Engine = (*Store)(nil)

// New returns a Store that keeps answers of inner. Closing it closes inner.
func New(inner Engine, config CacheConfig, metrics *Metrics) (*Store, error) {
	if err := config.Validate(); err != nil {
		return nil, &lineage.Error{Op: "start cache", Kind: lineage.ErrorInvalid, Err: err}
	}
	_, tracked := inner.(graphstore.Tracker)
	return &Store{
		inner: inner, tracked: tracked, shelf: newShelf(config, metrics),
		flights: map[*flight]struct{}{}, current: map[string]*flight{},
	}, nil
}

// flight is one reading from inner, for everybody who asks the same meanwhile.
type flight struct {
	name    string
	ctx     context.Context // the readers' together: it ends with the last of them
	cancel  context.CancelFunc
	waiting int    // who still wants the answer
	since   uint64 // Applies that had ended when it began
}

// question is a question with all that it asks.
type question struct {
	name, key string
	ask       func(ctx context.Context) (value any, on basis, bytes int64, err error)
}

// answer returns the answer to a question, from memory if it is there.
func (s *Store) answer(ctx context.Context, q question) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, graphstore.Interrupted(q.name, err)
	}
	s.mu.Lock()
	if e, ok := s.shelf.get(q.key); ok {
		s.mu.Unlock()
		s.shelf.metrics.hits.WithLabelValues(q.name).Inc()
		return e.value, nil
	}
	f, done := s.board(ctx, q)
	s.mu.Unlock()
	s.shelf.metrics.misses.WithLabelValues(q.name).Inc()
	defer s.leave(f)
	select {
	case result := <-done:
		return result.Val, result.Err
	case <-ctx.Done():
		return nil, graphstore.Interrupted(q.name, ctx.Err())
	}
}

// board joins a reading that is under way, or begins one. While an write may be
// committing each question reads for itself: of two answers that somebody gets
// in turn, the second must not be the older one.
func (s *Store) board(ctx context.Context, q question) (*flight, <-chan singleflight.Result) {
	if s.writing > 0 {
		s.generation++
	}
	name := q.key + strconv.FormatUint(s.generation, 10)
	f := s.current[name]
	if f == nil {
		f = &flight{name: name, since: s.ended}
		// It goes on while anybody waits for it, not only the first.
		f.ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
		s.current[name] = f
		s.flights[f] = struct{}{}
		s.readers.Add(1)
	}
	f.waiting++
	return f, s.calls.DoChan(name, func() (any, error) { return s.fly(f, q) })
}

// fly reads, and keeps the answer unless a change may have spoilt it meanwhile.
func (s *Store) fly(f *flight, q question) (any, error) {
	defer s.readers.Done()
	value, on, bytes, err := q.ask(f.ctx)
	bytes += perEntry + int64(len(on.ids))*perID
	s.mu.Lock()
	defer s.mu.Unlock()
	s.close(f)
	delete(s.flights, f)
	if err == nil && !s.spoilt(on, f.since) {
		s.shelf.put(&entry{key: q.key, value: value, bytes: bytes, basis: on})
	}
	s.prune(s.flights)
	return value, err
}

// leave ends a reading that nobody waits for any more.
func (s *Store) leave(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		f.cancel()
		s.close(f)
	}
}

// close lets nobody join a reading any more.
func (s *Store) close(f *flight) {
	if s.current[f.name] == f {
		delete(s.current, f.name)
		s.calls.Forget(f.name)
	}
}

// Apply implements graphstore.Store.
func (s *Store) Apply(ctx context.Context, p lineage.Projection, at time.Time) (lineage.Applied, error) {
	return s.write(ctx, at, func(ctx context.Context) (lineage.Applied, error) { return s.inner.Apply(ctx, p, at) })
}

// Amend implements graphstore.Amender.
func (s *Store) Amend(ctx context.Context, a graphstore.Amendment, at time.Time) (lineage.Applied, error) {
	return s.write(ctx, at, func(ctx context.Context) (lineage.Applied, error) { return s.inner.Amend(ctx, a, at) })
}

// write drops what a write is about to change.
func (s *Store) write(ctx context.Context, at time.Time, write func(context.Context) (lineage.Applied, error)) (lineage.Applied, error) {
	var changes []*change // one a try
	begin := func(c *change) {
		s.begin(c, len(changes) == 0)
		changes = append(changes, c)
	}
	if s.tracked {
		ctx = graphstore.Watch(ctx, func(c graphstore.Changes) { begin(newChange(c, at)) })
	} else {
		begin(&change{everything: true})
	}
	applied, err := write(ctx)
	s.end(changes, err)
	return applied, err
}

// begin notes what an Apply is about to change.
func (s *Store) begin(c *change, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if first {
		s.writing++
	}
	s.generation++
	s.changes = append(s.changes, c)
	s.shelf.spoil(c)
}

// end notes that an Apply has ended.
func (s *Store) end(changes []*change, err error) {
	if len(changes) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writing--
	s.generation++
	s.settle(changes, err)
	s.prune(s.flights)
}

// Flush drops all answers, and those that are being read.
func (s *Store) Flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
	s.shelf.clear(byRequest)
	all := &change{everything: true}
	s.changes = append(s.changes, all)
	s.settle([]*change{all}, nil)
	s.prune(s.flights)
}

// Held implements graphstore.Amender.
func (s *Store) Held(ctx context.Context, a graphstore.Amendment) (lineage.Projection, error) {
	return s.inner.Held(ctx, a)
}

// Owned implements graphstore.Store.
func (s *Store) Owned(ctx context.Context, owner lineage.Owner) (lineage.Projection, error) {
	return s.inner.Owned(ctx, owner)
}

var _ graphstore.Teller = (*Store)(nil)

// Tell implements graphstore.Teller, also of a store that is none.
func (s *Store) Tell(ctx context.Context, owner lineage.Owner, node func(lineage.Node) error, edge func(lineage.Edge) error) error {
	return graphstore.Tell(ctx, s.inner, owner, node, edge)
}

// Owners implements graphstore.Store.
func (s *Store) Owners(ctx context.Context, after lineage.Owner, limit int) ([]lineage.Owner, error) {
	return s.inner.Owners(ctx, after, limit)
}

// Holders implements graphstore.Store.
func (s *Store) Holders(ctx context.Context, origins []lineage.ID, limit int) ([]lineage.HeldWell, bool, error) {
	return s.inner.Holders(ctx, origins, limit)
}

// Ping implements graphstore.Store.
func (s *Store) Ping(ctx context.Context) error { return s.inner.Ping(ctx) }

// Close implements graphstore.Store.
func (s *Store) Close(ctx context.Context) error {
	s.mu.Lock()
	for f := range s.flights {
		f.cancel()
	}
	s.mu.Unlock()
	s.readers.Wait()
	s.Flush()
	return s.inner.Close(ctx)
}
