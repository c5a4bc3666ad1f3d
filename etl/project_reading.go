package etl

import (
	"context"
	"maps"
	"slices"
	"time"

	"wellspring/bench"
	"wellspring/etl/benchindex"
	"wellspring/etl/declared"
	"wellspring/etl/project"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// readings is the Projector of plate readers' documents.
type readings struct {
	limits bench.Limits
	bench  *benchindex.Index
}

// Extract implements Projector.
func (r *readings) Extract(_ context.Context, record journal.Record) (Fragment, error) {
	reading, err := bench.DecodeReading(record.Envelope.Event.Data(), r.limits)
	if err != nil {
		return nil, err
	}
	return reading, nil
}

// Transform implements Projector. All envelopes of a reading hold one document.
func (r *readings) Transform(ctx context.Context, owner lineage.Owner, fragments []Fragment) (Derived, error) {
	reading := fragments[0].(bench.Reading)
	named := map[string]bool{}
	for _, v := range reading.Values {
		if v.Plate != "" {
			named[v.Plate] = true
		}
	}
	plates := slices.Concat(slices.Sorted(maps.Keys(named)), benchindex.ReadingNames(owner, reading.ID))
	in, err := r.bench.Histories(ctx, owner, plates)
	if err != nil {
		return Derived{}, err
	}
	projection, err := project.Reading(owner, reading, in.Plates, declared.ReadingExperiment(in.Declared))
	if err != nil {
		return Derived{}, err
	}
	return Derived{Projection: projection, KnownAt: in.KnownAt, Keep: func(ctx context.Context, at time.Time) ([]lineage.Owner, error) {
		return r.bench.KeepReading(ctx, owner, plates, in, at)
	}}, nil
}
