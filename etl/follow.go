package etl

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"wellspring/graphstore"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// An owner that grows is not read, decoded, played and written from its beginning
// at each envelope. What its projector made of it, and the hashes of what the graph
// holds of it, stay in memory, and a turn adds what is new. All of that can be made
// again from the journal: whatever does not go smoothly, forgets it and takes the
// long road.

// live is an owner that is followed.
type live struct {
	projector Projector
	following Following
	held      graphstore.Manifest // of the graph, verified
	at        time.Time           // created_at of the latest in it
}

// size is about how much memory it holds, in commands of a run.
func (l *live) size() int { return max(l.following.Size(), 100) }

// lives are those that are followed now, at most so many commands together: who was
// not heard of for the longest time is forgotten.
type lives struct {
	mu    sync.Mutex
	bound int
	size  int
	all   *simplelru.LRU[lineage.Owner, *live]
}

func newLives(bound int) *lives {
	l := &lives{bound: bound}
	// The bound on their number can't be reached: each has a size. It must be positive.
	l.all, _ = simplelru.NewLRU(bound+1, func(_ lineage.Owner, gone *live) { l.size -= gone.size() })
	return l
}

// take takes an owner out for its turn. Nil: it is not followed.
func (l *lives) take(owner lineage.Owner) *live {
	l.mu.Lock()
	defer l.mu.Unlock()
	followed, _ := l.all.Peek(owner)
	l.all.Remove(owner)
	return followed
}

func (l *lives) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Len()
}

// put gives an owner back.
func (l *lives) put(owner lineage.Owner, followed *live) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if followed.size() > l.bound {
		return
	}
	l.all.Remove(owner)
	l.size += followed.size()
	l.all.Add(owner, followed)
	for l.size > l.bound {
		l.all.RemoveOldest()
	}
}

// handy is the largest payload that waits for its turn in memory, in bytes. A larger
// one stays in the journal.
const handy = 32 << 10

// atHand returns a record that may wait in memory, else nil.
func atHand(r journal.Record) *journal.Record {
	if len(r.Envelope.Event.Data()) > handy {
		return nil
	}
	return &r
}

// follow is a turn of an owner that is followed. It reports whether the turn is over:
// where it is not, the owner is forgotten and takes the long road.
func (t *turn) follow(ctx, turning context.Context) (over bool, err error) {
	l := t.p.lives.take(t.batch.owner)
	if l == nil || !t.smooth() {
		return false, nil
	}
	if err := context.Cause(turning); err != nil {
		return false, err
	}
	t.projector = l.projector
	fragments, err := t.extractFresh(turning)
	if err != nil {
		return false, err
	}
	if len(fragments) > 0 || len(t.batch.entries) == 0 {
		l.following.Add(fragments...)
		derived := &Derived{following: l.following}
		for _, stage := range []func(context.Context, *live, *Derived) (cause, err error){t.deriveOn, t.amend, t.verifyOn} {
			if cause, err := stage(turning, l, derived); cause != nil || err != nil {
				return false, err
			}
		}
		t.derived, t.knownAt, t.times.verified = derived, l.at, t.p.config.Clock()
	}
	if n := len(t.batch.entries); n > 0 {
		t.state.Position, t.saidAt = t.batch.entries[n-1].position, t.batch.entries[n-1].appendedAt
	}
	if err := t.tell(ctx); err != nil {
		return false, err
	}
	if err := t.keep(ctx); err != nil {
		return false, err
	}
	t.finish(ctx)
	if l.following.Live() {
		t.p.lives.put(t.batch.owner, l)
	}
	return true, nil
}

// smooth reports whether all of the turn is new, readable and in order.
func (t *turn) smooth() bool {
	return len(t.batch.requests) == 0 && !slices.ContainsFunc(t.batch.entries, func(e entry) bool {
		_, dead := t.p.graves.why(e.position)
		return dead || e.record == nil || e.mark == nil || e.letter != ""
	})
}

