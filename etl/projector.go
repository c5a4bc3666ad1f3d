package etl

import (
	"cmp"
	"context"
	"time"

	"wellspring/etl/project"
	"wellspring/graphstore"
	"wellspring/ingest"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// Fragment is what a Projector made of one envelope; only it knows the type.
type Fragment any

// Projector knows one kind of owner: how to read its envelopes and what they
// mean in the graph. Its methods are safe for concurrent use.
type Projector interface {
	// Extract decodes one envelope. An error of a kind that another try can't
	// mend (ErrorInvalid, ErrorTooLarge, …) sends it to the dead letters at once.
	Extract(ctx context.Context, record journal.Record) (Fragment, error)
	// Transform makes the owner's projection from all its fragments, in the
	// journal's order. The result must not depend on that order.
	Transform(ctx context.Context, owner lineage.Owner, fragments []Fragment) (Derived, error)
}

// Follower is a Projector of owners that grow while they are looked at: it keeps
// what it made of the fragments so far, and takes more.
type Follower interface {
	Projector
	// Follow begins with an owner of which nothing is known.
	Follow(owner lineage.Owner) Following
}

// Following is one owner that grows. At any time Derive says what Transform says of
// all fragments that were added. It is not safe for concurrent use.
type Following interface {
	Add(fragments ...Fragment)
	Derive(ctx context.Context) (Derived, error)
	// Live reports whether more is to be expected.
	Live() bool
	// Size is about how much memory it holds, in commands of a run.
	Size() int
}

// Derived is what transform makes of an owner.
type Derived struct {
	Projection lineage.Projection
	// KnownAt is the journal's time of the latest that the projection rests on
	// beside the owner's own envelopes. Zero: it rests on nothing else.
	KnownAt time.Time
	// Keep remembers, once the projection is in the graph with created_at at, what
	// others depend on, and returns the owners to derive again. Nil: nobody does.
	Keep func(ctx context.Context, at time.Time) ([]lineage.Owner, error)

	following Following          // that derived it, where the owner can be followed
	changes   graphstore.Changes // that it makes in the graph, where that is known
}

// projectors are the kinds of owners that are always known, by envelope type. A
// run is one kind, whether an OT-2 did it or other hands.
func projectors(c Config) map[string]Projector {
	options := project.Options{Definitions: c.Definitions, CodeVersion: c.CodeVersion}
	run := &runs{limits: c.Limits, benchLimits: c.BenchLimits, options: options, bench: c.Bench}
	return map[string]Projector{
		ingest.TypeRun:      run,
		ingest.TypeSteps:    run,
		ingest.TypePlan:     &plans{limits: c.Limits, options: options, bench: c.Bench},
		ingest.TypeManifest: &manifests{limits: c.BenchLimits, bench: c.Bench},
		ingest.TypeJob:      &jobs{limits: c.BenchLimits},
		ingest.TypeReading:  &readings{limits: c.BenchLimits, bench: c.Bench},
	}
}

// projectorOf says who can read a record. An owner is of one kind: that of its
// first readable record, whose projector before is.
func projectorOf(all map[string]Projector, r journal.Record, owner lineage.Owner, before Projector) (Projector, error) {
	kind := r.Envelope.Event.Type()
	projector, known := all[kind]
	switch {
	case kind == ingest.TypeUnknown:
		return nil, lineage.Invalid("extract", "envelope "+r.Envelope.Event.ID(), cmp.Or(r.Envelope.Reason, "send a document that is described in the manual"))
	case !known:
		return nil, lineage.Invalid("extract", "type "+kind, "this version does not know envelopes of this type: retry after an update")
	case before != nil && before != projector:
		return nil, lineage.Invalid("extract", "type "+kind, "the subject "+string(owner)+" has envelopes of another kind: send it under a subject of its own")
	}
	return projector, nil
}
