package etl

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"wellspring/etl/benchindex"
	"wellspring/etl/project"
	"wellspring/ingest"
	"wellspring/ingest/journal"
	"wellspring/lineage"
	"wellspring/liquid"
	"wellspring/ot2"
)

// plans is the Projector of analyses. A plan shares nothing with anybody: the
// plates that it names are those that it meant to use.
type plans struct {
	limits  ot2.Limits
	options project.Options
	bench   *benchindex.Index
}

// Extract implements Projector.
func (p *plans) Extract(_ context.Context, record journal.Record) (Fragment, error) {
	return decodeRun(record, p.limits, true)
}

// Transform implements Projector.
func (p *plans) Transform(_ context.Context, owner lineage.Owner, fragments []Fragment) (Derived, error) {
	run, err := merge(owner, fragments, p.limits)
	if err != nil {
		return Derived{}, err
	}
	outcome := liquid.Fold(run, liquid.Options{Definitions: p.options.Definitions})
	projection, err := project.Project(owner, run, outcome, p.options)
	if err != nil {
		return Derived{}, err
	}
	return Derived{Projection: projection, Keep: func(ctx context.Context, at time.Time) ([]lineage.Owner, error) {
		return p.bench.KeepPlan(ctx, project.Key(owner), keys(run), at)
	}}, nil
}

// account is what one envelope says of a run or an analysis.
type account struct {
	run      ot2.Run
	declared []benchindex.Declared // of steps by others: about itself
}

func decodeRun(record journal.Record, limits ot2.Limits, plan bool) (Fragment, error) {
	document, err := ot2.Decode(bytes.NewReader(record.Envelope.Event.Data()), limits)
	if err != nil {
		return nil, err
	}
	if document.Run.Plan != plan {
		return nil, lineage.Invalid("extract", "type "+record.Envelope.Event.Type(),
			fmt.Sprintf("send a run as %s and an analysis as %s", ingest.TypeRun, ingest.TypePlan))
	}
	return account{run: document.Run}, nil
}

// merge joins what was said of a run.
func merge(owner lineage.Owner, fragments []Fragment, limits ot2.Limits) (ot2.Run, error) {
	said := make([]ot2.Run, len(fragments))
	for i, f := range fragments {
		said[i] = f.(account).run
	}
	run := ot2.Merge(said...)
	if n := len(run.Commands); n > limits.Commands {
		return ot2.Run{}, tooMany(owner, n, limits)
	}
	return run, nil
}

// keys are the command keys of a protocol in executed order, its set-up and its
// recovery from errors left out. Where one is missing there are none to compare.
func keys(run ot2.Run) []string {
	var all []string
	for _, c := range liquid.Ordered(run) {
		switch {
		case c.Intent == "setup" || c.Intent == "fixit" || c.Status == ot2.StatusQueued:
		case c.Key == "":
			return nil
		default:
			all = append(all, c.Key)
		}
	}
	return all
}
