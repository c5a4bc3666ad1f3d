package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wellspring/api/client"
)

func newRerun() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rerun OWNER",
		Short: "Process a run, an analysis or a document again",
		Long: `Process an owner again, whether anything is new of it or not: a run as run:ID, an analysis as plan:ID,
as wellspring processing lists them. From extract its dead letters are taken along; what earlier stages
made is not kept, so they run too; from verify nothing is written unless the graph is not what it should be.`,
		Example: `  wellspring processing rerun run:3f2a9c
  wellspring processing rerun run:3f2a9c --from verify`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := cmd.Flags().GetString("from")
			if err != nil {
				return err
			}
			return withService(cmd, func(s *service) error {
				params := &client.RerunProcessingParams{From: set(client.RerunProcessingParamsFrom(from))}
				r, err := s.RerunProcessingWithResponse(cmd.Context(), args[0], params)
				if err != nil {
					return s.unreachable(err)
				}
				ended := r.JSON200
				if ended == nil {
					ended = r.JSON202
				}
				if ended == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, ended, func(t *table) { tableOfProcessing(t, *ended) })
			})
		},
	}
	cmd.Flags().String("from", "extract", "the first stage that is wanted again: extract, transform, load, verify")
	_ = cmd.RegisterFlagCompletionFunc("from",
		cobra.FixedCompletions([]string{"extract", "transform", "load", "verify"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func newCancel() *cobra.Command {
	return &cobra.Command{
		Use:   "cancel OWNER",
		Short: "End the processing that an owner has or waits for",
		Long: `End the processing of an owner, such as one that waits for a graph that is away. Nothing is lost: its
documents stay in the journal, and a rerun, or the next document of it, takes all of them up.`,
		Example: "  wellspring processing cancel run:3f2a9c",
		Args:    invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withService(cmd, func(s *service) error {
				r, err := s.CancelProcessingWithResponse(cmd.Context(), args[0])
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON200, func(t *table) { tableOfProcessing(t, *r.JSON200) })
			})
		},
	}
}

func tableOfProcessing(t *table, p client.Processing) {
	t.line("%s: %s after %s", p.Owner, p.Status, seconds(p.Seconds.Total))
	if p.Error != "" {
		t.line("%s", p.Error)
	}
	if p.Remedy != "" {
		t.line("to do: %s", p.Remedy)
	}
}

// showPulse shows how the pipeline is doing.
func showPulse(cmd *cobra.Command) error {
	return withService(cmd, func(s *service) error {
		r, err := s.GetPulseWithResponse(cmd.Context())
		if err != nil {
			return s.unreachable(err)
		}
		if r.JSON200 == nil {
			return refused(r.HTTPResponse, r.Body)
		}
		return output(cmd, r.JSON200, func(t *table) { tableOfPulse(t, *r.JSON200) })
	})
}

func tableOfPulse(t *table, p client.Pulse) {
	t.row("running", strconv.Itoa(len(p.Running))+" of "+strconv.Itoa(p.Workers)+" at a time")
	t.row("waiting", strconv.Itoa(p.Waiting))
	t.row("behind", strconv.FormatInt(p.Behind, 10)+" records, the oldest for "+seconds(p.OldestSeconds))
	t.row("followed", strconv.Itoa(p.Followed)+" runs under way")
	t.row("left out", strconv.Itoa(p.LeftOut)+" records (wellspring dlq list)")
	var stand []string
	for _, status := range slices.Sorted(maps.Keys(p.Processings)) {
		stand = append(stand, strconv.FormatInt(p.Processings[status], 10)+" "+string(status))
	}
	t.row("processings", strings.Join(stand, ", "))
	for _, rate := range p.Rates {
		t.row("last "+strconv.Itoa(rate.Minutes)+" min", strconv.FormatFloat(rate.TurnsPerMinute, 'f', 1, 64)+" processings and "+
			strconv.FormatFloat(rate.EnvelopesPerMinute, 'f', 1, 64)+" documents a minute, "+strconv.Itoa(rate.Failed)+" failed")
	}
	for _, s := range p.Schedules {
		t.row("schedule "+s.Task, scheduleCell(s.When, s.Outcome, s.Error, s.LastAt, s.NextAt))
	}
	if s := p.Second; s != nil {
		t.row("second graph", secondCell(*s))
	}
	for _, turn := range p.Running {
		t.row(string(turn.Owner), strings.TrimSpace(string(turn.Stage)+" since "+turn.Since.Format(time.RFC3339)+" "+turn.Error))
	}
}

func secondCell(s client.PulseSecond) string {
	cell := s.Graph + ": "
	switch {
	case s.Behind == 0:
		cell += "caught up"
	case s.Filled:
		cell += fmt.Sprintf("%d records behind, the oldest for %s", s.Behind, seconds(s.OldestSeconds))
	default:
		cell += fmt.Sprintf("being filled, %d of %d records (%d %%)", s.Records-s.Behind, s.Records, (s.Records-s.Behind)*100/max(1, s.Records))
	}
	if s.DeadLetters > 0 {
		cell += fmt.Sprintf("; %d dead letters of its own", s.DeadLetters)
	}
	if s.Error != "" {
		cell += " (" + s.Error + ")"
	}
	return cell
}

func scheduleCell(when, outcome, why string, last, next *time.Time) string {
	cell := when + ": not run yet"
	if last != nil {
		cell = when + ": " + outcome + " at " + instantCell(last)
	}
	if why != "" {
		cell += " (" + why + ")"
	}
	if next != nil {
		cell += ", next at " + instantCell(next)
	}
	return cell
}
