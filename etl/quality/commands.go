package quality

import (
	"fmt"

	"wellspring/liquid"
	"wellspring/ot2"
)

// commands checks the command list: is it there, is it all, did all of it work.
func commands(run ot2.Run, outcome liquid.Outcome) []liquid.Finding {
	var found []liquid.Finding
	if len(run.Commands) == 0 {
		found = append(found, liquid.Finding{Kind: NoCommands, Detail: "the record has no commands: it moved nothing, or the robot lost them"})
	}
	if missing := run.CommandsTotal - len(run.Commands); missing > 0 {
		found = append(found, liquid.Finding{
			Kind:   CommandsMissing,
			Detail: fmt.Sprintf("%d of %d commands are not here: import the run again once it has ended", missing, run.CommandsTotal),
		})
	}
	for _, gap := range run.Gaps {
		found = append(found, liquid.Finding{Kind: RecordGap, Detail: clip(gap.Kind + ": " + gap.Detail)})
	}
	found = append(found, failures(run)...)
	for kind, n := range outcome.Unknown {
		found = append(found, liquid.Finding{Kind: UnknownCommand, Detail: fmt.Sprintf("%d of type %s: what it does to liquid is not known", n, kind)})
	}
	for _, e := range run.Errors {
		found = append(found, liquid.Finding{Kind: RunError, Detail: clip(e.Type + ": " + e.Detail)})
	}
	return found
}

// failures finds commands that failed, were cut off, or say nothing of their result.
func failures(run ot2.Run) []liquid.Finding {
	var found []liquid.Finding
	succeeded, results := 0, 0
	for _, c := range run.Commands {
		switch c.Status {
		case ot2.StatusSucceeded:
			succeeded++
			if c.HasResult {
				results++
			}
		case ot2.StatusFailed:
			if c.StartedAt.IsZero() && !run.Plan {
				continue // a failed run lists what it never came to
			}
			found = append(found, liquid.Finding{
				Kind: CommandFailed, Command: c.ID, Labware: c.Params.LabwareID, Well: c.Params.WellName,
				Detail: clip(c.Type + failure(c)),
			})
		case ot2.StatusRunning:
			if run.Ended() && !run.Plan {
				found = append(found, liquid.Finding{
					Kind: Unfinished, Command: c.ID, Labware: c.Params.LabwareID, Well: c.Params.WellName,
					Detail: c.Type + " had started when the run ended, and nobody saw its end",
				})
			}
		}
	}
	if succeeded > 0 && results == 0 {
		found = append(found, liquid.Finding{Kind: NoResults, Detail: "no command has a result: volumes and ids are those asked for, not those done"})
	}
	return found
}

func failure(c ot2.Command) string {
	if c.Error == nil {
		return " failed"
	}
	return " failed: " + c.Error.Type + ": " + c.Error.Detail
}

// clip keeps a detail readable: errors wrap whole tracebacks.
func clip(s string) string {
	const limit = 300
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return string(runes[:limit]) + "…"
}
