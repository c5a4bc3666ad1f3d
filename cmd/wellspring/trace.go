package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wellspring/api/client"
	"wellspring/lineage"
)

const selectorHelp = `A SELECTOR is RUN/LABWARE/WELL (labware by id, deck slot, label or barcode), lot:NAME,
sample:BARCODE, plate:BARCODE, plate:BARCODE/WELL, run:RUN, robot:SERIAL, pipette:SERIAL, protocol:ID,
software:VERSION, experiment:NAME, tiprack:RUN/LABWARE or a node's UUID. Several that fit are listed.`

func newAncestry() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ancestry [measurement] SELECTOR",
		Short: "Where did the content of this well, or this value, come from?",
		Long: `Print what a node came from: its origins with their share and volume, and the steps between.

` + selectorHelp,
		Example: `  wellspring ancestry run-7/2/A1
  wellspring ancestry plate:AP-0001/A2
  wellspring ancestry measurement 2832932e-ba2c-5b43-8ef4-6bf88a8d2779
  wellspring ancestry run-7/DP-0001/A1 --carry-over
  wellspring ancestry run-7/2/A1 --as-of 2026-03-01T12:00:00Z --output json`,
		Args: invalidArgs(ancestryArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := readTrace(cmd.Flags())
			if err != nil {
				return err
			}
			return withService(cmd, func(s *service) error {
				answer, err := s.ancestry(cmd, args[len(args)-1], q)
				if err != nil {
					return err
				}
				if len(args) == 2 && answer.Roots[0].Kind != lineage.KindMeasurement {
					return lineage.Invalid("show ancestry", args[1], "that is a "+string(answer.Roots[0].Kind)+": wellspring well plate:BARCODE/WELL lists the measurements of a well")
				}
				return output(cmd, answer, func(t *table) { tableOfAncestry(t, answer) })
			})
		},
	}
	traceFlags(cmd.Flags())
	return cmd
}

// ancestryArgs takes a selector, with what it is before it where somebody says so.
func ancestryArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 2 && args[0] != "measurement" {
		return fmt.Errorf("unknown kind %q: only measurement may stand before a selector", args[0])
	}
	return cobra.RangeArgs(1, 2)(cmd, args)
}

func newImpact() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "impact SELECTOR",
		Short: "This lot, plate, well or run was bad: what does it touch?",
		Long: `Print what a node affects: wells, plates and measurements, with the share and volume there.
What can only have been reached by carry-over of a tip is marked as possible (--carry-over).

` + selectorHelp,
		Example: `  wellspring impact 'lot:PBS buffer'
  wellspring impact 'lot:PBS buffer' --min-fraction 0.01 --carry-over
  wellspring impact run-7/1/A1 --kind Measurement --output json
  wellspring impact 'lot:PBS buffer' --by plate
  wellspring impact robot:OT2CEP20190604A02 --from 2026-03-01T00:00:00Z --to 2026-03-08T00:00:00Z --by run`,
		Args: invalidArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := readTrace(cmd.Flags())
			if err != nil {
				return err
			}
			by, during, err := readSummary(cmd.Flags())
			if err != nil {
				return err
			}
			return withService(cmd, func(s *service) error {
				if by != "" {
					return showSummary(cmd, s, args[0], by, during, q)
				}
				q.from, q.to = during.from, during.to
				answer, err := s.impact(cmd, args[0], q)
				if err != nil {
					return err
				}
				return output(cmd, answer, func(t *table) { tableOfImpact(t, answer) })
			})
		},
	}
	traceFlags(cmd.Flags())
	summaryFlags(cmd.Flags())
	return cmd
}

// trace is an ancestry or impact question as the command line puts it.
type trace struct {
	depth       int
	kinds       []lineage.Kind
	types       []lineage.RelationshipType
	minFraction float64
	carryOver   bool
	limit       int
	asOf        time.Time
	from, to    time.Time // of what made it, by the device's time
}

