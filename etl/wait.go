package etl

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// waiters are told when a record is settled.
type waiters struct {
	mu   sync.Mutex
	wait map[journal.Position][]chan settled
}

type settled struct {
	processing Processing
	err        error // why the envelope is dead
}

func (w *waiters) add(at journal.Position) chan settled {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wait == nil {
		w.wait = map[journal.Position][]chan settled{}
	}
	told := make(chan settled, 1)
	w.wait[at] = append(w.wait[at], told)
	return told
}

func (w *waiters) remove(at journal.Position, told chan settled) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := w.wait[at][:0]
	for _, c := range w.wait[at] {
		if c != told {
			kept = append(kept, c)
		}
	}
	if w.wait[at] = kept; len(kept) == 0 {
		delete(w.wait, at)
	}
}

func (w *waiters) settle(b batch, r result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range b.entries {
		for _, told := range w.wait[e.position] {
			select {
			case told <- settled{r.processing, cmp.Or(r.cancelled, r.dead[e.position])}:
			default: // it was told already
			}
		}
	}
}

// Wait returns once the record of an owner at a position is settled: in the
// graph, then with the processing that brought it there, or dead, then with the
// error besides. Run must be running.
func (p *Pipeline) Wait(ctx context.Context, owner lineage.Owner, at journal.Position) (Processing, error) {
	told := p.waiters.add(at)
	defer p.waiters.remove(at, told)
	if s, err := p.settled(ctx, owner, at); err != nil || s != nil {
		if err != nil {
			return Processing{}, err
		}
		return s.processing, s.err
	}
	return await(ctx, told)
}

func await(ctx context.Context, told <-chan settled) (Processing, error) {
	select {
	case s := <-told:
		return s.processing, s.err
	case <-ctx.Done():
		return Processing{}, context.Cause(ctx)
	}
}

// settled returns what became of a record that was settled before, nil if it
// was not.
func (p *Pipeline) settled(ctx context.Context, owner lineage.Owner, at journal.Position) (*settled, error) {
	if p.queue.holds(owner, at) {
		return nil, nil
	}
	state, err := p.config.States.Get(ctx, owner)
	switch {
	case lineage.KindOf(err) == lineage.ErrorNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	case state.Position == "" && state.Status == Cancelled && p.overtaken(ctx, at):
		return &settled{processing: state, err: errCancelled}, nil
	case state.Position == "":
		return nil, nil
	}
	if state.Position != at {
		before, err := p.before(ctx, at, state.Position)
		switch {
		case err != nil:
			return nil, err
		case !before && state.Status == Cancelled && p.overtaken(ctx, at):
			return &settled{processing: state, err: errCancelled}, nil
		case !before:
			return nil, nil
		}
	}
	s := &settled{processing: state}
	switch letter, err := p.config.DeadLetters.Letter(ctx, string(at)); {
	case lineage.KindOf(err) == lineage.ErrorNotFound:
	case err != nil:
		return nil, err
	case letter.State != journal.StateRetried:
		s.err = &lineage.Error{Op: "process", Kind: lineage.ErrorInvalid, ID: string(at), Hint: "see the dead letters", Err: errors.New(letter.Error)}
	}
	return s, nil
}

// before reports whether a position comes before another. Positions are opaque: only
// the journal knows, by how many records come after each. What is appended while it is
// asked can only blur what lies close together: then it is asked again.
func (p *Pipeline) before(ctx context.Context, at, other journal.Position) (bool, error) {
	for {
		var behind [3]int64
		for i, position := range []journal.Position{other, at, other} {
			var err error
			if behind[i], _, err = p.config.Journal.Lag(ctx, position); err != nil {
				return false, err
			}
		}
		switch {
		case behind[1] > behind[2]:
			return true, nil
		case behind[1] <= behind[0]:
			return false, nil
		}
	}
}

// Retry takes a dead letter up again: its owner is processed with the letter's
// envelope. It returns how that ended, like Wait. Run must be running.
func (p *Pipeline) Retry(ctx context.Context, id string) (Processing, error) {
	letter, err := p.config.DeadLetters.Letter(ctx, id)
	if err != nil {
		return Processing{}, err
	}
	if letter.Record.Envelope.Hash == "" && letter.Record.Envelope.Event.ID() == "" {
		return Processing{}, &lineage.Error{Op: "retry dead letter", Kind: lineage.ErrorConflict, ID: id,
			Hint: "the journal can't read this record any more: send the document again, then drop this letter"}
	}
	at := position(letter)
	told := p.waiters.add(at)
	defer p.waiters.remove(at, told)
	now := p.config.Clock()
	p.queue.add(ownerOf(letter.Record), entry{position: at, observed: now, appendedAt: now, letter: id})
	return await(ctx, told)
}

// Quiet waits until everything that is in the journal is settled, and everything
// that depends on it is derived again. Run must be running.
func (p *Pipeline) Quiet(ctx context.Context) error {
	defer p.queue.wake(ctx)()
	for {
		at, err := p.queue.idle(ctx)
		if err != nil {
			return err
		}
		behind, _, err := p.config.Journal.Lag(ctx, at)
		if err != nil || behind == 0 {
			return err
		}
		if _, err := p.queue.passed(ctx, at); err != nil {
			return err
		}
	}
}
