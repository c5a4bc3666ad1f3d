package etl

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// request is a person's wish for a turn.
type request struct {
	from Stage
	told chan result
}

// Rerun gives an owner a turn, whether anything is new of it or not, and returns
// how that ended. From a stage on:
//
//   - extract takes the owner's dead letters along, as Retry does;
//   - transform and load derive and write again: what earlier stages made is
//     not kept, so they run too, and load writes only what differs;
//   - verify writes nothing unless the graph is not what it should be.
//
// The wish is kept beside the owner's state: a service that stops before the turn
// gives it after the next start. Run must be running.
func (p *Pipeline) Rerun(ctx context.Context, owner lineage.Owner, from Stage) (Processing, error) {
	const op = "rerun processing"
	if !slices.Contains([]Stage{Extract, Transform, Load, Verify}, from) {
		return Processing{}, lineage.Invalid(op, "stage "+string(from), "use extract, transform, load or verify")
	}
	// ctx bounds the waiting: who gives that up has asked all the same.
	asking := context.WithoutCancel(ctx)
	state, err := p.config.States.Get(asking, owner)
	if err != nil {
		return Processing{}, err
	}
	var entries []entry
	if from == Extract {
		if entries, err = p.lettersOf(asking, owner); err != nil {
			return Processing{}, err
		}
	}
	if !p.queue.has(owner) {
		now := p.config.Clock()
		pending := Processing{ID: uuid.NewString(), Owner: owner, Status: Pending, Stage: from, Position: state.Position, StartedAt: now}
		if err := p.config.States.Put(asking, pending); err != nil {
			return Processing{}, err
		}
	}
	r := &request{from: from, told: make(chan result, 1)}
	p.queue.ask(owner, r, entries...)
	select {
	case ended := <-r.told:
		return ended.processing, ended.cancelled
	case <-ctx.Done():
		return Processing{}, context.Cause(ctx)
	}
}

// lettersOf are the dead letters of an owner that the journal can still read.
func (p *Pipeline) lettersOf(ctx context.Context, owner lineage.Owner) ([]entry, error) {
	var entries []entry
	now := p.config.Clock()
	for after := ""; ; {
		page, err := p.config.DeadLetters.Letters(ctx, after, lettersPage)
		if err != nil {
			return nil, err
		}
		for _, l := range page {
			after = l.ID
			if l.State != journal.StateDead || l.Record.Envelope.Event.Context == nil || ownerOf(l.Record) != owner {
				continue
			}
			entries = append(entries, entry{position: position(l), observed: now, appendedAt: now, letter: l.ID})
		}
		if len(page) < lettersPage {
			return entries, nil
		}
	}
}

// errCancelled is why a turn ended that a person cancelled.
var errCancelled = &lineage.Error{
	Op: "process", Kind: lineage.ErrorConflict, Hint: "its envelopes stay in the journal: rerun the processing, or send more of it",
	Err: errors.New("the processing was cancelled"),
}

// Cancel ends the turn that an owner has or waits for. Nothing is lost: its
// envelopes stay in the journal, the graph stays as it was before, and the owner's
// next turn, by Rerun or a new envelope, takes all of them up. A restart does not.
func (p *Pipeline) Cancel(ctx context.Context, owner lineage.Owner) (Processing, error) {
	const op = "cancel processing"
	told, ok := p.reins.cancel(owner, func() bool { return p.queue.has(owner) })
	if !ok {
		if _, err := p.config.States.Get(ctx, owner); err != nil {
			return Processing{}, err
		}
		return Processing{}, &lineage.Error{Op: op, Kind: lineage.ErrorConflict, ID: string(owner), Hint: "nothing of it is being processed, or waits for that"}
	}
	select {
	case ended := <-told:
		return ended, nil
	case <-ctx.Done():
		return Processing{}, context.Cause(ctx)
	}
}

// reins hold the turns under way, so that a person can see and end them.
type reins struct {
	mu    sync.Mutex
	turns map[lineage.Owner]*rein
	asked map[lineage.Owner][]chan Processing // to end a turn that has not begun
}

type rein struct {
	since time.Time
	end   context.CancelCauseFunc
	asked []chan Processing // who is told how it ended
}

// hold begins a turn; release ends it.
func (r *reins) hold(ctx context.Context, owner lineage.Owner, now time.Time) (turning context.Context, release func(Processing)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	turning, end := context.WithCancelCause(ctx)
	held := &rein{since: now, end: end, asked: r.asked[owner]}
	delete(r.asked, owner)
	if r.turns == nil {
		r.turns = map[lineage.Owner]*rein{}
	}
	r.turns[owner] = held
	if len(held.asked) > 0 {
		end(errCancelled)
	}
	return turning, func(ended Processing) {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.turns, owner)
		end(nil)
		for _, told := range held.asked {
			told <- ended
		}
	}
}

// cancel ends the turn of an owner, or the next one if it waits for that.
func (r *reins) cancel(owner lineage.Owner, waits func() bool) (<-chan Processing, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	told := make(chan Processing, 1)
	if held := r.turns[owner]; held != nil {
		held.asked = append(held.asked, told)
		held.end(errCancelled)
		return told, true
	}
	if !waits() {
		return nil, false
	}
	if r.asked == nil {
		r.asked = map[lineage.Owner][]chan Processing{}
	}
	r.asked[owner] = append(r.asked[owner], told)
	return told, true
}

// running are the turns under way, the longest first.
func (r *reins) running() []Turn {
	r.mu.Lock()
	defer r.mu.Unlock()
	turns := make([]Turn, 0, len(r.turns))
	for owner, held := range r.turns {
		turns = append(turns, Turn{Owner: owner, Since: held.since})
	}
	slices.SortFunc(turns, func(a, b Turn) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Owner, b.Owner)) })
	return turns
}

// leftAlone reports whether a person cancelled all that the turn is about: the
// place in the journal may not have been kept before the service stopped.
func (t *turn) leftAlone() bool {
	return t.before.Status == Cancelled && len(t.batch.requests) == 0 && len(t.batch.entries) > 0 &&
		!slices.ContainsFunc(t.batch.entries, func(e entry) bool { return e.letter != "" || !slices.Contains(t.before.Left, e.position) })
}

// cancelled writes down that the turn was cancelled.
func (t *turn) cancelled(ctx context.Context) result {
	if t.before.Owner == "" {
		if before, err := t.p.config.States.Get(ctx, t.batch.owner); err == nil {
			t.state.Position, t.before = before.Position, before
		}
	}
	t.state.Left = t.before.Left
	for _, e := range t.batch.entries {
		if !slices.Contains(t.state.Left, e.position) {
			t.state.Left = append(t.state.Left, e.position)
		}
	}
	now := t.p.config.Clock()
	t.state.Status, t.state.EndedAt, t.state.Error, t.state.Remedy = Cancelled, &now, errCancelled.Err.Error(), errCancelled.Hint
	t.state.Seconds.Total = now.Sub(t.began).Seconds()
	t.put(ctx)
	return result{processing: t.state, dead: t.dead, cancelled: errCancelled}
}
