package main

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wellspring/api/client"
	"wellspring/lineage"
)

// summaryGroups are the lists of a summary by the words of --by.
func summaryGroups() []string {
	return []string{"plate", "run", "lot", "well", "measurement", "experiment"}
}

func summaryFlags(flags *pflag.FlagSet) {
	flags.String("by", "", "group the answer by "+strings.Join(summaryGroups(), ", "))
	flags.String("from", "", "only what a robot, pipette, run and the like made then or later, by the device's time")
	flags.String("to", "", "only what it made before, by the device's time")
}

// span is a piece of the device's time; a zero end is open.
type span struct{ from, to time.Time }

func readSummary(flags *pflag.FlagSet) (by string, during span, err error) {
	by, _ = flags.GetString("by")
	if by != "" && !slices.Contains(summaryGroups(), by) {
		return "", during, lineage.Invalid("read flags", "--by "+by, "use "+strings.Join(summaryGroups(), ", "))
	}
	for name, to := range map[string]*time.Time{"from": &during.from, "to": &during.to} {
		if said, _ := flags.GetString(name); said != "" {
			if *to, err = time.Parse(time.RFC3339, said); err != nil {
				return "", during, lineage.Invalid("read flags", "--"+name+" "+said, "use a time such as 2026-03-01T12:00:00Z")
			}
		}
	}
	return by, during, nil
}

func showSummary(cmd *cobra.Command, s *service, selector, by string, during span, q trace) error {
	limit := q.limit
	if limit > 0 {
		limit = q.pageLimit()
	}
	r, err := s.GetImpactSummaryWithResponse(cmd.Context(), selector, &client.GetImpactSummaryParams{
		From: set(during.from), To: set(during.to), MinFraction: set(q.minFraction), Depth: set(q.depth),
		Limit: set(limit), AsOf: set(q.asOf),
	})
	if err != nil {
		return s.unreachable(err)
	}
	if r.JSON200 == nil {
		return refused(r.HTTPResponse, r.Body)
	}
	return output(cmd, r.JSON200, func(t *table) { tableOfSummary(t, *r.JSON200, by) })
}

func tableOfSummary(t *table, a client.Summary, by string) {
	for _, root := range a.Roots {
		t.line("%s", describe(root))
	}
	t.line("")
	c := a.Affected.Counts
	t.line("Touches %s on %s in %s, %s.", count(c.Wells, "well"), count(c.Plates, "labware"), count(c.Runs, "run"), count(c.Measurements, "measurement"))
	tableOfGroup(t, by, groupOf(a.Affected, by))
	if c := a.Possible.Counts; c.Wells+c.Measurements > 0 {
		t.line("")
		t.line("Possible, by carry-over of a tip alone: %s on %s in %s, %s.", count(c.Wells, "well"), count(c.Plates, "labware"),
			count(c.Runs, "run"), count(c.Measurements, "measurement"))
		tableOfGroup(t, by, groupOf(a.Possible, by))
	}
	if a.Planned > 0 {
		t.line("")
		t.line("Plans mean it for %s, not counted above.", count(a.Planned, "well"))
	}
	t.line("")
	if a.Truncated {
		t.line("CUT: there is more; raise --limit or --depth, or ask for a shorter time span.")
	}
	if a.Complete {
		t.line("Complete: nothing in this answer is unknown.")
	} else {
		t.line("INCOMPLETE: %s", strings.Join(a.Reasons, ", "))
	}
}

func groupOf(g client.Groups, by string) []client.Affected {
	switch by {
	case "plate":
		return g.Plates
	case "run":
		return g.Runs
	case "lot":
		return g.Lots
	case "measurement":
		return g.Measurements
	case "experiment":
		return g.Experiments
	}
	return g.Wells
}

func tableOfGroup(t *table, by string, list []client.Affected) {
	if len(list) == 0 {
		return
	}
	t.line("")
	t.row(strings.ToUpper(by), "RUN", "WELLS", "MEASUREMENTS", "SHARE", "CONCENTRATION", "FIRST", "LAST")
	for _, a := range list {
		run := a.Run
		if run == a.Name {
			run = ""
		}
		t.row(a.Name, run, wellsCell(a.Wells), wellsCell(a.Measurements), shareRange(a), concentrationRange(a),
			instantCell(a.FirstAt), instantCell(a.LastAt))
	}
}

func wellsCell(n int) string {
	if n == 0 {
		return ""
	}
	return decimal(float64(n))
}

func shareRange(a client.Affected) string {
	switch {
	case a.FractionMin == nil || a.FractionMax == nil:
		return "unknown"
	case percent(*a.FractionMin) == percent(*a.FractionMax):
		return percent(*a.FractionMax)
	}
	return percent(*a.FractionMin) + " to " + percent(*a.FractionMax)
}

func concentrationRange(a client.Affected) string {
	parts := make([]string, 0, len(a.Concentrations))
	for _, c := range a.Concentrations {
		part := decimal(c.Min)
		if c.Max != c.Min {
			part += " to " + decimal(c.Max)
		}
		parts = append(parts, strings.TrimSpace(part+" "+c.Unit+" "+c.Analyte))
	}
	return strings.Join(parts, ", ")
}

func instantCell(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}
