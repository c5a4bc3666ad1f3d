package liquid

import (
	"slices"

	"wellspring/ot2"
)

// Ordered returns the commands that ran, in the order in which they ran: by
// the instant they started, those of one instant as listed. A command that
// never started never ran; where no command says when it started, and in an
// analysis, the list is the order.
func Ordered(run ot2.Run) []*ot2.Command {
	ordered := make([]*ot2.Command, 0, len(run.Commands))
	started := slices.ContainsFunc(run.Commands, func(c ot2.Command) bool { return !c.StartedAt.IsZero() })
	for i := range run.Commands {
		c := &run.Commands[i]
		if run.Plan || !started || !c.StartedAt.IsZero() {
			ordered = append(ordered, c)
		}
	}
	if !run.Plan && started {
		slices.SortStableFunc(ordered, func(a, b *ot2.Command) int { return a.StartedAt.Compare(b.StartedAt) })
	}
	return ordered
}
