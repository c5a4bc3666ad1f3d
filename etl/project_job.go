package etl

import (
	"context"

	"wellspring/bench"
	"wellspring/etl/project"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// jobs is the Projector of what other programs say of their processing.
type jobs struct {
	limits bench.Limits
}

// Extract implements Projector.
func (j *jobs) Extract(_ context.Context, record journal.Record) (Fragment, error) {
	event, err := bench.DecodeJobEvent(record.Envelope.Event.Data(), j.limits)
	if err != nil {
		return nil, err
	}
	return event, nil
}

// Transform implements Projector. The datasets that a job names are shared with
// whoever names them too: that joins it to readings and to other jobs.
func (j *jobs) Transform(_ context.Context, owner lineage.Owner, fragments []Fragment) (Derived, error) {
	events := make([]bench.JobEvent, len(fragments))
	for i, f := range fragments {
		events[i] = f.(bench.JobEvent)
	}
	return Derived{Projection: project.Job(owner, events)}, nil
}