func traceFlags(flags *pflag.FlagSet) {
	flags.Int("depth", 0, "relationships to follow at most, 1 to 1000 (default 50)")
	flags.StringSlice("kind", nil, "keep only nodes of these kinds, such as WellState, Lot, Measurement")
	flags.StringSlice("type", nil, "relationship types to follow (default DERIVED_FROM, MEASURED_FROM)")
	flags.Float64("min-fraction", 0, "leave out smaller shares, 0 to 1; an unknown share stays")
	flags.Bool("carry-over", false, "follow carry-over by tips as well")
	flags.Int("limit", 0, "print at most this many nodes (default all)")
	asOfFlag(flags)
}

func asOfFlag(flags *pflag.FlagSet) {
	flags.String("as-of", "", "what was known then, such as 2026-03-01T12:00:00Z")
}

// readAsOf is the time of --as-of; zero: now.
func readAsOf(flags *pflag.FlagSet) (time.Time, error) {
	text, err := flags.GetString("as-of")
	if err != nil || text == "" {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, lineage.Invalid("read flags", "--as-of "+text, "use a time such as 2026-03-01T12:00:00Z")
	}
	return at, nil
}

func readTrace(flags *pflag.FlagSet) (trace, error) {
	var t trace
	t.depth, _ = flags.GetInt("depth")
	t.minFraction, _ = flags.GetFloat64("min-fraction")
	t.carryOver, _ = flags.GetBool("carry-over")
	t.limit, _ = flags.GetInt("limit")
	kinds, _ := flags.GetStringSlice("kind")
	for _, k := range kinds {
		t.kinds = append(t.kinds, lineage.Kind(k))
	}
	types, _ := flags.GetStringSlice("type")
	for _, typ := range types {
		t.types = append(t.types, lineage.RelationshipType(typ))
	}
	var err error
	if t.asOf, err = readAsOf(flags); err != nil {
		return t, err
	}
	if t.limit < 0 {
		return t, lineage.Invalid("read flags", "--limit", "use a positive number")
	}
	return t, nil
}

// pageLimit is what to ask for at once.
func (t trace) pageLimit() int {
	const most = 10_000
	if t.limit > 0 {
		return min(t.limit, most)
	}
	return most
}

func (s *service) ancestry(cmd *cobra.Command, selector string, q trace) (client.Answer, error) {
	return q.pages(func(cursor string) (*client.Answer, error) {
		r, err := s.GetAncestryWithResponse(cmd.Context(), selector, &client.GetAncestryParams{
			Depth: set(q.depth), Kinds: setList(q.kinds), Types: setList(q.types), MinFraction: set(q.minFraction),
			CarryOver: set(q.carryOver), Limit: set(q.pageLimit()), Cursor: set(cursor), AsOf: set(q.asOf),
		})
		if err != nil {
			return nil, s.unreachable(err)
		}
		if r.JSON200 == nil {
			return nil, refused(r.HTTPResponse, r.Body)
		}
		return r.JSON200, nil
	})
}

func (s *service) impact(cmd *cobra.Command, selector string, q trace) (client.Answer, error) {
	return q.pages(func(cursor string) (*client.Answer, error) {
		r, err := s.GetImpactWithResponse(cmd.Context(), selector, &client.GetImpactParams{
			Depth: set(q.depth), Kinds: setList(q.kinds), Types: setList(q.types), MinFraction: set(q.minFraction),
			CarryOver: set(q.carryOver), Limit: set(q.pageLimit()), Cursor: set(cursor), AsOf: set(q.asOf),
			From: set(q.from), To: set(q.to),
		})
		if err != nil {
			return nil, s.unreachable(err)
		}
		if r.JSON200 == nil {
			return nil, refused(r.HTTPResponse, r.Body)
		}
		return r.JSON200, nil
	})
}

