package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"wellspring/api/client"
	"wellspring/app"
	"wellspring/lineage"
)

// What became of an imported document.
const (
	outcomeProcessed = "processed" // in the graph, verified
	outcomeDuplicate = "duplicate" // it was there already
	outcomeAccepted  = "accepted"  // durable; processing goes on
	outcomeDead      = "dead"      // durable, but it could not be processed
	outcomeRefused   = "refused"   // not taken
)

// imported is what became of one document.
type imported struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome"`
	Owner   string `json:"owner,omitempty"` // run:ID, plan:ID, …
	Error   string `json:"error,omitempty"`

	err error
}

func newImport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE|DIR…",
		Short: "Take in run logs, analyses and robot answers",
		Long: `Take in documents: runs and analyses in any shape that an OT-2 or its app writes them.
A folder is searched with its subfolders for .json and .csv files; - is standard input. Each is
durable before it counts as taken; one that was taken before is a duplicate and changes
nothing: cut off, run it again, and it goes on where it was. As many as --workers are
underway at a time. One that is refused does not stop the others; the exit code is 2 then.`,
		Example: `  wellspring import run.json
  wellspring import runs/ analyses/
  wellspring import corrections.csv --dry-run
  ssh robot cat run.json | wellspring import -`,
		Args: invalidArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := options(cmd)
			if err != nil {
				return err
			}
			dryRun, err := cmd.Flags().GetBool("dry-run")
			if err != nil {
				return err
			}
			return withService(cmd, func(s *service) error {
				if dryRun {
					return previewAll(cmd, s, o, args)
				}
				return importAll(cmd, s, o, args)
			})
		},
	}
	cmd.Flags().Bool("dry-run", false, "say what is new, what is known and what manifests would change, and take nothing")
	return cmd
}

func importAll(cmd *cobra.Command, s *service, o app.Options, paths []string) error {
	format, err := cmd.Flags().GetString("output")
	if err != nil {
		return err
	}
	show := newBar(cmd)
	defer show.done()
	var (
		mu    sync.Mutex
		all   = []imported{}
		total = app.CountDocuments(cmd.Context(), paths)
		told  = func(i imported) {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, i)
			if format == "table" {
				show.print(cmd.OutOrStdout(), i.text())
			}
			show.show("import", int64(len(all)), total)
		}
	)
	group, ctx := errgroup.WithContext(cmd.Context())
	group.SetLimit(o.Workers)
	for d, err := range app.Documents(ctx, paths, cmd.InOrStdin(), o) {
		if err != nil {
			told(imported{Name: d.Name, Outcome: outcomeRefused, Error: err.Error(), err: err})
			continue
		}
		group.Go(func() error {
			i, err := s.importOne(ctx, d)
			if err != nil {
				return err
			}
			told(i)
			return nil
		})
	}
	err = group.Wait()
	show.done()
	if err != nil {
		return err
	}
	return summary(cmd, all)
}

// busyPatience is how long a service that has no room, or whose disk or store is
// away, is asked again.
const busyPatience = 5 * time.Minute

// send sends a document, again and again while the service says: not now.
func (s *service) send(ctx context.Context, payload []byte) (*client.ImportRunResponse, error) {
	const wait = 60
	return backoff.Retry(ctx, func() (*client.ImportRunResponse, error) {
		r, err := s.ImportRunWithBodyWithResponse(ctx, &client.ImportRunParams{Wait: set(wait)}, "application/json", bytes.NewReader(payload))
		switch {
		case err != nil:
			return nil, backoff.Permanent(s.unreachable(err))
		case r.StatusCode() == http.StatusServiceUnavailable || r.StatusCode() == http.StatusTooManyRequests:
			return nil, refused(r.HTTPResponse, r.Body)
		}
		return r, nil
	}, backoff.WithMaxElapsedTime(busyPatience))
}

// importOne sends a document and waits for what becomes of it. An error is one
// of the service, which the other documents would meet as well.
func (s *service) importOne(ctx context.Context, d app.Document) (imported, error) {
	i := imported{Name: d.Name}
	r, err := s.send(ctx, d.Payload)
	if err != nil {
		return i, fmt.Errorf("%s: %w", d.Name, err)
	}
	accepted := r.JSON200
	if accepted == nil {
		accepted = r.JSON202
	}
	if accepted == nil {
		i.err = refused(r.HTTPResponse, r.Body)
		i.Outcome, i.Error = outcomeRefused, i.err.Error()
		return i, nil
	}
	i.Owner = accepted.Subject
	switch why := deref(accepted.Error); {
	case why != "":
		i.Outcome, i.Error = outcomeDead, why
	case accepted.Duplicate:
		i.Outcome = outcomeDuplicate
	case r.JSON200 != nil:
		i.Outcome = outcomeProcessed
	default:
		i.Outcome = outcomeAccepted
	}
	return i, nil
}

func (i imported) text() string {
	text := fmt.Sprintf("%-9s  %s", i.Outcome, i.Name)
	if i.Owner != "" {
		text += "  " + i.Owner
	}
	if i.Error != "" {
		text += "\n           " + i.Error
	}
	return printable(text) + "\n"
}

func summary(cmd *cobra.Command, all []imported) error {
	counts := map[string]int{}
	for _, i := range all {
		counts[i.Outcome]++
	}
	written := output(cmd, all, func(t *table) {
		t.line("%d processed, %d duplicates, %d accepted, %d dead, %d refused", counts[outcomeProcessed], counts[outcomeDuplicate],
			counts[outcomeAccepted], counts[outcomeDead], counts[outcomeRefused])
	})
	return errors.Join(written, failures(all))
}

// failures is the error that documents are which were not taken.
func failures(all []imported) error {
	failed, hint := 0, "each is named with its error"
	for _, i := range all {
		switch i.Outcome {
		case outcomeDead:
			failed, hint = failed+1, "each is named with its error; wellspring dlq list shows those that were kept"
		case outcomeRefused:
			failed++
		}
	}
	switch {
	case len(all) == 0:
		return lineage.Invalid("import", "nothing", "there is no .json or .csv file there")
	case failed > 0:
		return lineage.Invalid("import", fmt.Sprintf("%d of %d documents", failed, len(all)), hint)
	}
	return nil
}
