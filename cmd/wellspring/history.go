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
				return output(cmd, r.JSON200, func(t *table) { tableOfHistory(t, r.JSON200.Revisions, s.names(cmd, r.JSON200.Revisions)) })
			})
		},
	}
}

// mostNames is how many nodes at the other ends of edges are asked for by name.
const mostNames = 200

// names are what people call the nodes of a history. Those that are not in the
// graph any more, and those beyond the bound, keep their ids.
func (s *service) names(cmd *cobra.Command, revisions []lineage.Revision) map[lineage.ID]string {
	names := map[lineage.ID]string{}
	for _, r := range revisions {
		if r.Node != nil {
			names[r.Node.ID] = r.Node.Name
		}
	}
	for _, r := range revisions {
		if r.Edge == nil {
			continue
		}
		for _, id := range []lineage.ID{r.Edge.SourceID, r.Edge.TargetID} {
			if _, known := names[id]; known || len(names) >= mostNames {
				continue
			}
			names[id] = id.String()
			if n, err := s.GetNodeWithResponse(cmd.Context(), id.String(), nil); err == nil && n.JSON200 != nil {
				names[id] = n.JSON200.Node.Name
			}
		}
	}
	return names
}

func tableOfHistory(t *table, revisions []lineage.Revision, names map[lineage.ID]string) {
	name := func(id lineage.ID) string {
		if known := names[id]; known != "" {
			return known
		}
		return id.String()
	}
	t.row("KNOWN SINCE", "TAKEN BACK", "WHAT", "WHO", "WHY")
	for _, r := range revisions {
		retracted := ""
		if r.RetractedAt != nil {
			retracted = r.RetractedAt.UTC().Format(time.RFC3339)
		}
		var what string
		var said lineage.Attributes
		if r.Node != nil {
			what, said = string(r.Node.Kind)+" "+r.Node.Name, r.Node.Attributes
		} else {
			what, said = name(r.Edge.TargetID)+" "+string(r.Edge.RelationshipType)+" "+name(r.Edge.SourceID), r.Edge.Attributes
		}
		word := func(key string) string { text, _ := said[key].(string); return strings.ReplaceAll(text, "\n", " ") }
		t.row(r.CreatedAt.UTC().Format(time.RFC3339), retracted, what, word("who"), word("why"))
	}
}
