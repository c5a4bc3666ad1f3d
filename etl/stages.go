package etl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"wellspring/graphstore"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// stage runs one operation of a stage with its tries. cause is why it failed
// for good, err what stops the pipeline.
func (t *turn) stage(ctx context.Context, stage Stage, id string, run func() error) (cause, err error) {
	if stage != Extract { // that has one span for all its envelopes
		var ended func(error)
		ctx, ended = t.traced(ctx, stage)
		defer func() { ended(errors.Join(cause, err)) }()
	}
	t.state.Stage, t.state.Attempts = stage, 1
	o := operation{
		run: func() error { return guarded(string(stage), id, run) },
		again: func(err error, wait time.Duration) {
			t.p.metrics.retried.WithLabelValues(string(stage)).Inc()
			t.state.Status, t.state.Error, t.state.Remedy = Retrying, err.Error(), remedy(err)
			t.state.Attempts++
			trace.SpanFromContext(ctx).AddEvent("tried again", trace.WithAttributes(attribute.String("error", err.Error())))
			t.put(ctx)
			t.p.logger.WarnContext(ctx, "a stage is tried again", slog.String("owner", string(t.batch.owner)),
				slog.String("stage", string(stage)), slog.Duration("wait", wait), slog.Any("error", err))
		},
	}
	if stage == Load || stage == Verify {
		o.answers = func() bool { return t.p.config.Store.Ping(ctx) == nil }
	}
	err = t.p.attempt(ctx, o)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	t.state.Status, t.state.Error, t.state.Remedy = Running, "", ""
	return err, nil
}

// extract decodes the owner's living records. What can't be decoded is buried.
func (t *turn) extract(ctx context.Context, records []journal.Record) (old, fresh []piece, err error) {
	defer t.timed(&t.state.Seconds.Process)()
	ctx, ended := t.traced(ctx, Extract)
	defer func() { ended(err) }()
	for i, r := range records {
		if why, dead := t.p.graves.why(r.Position); dead {
			if _, isFresh := t.fresh[r.Position]; isFresh { // it died before the service stopped
				t.dead[r.Position] = errors.New(why)
			}
			continue
		}
		p := piece{index: i, record: r}
		cause, err := t.extractOne(ctx, &p)
		if err != nil {
			return nil, nil, err
		}
		if cause != nil {
			if err := t.bury(ctx, r, Extract, cause); err != nil {
				return nil, nil, err
			}
			continue
		}
		p.record.Envelope.Event.DataEncoded = nil // the fragment has it
		records[i].Envelope.Event.DataEncoded = nil
		if _, isFresh := t.fresh[r.Position]; isFresh {
			fresh = append(fresh, p)
		} else {
			old = append(old, p)
		}
	}
	return old, fresh, nil
}

func (t *turn) extractOne(ctx context.Context, p *piece) (cause, err error) {
	projector, cause := t.projectorFor(p.record)
	if cause != nil {
		return cause, nil
	}
	return t.stage(ctx, Extract, "envelope "+p.record.Envelope.Event.ID(), func() error {
		fragment, err := projector.Extract(ctx, p.record)
		p.fragment = &fragment
		return err
	})
}

func (t *turn) projectorFor(r journal.Record) (Projector, error) {
	projector, err := projectorOf(t.p.projectors, r, t.batch.owner, t.projector)
	if err == nil {
		t.projector = projector
	}
	return projector, err
}

// apply transforms, loads and verifies the pieces. cause is why a stage failed
// for good, err what stops the pipeline.
func (t *turn) apply(ctx context.Context, pieces []piece) (stage Stage, cause, err error) {
	derived := &Derived{Projection: lineage.Projection{Owner: t.batch.owner}}
	if cause, err := t.transform(ctx, pieces, derived); cause != nil || err != nil {
		return Transform, cause, err
	}
	t.times.transformed = t.p.config.Clock()
	if !t.onlyVerifies() {
		if cause, err := t.load(ctx, pieces, derived); cause != nil || err != nil {
			return Load, cause, err
		}
	}
	t.times.loaded = t.p.config.Clock()
	if cause, err := t.verify(ctx, derived.Projection, t.at(pieces, derived)); cause != nil || err != nil {
		t.stale = true
		return Verify, cause, err
	}
	t.stale, t.times.verified = false, t.p.config.Clock()
	t.derived, t.knownAt = derived, t.at(pieces, derived)
	return "", nil, nil
}

// onlyVerifies reports whether a person asked for a turn that looks, and nobody for
// one that writes.
func (t *turn) onlyVerifies() bool {
	return len(t.batch.entries) == 0 && len(t.batch.requests) > 0 &&
		!slices.ContainsFunc(t.batch.requests, func(r *request) bool { return r.from != Verify })
}

