package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/app"
	"wellspring/lineage"
)

func newFsck() *cobra.Command {
	return &cobra.Command{
		Use:   "fsck",
		Short: "Check the journal and the graph against each other",
		Long: `Check that the journal is whole, and that the graph, the states of processing and the dead
letters are what follows from it: every owner is derived again and compared. Nothing is
changed. What differs is named; the exit code is 1 then.`,
		Example: `  wellspring fsck
  wellspring fsck --output json`,
		Args: invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withService(cmd, func(s *service) error {
				return check(cmd, "fsck", s, func() (checking, error) {
					r, err := s.StartFsckWithResponse(cmd.Context())
					if err != nil {
						return checking{}, err
					}
					return checking{r.JSON202, r.HTTPResponse, r.Body}, nil
				}, func() (checking, error) {
					r, err := s.GetFsckWithResponse(cmd.Context())
					if err != nil {
						return checking{}, err
					}
					return checking{r.JSON200, r.HTTPResponse, r.Body}, nil
				})
			})
		},
	}
}

func newCompare() *cobra.Command {
	return &cobra.Command{
		Use:   "compare",
		Short: "Compare the first graph with the second",
		Long: `Compare the graph that answers come from with the second one (second.store), owner by owner,
while both go on. Nothing is changed. What differs is named: the node or edge, and what the
second has in place of what the first has; the exit code is 1 then, and where the second has
not caught up.`,
		Example: `  wellspring compare
  wellspring compare --output json`,
		Args: invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withService(cmd, func(s *service) error {
				return check(cmd, "compare", s, func() (checking, error) {
					r, err := s.StartCompareWithResponse(cmd.Context())
					if err != nil {
						return checking{}, err
					}
					return checking{r.JSON202, r.HTTPResponse, r.Body}, nil
				}, func() (checking, error) {
					r, err := s.GetCompareWithResponse(cmd.Context())
					if err != nil {
						return checking{}, err
					}
					return checking{r.JSON200, r.HTTPResponse, r.Body}, nil
				})
			})
		},
	}
}

// checking is an answer about a check; without a state it is a refusal.
type checking struct {
	state    *client.FsckState
	response *http.Response
	body     []byte
}

// check starts a check, or finds it under way, and shows what it found.
func check(cmd *cobra.Command, what string, s *service, start, get func() (checking, error)) error {
	started, err := start()
	if err != nil {
		return s.unreachable(err)
	}
	if started.state == nil && started.response.StatusCode != http.StatusConflict {
		return refused(started.response, started.body)
	}
	var state client.FsckState
	err = follow(cmd, func() (bool, client.FsckProgress, error) {
		now, err := get()
		if err != nil {
			return false, client.FsckProgress{}, s.unreachable(err)
		}
		if now.state == nil {
			return false, client.FsckProgress{}, refused(now.response, now.body)
		}
		state = *now.state
		if started.state == nil && !state.Running { // something else is under way
			return false, state.Progress, refused(started.response, started.body)
		}
		return state.Running, state.Progress, nil
	})
	if err != nil {
		return err
	}
	if why := state.Error; why != "" || state.Report == nil {
		return &lineage.Error{Op: what, Kind: lineage.ErrorUnavailable, Hint: "see the log of the service", Err: errors.New(why)}
	}
	return errors.Join(output(cmd, state.Report, func(t *table) { tableOfFsck(t, *state.Report) }), differing(what, *state.Report))
}

// differing is the error that a report of differences is.
func differing(what string, report client.Fsck) error {
	if report.DifferenceCount == 0 {
		return nil
	}
	return &lineage.Error{Op: what, Kind: lineage.ErrorInternal, ID: fmt.Sprintf("%d differences", report.DifferenceCount), Hint: "each is named with its remedy"}
}

