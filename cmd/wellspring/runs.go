package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/lineage"
)

func newRuns() *cobra.Command {
	return listOrShow(&cobra.Command{
		Use:   "runs [RUN]",
		Short: "List the runs, or show one with its deck, liquids and findings",
		Example: `  wellspring runs
  wellspring runs run-7
  wellspring runs --limit 20 --output json`,
	}, listRuns, showRun)
}

// listOrShow lets a command without an argument list, at most --limit, and with one
// show what it names.
func listOrShow(cmd *cobra.Command,
	list func(cmd *cobra.Command, s *service, limit int, asOf time.Time) error,
	show func(cmd *cobra.Command, s *service, name string, asOf time.Time) error,
) *cobra.Command {
	cmd.Args = invalidArgs(cobra.MaximumNArgs(1))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		limit, err := cmd.Flags().GetInt("limit")
		if err != nil {
			return err
		}
		asOf, err := readAsOf(cmd.Flags())
		if err != nil {
			return err
		}
		return withService(cmd, func(s *service) error {
			if len(args) == 1 {
				return show(cmd, s, args[0], asOf)
			}
			return list(cmd, s, limit, asOf)
		})
	}
	cmd.Flags().Int("limit", 100, "list at most this many")
	asOfFlag(cmd.Flags())
	return cmd
}

func listRuns(cmd *cobra.Command, s *service, limit int, asOf time.Time) error {
	r, err := s.ListRunsWithResponse(cmd.Context(), &client.ListRunsParams{Limit: set(limit), AsOf: set(asOf)})
	if err != nil {
		return s.unreachable(err)
	}
	if r.JSON200 == nil {
		return refused(r.HTTPResponse, r.Body)
	}
	return output(cmd, r.JSON200, func(t *table) {
		if len(r.JSON200.Runs) == 0 {
			t.line("No runs yet: wellspring import FILE")
			return
		}
		t.row("RUN", "NAME", "STATUS", "STARTED", "COMMANDS", "FINDINGS", "COMPLETE")
		for _, run := range r.JSON200.Runs {
			t.row(attribute(run, lineage.AttrRun), nameOfRun(run), attribute(run, "status"), attribute(run, "startedAt"),
				number(run, "commands"), number(run, "findings"), completeness(run))
		}
		if r.JSON200.Next != "" {
			t.line("There are more: raise --limit.")
		}
	})
}

// nameOfRun is its own or its protocol's; empty where there is none but its id.
func nameOfRun(run lineage.Node) string {
	if run.Name != attribute(run, lineage.AttrRun) {
		return run.Name
	}
	return attribute(run, "protocolName")
}

func completeness(run lineage.Node) string {
	if complete, _ := run.Attributes["complete"].(bool); complete {
		return "yes"
	}
	var reasons []string
	switch list := run.Attributes[lineage.AttrIncomplete].(type) {
	case []string:
		reasons = list
	case []any: // as JSON has it
		for _, reason := range list {
			reasons = append(reasons, fmt.Sprint(reason))
		}
	}
	return "no: " + strings.Join(reasons, ", ")
}

