package main

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/app"
)

// What would become of a document.
const (
	outcomeNew   = "new"   // nothing is known of its owner
	outcomeKnown = "known" // something is: it adds to that, corrects it, or is a duplicate
)

// previewed is what would become of one document.
type previewed struct {
	imported
	Changes *client.Preview `json:"changes,omitempty"` // of a manifest
}

// previewAll says what would become of each document; nothing is taken.
func previewAll(cmd *cobra.Command, s *service, o app.Options, paths []string) error {
	all, outcomes := []previewed{}, []imported{}
	for d, err := range app.Documents(cmd.Context(), paths, cmd.InOrStdin(), o) {
		one := previewed{imported: imported{Name: d.Name}}
		if err == nil {
			err = s.preview(cmd, d, o, &one)
		}
		if err != nil {
			one.Outcome, one.Error = outcomeRefused, err.Error()
		}
		all, outcomes = append(all, one), append(outcomes, one.imported)
	}
	err := output(cmd, all, func(t *table) {
		for _, p := range all {
			t.line("%s", strings.TrimSuffix(p.text(), "\n"))
			if p.Changes != nil {
				tableOfPreview(t, *p.Changes)
			}
		}
		t.line("Nothing was taken.")
	})
	if err != nil {
		return err
	}
	return failures(outcomes)
}

// preview finds out what would become of one document. An error is one of it, or of the service.
func (s *service) preview(cmd *cobra.Command, d app.Document, o app.Options, into *previewed) error {
	owner, err := app.Identify(d, o)
	if err != nil {
		return err
	}
	known, err := s.GetProcessingWithResponse(cmd.Context(), string(owner))
	switch {
	case err != nil:
		return s.unreachable(err)
	case known.StatusCode() == http.StatusNotFound:
		into.Outcome = outcomeNew
	case known.JSON200 == nil:
		return refused(known.HTTPResponse, known.Body)
	default:
		into.Outcome = outcomeKnown
	}
	into.Owner = string(owner)
	if !strings.HasPrefix(into.Owner, "manifest:") {
		return nil
	}
	r, err := s.PreviewDeclarationsWithBodyWithResponse(cmd.Context(), "application/octet-stream", bytes.NewReader(d.Payload))
	if err != nil {
		return s.unreachable(err)
	}
	if r.JSON200 == nil {
		return refused(r.HTTPResponse, r.Body)
	}
	into.Changes = r.JSON200
	return nil
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