// at is the journal's time of the latest that the projection rests on:
// created_at of what it brings.
func (t *turn) at(pieces []piece, derived *Derived) time.Time {
	at := derived.KnownAt
	if len(pieces) > 0 {
		at = latest(at, pieces[len(pieces)-1].record.AppendedAt)
	} else if n := len(t.batch.entries); n > 0 {
		at = latest(at, t.batch.entries[n-1].appendedAt)
	}
	return at
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (t *turn) transform(ctx context.Context, pieces []piece, derived *Derived) (cause, err error) {
	if len(pieces) == 0 {
		return nil, nil // nothing is left to say: the owner's part is empty
	}
	defer t.timed(&t.state.Seconds.Process)()
	t.enter(ctx, Transform)
	return t.stage(ctx, Transform, string(t.batch.owner), func() error { return t.derive(ctx, pieces, derived) })
}

// fragments returns what was extracted of the pieces, again where it was let go.
func (t *turn) fragments(ctx context.Context, pieces []piece) ([]Fragment, error) {
	var records []journal.Record
	var err error
	if slices.ContainsFunc(pieces, func(p piece) bool { return *p.fragment == nil }) {
		records, err = t.p.config.Journal.Subject(ctx, string(t.batch.owner))
	}
	fragments := make([]Fragment, len(pieces))
	for i, p := range pieces {
		if *p.fragment == nil {
			at := slices.IndexFunc(records, func(r journal.Record) bool { return r.Position == p.record.Position })
			if at < 0 {
				return nil, fmt.Errorf("read record %s again: %w", p.record.Position, err)
			}
			if *p.fragment, err = t.projector.Extract(ctx, records[at]); err != nil {
				return nil, err
			}
		}
		fragments[i] = *p.fragment
	}
	return fragments, nil
}

func (t *turn) derive(ctx context.Context, pieces []piece, derived *Derived) error {
	fragments, err := t.fragments(ctx, pieces)
	if err != nil {
		return err
	}
	follower, grows := t.projector.(Follower)
	if !grows {
		*derived, err = t.projector.Transform(ctx, t.batch.owner, fragments)
		return err
	}
	following := follower.Follow(t.batch.owner)
	following.Add(fragments...)
	if following.Size() >= long { // it has them: they are read again if need be
		for _, p := range pieces {
			*p.fragment = nil
		}
	}
	*derived, err = following.Derive(ctx)
	derived.following = following
	return err
}

// load writes the projection. What it rests on in other owners' parts may be
// changing just now: then it is derived again from what they have become.
func (t *turn) load(ctx context.Context, pieces []piece, derived *Derived) (cause, err error) {
	defer t.timed(&t.state.Seconds.Store)()
	t.enter(ctx, Load)
	moved := false
	return t.stage(ctx, Load, string(t.batch.owner), func() error {
		if moved {
			if err := t.derive(ctx, pieces, derived); err != nil {
				return err
			}
		}
		applied, err := t.p.config.Store.Apply(ctx, derived.Projection, t.at(pieces, derived))
		t.state.Applied = sum(t.state.Applied, applied)
		if moved = lineage.KindOf(err) == lineage.ErrorNotFound && !derived.KnownAt.IsZero(); moved {
			return &lineage.Error{Op: "load", Kind: lineage.ErrorUnavailable, ID: string(t.batch.owner),
				Hint: "a run that it rests on is being derived again: it goes on by itself", Err: err}
		}
		return t.p.metrics.storeFailed(opApply, err)
	})
}

// keep remembers what others depend on, and gives those a turn whose inputs changed.
func (t *turn) keep(ctx context.Context) error {
	if t.derived == nil || t.derived.Keep == nil {
		return nil
	}
	return t.p.patiently(ctx, "keep what others depend on", func() error {
		again, err := t.derived.Keep(ctx, t.knownAt)
		for _, owner := range again {
			t.p.queue.add(owner)
		}
		return err
	})
}

// verify reads the owner's part of the graph back. Where it is not what was
// given, it is given once more before the next look.
func (t *turn) verify(ctx context.Context, projection lineage.Projection, at time.Time) (cause, err error) {
	defer t.timed(&t.state.Seconds.Verify)()
	t.enter(ctx, Verify)
	return t.stage(ctx, Verify, string(t.batch.owner), func() error {
		if t.state.Attempts > 1 {
			if _, err := t.p.config.Store.Apply(ctx, projection, at); t.p.metrics.storeFailed(opApply, err) != nil {
				return err
			}
		}
		return t.readAll(ctx, projection)
	})
}

// manifestOf is what a store holds of an owner, by content hashes.
func manifestOf(owned lineage.Projection) (graphstore.Manifest, error) {
	held := graphstore.Manifest{
		Nodes: make(map[lineage.ID]lineage.Hash, len(owned.Nodes)),
		Edges: make(map[lineage.EdgeKey]lineage.Hash, len(owned.Edges)),
	}
	for _, n := range owned.Nodes {
		hash, err := n.ContentHash()
		if err != nil {
			return held, err
		}
		held.Nodes[n.ID] = hash
	}
	for _, e := range owned.Edges {
		hash, err := e.ContentHash()
		if err != nil {
			return held, err
		}
		held.Edges[e.Key()] = hash
	}
	return held, nil
}

// enter shows that a stage begins.
func (t *turn) enter(ctx context.Context, stage Stage) {
	t.state.Stage, t.state.Attempts = stage, 1
	t.put(ctx)
}

// timed adds the time until its result is called to a window.
func (t *turn) timed(window *float64) (stop func()) {
	began := t.p.config.Clock()
	return func() { *window += t.p.config.Clock().Sub(began).Seconds() }
}

func sum(a, b lineage.Applied) lineage.Applied {
	return lineage.Applied{
		NodesAdded: a.NodesAdded + b.NodesAdded, NodesChanged: a.NodesChanged + b.NodesChanged, NodesRetracted: a.NodesRetracted + b.NodesRetracted,
		EdgesAdded: a.EdgesAdded + b.EdgesAdded, EdgesChanged: a.EdgesChanged + b.EdgesChanged, EdgesRetracted: a.EdgesRetracted + b.EdgesRetracted,
	}
}
