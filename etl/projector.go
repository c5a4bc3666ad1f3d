package etl

import (
	"bytes"
	"context"
	"fmt"

	"wellspring/etl/project"
	"wellspring/ingest"
	"wellspring/ingest/journal"
	"wellspring/lineage"
	"wellspring/liquid"
	"wellspring/ot2"
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
	Transform(ctx context.Context, owner lineage.Owner, fragments []Fragment) (lineage.Projection, error)
}

// runs is the Projector of runs, or of plans.
type runs struct {
	plan    bool
	limits  ot2.Limits
	options project.Options
}

// projectors are the kinds of owners that are always known, by envelope type.
func projectors(c Config) map[string]Projector {
	options := project.Options{Definitions: c.Definitions, CodeVersion: c.CodeVersion}
	return map[string]Projector{
		ingest.TypeRun:  &runs{plan: false, limits: c.Limits, options: options},
		ingest.TypePlan: &runs{plan: true, limits: c.Limits, options: options},
	}
}

// Extract implements Projector.
func (r *runs) Extract(_ context.Context, record journal.Record) (Fragment, error) {
	document, err := ot2.Decode(bytes.NewReader(record.Envelope.Event.Data()), r.limits)
	if err != nil {
		return nil, err
	}
	if document.Run.Plan != r.plan {
		return nil, lineage.Invalid("extract", "type "+record.Envelope.Event.Type(),
			fmt.Sprintf("send a run as %s and an analysis as %s", ingest.TypeRun, ingest.TypePlan))
	}
	return document.Run, nil
}

// Transform implements Projector.
func (r *runs) Transform(_ context.Context, owner lineage.Owner, fragments []Fragment) (lineage.Projection, error) {
	said := make([]ot2.Run, len(fragments))
	for i, f := range fragments {
		said[i] = f.(ot2.Run)
	}
	run := ot2.Merge(said...)
	if n := len(run.Commands); n > r.limits.Commands {
		return lineage.Projection{}, &lineage.Error{
			Op: "transform", Kind: lineage.ErrorTooLarge, ID: string(owner),
			Hint: fmt.Sprintf("a run may have %d commands: raise the limit", r.limits.Commands),
			Err:  fmt.Errorf("%d commands in all envelopes together", n),
		}
	}
	outcome := liquid.Fold(run, liquid.Options{Definitions: r.options.Definitions})
	return project.Project(owner, run, outcome, r.options)
}