func number(n lineage.Node, key string) string {
	if v, ok := n.Attributes[key].(float64); ok {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func showRun(cmd *cobra.Command, s *service, run string, asOf time.Time) error {
	r, err := s.GetRunWithResponse(cmd.Context(), run, &client.GetRunParams{AsOf: set(asOf)})
	if err != nil {
		return s.unreachable(err)
	}
	if r.JSON200 == nil {
		return refused(r.HTTPResponse, r.Body)
	}
	return output(cmd, r.JSON200, func(t *table) {
		answer := r.JSON200
		t.row("RUN", attribute(answer.Run, lineage.AttrRun))
		t.row("name", answer.Run.Name)
		for _, key := range []string{"status", "startedAt", "completedAt", "robotName", "robotSerial", "software"} {
			if v := attribute(answer.Run, key); v != "" {
				t.row(key, v)
			}
		}
		t.row("complete", completeness(answer.Run))
		t.line("")
		t.row("SLOT", "LABWARE", "LABEL", "ID")
		for _, l := range answer.Labware {
			t.row(attribute(l, "slot"), l.Name, attribute(l, "label"), attribute(l, lineage.AttrLabware))
		}
		if len(answer.Liquids) > 0 {
			t.line("")
			t.row("LIQUID", "DESCRIPTION")
			for _, l := range answer.Liquids {
				t.row(l.Name, attribute(l, "description"))
			}
		}
		if len(answer.Findings) > 0 {
			t.line("")
			t.row("FINDING", "WHERE", "MISSING", "DETAIL")
			for _, f := range answer.Findings {
				missing := ""
				if f.Missing > 0 {
					missing = microlitres(f.Missing)
				}
				t.row(f.Kind, strings.Trim(f.Labware+"/"+f.Well, "/"), missing, f.Detail)
			}
			if answer.FindingsTotal > len(answer.Findings) {
				t.line("CUT: %d findings in all.", answer.FindingsTotal)
			}
		}
	})
}

func newWell() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "well RUN/LABWARE/WELL",
		Short: "What does this well hold, and how did that come about?",
		Long: `Print what a well of a run held in the end, or with plate:BARCODE/WELL what it held last
over all runs: its liquids, the chain of its states through the runs, and what was measured.`,
		Example: `  wellspring well run-7/2/A1
  wellspring well plate:AP-0001/A2
  wellspring well run-7/DP-0001/A1 --as-of 2026-03-01T12:00:00Z --output json`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			asOf, err := readAsOf(cmd.Flags())
			if err != nil {
				return err
			}
			return withService(cmd, func(s *service) error {
				r, err := s.GetWellBySelectorWithResponse(cmd.Context(), args[0], &client.GetWellBySelectorParams{AsOf: set(asOf)})
				if err != nil {
					return s.unreachable(err)
				}
				if r.JSON200 == nil {
					return refused(r.HTTPResponse, r.Body)
				}
				return output(cmd, r.JSON200, func(t *table) { tableOfWell(t, *r.JSON200) })
			})
		},
	}
	asOfFlag(cmd.Flags())
	return cmd
}

func tableOfWell(t *table, w client.Well) {
	volume := "unknown volume"
	if w.VolumeUl != nil {
		volume = microlitres(*w.VolumeUl)
	}
	t.line("%s of %s, run %s: %s", w.Well, w.Labware.Name, w.Run, volume)
	if w.Inherited {
		t.line("The run never changed the content: it came with the plate.")
	}
	t.line("")
	t.row("SHARE", "VOLUME", "CONCENTRATION", "LIQUID")
	for _, l := range w.Liquids {
		volume := ""
		if l.VolumeUl != nil {
			volume = microlitres(*l.VolumeUl)
		}
		t.row(percent(l.Fraction), volume, concentrations(l.Concentrations), l.Name)
	}
	t.line("")
	t.row("SINCE", "VOLUME THEN", "STATE", "RUN")
	for _, s := range w.States {
		volume := ""
		if v, ok := s.Attributes[lineage.AttrVolumeUl].(float64); ok {
			volume = microlitres(v)
		}
		t.row(attribute(s, lineage.AttrAt), volume, s.ID.String(), attribute(s, lineage.AttrRun))
	}
	if len(w.Measurements) > 0 {
		t.line("")
		t.row("READ", "VALUE", "MEASUREMENT")
		for _, m := range w.Measurements {
			t.row(attribute(m, lineage.AttrAt), m.Name, m.ID.String())
		}
	}
	t.line("")
	if w.Complete {
		t.line("Complete: nothing in this answer is unknown.")
	} else {
		incomplete(t, w.Reasons, w.Explanations)
	}
}
