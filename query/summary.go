package query

import (
	"context"
	"slices"
	"time"

	"wellspring/lineage"
)

// SummaryAsk is an impact question whose answer is grouped.
type SummaryAsk struct {
	Selector    string
	Span        Span // of what made the contents to start from
	MinFraction float64
	Depth       int       // hops, 0 means lineage.MaxDepth
	Limit       int       // entries of each list, 1..MaxLimit; 0 means DefaultLimit
	AsOf        time.Time // what was known then; zero means now
}

// Summary is an impact that a person can act on: what to look at, by plate,
// run, lot, well and measurement.
type Summary struct {
	Roots     []lineage.Node `json:"roots"`  // what was asked about
	Starts    int            `json:"starts"` // from how many contents, lots or samples it was followed
	From      *time.Time     `json:"from"`   // the span that was asked about
	To        *time.Time     `json:"to"`
	Affected  Groups         `json:"affected"`  // what holds a share of it
	Possible  Groups         `json:"possible"`  // what only carry-over by a tip may have brought it to
	Planned   int            `json:"planned"`   // wells of plans, which are in no list
	Truncated bool           `json:"truncated"` // a bound cut the question or a list
	Complete  bool           `json:"complete"`
	Reasons   []string       `json:"reasons"`
}

// Groups are lists of what is affected. Counts count all, listed or not.
type Groups struct {
	Plates       []Affected  `json:"plates"` // by name
	Runs         []Affected  `json:"runs"`   // by first exposure
	Lots         []Affected  `json:"lots"`   // lots and samples that are in the affected wells
	Wells        []Affected  `json:"wells"`
	Measurements []Affected  `json:"measurements"`
	Experiments  []Affected  `json:"experiments"`
	Counts       GroupCounts `json:"counts"`
}

// GroupCounts are how many there are of each.
type GroupCounts struct {
	Plates       int `json:"plates"`
	Runs         int `json:"runs"`
	Lots         int `json:"lots"`
	Wells        int `json:"wells"`
	Measurements int `json:"measurements"`
	Experiments  int `json:"experiments"`
}

// Affected is one thing that an impact reached, over all contents in it.
type Affected struct {
	ID   lineage.ID   `json:"id"` // of a well, its last content that was reached
	Kind lineage.Kind `json:"kind"`
	Name string       `json:"name"`
	// Run is the robot's id of the run, of a well and a run.
	Run          string `json:"run"`
	Wells        int    `json:"wells"`
	Measurements int    `json:"measurements"`
	// The least and the greatest share of it in these contents. Null where no
	// share is known.
	FractionMin    *float64             `json:"fraction_min"`
	FractionMax    *float64             `json:"fraction_max"`
	Concentrations []ConcentrationRange `json:"concentrations"` // that it brought there
	FirstAt        *time.Time           `json:"first_at"`       // the device's time; null where none is known
	LastAt         *time.Time           `json:"last_at"`
}

// ConcentrationRange is a range of concentrations of one analyte in one unit.
type ConcentrationRange struct {
	Analyte string  `json:"analyte"` // empty: not said
	Unit    string  `json:"unit"`
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
}

// Summarize answers a SummaryAsk.
func (s *Service) Summarize(ctx context.Context, ask SummaryAsk) (Summary, error) {
	trace := Ask{AsOf: ask.AsOf, Direction: lineage.Downstream, CarryOver: true, MinFraction: ask.MinFraction, Limit: ask.Limit}
	start, err := s.Start(ctx, ask.Selector, ask.Span, ask.AsOf)
	if err != nil {
		return Summary{}, err
	}
	summary := Summary{Roots: bound(start.Named, maxCandidates), Starts: len(start.Roots), From: known(ask.Span.From), To: known(ask.Span.To)}
	summary.Truncated = start.Truncated || len(start.Named) > maxCandidates
	if len(start.Roots) == 0 {
		return s.summaryOfNothing(ctx, summary, start, ask.AsOf)
	}
	for _, root := range start.Roots {
		trace.Roots = append(trace.Roots, root.ID)
	}
	if err := trace.validate(); err != nil {
		return Summary{}, err
	}
	depth := ask.Depth
	if depth == 0 {
		depth = lineage.MaxDepth
	}
	graph, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: trace.Roots, Direction: trace.Direction, Types: trace.Types, Depth: depth, Nodes: lineage.MaxNodes, AsOf: ask.AsOf,
	})
	if err != nil {
		return Summary{}, err
	}
	g, err := s.newGrouping(ctx, trace, start, graph)
	if err != nil {
		return Summary{}, err
	}
	summary.Affected, summary.Possible = g.groups(false), g.groups(true)
	summary.Planned = g.planned()
	cutA, cutP := summary.Affected.cut(trace.Limit), summary.Possible.cut(trace.Limit)
	summary.Truncated = summary.Truncated || graph.Truncated || g.truncated || cutA || cutP
	reasons, err := s.gaps(ctx, slices.Values(g.actual()), lineage.Downstream, ask.AsOf)
	if err != nil {
		return Summary{}, err
	}
	if g.shares.unknown {
		reasons = append(reasons, ReasonUnknownFraction)
	}
	if g.shares.cyclic {
		reasons = append(reasons, ReasonCycle)
	}
	return summary.close(slices.Concat(reasons, start.Reasons)), nil
}

// summaryOfNothing answers for what made nothing, as far as is known. How far
// that is, the runs that it is about say.
func (s *Service) summaryOfNothing(ctx context.Context, summary Summary, start Start, asOf time.Time) (Summary, error) {
	summary.Affected.cut(0)
	summary.Possible.cut(0)
	reasons, err := s.gaps(ctx, slices.Values(start.Named), lineage.Downstream, asOf)
	return summary.close(slices.Concat(reasons, start.Reasons)), err
}

func (s Summary) close(reasons []string) Summary {
	if s.Truncated {
		reasons = append(reasons, ReasonTruncated)
	}
	s.Reasons = nonNil(sortedSet(reasons))
	s.Complete = len(s.Reasons) == 0
	return s
}

// cut counts the lists, cuts them, and reports whether there was more.
func (g *Groups) cut(limit int) bool {
	g.Counts = GroupCounts{Plates: len(g.Plates), Runs: len(g.Runs), Lots: len(g.Lots), Wells: len(g.Wells),
		Measurements: len(g.Measurements), Experiments: len(g.Experiments)}
	cut := false
	for _, list := range []*[]Affected{&g.Plates, &g.Runs, &g.Lots, &g.Wells, &g.Measurements, &g.Experiments} {
		*list, cut = bounded(*list, limit, cut)
	}
	return cut
}

func bound[T any](list []T, most int) []T { return nonNil(list[:min(len(list), most)]) }

// known is a time, nil where there is none.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