func tableOfFsck(t *table, r client.Fsck) {
	for _, d := range r.Differences {
		t.line("%s", strings.Join(strings.Fields(strings.Join([]string{string(d.Kind), string(d.Owner), record(d)}, " ")), " ")+": "+d.Problem)
		for _, part := range d.Parts {
			t.line("    %s", part)
		}
		if d.Truncated {
			t.line("    and more")
		}
		t.line("    remedy: %s", d.Remedy)
	}
	if r.Truncated {
		t.line("%d differences are not listed.", r.DifferenceCount-len(r.Differences))
	}
	for _, owner := range r.Unsettled {
		t.line("not compared, it is being written: %s", owner)
	}
	if r.Older > 0 {
		t.line("%d owners were derived by another version (%s), and are right by that; rebuild makes them by this one.", r.Older, strings.Join(r.Versions, ", "))
	}
	t.line("%d differences in %d records, %d owners, %d nodes, %d edges; %d dead letters", r.DifferenceCount, r.Records, r.Owners, r.Nodes, r.Edges, r.DeadLetters)
}

func record(d client.FsckDifference) string {
	if at := d.Position; at != "" {
		return "record " + string(at)
	}
	return ""
}

func newRebuild() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Make the graph again from the journal, and prove it",
		Long: `Make the graph again from the journal. A running service goes on taking and answering. The
embedded graph is made in a file beside and put in place when it is whole; in Neo4j every
owner that differs is made again. It ends with a check; the exit code is 1 if that finds a
difference. When it is cut off, start it again.

Without a running service a graph that can't be opened any more is moved aside first.

With --second it is the second graph of a running service that is made again (second.store),
owner by owner, whatever keeps it.`,
		Example: "  wellspring rebuild",
		Args:    invalidArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			second, err := cmd.Flags().GetBool("second")
			if err != nil {
				return err
			}
			o, err := options(cmd)
			if err != nil {
				return err
			}
			at, ok, err := running(cmd, o)
			if err != nil {
				return err
			}
			var report client.Rebuild
			switch {
			case ok:
				report, err = rebuildOf(cmd, at, second)
			case second:
				return lineage.Invalid("rebuild", "second", "the second graph is made by a running service: start it")
			default:
				report, err = rebuildAlone(cmd, o)
			}
			if err != nil {
				return err
			}
			return errors.Join(output(cmd, report, func(t *table) {
				tableOfFsck(t, report.Fsck)
				t.line("%d owners made again, %d unknown ones taken out", report.Owners, report.Retracted)
			}), differing("rebuild", report.Fsck))
		},
	}
	cmd.Flags().Bool("second", false, "make the second graph again")
	return cmd
}

// rebuildOf has a running service make its graph again.
func rebuildOf(cmd *cobra.Command, at app.Service, second bool) (report client.Rebuild, err error) {
	s, err := newService(cmd, at)
	if err != nil {
		return report, err
	}
	started, err := s.StartRebuildWithResponse(cmd.Context(), &client.StartRebuildParams{Second: &second})
	if err != nil {
		return report, s.unreachable(err)
	}
	if started.JSON202 == nil {
		return report, refused(started.HTTPResponse, started.Body)
	}
	var state client.RebuildState
	err = follow(cmd, func() (bool, client.FsckProgress, error) {
		r, err := s.GetRebuildWithResponse(cmd.Context())
		if err != nil {
			return false, client.FsckProgress{}, s.unreachable(err)
		}
		if r.JSON200 == nil {
			return false, client.FsckProgress{}, refused(r.HTTPResponse, r.Body)
		}
		state = *r.JSON200
		return state.Running, state.Progress, nil
	})
	if err != nil {
		return report, err
	}
	if why := state.Error; why != "" || state.Report == nil {
		return report, &lineage.Error{Op: "rebuild", Kind: lineage.ErrorUnavailable, Hint: "see the log of the service", Err: errors.New(why)}
	}
	return *state.Report, nil
}

// rebuildAlone makes the graph of a data folder that no service runs on.
func rebuildAlone(cmd *cobra.Command, o app.Options) (report client.Rebuild, err error) {
	a, err := app.OpenToRebuild(cmd.Context(), o, newLogger(cmd.ErrOrStderr(), o))
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	show := newBar(cmd)
	defer show.done()
	return a.Rebuild(cmd.Context(), show.progress)
}

