package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"wellspring/app"
	"wellspring/lineage"
)

func newInspect() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Say what a run or an analysis left in each well, without a database",
		Long: `Decode one document and play its commands: what each well holds in the end, from which
origins. Nothing is stored and no service is asked.

JSON has the form {wells: {labwareId: {well: {volume, fractions, origins}}}, massBalance,
warnings, counts}; volumes are in µL. With --edges it has the transfers and the carry-over
pairs instead.`,
		Example: `  wellspring inspect run.json
  wellspring inspect run.json --labware definitions/ --output json
  wellspring inspect run.json --edges --output json
  curl -s http://robot:31950/runs/RUN/commands -H 'opentrons-version: *' | wellspring inspect -`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := options(cmd)
			if err != nil {
				return err
			}
			edges, err := cmd.Flags().GetBool("edges")
			if err != nil {
				return err
			}
			in, err := inspect(cmd.InOrStdin(), args[0], o)
			if err != nil {
				return err
			}
			if edges {
				return output(cmd, in.Edges, func(t *table) { tableOfEdges(t, in) })
			}
			return output(cmd, in.Wells, func(t *table) { tableOfWells(t, in) })
		},
	}
	cmd.Flags().Bool("edges", false, "print the transfers and carry-over pairs instead of the wells")
	return cmd
}

func inspect(stdin io.Reader, name string, o app.Options) (app.Inspection, error) {
	if name == "-" {
		return app.Inspect(stdin, "stdin", o)
	}
	file, err := os.Open(name)
	if err != nil {
		return app.Inspection{}, &lineage.Error{Op: "inspect", Kind: lineage.ErrorNotFound, Err: err}
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return app.Inspection{}, &lineage.Error{Op: "inspect", Kind: lineage.ErrorNotFound, ID: name, Err: err}
	}
	if info.IsDir() {
		return app.Inspection{}, lineage.Invalid("inspect", name, "it is a folder: name one file")
	}
	in, err := app.Inspect(file, name, o)
	if err != nil {
		return in, fmt.Errorf("%s: %w", name, err)
	}
	return in, nil
}

func tableOfWells(t *table, in app.Inspection) {
	names := map[string]string{}
	for _, l := range in.Run.Labware {
		names[l.ID] = l.DisplayName
		if names[l.ID] == "" {
			names[l.ID] = l.LoadName
		}
	}
	t.row("LABWARE", "WELL", "VOLUME", "CONTENT")
	for _, labware := range slices.Sorted(maps.Keys(in.Wells.Wells)) {
		wells := in.Wells.Wells[labware]
		name := labware
		if names[labware] != "" {
			name = names[labware]
		}
		for _, well := range slices.SortedFunc(maps.Keys(wells), compareWells) {
			t.row(name, well, microlitres(wells[well].Volume), shares(wells[well].Fractions))
		}
	}
	b := in.Wells.MassBalance
	t.line("")
	t.row("MASS BALANCE", "loaded", "inherited", "unknown", "in wells", "in tips", "in trash", "difference")
	t.row("", microlitres(b.Loaded), microlitres(b.Inherited), microlitres(b.Unknown), microlitres(b.Wells), microlitres(b.Tips), microlitres(b.Trash), microlitres(b.Difference))
	if len(in.Wells.Warnings) > 0 {
		t.line("")
		t.row("FINDING", "COMMAND", "WHERE", "MISSING", "DETAIL")
		for _, w := range in.Wells.Warnings {
			missing := ""
			if w.Missing > 0 {
				missing = microlitres(w.Missing)
			}
			t.row(w.Kind, w.Command, strings.Trim(w.Labware+"/"+w.Well, "/"), missing, w.Detail)
		}
	}
}

func tableOfEdges(t *table, in app.Inspection) {
	place := func(labware string, well *string) string {
		if well == nil {
			return labware
		}
		return labware + "/" + *well
	}
	t.row("COMMAND", "FROM", "TO", "VOLUME")
	for _, e := range in.Edges.Edges {
		t.row(e.Command, place(e.From.Labware, e.From.Well), place(e.To.Labware, e.To.Well), microlitres(deref(e.Volume)))
	}
	for _, e := range in.Edges.CarriedOver {
		t.row(e.Command, place(e.From.Labware, e.From.Well), place(e.To.Labware, e.To.Well), "carry-over")
	}
}
