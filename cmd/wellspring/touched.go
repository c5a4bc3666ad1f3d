package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"wellspring/api/client"
)

func newTouched() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "touched SELECTOR",
		Short: "This lot or sample: which wells did something of it come to?",
		Long: `Print the wells that hold, or held, something of a lot, a sample or the first content of a well, with
the share there and how many measurements were read, from a view that is kept with the graph: the
quick answer, however many there are. What came there by which steps, and what only carry-over by a
tip may have reached, impact tells.

` + selectorHelp,
		Example: `  wellspring touched 'lot:PBS buffer'
  wellspring touched sample:LY-0001 --limit 20
  wellspring touched 'lot:PBS buffer' --output json`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			limit, err := cmd.Flags().GetInt("limit")
			if err != nil {
				return err
			}
			q := trace{limit: limit}
			return withService(cmd, func(s *service) error {
				answer, err := s.touched(cmd, args[0], q)
				if err != nil {
					return err
				}
				return output(cmd, answer, func(t *table) { tableOfTouched(t, answer) })
			})
		},
	}
	cmd.Flags().Int("limit", 0, "print at most this many wells (default all)")
	return cmd
}

// touched puts the pages together, up to the limit.
func (s *service) touched(cmd *cobra.Command, selector string, q trace) (client.Touched, error) {
	var whole client.Touched
	for cursor := ""; ; {
		r, err := s.GetTouchedWithResponse(cmd.Context(), selector, &client.GetTouchedParams{Limit: set(q.pageLimit()), Cursor: set(cursor)})
		if err != nil {
			return whole, s.unreachable(err)
		}
		if r.JSON200 == nil {
			return whole, refused(r.HTTPResponse, r.Body)
		}
		wells := append(whole.Wells, r.JSON200.Wells...)
		whole = *r.JSON200
		whole.Wells = wells
		if cursor = string(whole.Next); cursor == "" || q.limit > 0 && len(wells) >= q.limit {
			return whole, nil
		}
	}
}

func tableOfTouched(t *table, a client.Touched) {
	for _, root := range a.Roots {
		t.line("%s", describe(root))
	}
	t.line("")
	c := a.Counts
	t.line("Came to %s on %s in %s, %s.", count(c.Wells, "well"), count(c.Plates, "labware"), count(c.Runs, "run"), count(c.Measurements, "measurement"))
	if len(a.Wells) > 0 {
		t.line("")
		t.row("WELL", "SHARE", "CONTENTS", "MEASUREMENTS", "RUN")
		for _, w := range a.Wells {
			share := percent(w.FractionMax)
			if least := percent(w.FractionMin); least != share {
				share = least + " to " + share
			}
			t.row(w.Name, share, fmt.Sprint(w.Contents), wellsCell(w.Measurements), w.Run)
		}
	}
	if c.Planned > 0 {
		t.line("")
		t.line("Plans mean it for %s, not counted above.", count(c.Planned, "well"))
	}
	lineOfExperiments(t, client.Answer{Experiments: a.Experiments})
	t.line("")
	if a.Truncated || a.Next != "" {
		t.line("CUT: there is more than these %d wells; raise --limit.", len(a.Wells))
	}
	if a.Complete {
		if a.Next == "" {
			t.line("Complete: nothing in this answer is unknown.")
		}
		return
	}
	incomplete(t, a.Reasons, a.Explanations)
}