// pages puts the pages of an answer together, up to the limit.
func (t trace) pages(fetch func(cursor string) (*client.Answer, error)) (client.Answer, error) {
	var whole client.Answer
	for cursor := ""; ; {
		page, err := fetch(cursor)
		switch {
		case err != nil:
			return whole, err
		case cursor == "":
			whole = *page
		default:
			whole.Items = append(whole.Items, page.Items...)
			whole.Edges = append(whole.Edges, page.Edges...)
			whole.Steps = append(whole.Steps, page.Steps...)
			sortSteps(&whole)
		}
		whole.Next = page.Next
		if cursor = string(page.Next); cursor == "" || t.limit > 0 && len(whole.Items) >= t.limit {
			return whole, nil
		}
	}
}

// sortSteps puts the steps of several pages in executed order, each once.
func sortSteps(a *client.Answer) {
	slices.SortStableFunc(a.Steps, func(x, y lineage.Node) int {
		return cmp.Or(instant(x).Compare(instant(y)), cmp.Compare(attribute(x, lineage.AttrRun), attribute(y, lineage.AttrRun)),
			cmp.Compare(sequence(x), sequence(y)))
	})
	a.Steps = slices.CompactFunc(a.Steps, func(x, y lineage.Node) bool { return x.ID == y.ID })
}

func instant(n lineage.Node) time.Time {
	at, _ := time.Parse(time.RFC3339Nano, attribute(n, lineage.AttrAt))
	return at
}

func sequence(n lineage.Node) float64 {
	v, _ := n.Attributes[lineage.AttrSequence].(float64)
	return v
}

func setList[T any](list []T) *[]T {
	if len(list) == 0 {
		return nil
	}
	return &list
}

func tableOfAncestry(t *table, a client.Answer) {
	if a.Sentence != "" {
		t.line("%s", a.Sentence)
	}
	for _, root := range a.Roots {
		t.line("%s", describe(root))
	}
	t.line("")
	origins := slices.DeleteFunc(slices.Clone(a.Items), func(i client.Item) bool { return !i.Origin })
	if len(origins) == 0 && len(a.Items) == 0 {
		t.line("Nothing upstream: this is where it begins, as far as is known.")
	} else {
		t.row("SHARE", "VOLUME", "CONCENTRATION", "ORIGIN", "KIND", "OF")
		for _, i := range origins {
			t.row(shareCell(i), volumeCell(i), concentrations(i.Concentrations), i.Name, string(i.Kind), whereabouts(i.Node))
		}
	}
	if len(a.Steps) > 0 {
		t.line("")
		t.row("WHEN", "STEP", "RUN")
		for _, s := range a.Steps {
			t.row(attribute(s, lineage.AttrAt), s.Name, attribute(s, lineage.AttrRun))
		}
	}
	lineOfExperiments(t, a)
	verdict(t, a)
}

// lineOfExperiments says which experiments an answer touches, if any.
func lineOfExperiments(t *table, a client.Answer) {
	names := make([]string, len(a.Experiments))
	for i, e := range a.Experiments {
		names[i] = e.Name
		if title := attribute(e, "title"); title != "" && title != e.Name {
			names[i] += " (" + title + ")"
		}
	}
	if len(names) > 0 {
		t.line("")
		t.line("Part of: %s", strings.Join(names, ", "))
	}
}

func tableOfImpact(t *table, a client.Answer) {
	const most = 10 // a robot's roots are all that it made
	for _, root := range a.Roots[:min(len(a.Roots), most)] {
		t.line("%s", describe(root))
	}
	if len(a.Roots) > most {
		t.line("and %d more to start from", len(a.Roots)-most)
	}
	t.line("")
	if len(a.Items) == 0 {
		t.line("Nothing downstream: it touches nothing that is known.")
	} else {
		t.line("%s", touched(a.Items))
		t.line("")
		tableOfItems(t, a.Items)
	}
	lineOfExperiments(t, a)
	verdict(t, a)
}

func tableOfItems(t *table, items []client.Item) {
	t.row("SHARE", "VOLUME", "CONCENTRATION", "KIND", "WHAT", "OF", "SINCE")
	for _, i := range slices.SortedStableFunc(slices.Values(items), asOnPlates) {
		t.row(shareCell(i), volumeCell(i), concentrations(i.Concentrations), string(i.Kind), i.Name, whereabouts(i.Node), attribute(i.Node, lineage.AttrAt))
	}
}

