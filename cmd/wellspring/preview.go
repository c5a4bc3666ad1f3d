package main

import (
	"bytes"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/app"
)

// previewAll says what each manifest would change; nothing is taken.
func previewAll(cmd *cobra.Command, s *service, o app.Options, paths []string) error {
	previews := []client.Preview{}
	for d, err := range app.Documents(cmd.Context(), paths, cmd.InOrStdin(), o) {
		if err != nil {
			return err
		}
		r, err := s.PreviewDeclarationsWithBodyWithResponse(cmd.Context(), "application/octet-stream", bytes.NewReader(d.Payload))
		if err != nil {
			return s.unreachable(err)
		}
		if r.JSON200 == nil {
			return refused(r.HTTPResponse, r.Body)
		}
		previews = append(previews, *r.JSON200)
	}
	return output(cmd, previews, func(t *table) {
		for _, p := range previews {
			tableOfPreview(t, p)
		}
	})
}

func tableOfPreview(t *table, p client.Preview) {
	t.line("%s: %s, nothing is taken.", p.Owner, count(p.Declarations, "declaration"))
	if p.Duplicate {
		t.line("It was taken before: nothing would change.")
		return
	}
	for _, change := range p.Changes {
		a := change.Applied
		t.line("\n%s would be derived again: %d nodes and %d edges added, %d and %d changed, %d and %d retracted", change.Owner,
			a.NodesAdded, a.EdgesAdded, a.NodesChanged, a.EdgesChanged, a.NodesRetracted, a.EdgesRetracted)
		for _, f := range change.Facts {
			t.row("  "+f.Change, f.Target.Name, string(f.RelationshipType), f.Source.Name)
		}
		_ = t.flush()
	}
	if p.Truncated {
		t.line("CUT: there is more than is listed.")
	}
}
