package etl

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// turn is one processing of one owner.
type turn struct {
	p     *Pipeline
	batch batch
	fresh map[journal.Position]entry
	state Processing

	before  Processing       // the owner's last; of an owner that is followed it is not asked for
	settled journal.Position // of the last that is known to have ended
	saidAt  time.Time        // the journal's time of the owner's latest envelope, where no processing that ended had it

	projector Projector
	dead      map[journal.Position]error // buried in this turn
	cause     error                      // why the processing failed, the first
	stale     bool                       // the store holds what was never verified
	archived  error                      // why not all of the owner's records can be read
	derived   *Derived                   // the last that is in the graph and verified
	knownAt   time.Time                  // its created_at

	began time.Time
	times passage
}

// passage is when the last attempt got through its stages.
type passage struct{ transformed, loaded, verified time.Time }

// result is what became of a batch.
type result struct {
	processing Processing
	dead       map[journal.Position]error
	cancelled  error
}

// piece is what was extracted from one envelope.
type piece struct {
	index    int // in the owner's records
	record   journal.Record
	fragment *Fragment // nil within: it was let go (derive)
}

// process gives an owner its turn. The error is only of what stops the
// pipeline: what is wrong with an envelope is in the result.
func (p *Pipeline) process(ctx context.Context, b batch) (ended result, err error) {
	t := &turn{p: p, batch: b, fresh: map[journal.Position]entry{}, dead: map[journal.Position]error{}, began: p.config.Clock()}
	for _, e := range b.entries {
		t.fresh[e.position] = e
	}
	t.state = Processing{
		ID: uuid.NewString(), Owner: b.owner, Status: Running, Stage: Extract, Attempts: 1,
		Envelopes: len(b.entries), StartedAt: t.began,
	}
	ctx, traced := t.begin(ctx)
	defer func() { traced(ended, err) }()
	turning, release := p.reins.hold(ctx, b.owner, t.began)
	defer func() {
		if ctx.Err() == nil && errors.Is(err, errCancelled) {
			ended, err = t.cancelled(ctx), nil
		}
		release(ended.processing)
	}()
	return t.process(ctx, turning)
}

// process takes the short road, else the long one. What is in the graph is kept
// for others though the turn be cancelled: they rest on it.
func (t *turn) process(ctx, turning context.Context) (result, error) {
	if over, err := t.follow(ctx, turning); over || err != nil {
		return result{processing: t.state, dead: t.dead}, err
	}
	records, err := t.records(turning)
	if err != nil {
		return result{}, err
	}
	if t.archived != nil {
		records, err = t.refuse(turning, records)
	} else {
		err = t.run(turning, records)
	}
	if err != nil {
		return result{}, err
	}
	if n := len(records); n > 0 {
		t.state.Position = records[n-1].Position
		if len(t.batch.entries) > 0 || t.state.Position != t.settled {
			t.saidAt = records[n-1].AppendedAt
		}
	}
	if err := t.tell(ctx); err != nil {
		return result{}, err
	}
	if err := t.keep(ctx); err != nil {
		return result{}, err
	}
	t.finish(ctx)
	t.remember()
	return result{processing: t.state, dead: t.dead}, nil
}

