package main

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"wellspring/api/client"
	"wellspring/lineage"
)

func newExperiments() *cobra.Command {
	return listOrShow(&cobra.Command{
		Use:   "experiments [EXPERIMENT]",
		Short: "List the experiments, or show the runs, plates and lots of one",
		Long: `List what manifests declared as experiments, or show one by its name: the runs that are part of it,
and the plates, readings and lots that these touch.`,
		Example: `  wellspring experiments
  wellspring experiments BA-2026-11
  wellspring experiments --limit 20 --output json`,
	}, listExperiments, showExperiment)
}

func listExperiments(cmd *cobra.Command, s *service, limit int, asOf time.Time) error {
	r, err := s.ListExperimentsWithResponse(cmd.Context(), &client.ListExperimentsParams{Limit: set(limit), AsOf: set(asOf)})
	if err != nil {
		return s.unreachable(err)
	}
	if r.JSON200 == nil {
		return refused(r.HTTPResponse, r.Body)
	}
	return output(cmd, r.JSON200, func(t *table) {
		if len(r.JSON200.Experiments) == 0 {
			t.line("No experiments yet: import a manifest with a column experiment (docs/manifests.md)")
			return
		}
		t.row("EXPERIMENT", "KNOWN SINCE")
		for _, e := range r.JSON200.Experiments {
			t.row(e.Name, e.CreatedAt.UTC().Format(time.RFC3339))
		}
		if r.JSON200.Next != "" {
			t.line("There are more: raise --limit.")
		}
	})
}

func showExperiment(cmd *cobra.Command, s *service, name string, asOf time.Time) error {
	r, err := s.GetExperimentWithResponse(cmd.Context(), name, &client.GetExperimentParams{AsOf: set(asOf)})
	if err != nil {
		return s.unreachable(err)
	}
	if r.JSON200 == nil {
		return refused(r.HTTPResponse, r.Body)
	}
	return output(cmd, r.JSON200, func(t *table) {
		answer := r.JSON200
		t.row("EXPERIMENT", answer.Experiment.Name)
		t.row("title", attribute(answer.Experiment, "title"))
		t.row("readings", strconv.Itoa(len(answer.Readings)))
		t.line("")
		t.row("RUN", "NAME", "STATUS", "STARTED")
		for _, run := range answer.Runs {
			t.row(attribute(run, lineage.AttrRun), nameOfRun(run), attribute(run, "status"), attribute(run, "startedAt"))
		}
		t.line("")
		t.row("PLATE", "WELLS", "READINGS")
		for _, plate := range answer.Touched.Plates {
			t.row(plate.Name, strconv.Itoa(plate.Wells), strconv.Itoa(plate.Measurements))
		}
		t.line("")
		t.row("LOT OR SAMPLE", "WELLS")
		for _, lot := range answer.Touched.Lots {
			t.row(lot.Name, strconv.Itoa(lot.Wells))
		}
		if answer.Truncated {
			t.line("CUT: a bound cut the lists; wellspring export makes a package with every row.")
		}
	})
}
