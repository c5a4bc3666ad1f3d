package etl

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// entry is a record that waits for its owner's turn. A large payload stays in the
// journal.
type entry struct {
	position   journal.Position
	observed   time.Time
	appendedAt time.Time
	mark       *mark  // nil: it is not above the watermark
	letter     string // of a retried dead letter: its id

	record *journal.Record   // nil: it is in the journal only
	origin trace.SpanContext // of what brought it; not valid: nobody traces it
}

// batch is an owner's turn.
type batch struct {
	owner   lineage.Owner
	entries []entry // in the journal's order; none: only make the graph again

	requests []*request
}

// mark is a place in the journal that the watermark can't pass before it is done.
type mark struct {
	position journal.Position
	done     bool
}

// queue keeps what is read and not done: per owner in order, owners in the
// order in which they became ready. One owner has one turn at a time.
type queue struct {
	mu      sync.Mutex
	changed *sync.Cond // anything below changed, or a context ended

	bound     int           // of marks
	window    time.Duration // of one turn; 0: no bound
	waiting   map[lineage.Owner]*line
	ready     []lineage.Owner
	marks     []*mark          // in the journal's order; the first is not done
	watermark journal.Position // everything up to here is done
	resumed   bool             // what the last Run left is in here
	holders   int              // while there are any, nobody gets a turn
}

// line is what waits of one owner.
type line struct {
	entries []entry
	again   bool // make the graph again, even without entries
	ready   bool
	running bool
	turn    []entry // of the turn that is running

	requests []*request // of people, for the next turn
}

// ask gives an owner a turn that somebody asked for.
func (q *queue) ask(owner lineage.Owner, r *request, entries ...entry) {
	q.mu.Lock()
	l := q.line(owner)
	l.requests = append(l.requests, r)
	q.mu.Unlock()
	q.add(owner, entries...)
}

// waits is how many owners wait for a turn.
func (q *queue) waits() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for _, l := range q.waiting {
		if len(l.entries) > 0 || l.again {
			n++
		}
	}
	return n
}

// holds reports whether a record of an owner waits here or has its turn.
func (q *queue) holds(owner lineage.Owner, at journal.Position) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.waiting[owner]
	is := func(e entry) bool { return e.position == at }
	return l != nil && (slices.ContainsFunc(l.entries, is) || slices.ContainsFunc(l.turn, is))
}

func newQueue(bound int, window time.Duration) *queue {
	q := &queue{bound: bound, window: window, waiting: map[lineage.Owner]*line{}}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// start sets the watermark that the journal remembers.
func (q *queue) start(at journal.Position) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.watermark = at
	q.changed.Broadcast() // who waits to be past the beginning of the journal is
}

// resume says that what the last Run left was taken up.
func (q *queue) resume() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.resumed = true
	q.changed.Broadcast()
}

// wake lets those who wait see that ctx ended. Call the result when done.
func (q *queue) wake(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.changed.Broadcast()
	})
}

// room waits until the queue may take more.
func (q *queue) room(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.marks) >= q.bound && ctx.Err() == nil {
		q.changed.Wait()
	}
	return context.Cause(ctx)
}

// read takes note of a record, in the journal's order.
func (q *queue) read(owner lineage.Owner, e entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e.mark = &mark{position: e.position}
	q.marks = append(q.marks, e.mark)
	l := q.line(owner)
	l.entries = append(l.entries, e)
	q.offer(owner, l)
}

// skip takes note of a record that is done already.
func (q *queue) skip(position journal.Position) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.marks = append(q.marks, &mark{position: position, done: true})
	q.advance()
}

// add gives an owner a turn beside the journal's order: for these entries, or
// only to make its graph again.
func (q *queue) add(owner lineage.Owner, entries ...entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.line(owner)
	l.entries = append(l.entries, entries...)
	l.again = true
	q.offer(owner, l)
}

func (q *queue) line(owner lineage.Owner) *line {
	l := q.waiting[owner]
	if l == nil {
		l = &line{}
		q.waiting[owner] = l
	}
	return l
}

// offer makes an owner ready, unless it is already, or has its turn.
func (q *queue) offer(owner lineage.Owner, l *line) {
	if l.ready || l.running {
		return
	}
	l.ready = true
	q.ready = append(q.ready, owner)
	q.changed.Broadcast()
}

// take waits for a ready owner and begins its turn.
func (q *queue) take(ctx context.Context) (batch, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for (len(q.ready) == 0 || q.holders > 0) && ctx.Err() == nil {
		q.changed.Wait()
	}
	if ctx.Err() != nil {
		return batch{}, context.Cause(ctx)
	}
	owner := q.ready[0]
	q.ready = q.ready[1:]
	l := q.waiting[owner]
	n := q.within(l.entries)
	b := batch{owner: owner, entries: l.entries[:n:n], requests: l.requests}
	*l = line{running: true, turn: b.entries, entries: l.entries[n:]}
	return b, nil
}

// within is how many of the entries one turn covers.
func (q *queue) within(entries []entry) int {
	later := slices.IndexFunc(entries, func(e entry) bool {
		return q.window > 0 && e.appendedAt.Sub(entries[0].appendedAt) > q.window
	})
	if later < 0 {
		return len(entries)
	}
	return later
}

// done ends an owner's turn.
func (q *queue) done(b batch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range b.entries {
		if e.mark != nil {
			e.mark.done = true
		}
	}
	l := q.waiting[b.owner]
	l.running, l.turn = false, nil
	if len(l.entries) > 0 || l.again {
		q.offer(b.owner, l)
	} else {
		delete(q.waiting, b.owner)
	}
	q.advance()
}

func (q *queue) advance() {
	for len(q.marks) > 0 && q.marks[0].done {
		q.watermark = q.marks[0].position
		q.marks = q.marks[1:]
	}
	q.changed.Broadcast()
}

// passed waits until the watermark is past a position, and returns it.
func (q *queue) passed(ctx context.Context, position journal.Position) (journal.Position, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.watermark == position && ctx.Err() == nil {
		q.changed.Wait()
	}
	return q.watermark, context.Cause(ctx)
}

// at returns the watermark.
func (q *queue) at() journal.Position {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.watermark
}

// idle waits until nobody waits and nobody has a turn, and returns the
// watermark. Before Run has taken up what was left, nobody knows.
func (q *queue) idle(ctx context.Context) (journal.Position, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for (!q.resumed || len(q.waiting) > 0 || len(q.marks) > 0) && ctx.Err() == nil {
		q.changed.Wait()
	}
	return q.watermark, context.Cause(ctx)
}
