package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/lineage"
)

func newDiff() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff RUN RUN | diff --plan RUN",
		Short: "Why do two runs' wells differ? Did a run do what was planned?",
		Long: `Print how two runs differ, or with --plan how a run differs from its analysis: why, which
steps one has and the other has not, and which wells hold something else at the end.

Steps are matched by command key, then by what they do; wells by deck slot and label.`,
		Example: `  wellspring diff --plan run-7
  wellspring diff run-7 run-8
  wellspring diff run-7 run-8 --output json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, _ := cmd.Flags().GetBool("plan")
			limit, _ := cmd.Flags().GetInt("limit")
			with := "plan"
			switch {
			case plan && len(args) == 1:
			case !plan && len(args) == 2:
				with = args[1]
			default:
				return lineage.Invalid("compare runs", strings.Join(args, " "), "name two runs, or one with --plan")
			}
			return withService(cmd, func(s *service) error {
				r, err := s.GetRunDiffWithResponse(cmd.Context(), args[0], &client.GetRunDiffParams{With: with, Limit: set(limit)})
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON200, func(t *table) { tableOfDiff(t, *r.JSON200) })
			})
		},
	}
	cmd.Flags().Bool("plan", false, "compare one run with the analysis that it carried out")
	cmd.Flags().Int("limit", 1000, "list at most this many of each, up to 10000")
	return cmd
}

func tableOfDiff(t *table, d client.Diff) {
	t.line("from %s", describe(d.From))
	t.line("to   %s", describe(d.To))
	t.line("")
	onlyFrom, onlyTo := "only in the first", "only in the second"
	if d.Plan {
		onlyFrom, onlyTo = "planned and not done", "done and not planned"
	}
	t.line("%s matched: %d otherwise, %d in another order; %d %s, %d %s. %s compared: %d differ.",
		count(d.Counts.StepsMatched, "step"), d.Counts.StepsChanged, d.Counts.OutOfOrder, d.Counts.StepsOnlyFrom, onlyFrom,
		d.Counts.StepsOnlyTo, onlyTo, count(d.Counts.WellsCompared, "well"), d.Counts.WellsDiffer)
	if len(d.Why) > 0 {
		t.line("")
		t.row("WHY", "OF", "FROM", "TO")
		for _, w := range d.Why {
			t.row(w.What, w.Name, w.From, w.To)
		}
	}
	tableOfSteps(t, onlyFrom, d.OnlyFrom)
	tableOfSteps(t, onlyTo, d.OnlyTo)
	if len(d.Changed) > 0 {
		t.line("")
		t.row("DONE OTHERWISE", "FROM", "TO")
		for _, c := range d.Changed {
			t.row(strings.Join(c.What, ", "), c.From.Name, c.To.Name)
		}
	}
	if len(d.Wells) > 0 {
		t.line("")
		t.row("SLOT", "LABWARE", "WELL", "WHAT", "FROM", "TO")
		for _, w := range d.Wells {
			t.row(w.Slot, w.Labware, w.Well, strings.Join(w.What, ", "), contentCell(w.From, w.What), contentCell(w.To, w.What))
		}
	}
	t.line("")
	if d.Truncated {
		t.line("CUT: there is more; raise --limit.")
	}
	if d.Complete {
		t.line("Complete: nothing in this answer is unknown.")
	} else {
		t.line("INCOMPLETE: %s", strings.Join(d.Reasons, ", "))
	}
}

func tableOfSteps(t *table, title string, steps []lineage.Node) {
	if len(steps) == 0 {
		return
	}
	t.line("")
	t.row(strings.ToUpper(title), "WHEN")
	for _, step := range steps {
		t.row(step.Name, attribute(step, lineage.AttrAt))
	}
}

// contentCell is what a well held: by lot where the lots are what differs.
func contentCell(content *client.WellContent, what []string) string {
	const most = 3 // liquids to name
	if content == nil {
		return "nothing"
	}
	parts := []string{"unknown volume"}
	if content.VolumeUl != nil {
		parts[0] = microlitres(*content.VolumeUl)
	}
	named := content.Liquids
	if len(what) == 1 && what[0] == "lots" {
		named = content.Lots
	}
	for i, share := range named {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(named)-most))
			break
		}
		parts = append(parts, percent(share.Fraction)+" "+share.Name)
	}
	return strings.Join(parts, ", ")
}