func newBackup() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE|DIR",
		Short: "Back the service up while it runs",
		Long: `Write a backup as a tar file: the journal, the states of processing, the API keys, the evidence
log with its private key, and the embedded graph. In a folder it is named by the time; - is
standard output. A graph in Neo4j is not in it: it is made again from the journal.`,
		Example: `  wellspring backup /backups/
  wellspring backup monday.tar`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := options(cmd)
			if err != nil {
				return err
			}
			at, ok, err := running(cmd, o)
			if err != nil {
				return err
			}
			take := func(to io.Writer) error { return backupAlone(cmd, o, to) }
			if ok {
				take = func(to io.Writer) error { return backupOf(cmd, at, to) }
			}
			if args[0] == "-" {
				return take(cmd.OutOrStdout())
			}
			path := args[0]
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				path = filepath.Join(path, "wellspring-"+time.Now().UTC().Format("20060102T150405Z")+".tar")
			}
			if _, err := app.WriteWhole(path, take); err != nil {
				return err
			}
			return output(cmd, map[string]string{"file": path}, func(t *table) { t.line("%s", path) })
		},
	}
}

func backupOf(cmd *cobra.Command, at app.Service, to io.Writer) error {
	s, err := newService(cmd, at)
	if err != nil {
		return err
	}
	answer, err := s.CreateBackup(cmd.Context())
	if err != nil {
		return s.unreachable(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
		return refused(answer, text)
	}
	if _, err := io.Copy(to, answer.Body); err != nil {
		return &lineage.Error{Op: "back up", Kind: lineage.ErrorUnavailable, ID: s.base, Hint: "see the log of the service, then try again", Err: err}
	}
	return nil
}

func backupAlone(cmd *cobra.Command, o app.Options, to io.Writer) (err error) {
	a, err := app.New(cmd.Context(), o, newLogger(cmd.ErrOrStderr(), o))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return a.Backup(cmd.Context(), to)
}

func newRestore() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Unpack a backup into an empty data folder",
		Long: `Check a backup and unpack it into the data folder, which must be empty or not there. - is
standard input. What the backup's graph does not have yet is processed when the service
starts; a graph in Neo4j is made from the journal then.`,
		Example: `  wellspring restore monday.tar --data-dir /var/lib/wellspring --dry-run
  wellspring restore monday.tar --data-dir /var/lib/wellspring`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := options(cmd)
			if err != nil {
				return err
			}
			dryRun, err := cmd.Flags().GetBool("dry-run")
			if err != nil {
				return err
			}
			from := cmd.InOrStdin()
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return &lineage.Error{Op: "restore", Kind: lineage.ErrorInvalid, ID: args[0], Hint: "name a backup", Err: err}
				}
				defer f.Close()
				from = f
			}
			if dryRun {
				return checkBackup(cmd, from, o.DataDir)
			}
			if err := app.Restore(cmd.Context(), from, o.DataDir); err != nil {
				return err
			}
			return output(cmd, map[string]string{"data_dir": o.DataDir}, func(t *table) { t.line("%s", o.DataDir) })
		},
	}
	cmd.Flags().Bool("dry-run", false, "check the backup and the folder, and unpack nothing")
	return cmd
}

// checkBackup says what a restore would unpack.
func checkBackup(cmd *cobra.Command, from io.Reader, dataDir string) error {
	b, err := app.CheckBackup(cmd.Context(), from, dataDir)
	if err != nil {
		return err
	}
	return output(cmd, b, func(t *table) {
		t.line("A whole backup of %s, by version %s; into %s would go:", b.At.UTC().Format(time.RFC3339), b.Version, dataDir)
		for _, f := range b.Files {
			t.row("  "+f.Name, strconv.FormatInt(f.Bytes, 10)+" bytes")
		}
	})
}
