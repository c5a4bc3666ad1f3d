package main

import (
	"github.com/spf13/cobra"

	"wellspring/api/client"
)

func newCandidates() *cobra.Command {
	return &cobra.Command{
		Use:   "candidates RUN",
		Short: "Which plates of earlier runs may this run's labware be?",
		Long: `List, for labware whose identity nobody declared, what stood in the same slot with the same
definition earlier on the same day. Nothing is taken as true: put the row that is right into a
manifest with the columns barcode,run,labware and import it.`,
		Example: "  wellspring candidates latest",
		Args:    invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withService(cmd, func(s *service) error {
				r, err := s.ListCandidatesWithResponse(cmd.Context(), args[0], &client.ListCandidatesParams{})
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				run, err := s.GetRunWithResponse(cmd.Context(), args[0], nil)
				if err != nil {
					return s.unreachable(err)
				}
				if run.JSON200 == nil {
					return refused(run.HTTPResponse, run.Body)
				}
				return output(cmd, r.JSON200, func(t *table) {
					tableOfCandidates(t, attribute(run.JSON200.Run, "run"), *r.JSON200)
				})
			})
		},
	}
}

// tableOfCandidates lists candidates, each with what a manifest would say to
// confirm it. Where the earlier plate has no barcode, both need one.
func tableOfCandidates(t *table, run string, list client.Candidates) {
	if len(list.Candidates) == 0 {
		t.line("No candidates: every labware has its identity, or nothing like it stood there before on that day.")
		return
	}
	t.row("SLOT", "LABWARE", "MAY BE", "OF RUN", "THAT ENDED", "BARCODE")
	for _, c := range list.Candidates {
		t.row(c.Slot, c.Labware, c.EarlierLabware, c.EarlierRun, c.EndedAt.UTC().Format("2006-01-02T15:04:05Z"), c.Barcode)
	}
	t.line("\nTo confirm one, import its row in a manifest:\n\nbarcode,run,labware")
	for _, c := range list.Candidates {
		barcode := c.Barcode
		if barcode == "" {
			barcode = "BARCODE"
			t.line("%s,%s,%s", barcode, c.EarlierRun, c.EarlierLabware)
		}
		t.line("%s,%s,%s", barcode, run, c.Labware)
	}
}