// asOnPlates orders nodes as a person goes through plates: kind by kind, plate
// by plate, well by well.
func asOnPlates(a, b client.Item) int {
	return cmp.Or(
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(attribute(a.Node, lineage.AttrRun), attribute(b.Node, lineage.AttrRun)),
		cmp.Compare(attribute(a.Node, lineage.AttrLabware), attribute(b.Node, lineage.AttrLabware)),
		cmp.Compare(attribute(a.Node, lineage.AttrBarcode), attribute(b.Node, lineage.AttrBarcode)),
		compareWells(attribute(a.Node, lineage.AttrWell), attribute(b.Node, lineage.AttrWell)),
		cmp.Compare(attribute(a.Node, lineage.AttrAt), attribute(b.Node, lineage.AttrAt)),
	)
}

// touched counts what an impact reached: wells, not their states.
func touched(items []client.Item) string {
	wells, plates, runs := map[string]bool{}, map[string]bool{}, map[string]bool{}
	measurements := 0
	for _, i := range items {
		run, labware := attribute(i.Node, lineage.AttrRun), attribute(i.Node, lineage.AttrLabware)
		switch i.Kind {
		case lineage.KindWellState:
			wells[run+"/"+labware+"/"+attribute(i.Node, lineage.AttrWell)] = true
			plates[run+"/"+labware] = true
			runs[run] = true
		case lineage.KindMeasurement:
			measurements++
		}
	}
	return fmt.Sprintf("Touches %s on %s in %s, %s.", count(len(wells), "well"), count(len(plates), "labware"),
		count(len(runs), "run"), count(measurements, "measurement"))
}

func count(n int, thing string) string {
	if n == 1 || thing == "labware" {
		return fmt.Sprintf("%d %s", n, thing)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// verdict says how far the answer can be trusted.
func verdict(t *table, a client.Answer) {
	t.line("")
	switch {
	case a.Complete && a.Next == "":
		t.line("Complete: nothing in this answer is unknown.")
	case a.Complete:
		t.line("CUT: there is more than these %d nodes; raise --limit.", len(a.Items))
	default:
		if a.Truncated || a.Next != "" {
			t.line("CUT: there is more than these %d nodes; raise --limit or --depth.", len(a.Items))
		}
		incomplete(t, a.Reasons, a.Explanations)
	}
}

// incomplete says why, each reason with its sentence.
func incomplete(t *table, reasons, explanations []string) {
	t.line("INCOMPLETE: %s", strings.Join(reasons, ", "))
	for _, sentence := range explanations {
		t.line("  %s", sentence)
	}
}

func shareCell(i client.Item) string {
	switch {
	case i.Possible:
		return "possible"
	case i.Fraction == nil:
		return "unknown"
	}
	return percent(*i.Fraction)
}

func volumeCell(i client.Item) string {
	if i.VolumeUl == nil {
		return ""
	}
	return microlitres(*i.VolumeUl)
}

// describe is one line about a node.
func describe(n lineage.Node) string {
	text := string(n.Kind) + " " + n.Name
	if where := whereabouts(n); where != "" {
		text += ", " + where
	}
	if v, ok := n.Attributes[lineage.AttrVolumeUl].(float64); ok {
		text += ", " + microlitres(v)
	}
	return text
}

// whereabouts sets a node apart from others of its name: its place and run.
func whereabouts(n lineage.Node) string {
	parts := []string{}
	if attribute(n, lineage.AttrLabware) == "" && attribute(n, lineage.AttrBarcode) != "" {
		return strings.TrimSuffix("plate:"+attribute(n, lineage.AttrBarcode)+"/"+attribute(n, lineage.AttrWell), "/")
	}
	for _, key := range []string{lineage.AttrRun, lineage.AttrLabware, lineage.AttrWell} {
		if v := attribute(n, key); v != "" {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, "/")
}

func attribute(n lineage.Node, key string) string {
	text, _ := n.Attributes[key].(string)
	return text
}
