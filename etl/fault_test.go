package etl_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"wellspring/graphstore"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// faultyStore is a store whose answers a test may replace. Nil: as the store does.
type faultyStore struct {
	graphstore.Store
	mu    sync.Mutex
	apply func(lineage.Projection) error
	owned func(lineage.Projection) lineage.Projection
	ping  func() error

	amended int
}

func (s *faultyStore) fail(apply func(lineage.Projection) error, ping func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apply, s.ping = apply, ping
}

func (s *faultyStore) forge(owned func(lineage.Projection) lineage.Projection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owned = owned
}

func (s *faultyStore) Apply(ctx context.Context, p lineage.Projection, at time.Time) (lineage.Applied, error) {
	s.mu.Lock()
	apply := s.apply
	s.mu.Unlock()
	if apply != nil {
		if err := apply(p); err != nil {
			return lineage.Applied{}, err
		}
	}
	return s.Store.Apply(ctx, p, at)
}

// Amend fails as Apply does: what it is asked to put in place is given to the test.
func (s *faultyStore) Amend(ctx context.Context, a graphstore.Amendment, at time.Time) (lineage.Applied, error) {
	s.mu.Lock()
	apply := s.apply
	s.amended++
	s.mu.Unlock()
	if apply != nil {
		if err := apply(a.Named()); err != nil {
			return lineage.Applied{}, err
		}
	}
	return s.Store.(graphstore.Amender).Amend(ctx, a, at)
}

func (s *faultyStore) Held(ctx context.Context, a graphstore.Amendment) (lineage.Projection, error) {
	return s.Store.(graphstore.Amender).Held(ctx, a)
}

// amendments is how often an owner was amended.
func (s *faultyStore) amendments() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.amended
}

func (s *faultyStore) Owned(ctx context.Context, owner lineage.Owner) (lineage.Projection, error) {
	s.mu.Lock()
	forge := s.owned
	s.mu.Unlock()
	p, err := s.Store.Owned(ctx, owner)
	if err == nil && forge != nil {
		p = forge(p)
	}
	return p, err
}

// Tell tells as the store does, unless a test forges what it holds.
func (s *faultyStore) Tell(ctx context.Context, owner lineage.Owner, node func(lineage.Node) error, edge func(lineage.Edge) error) error {
	s.mu.Lock()
	forge := s.owned
	s.mu.Unlock()
	if forge == nil {
		return graphstore.Tell(ctx, s.Store, owner, node, edge)
	}
	return graphstore.Tell(ctx, struct{ graphstore.Store }{s}, owner, node, edge)
}

func (s *faultyStore) Ping(ctx context.Context) error {
	s.mu.Lock()
	ping := s.ping
	s.mu.Unlock()
	if ping != nil {
		return ping()
	}
	return s.Store.Ping(ctx)
}

var (
	errAway   = &lineage.Error{Op: "apply", Kind: lineage.ErrorUnavailable, Hint: "wait", Err: errors.New("connection refused")}
	errBroken = &lineage.Error{Op: "apply", Kind: lineage.ErrorInternal, Err: errors.New("out of luck")}
)

// times returns err so many times, then nil.
func times(n int, err error) func(lineage.Projection) error {
	return func(lineage.Projection) error {
		if n == 0 {
			return nil
		}
		n--
		return err
	}
}

// damagedJournal finds one of its records damaged.
type damagedJournal struct {
	journal.Journal
	at journal.Position
}

func (j damagedJournal) Read(ctx context.Context, after journal.Position, limit int) ([]journal.Record, error) {
	records, err := j.Journal.Read(ctx, after, limit)
	i := slices.IndexFunc(records, func(r journal.Record) bool { return r.Position == j.at })
	switch {
	case i == 0:
		return nil, &journal.Damaged{Position: j.at, Err: journal.ErrChecksum}
	case i > 0:
		records = records[:i]
	}
	return records, err
}

func (j damagedJournal) Subject(ctx context.Context, subject string) ([]journal.Record, error) {
	records, err := j.Journal.Subject(ctx, subject)
	if i := slices.IndexFunc(records, func(r journal.Record) bool { return r.Position == j.at }); i >= 0 && err == nil {
		return slices.Delete(records, i, i+1), &journal.Damaged{Position: j.at, Err: journal.ErrChecksum}
	}
	return records, err
}
