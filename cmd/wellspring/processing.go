package main

import (
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"wellspring/api/client"
)

func newProcessing() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "processing",
		Short: "List what is being processed, was processed, or failed",
		Example: `  wellspring processing
  wellspring processing --summary
  wellspring processing --status failed --output json
  wellspring processing rerun run:RUN --from load`,
		Args: invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if summary, err := cmd.Flags().GetBool("summary"); summary || err != nil {
				return errors.Join(err, showPulse(cmd))
			}
			status, err := cmd.Flags().GetString("status")
			if err != nil {
				return err
			}
			limit, err := cmd.Flags().GetInt("limit")
			if err != nil {
				return err
			}
			return withService(cmd, func(s *service) error {
				r, err := s.ListProcessingWithResponse(cmd.Context(), &client.ListProcessingParams{Limit: set(limit), Status: set(client.ProcessingStatus(status))})
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON200, func(t *table) {
					t.row("OWNER", "STATUS", "STAGE", "ATTEMPTS", "STARTED", "TOTAL", "ERROR")
					for _, p := range r.JSON200.Processings {
						t.row(string(p.Owner), string(p.Status), string(p.Stage), strconv.Itoa(p.Attempts), p.StartedAt.Format(time.RFC3339),
							seconds(p.Seconds.Total), p.Error)
					}
					if deref(r.JSON200.Next) != "" {
						t.line("There are more: raise --limit.")
					}
				})
			})
		},
	}
	cmd.Flags().String("status", "", "only those: pending, running, retrying, failed, done, cancelled")
	cmd.Flags().Bool("summary", false, "show queue, rates, ages and failures instead of the list")
	cmd.Flags().Int("limit", 100, "list at most this many")
	_ = cmd.RegisterFlagCompletionFunc("status",
		cobra.FixedCompletions([]string{"pending", "running", "retrying", "failed", "done", "cancelled"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.AddCommand(newRerun(), newCancel())
	return cmd
}

func seconds(s float64) string {
	return (time.Duration(s*1e6) * time.Microsecond).Round(time.Millisecond).String()
}

func newLetters() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "dlq",
		Aliases: []string{"deadletters"},
		Short:   "List, show, retry or drop what could not be processed",
		Example: "  wellspring dlq list",
		Long:    "The dead letters: documents that were acknowledged and could not be processed. Each stays, with its payload and error, until it is retried or dropped.",
		Args:    knownCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLettersList(), newLettersShow(), newLettersRetry(), newLettersDrop())
	return cmd
}

func newLettersList() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the dead letters",
		Example: "  wellspring dlq list",
		Args:    invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			limit, err := cmd.Flags().GetInt("limit")
			if err != nil {
				return err
			}
			return withService(cmd, func(s *service) error {
				r, err := s.ListDeadLettersWithResponse(cmd.Context(), &client.ListDeadLettersParams{Limit: set(limit)})
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON200, func(t *table) {
					if len(r.JSON200.DeadLetters) == 0 {
						t.line("No dead letters.")
						return
					}
					t.row("ID", "STATE", "OWNER", "STAGE", "DIED", "ERROR")
					for _, l := range r.JSON200.DeadLetters {
						t.row(l.ID, string(l.State), l.Subject, l.Stage, l.DiedAt.Format(time.RFC3339), l.Error)
					}
					if deref(r.JSON200.Next) != "" {
						t.line("There are more: raise --limit.")
					}
				})
			})
		},
	}
	cmd.Flags().Int("limit", 100, "list at most this many")
	return cmd
}

func newLettersShow() *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Show one dead letter with its payload",
		Example: "  wellspring dlq show 17 --output json",
		Args:    invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withService(cmd, func(s *service) error { return s.showLetter(cmd, args[0], "") })
		},
	}
}

// showLetter shows a dead letter, and after it what is still to be said.
func (s *service) showLetter(cmd *cobra.Command, id, last string) error {
	r, err := s.GetDeadLetterWithResponse(cmd.Context(), id)
	if err != nil {
		return s.unreachable(err)
	}
	if r.JSON200 == nil {
		return refused(r.HTTPResponse, r.Body)
	}
	return output(cmd, r.JSON200, func(t *table) {
		tableOfLetter(t, *r.JSON200)
		if last != "" {
			t.line("\n%s", last)
		}
	})
}

func tableOfLetter(t *table, l client.DeadLetter) {
	t.row("id", l.ID)
	t.row("state", string(l.State))
	t.row("owner", l.Subject)
	t.row("from", l.Source+" "+l.EventID)
	t.row("door", l.Door)
	t.row("observed", l.ObservedAt.Format(time.RFC3339))
	t.row("died", l.DiedAt.Format(time.RFC3339)+" in "+l.Stage+" after "+strconv.Itoa(l.Attempts)+" attempts")
	t.row("error", l.Error)
	t.row("remedy", l.Remedy)
	if l.Data != nil {
		t.line("")
		t.line("%s", *l.Data)
	}
}

func newLettersRetry() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retry ID",
		Short: "Process a dead letter again",
		Example: `  wellspring dlq retry 17 --dry-run
  wellspring dlq retry 17 --reason "the definition of its plate is there now"`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			dryRun, err := cmd.Flags().GetBool("dry-run")
			if err != nil {
				return err
			}
			return withService(cmd, func(s *service) error {
				if dryRun {
					return s.showLetter(cmd, args[0], "It would be processed again, with all else that is known of its owner; whether it fails again, only that shows.")
				}
				r, err := s.RetryDeadLetterWithResponse(cmd.Context(), args[0])
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON200, func(t *table) {
					t.line("%s: %s", args[0], r.JSON200.DeadLetter.State)
					if why := deref(r.JSON200.Error); why != "" {
						t.line("it failed again: %s", why)
					}
				})
			})
		},
	}
	cmd.Flags().Bool("dry-run", false, "show what would be processed again, and change nothing")
	return cmd
}

func newLettersDrop() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drop ID",
		Short: "Give up a dead letter; its record stays in the journal",
		Example: `  wellspring dlq drop 17 --dry-run
  wellspring dlq drop 17 --reason "a test print, not a run"`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			dryRun, err := cmd.Flags().GetBool("dry-run")
			if err != nil {
				return err
			}
			return withService(cmd, func(s *service) error {
				if dryRun {
					return s.showLetter(cmd, args[0], "It would be dropped: nobody waits for it any more. Its document stays in the journal.")
				}
				r, err := s.DropDeadLetterWithResponse(cmd.Context(), args[0])
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON200, func(t *table) { t.line("%s: %s", args[0], r.JSON200.State) })
			})
		},
	}
	cmd.Flags().Bool("dry-run", false, "show what would be dropped, and change nothing")
	return cmd
}
