package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/evidence/pack"
	"wellspring/lineage"
)

func newExport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export --run RUN --file FILE | --for neo4j-admin DIR",
		Short: "Write an evidence package that can be checked offline, or the graph for neo4j-admin",
		Long: `Write a zip file with an answer and all that it rests on: the lineage as NDJSON, W3C PROV and
RO-Crate, what robots and instruments sent, who did what, and the proofs that nothing was
changed. wellspring verify checks it offline; VERIFY.md in it says how to without Wellspring.

The same question as of the same time gives the same bytes. A download that broke off is taken
up again. Every export is in the audit log.

With --for neo4j-admin: write the graph that the settings name as files for neo4j-admin, which makes a new
database of them much faster than any client could write one: for a lab that moves to Neo4j with
years of data. DIR must be empty or not there. Then, where Neo4j is installed and stopped:

    cd DIR && neo4j-admin database import full neo4j @import.args

The database has what the graph holds now, with the times since when; what was before stays
behind. The service must not run on the data folder meanwhile. docs/neo4j-import.md tells more.

` + selectorHelp,
		Example: `  wellspring export --run latest --file run.zip
  wellspring export --lot PBS-2610-A --as-of 2026-03-01T12:00:00Z --file lot.zip
  wellspring export --well plate:AP-0001/A2 --redact --file well.zip
  wellspring export --since 2026-03-01T00:00:00Z --file march.zip
  wellspring export --for neo4j-admin /var/lib/neo4j/import/graph --data-dir /var/lib/wellspring --output json`,
		Args: invalidArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reader, err := cmd.Flags().GetString("for"); err != nil || reader != "" || len(args) > 0 {
				return errors.Join(err, exportGraph(cmd, args))
			}
			params, err := readExport(cmd)
			if err != nil {
				return err
			}
			to, err := cmd.Flags().GetString("file")
			if err != nil {
				return err
			}
			return withService(cmd, func(s *service) error {
				x, err := s.export(cmd.Context(), params)
				if err != nil {
					return err
				}
				if err := s.fetch(cmd.Context(), x, to); err != nil {
					return err
				}
				return output(cmd, x, func(t *table) { tableOfExport(t, x, to) })
			})
		},
	}
	f := cmd.Flags()
	aboutFlags(cmd)
	f.String("since", "", "about everything that was entered then or later, RFC 3339")
	f.String("as-of", "", "what was known then, RFC 3339; else now")
	f.Bool("redact", false, "leave out personal data and free text")
	f.String("file", "", "the file to write")
	f.String("for", "", "who reads the files of the graph: neo4j-admin")
	_ = cmd.RegisterFlagCompletionFunc("for", cobra.FixedCompletions([]string{forNeo4jAdmin}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// abouts are the kinds of things that a question can be about.
func abouts() []string {
	return []string{pack.AboutRun, pack.AboutExperiment, pack.AboutLot, pack.AboutMeasurement, pack.AboutPlate, pack.AboutWell}
}

func aboutFlags(cmd *cobra.Command) {
	for _, about := range abouts() {
		cmd.Flags().String(about, "", "about this "+about)
	}
}

// aboutOf reads what a command is about; empty where nothing is said.
func aboutOf(cmd *cobra.Command, op string, of ...string) (about, value string, err error) {
	for _, name := range of {
		text, err := cmd.Flags().GetString(name)
		if err != nil {
			return "", "", err
		}
		if text != "" && about != "" {
			return "", "", lineage.Invalid(op, "--"+name, "ask about one thing at a time")
		}
		if text != "" {
			about, value = name, text
		}
	}
	return about, value, nil
}

func readExport(cmd *cobra.Command) (*client.CreateExportParams, error) {
	const op = "export"
	f := cmd.Flags()
	about, value, err := aboutOf(cmd, op, append(abouts(), pack.AboutSince)...)
	if err != nil {
		return nil, err
	}
	p := &client.CreateExportParams{Wait: set(30), About: client.CreateExportParamsAbout(about)}
	if about != pack.AboutSince {
		p.Selector = &value
	}
	if about == "" {
		return nil, usageError{errors.New("say what to export: --run, --experiment, --lot, --measurement, --plate, --well or --since")}
	}
	if to, _ := f.GetString("file"); to == "" {
		return nil, usageError{errors.New("name the file to write: --file package.zip")}
	}
	redact, err := f.GetBool("redact")
	if err != nil {
		return nil, err
	}
	p.Redact = set(redact)
	if p.Since, err = momentOf(cmd, "since"); err != nil {
		return nil, err
	}
	p.AsOf, err = momentOf(cmd, "as-of")
	return p, err
}

// export has the package made and waits for it.
func (s *service) export(ctx context.Context, p *client.CreateExportParams) (pack.Export, error) {
	r, err := s.CreateExportWithResponse(ctx, p)
	if err != nil {
		return pack.Export{}, s.unreachable(err)
	}
	x := r.JSON200
	if x == nil {
		x = r.JSON202
	}
	if x == nil {
		return pack.Export{}, refused(r.HTTPResponse, r.Body)
	}
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for x.State == pack.StateWaiting || x.State == pack.StateWorking {
		select {
		case <-every.C:
		case <-ctx.Done():
			return *x, ctx.Err()
		}
		r, err := s.GetExportWithResponse(ctx, x.ID)
		if err != nil {
			return *x, s.unreachable(err)
		}
		if r.JSON200 == nil {
			return *x, refused(r.HTTPResponse, r.Body)
		}
		x = r.JSON200
	}
	if x.State == pack.StateFailed {
		return *x, &lineage.Error{Op: "export", Kind: lineage.ErrorInternal, ID: x.ID, Err: errors.New(x.Error)}
	}
	return *x, nil
}

// fetch downloads a package, going on with what is there of it already.
func (s *service) fetch(ctx context.Context, x pack.Export, to string) error {
	failed := func(err error) error {
		return &lineage.Error{Op: "write package", Kind: lineage.ErrorInvalid, ID: to, Hint: "name a file that can be written, on a disk with room", Err: err}
	}
	part := to + ".part"
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return failed(err)
	}
	defer f.Close()
	const tries = 3
	for try := 1; ; try++ {
		err := s.fetchRest(ctx, x, f)
		if err == nil {
			break
		}
		if try == tries || ctx.Err() != nil {
			return err
		}
	}
	sum := sha256.New()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return failed(err)
	}
	if _, err := io.Copy(sum, f); err != nil {
		return failed(err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != x.SHA256 {
		return errors.Join(failed(errors.New("what was downloaded is not the package: ask again")), os.Remove(part))
	}
	if err := f.Sync(); err != nil {
		return failed(err)
	}
	if err := os.Rename(part, to); err != nil {
		return failed(err)
	}
	return nil
}

// fetchRest appends what is missing of a package to a file.
func (s *service) fetchRest(ctx context.Context, x pack.Export, f *os.File) error {
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if have == x.Bytes {
		return nil
	}
	if have > x.Bytes { // of another package
		if err := f.Truncate(0); err != nil {
			return err
		}
		if have, err = f.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	params := &client.GetExportPackageParams{}
	if have > 0 {
		params.Range = set(fmt.Sprintf("bytes=%d-", have))
	}
	r, err := s.GetExportPackage(ctx, x.ID, params, func(_ context.Context, r *http.Request) error {
		if have > 0 {
			r.Header.Set("If-Range", `"`+x.SHA256+`"`)
		}
		return nil
	})
	if err != nil {
		return s.unreachable(err)
	}
	defer r.Body.Close()
	switch r.StatusCode {
	case http.StatusPartialContent:
	case http.StatusOK:
		if err := errors.Join(f.Truncate(0), seekStart(f)); err != nil {
			return err
		}
	default:
		const most = 64 << 10
		body, _ := io.ReadAll(io.LimitReader(r.Body, most))
		return refused(r, body)
	}
	if _, err := io.Copy(f, r.Body); err != nil {
		return s.unreachable(err)
	}
	return nil
}

func seekStart(f *os.File) error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

func tableOfExport(t *table, x pack.Export, to string) {
	a := x.Answer
	t.row("package", to)
	t.row("sha256", x.SHA256)
	t.row("bytes", fmt.Sprint(x.Bytes))
	t.row("as of", x.Question.AsOf.UTC().Format(time.RFC3339Nano))
	t.row("holds", fmt.Sprintf("%d nodes, %d edges, %d records with %d payloads, %d acts", a.Nodes, a.Edges, a.Records, a.Payloads, a.Acts))
	switch {
	case a.Verdict.Complete:
		t.line("Complete: nothing in it is unknown.")
	case a.Verdict.Truncated:
		t.line("CUT: a bound was met; there is more than the package holds.")
		fallthrough
	default:
		incomplete(t, a.Verdict.Reasons, a.Verdict.Explanations)
	}
}