// extractFresh decodes the turn's envelopes. What can't be decoded is buried.
func (t *turn) extractFresh(ctx context.Context) (fragments []Fragment, err error) {
	defer t.timed(&t.state.Seconds.Process)()
	ctx, ended := t.traced(ctx, Extract)
	defer func() { ended(err) }()
	fragments = make([]Fragment, 0, len(t.batch.entries))
	for _, e := range t.batch.entries {
		p := piece{record: *e.record}
		cause, err := t.extractOne(ctx, &p)
		if err == nil && cause != nil {
			err = t.bury(ctx, p.record, Extract, cause)
		}
		if err != nil {
			return nil, err
		}
		if cause == nil {
			fragments = append(fragments, *p.fragment)
		}
	}
	return fragments, nil
}

func (t *turn) deriveOn(ctx context.Context, l *live, derived *Derived) (cause, err error) {
	defer t.timed(&t.state.Seconds.Process)()
	cause, err = t.stage(ctx, Transform, string(t.batch.owner), func() error {
		again, err := l.following.Derive(ctx)
		again.following = l.following
		*derived = again
		return err
	})
	l.at = latest(l.at, t.at(nil, derived))
	t.times.transformed = t.p.config.Clock()
	return cause, err
}

// amend writes what the projection says otherwise than the graph.
func (t *turn) amend(ctx context.Context, l *live, derived *Derived) (cause, err error) {
	defer t.timed(&t.state.Seconds.Store)()
	cause, err = t.stage(ctx, Load, string(t.batch.owner), func() error {
		changes, err := graphstore.Diff(l.held, derived.Projection)
		if err != nil {
			return err
		}
		derived.changes = changes
		var applied lineage.Applied
		if store, can := t.p.config.Store.(graphstore.Amender); can {
			applied, err = store.Amend(ctx, amendment(t.batch.owner, changes), l.at)
		} else {
			applied, err = t.p.config.Store.Apply(ctx, derived.Projection, l.at)
		}
		t.state.Applied = sum(t.state.Applied, applied)
		return t.p.metrics.storeFailed(opApply, err)
	})
	t.times.loaded = t.p.config.Clock()
	return cause, err
}

func amendment(owner lineage.Owner, c graphstore.Changes) graphstore.Amendment {
	a := graphstore.Amendment{Owner: owner, RetractNodes: c.RetractNodes, RetractEdges: c.RetractEdges}
	for _, n := range slices.Concat(c.AddNodes, c.ChangeNodes) {
		a.Nodes = append(a.Nodes, n.Node)
	}
	for _, e := range slices.Concat(c.AddEdges, c.ChangeEdges) {
		a.Edges = append(a.Edges, e.Edge)
	}
	return a
}

// verifyOn reads back what was written: of an owner that grows what changed, and all
// of it in the end.
func (t *turn) verifyOn(ctx context.Context, l *live, derived *Derived) (cause, err error) {
	defer t.timed(&t.state.Seconds.Verify)()
	cause, err = t.stage(ctx, Verify, string(t.batch.owner), func() error {
		store, can := t.p.config.Store.(graphstore.Amender)
		if can && l.following.Live() && changed(derived.changes) <= mostReadBack {
			return t.readBack(ctx, store, derived.changes)
		}
		return t.readAll(ctx, derived.Projection)
	})
	if cause == nil && err == nil {
		l.held.Make(derived.changes)
	}
	return cause, err
}

// mostReadBack is the number of changes from which on reading all of the owner's
// part is no dearer.
const mostReadBack = 5000

func changed(c graphstore.Changes) int {
	return len(c.AddNodes) + len(c.ChangeNodes) + len(c.AddEdges) + len(c.ChangeEdges)
}

// readBack compares what was added and changed with what the store has.
func (t *turn) readBack(ctx context.Context, store graphstore.Amender, c graphstore.Changes) error {
	written := amendment(t.batch.owner, c)
	held, err := store.Held(ctx, written)
	if t.p.metrics.storeFailed(opOwned, err) != nil {
		return err
	}
	return compare(held, written.Named())
}

// remember follows an owner on whose turn just ended well, if more of it is to be
// expected.
func (t *turn) remember() {
	if t.derived == nil || t.derived.following == nil || !t.derived.following.Live() || t.cause != nil {
		return
	}
	held, err := manifestOf(t.derived.Projection)
	if err != nil {
		return // it is in the graph: this can't be
	}
	t.p.lives.put(t.batch.owner, &live{projector: t.projector, following: t.derived.following, held: held, at: t.knownAt})
}