// records returns what the owner said so far. What the reader did not come to
// yet is left for its own turn: else it could fail in the name of another.
func (t *turn) records(ctx context.Context) (records []journal.Record, err error) {
	err = t.p.patiently(ctx, "read the state of a processing", func() error {
		before, err := t.p.config.States.Get(ctx, t.batch.owner)
		if lineage.KindOf(err) == lineage.ErrorNotFound {
			return nil
		}
		t.before = before
		// One that was cut off may have ended all the same, and only its end was not
		// written down: how far it was, nobody knows.
		if err == nil && (before.Status == Done || before.Status == Failed || before.Status == Cancelled) {
			t.state.Position, t.settled = before.Position, before.Position
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if t.leftAlone() {
		return nil, errCancelled
	}
	t.put(ctx)
	if err := t.forgive(ctx); err != nil {
		return nil, err
	}
	err = t.p.patiently(ctx, "read the envelopes of an owner", func() error {
		records, err = t.p.config.Journal.Subject(ctx, string(t.batch.owner))
		if journal.IsArchived(err) {
			t.archived = err
			return nil
		}
		if _, damaged := journal.DamagedAt(err); damaged {
			return nil // the reader buries what is damaged
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return records[:t.covered(records)], nil
}

// refuse buries what came of an owner whose earlier records are in a segment that is
// not there. From a part of them nothing may be derived: the graph stays as it is.
func (t *turn) refuse(ctx context.Context, records []journal.Record) ([]journal.Record, error) {
	t.failed(t.archived)
	for _, r := range records {
		if _, fresh := t.fresh[r.Position]; !fresh {
			continue
		}
		if err := t.bury(ctx, r, Extract, t.archived); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// forgive takes the letters of this turn from the dead. The turn's state is
// written by now: if the service stops here, the next one takes the turn up.
func (t *turn) forgive(ctx context.Context) error {
	for _, e := range t.batch.entries {
		if e.letter == "" {
			continue
		}
		err := t.p.patiently(ctx, "settle a dead letter", func() error {
			return t.p.config.DeadLetters.Settle(ctx, e.letter, journal.StateRetried)
		})
		if err != nil {
			return err
		}
		t.p.graves.forgive(e.position)
	}
	return nil
}

// covered returns how many of the owner's records were read by now.
func (t *turn) covered(records []journal.Record) int {
	n, reader := 0, false
	for i, r := range records {
		e, fresh := t.fresh[r.Position]
		if fresh || r.Position == t.state.Position {
			n = i + 1
		}
		reader = reader || fresh && e.mark != nil || r.Position == t.state.Position
	}
	if !reader { // nobody remembers how far it was
		return len(records)
	}
	return n
}

func (t *turn) run(ctx context.Context, records []journal.Record) error {
	old, fresh, err := t.extract(ctx, records)
	if err != nil {
		return err
	}
	if len(old)+len(fresh) == 0 {
		return nil
	}
	kept, err := t.settle(ctx, old, fresh)
	if err != nil || !t.stale {
		return err
	}
	// What was buried is still in the graph: what is left replaces it.
	_, cause, err := t.apply(ctx, kept)
	t.failed(cause)
	return err
}

// settle applies old and fresh pieces together. Where that fails, it looks for
// the fresh ones that are at fault, buries those, and returns all others.
func (t *turn) settle(ctx context.Context, old, fresh []piece) ([]piece, error) {
	all := slices.Concat(old, fresh)
	slices.SortFunc(all, func(a, b piece) int { return a.index - b.index })
	stage, cause, err := t.apply(ctx, all)
	switch {
	case err != nil:
		return nil, err
	case cause == nil:
		return all, nil
	case len(fresh) == 0:
		t.failed(cause)
		return all, nil
	case len(fresh) == 1:
		return old, t.bury(ctx, fresh[0].record, stage, cause)
	}
	half := len(fresh) / 2
	kept, err := t.settle(ctx, old, fresh[:half])
	if err != nil {
		return nil, err
	}
	return t.settle(ctx, kept, fresh[half:])
}

func (t *turn) bury(ctx context.Context, record journal.Record, stage Stage, cause error) error {
	if err := t.p.bury(ctx, record, stage, t.state.Attempts, cause); err != nil {
		return err
	}
	t.dead[record.Position] = cause
	t.failed(cause)
	return nil
}

func (t *turn) failed(cause error) {
	if t.cause == nil {
		t.cause = cause
	}
}

// ended is the state of the processing if it ended now.
func (t *turn) ended(now time.Time) Processing {
	ended := t.state
	ended.Status, ended.EndedAt, ended.Error = Done, &now, ""
	if t.cause != nil {
		ended.Status, ended.Error, ended.Remedy = Failed, t.cause.Error(), remedy(t.cause)
	}
	ended.Seconds.Total = now.Sub(t.began).Seconds()
	if oldest, ok := t.oldest(); ok {
		ended.Seconds.Collect = oldest.appendedAt.Sub(oldest.observed).Seconds()
		ended.Seconds.Total = max(0, now.Sub(oldest.observed).Seconds())
	}
	return ended
}

// finish writes down how the processing ended.
func (t *turn) finish(ctx context.Context) {
	now := t.p.config.Clock()
	t.state = t.ended(now)
	t.put(ctx)
	t.p.rates.count(now, len(t.batch.entries), t.cause != nil)
	t.p.metrics.finished(t.state.Seconds)
	for _, e := range t.batch.entries {
		if _, dead := t.dead[e.position]; !dead && !t.times.verified.IsZero() {
			t.p.metrics.processed.Inc()
			t.p.metrics.tracked(e, t.times)
		}
	}
	t.p.logger.DebugContext(ctx, "processed", slog.String("owner", string(t.batch.owner)),
		slog.String("status", string(t.state.Status)), slog.Int("envelopes", t.state.Envelopes), slog.Float64("seconds", t.state.Seconds.Total))
}

func (t *turn) oldest() (entry, bool) {
	if len(t.batch.entries) == 0 {
		return entry{}, false
	}
	return slices.MinFunc(t.batch.entries, func(a, b entry) int { return a.observed.Compare(b.observed) }), true
}

// put shows the state. It is for people: the journal says what is to be done,
// so a state that can't be kept stops nothing.
func (t *turn) put(ctx context.Context) {
	if err := t.p.config.States.Put(ctx, t.state); err != nil && ctx.Err() == nil {
		t.p.logger.WarnContext(ctx, "the state of a processing could not be kept",
			slog.String("owner", string(t.batch.owner)), slog.Any("error", err))
	}
}
