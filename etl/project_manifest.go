package etl

import (
	"context"
	"time"

	"wellspring/bench"
	"wellspring/etl/benchindex"
	"wellspring/etl/project"
	"wellspring/ingest"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// manifests is the Projector of manifests and corrections.
type manifests struct {
	limits bench.Limits
	bench  *benchindex.Index
}

// Extract implements Projector.
func (m *manifests) Extract(_ context.Context, record journal.Record) (Fragment, error) {
	declarations, err := bench.DecodeManifest(string(ownerOf(record)), record.Envelope.Event.Data(), m.limits)
	if err != nil {
		return nil, err
	}
	return declaredIn(record, declarations), nil
}

// declaredIn adds to declarations whose they are and when they were said.
func declaredIn(record journal.Record, declarations []bench.Declaration) []benchindex.Declared {
	said := make([]benchindex.Declared, len(declarations))
	for i, d := range declarations {
		said[i] = benchindex.Declared{
			Declaration: d, Owner: ownerOf(record), SaidAt: saidAt(d, record.Envelope), KnownAt: record.AppendedAt,
		}
	}
	return said
}

// saidAt is when something was declared: by its own word, by its sender's, or
// else when it came in.
func saidAt(d bench.Declaration, e ingest.Envelope) time.Time {
	switch {
	case !d.At.IsZero():
		return d.At
	case !e.Event.Time().IsZero():
		return e.Event.Time()
	}
	return e.Observed
}

// Transform implements Projector. All envelopes of a manifest hold one document:
// what it says was said when the first of them came.
func (m *manifests) Transform(_ context.Context, owner lineage.Owner, fragments []Fragment) (Derived, error) {
	declared := fragments[0].([]benchindex.Declared)
	for _, f := range fragments[1:] {
		if other := f.([]benchindex.Declared); len(other) > 0 && other[0].SaidAt.Before(declared[0].SaidAt) {
			declared = other
		}
	}
	projection, err := project.Manifest(owner, declared)
	if err != nil {
		return Derived{}, err
	}
	return Derived{Projection: projection, Keep: func(ctx context.Context, at time.Time) ([]lineage.Owner, error) {
		return m.bench.KeepDeclarations(ctx, owner, declared, at)
	}}, nil
}
