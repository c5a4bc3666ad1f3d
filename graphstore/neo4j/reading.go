package neo4j

import (
	"context"
	"errors"
	"slices"
	"sync"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
)

// glances is how often a read is tried beside the writers before they are made
// to wait for it.
const glances = 3

// A querier runs the statements of one read or write.
type querier interface {
	ask(ctx context.Context, statement cypher.Statement, parameters map[string]any) (driver.ResultWithContext, error)
}

// together runs statements in one transaction.
type together struct{ tx driver.ManagedTransaction }

func (t together) ask(ctx context.Context, statement cypher.Statement, parameters map[string]any) (driver.ResultWithContext, error) {
	return t.tx.Run(ctx, statement.Text, in(parameters))
}

// alone runs each statement in a transaction of its own.
type alone struct{ session driver.SessionWithContext }

func (a alone) ask(ctx context.Context, statement cypher.Statement, parameters map[string]any) (driver.ResultWithContext, error) {
	return a.session.Run(ctx, statement.Text, in(parameters))
}

// in makes parameters the fields of one. Neo4j plans a statement anew for lists of 0, 1, up to
// 10, up to 100 … elements, and texts of such lengths; what is in a map it does not look at.
func in(parameters map[string]any) map[string]any { return map[string]any{"in": parameters} }

// read runs work, which only reads, and returns what it says of one state of
// the graph: no Apply was committed while it ran. Work may run more than once,
// and begins anew each time.
//
// Neo4j reads what is committed at each moment, not what was when a statement
// began, and makes a commit visible piece by piece. But it tells bookmarks: a
// transaction that begins with one waits until all that it stands for can be seen, and
// one that ends returns that of the newest commit, seen or not yet. If both are the same,
// nothing changed in between.
//
// What a read trips over may be the half of a commit as well, so a failure too is
// only believed when writers wait.
func (s *Store) read(ctx context.Context, work func(querier) (any, error)) (any, error) {
	for range glances {
		result, whole, err := s.glance(ctx, work)
		if err == nil && whole {
			return result, nil
		}
		if ctx.Err() != nil || isAway(err) {
			break
		}
	}
	// This the driver tries again while the server is away.
	w := &watch{shared: s.bookmarks}
	session := s.session(ctx, driver.AccessModeRead, w)
	result, err := session.ExecuteRead(ctx, func(tx driver.ManagedTransaction) (any, error) { return work(together{tx}) })
	err = errors.Join(err, session.Close(ctx))
	if err == nil && w.whole() || ctx.Err() != nil || isAway(err) {
		return result, err
	}
	return s.write(ctx, func(tx querier) (any, error) {
		if err := consume(ctx, tx, cypher.Write("hold"), nil); err != nil {
			return nil, err
		}
		return work(tx)
	})
}

// glance reads with one round trip a statement: each has a transaction of its
// own. It reports whether nothing changed from the first to the last.
func (s *Store) glance(ctx context.Context, work func(querier) (any, error)) (result any, whole bool, err error) {
	w := &watch{shared: s.bookmarks}
	session := s.session(ctx, driver.AccessModeRead, w)
	result, err = work(alone{session})
	err = s.heard(errors.Join(err, session.Close(ctx)))
	return result, w.whole(), err
}

// A watch is the bookmarks with which a read began and ended.
type watch struct {
	shared driver.BookmarkManager

	mu           sync.Mutex
	began, ended driver.Bookmarks
}

// GetBookmarks implements driver.BookmarkManager.
func (w *watch) GetBookmarks(ctx context.Context) (driver.Bookmarks, error) {
	bookmarks, err := w.shared.GetBookmarks(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.began == nil {
		w.began = bookmarks
	}
	return bookmarks, err
}

// UpdateBookmarks implements driver.BookmarkManager.
func (w *watch) UpdateBookmarks(ctx context.Context, before, after driver.Bookmarks) error {
	w.mu.Lock()
	w.ended = after
	w.mu.Unlock()
	return w.shared.UpdateBookmarks(ctx, before, after)
}

// whole reports whether nothing was committed between the beginning and the end
// of the read. A read without statements is whole.
func (w *watch) whole() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, bookmark := range w.ended {
		if !slices.Contains(w.began, bookmark) {
			return false
		}
	}
	return true
}
