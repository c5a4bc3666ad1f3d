package query_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wellspring/graphstore/storetest"
	"wellspring/lineage"
	"wellspring/query"
	"wellspring/query/querytest"
)

func lab(t *testing.T) *query.Service {
	store := storetest.NewModel()
	querytest.Fill(t, store)
	return query.New(store)
}

func resolve(t *testing.T, s *query.Service, selector string) lineage.Node {
	t.Helper()
	node, err := s.Resolve(t.Context(), selector, time.Time{})
	if err != nil {
		t.Fatalf("resolve %s: %v", selector, err)
	}
	return node
}

func trace(t *testing.T, s *query.Service, ask query.Ask) query.Answer {
	t.Helper()
	answer, err := s.Trace(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// line is what a test says of an item.
func line(i query.Item) string {
	at := i.Name
	if command, ok := i.Attributes[lineage.AttrCommand].(string); ok {
		at += " " + command
	}
	fraction, volume := "-", "-"
	if i.Fraction != nil {
		fraction = fmt.Sprintf("%.4g", *i.Fraction)
	}
	if i.VolumeUl != nil {
		volume = fmt.Sprintf("%.4g", *i.VolumeUl)
	}
	marks := ""
	if i.Origin {
		marks += " origin"
	}
	if i.Possible {
		marks += " possible"
	}
	return fmt.Sprintf("%d %s %s %s%s", i.Depth, at, fraction, volume, marks)
}

func lines(items []query.Item) []string {
	all := make([]string, 0, len(items))
	for _, item := range items {
		all = append(all, line(item))
	}
	slices.Sort(all)
	return all
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestAncestry(t *testing.T) {
	s := lab(t)
	root := resolve(t, s, "run:"+querytest.Dilution+"/dilution plate/B1")
	answer := trace(t, s, query.Ask{Roots: []lineage.ID{root.ID}, Direction: lineage.Upstream})

	same(t, "items", []string{
		"1 dilution plate B1 c5 0.25 50",
		"1 stock plate A2 c2 0.875 175", // 0.75 + 0.25 × 0.5
		"2 Water 0.875 175 origin",
		"2 dilution plate A1 c4 0.25 50",
		"3 dilution plate A1 c3 0.125 25",
		"4 stock plate A1 c1 0.125 25",
		"5 Dye 0.125 25 origin",
		"5 LOT-7 0.125 25 origin",
	}, lines(answer.Items))
	var steps []string
	for _, step := range answer.Steps {
		steps = append(steps, step.Name)
	}
	same(t, "steps", []string{"step c1", "step c2", "step c3", "step c4", "step c5", "step c6"}, steps)
	if len(answer.Edges) != 9 {
		t.Errorf("%d edges, want 9", len(answer.Edges))
	}
	if answer.Truncated || !answer.Complete || len(answer.Reasons) > 0 || answer.Next != "" {
		t.Errorf("truncated %v, complete %v, reasons %v, next %q", answer.Truncated, answer.Complete, answer.Reasons, answer.Next)
	}
}

func TestImpactStartsFromEveryLiquidOfTheName(t *testing.T) {
	s := lab(t)
	roots, err := s.ResolveAll(t.Context(), "lot:Water", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if len(roots) != 2 {
		t.Fatalf("%d roots, want one a run", len(roots))
	}
	answer := trace(t, s, query.Ask{Roots: []lineage.ID{roots[0].ID, roots[1].ID}, Direction: lineage.Downstream, MinFraction: 0.5})
	same(t, "items", []string{
		"1 dilution plate H12 k1 1 500",
		"1 stock plate A2 c2 1 2000",
		"2 PB-1 A1 k2 1 80",
		"2 dilution plate A1 c4 0.5 100",
		"2 dilution plate B1 c6 0.875 175",
		"2 dilution plate C1 c7 1 10",
		"3 PB-1 A1 k3 0.8 80",
		"3 absorbance B1 0.875 -",
		"3 dilution plate B1 c5 0.5 25",
	}, lines(answer.Items))
	same(t, "reasons", []string{"run-not-ended", "uncertain-state", "undeclared-source"}, answer.Reasons)
	if answer.Complete {
		t.Error("complete, though a run goes on")
	}
	if len(answer.Roots) != 2 {
		t.Errorf("the answer names %d roots", len(answer.Roots))
	}
}

func TestCarryOverIsKeptApart(t *testing.T) {
	s := lab(t)
	root := resolve(t, s, "lot:Dye")
	ask := query.Ask{Roots: []lineage.ID{root.ID}, Direction: lineage.Downstream, Kinds: []lineage.Kind{lineage.KindWellState}, MinFraction: 0.2}
	without := lines(trace(t, s, ask).Items)
	ask.CarryOver = true
	with := lines(trace(t, s, ask).Items)

	same(t, "without", []string{
		"1 stock plate A1 c1 1 1000", "2 dilution plate A1 c3 1 100", "3 dilution plate A1 c4 0.5 100", "4 dilution plate B1 c5 0.5 25",
	}, without)
	same(t, "with", append(without, "6 dilution plate C1 c7 - - possible"), with)
}

func TestCutAnswersSaySo(t *testing.T) {
	s := lab(t)
	root := resolve(t, s, querytest.Dilution+"/2/B1")
	answer := trace(t, s, query.Ask{Roots: []lineage.ID{root.ID}, Direction: lineage.Upstream, Depth: 2})
	same(t, "reasons", []string{"truncated"}, answer.Reasons)
	if !answer.Truncated || answer.Complete {
		t.Errorf("truncated %v, complete %v", answer.Truncated, answer.Complete)
	}
	for _, item := range answer.Items {
		if item.Origin {
			t.Errorf("%s is called an origin in a truncated answer", item.Name)
		}
	}
}

func TestAncestryNamesWhatIsUnknown(t *testing.T) {
	s := lab(t)
	root := resolve(t, s, querytest.Assay+"/plate/A1")
	answer := trace(t, s, query.Ask{Roots: []lineage.ID{root.ID}, Direction: lineage.Upstream, Kinds: []lineage.Kind{lineage.KindLot, lineage.KindWellState}})
	same(t, "reasons", []string{"run-not-ended", "uncertain-state", "undeclared-source"}, answer.Reasons)
	same(t, "items", []string{
		"1 PB-1 A1 k2 0.8 80", "1 dilution plate A1  0.2 20 origin", "2 dilution plate H12 k1 0.8 80", "3 Water 0.8 80 origin",
	}, lines(answer.Items))
}

func TestPagesTogetherAreTheAnswer(t *testing.T) {
	s := lab(t)
	root := resolve(t, s, "lot:Dye")
	ask := query.Ask{Roots: []lineage.ID{root.ID}, Direction: lineage.Downstream, CarryOver: true}
	whole := trace(t, s, ask)

	for limit := 1; limit <= len(whole.Items); limit++ {
		ask.Limit, ask.After = limit, ""
		var items []query.Item
		var edges []lineage.Edge
		for pages := 0; ; pages++ {
			if pages > len(whole.Items) {
				t.Fatal("the pages don't end")
			}
			part := trace(t, s, ask)
			items, edges = append(items, part.Items...), append(edges, part.Edges...)
			if ask.After = part.Next; part.Next == "" {
				break
			}
		}
		same(t, "items", whole.Items, items)
		slices.SortFunc(edges, func(a, b lineage.Edge) int { return a.Key().Compare(b.Key()) })
		same(t, "edges", whole.Edges, edges)
	}
}

func TestAnswersAsOf(t *testing.T) {
	s := lab(t)
	root := resolve(t, s, querytest.Dilution+"/2/B1")
	answer := trace(t, s, query.Ask{Roots: []lineage.ID{root.ID}, Direction: lineage.Upstream, Kinds: []lineage.Kind{lineage.KindLot},
		AsOf: querytest.KnownAt.Add(2 * time.Minute)}) // before the lot was declared to have filled it
	same(t, "items", []string{"2 Water 0.875 175 origin", "5 Dye 0.125 25 origin"}, lines(answer.Items))

	_, err := s.Trace(t.Context(), query.Ask{Roots: []lineage.ID{root.ID}, Direction: lineage.Upstream, AsOf: querytest.KnownAt.Add(-time.Hour)})
	if lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("before anything was known: %v", err)
	}
}

func TestAskIsChecked(t *testing.T) {
	s := lab(t)
	root := resolve(t, s, "lot:Dye").ID
	good := query.Ask{Roots: []lineage.ID{root}, Direction: lineage.Downstream}
	for name, spoil := range map[string]func(*query.Ask){
		"no root":          func(a *query.Ask) { a.Roots = nil },
		"no direction":     func(a *query.Ask) { a.Direction = "" },
		"two upstream":     func(a *query.Ask) { a.Roots, a.Direction = append(a.Roots, lineage.ID{1}), lineage.Upstream },
		"fraction":         func(a *query.Ask) { a.MinFraction = 1.1 },
		"fraction is none": func(a *query.Ask) { a.MinFraction = math.NaN() },
		"limit":            func(a *query.Ask) { a.Limit = query.MaxLimit + 1 },
		"depth":            func(a *query.Ask) { a.Depth = lineage.MaxDepth + 1 },
		"kind":             func(a *query.Ask) { a.Kinds = []lineage.Kind{"Bucket"} },
		"type":             func(a *query.Ask) { a.Types = []lineage.RelationshipType{"RELATED_TO"} },
		"cursor":           func(a *query.Ask) { a.After = "over there" },
	} {
		ask := good
		spoil(&ask)
		if _, err := s.Trace(t.Context(), ask); lineage.KindOf(err) != lineage.ErrorInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	good.Roots = []lineage.ID{{1}}
	if _, err := s.Trace(t.Context(), good); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("no such root: %v", err)
	}
}
