package project

import (
	"cmp"
	"slices"
	"time"

	"wellspring/lineage"
	"wellspring/ot2"
)

// activityID is the id of the Run or the Plan that everything hangs on.
func (b *builder) activityID() lineage.ID {
	if b.run.Plan {
		return lineage.PlanID(b.key)
	}
	return lineage.RunID(b.key)
}

func (b *builder) activityName() string { return cmp.Or(b.run.ProtocolName, b.key) }

// activity adds the Run or the Plan and what it was made from.
func (b *builder) activity() {
	kind := lineage.KindRun
	if b.run.Plan {
		kind = lineage.KindPlan
	}
	start, end := b.start, b.end
	attrs := attributes{}.
		text(lineage.AttrRun, b.key).
		text("status", b.run.Status).
		text("result", b.run.Result).
		time("runCreatedAt", b.run.CreatedAt).
		time("startedAt", start).
		time("completedAt", end).
		seconds("durationS", start, end).
		text("protocol", b.run.ProtocolID).
		text("protocolName", b.run.ProtocolName).
		text("robotSerial", b.run.RobotSerial).
		text("robotName", b.run.RobotName).
		text("software", b.run.Software).
		texts("parameters", parameters(b.run)).
		number("commands", float64(b.records.Commands)).
		number("findings", float64(len(b.report.Findings))).
		texts(lineage.AttrIncomplete, b.report.Incomplete)
	attrs["complete"] = len(b.report.Incomplete) == 0
	if b.run.CommandsTotal >= 0 {
		attrs.number("commandsTotal", float64(b.run.CommandsTotal))
	}
	b.node(b.activityID(), kind, b.activityName(), attrs)

	if b.run.ProtocolID != "" {
		id := ProtocolID(b.run.ProtocolID)
		b.node(id, lineage.KindProtocol, b.run.ProtocolID, attributes{}.text("protocol", b.run.ProtocolID))
		b.edge(b.activityID(), lineage.Used, id, lineage.ID{}, attributes{}.text("protocolName", b.run.ProtocolName))
	}
	if b.options.PlannedBy != "" && !b.run.Plan {
		b.edge(b.activityID(), lineage.PlannedBy, lineage.PlanID(b.options.PlannedBy), lineage.ID{}, nil)
	}
}

// span returns when a run began and ended, by its own word or else by its
// commands'; zero where neither says.
func span(run ot2.Run) (start, end time.Time) {
	if run.Plan { // times of an analysis are when it was computed
		return time.Time{}, time.Time{}
	}
	start, end = run.StartedAt, run.CompletedAt
	for _, c := range run.Commands {
		if c.StartedAt.IsZero() || c.Intent == "setup" {
			continue
		}
		if run.StartedAt.IsZero() && (start.IsZero() || c.StartedAt.Before(start)) {
			start = c.StartedAt
		}
		if run.CompletedAt.IsZero() && run.Ended() && c.CompletedAt.After(end) {
			end = c.CompletedAt
		}
	}
	return start, end
}

// parameters writes run-time parameters as name=value, sorted.
func parameters(run ot2.Run) []string {
	written := make([]string, 0, len(run.Parameters))
	for _, p := range run.Parameters {
		written = append(written, p.Name+"="+string(p.Value))
	}
	slices.Sort(written)
	return slices.Compact(written)
}
