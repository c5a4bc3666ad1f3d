package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/lineage"
)

func newHistory() *cobra.Command {
	return &cobra.Command{
		Use:   "history SELECTOR",
		Short: "What was known of this node, since when, who said so and why?",
		Long: `Print every revision of a node and of its relationships, oldest first: when it came to be
known, when it was taken back, and who declared it with which reason.

` + selectorHelp,
		Example: `  wellspring history lot:PBS-2610-A
  wellspring history run-7/2/A1 --output json`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withService(cmd, func(s *service) error {
				r, err := s.GetHistoryWithResponse(cmd.Context(), args[0], &client.GetHistoryParams{})
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON200, func(t *table) { tableOfHistory(t, r.JSON200.Revisions) })
			})
		},
	}
}

func tableOfHistory(t *table, revisions []lineage.Revision) {
	t.row("KNOWN SINCE", "TAKEN BACK", "WHAT", "WHO", "WHY")
	for _, r := range revisions {
		retracted := ""
		if r.RetractedAt != nil {
			retracted = r.RetractedAt.UTC().Format(time.RFC3339)
		}
		what, said := "", lineage.Attributes{}
		if r.Node != nil {
			what, said = string(r.Node.Kind)+" "+r.Node.Name, r.Node.Attributes
		} else {
			what, said = r.Edge.TargetID.String()+" "+string(r.Edge.RelationshipType)+" "+r.Edge.SourceID.String(), r.Edge.Attributes
		}
		word := func(key string) string { text, _ := said[key].(string); return strings.ReplaceAll(text, "\n", " ") }
		t.row(r.CreatedAt.UTC().Format(time.RFC3339), retracted, what, word("who"), word("why"))
	}
}
