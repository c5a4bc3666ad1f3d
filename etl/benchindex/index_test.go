package benchindex_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/bench"
	"wellspring/etl/benchindex"
	"wellspring/etl/statesqlite"
	"wellspring/lineage"
	"wellspring/liquid"
)

// lab is an index, and the time at which the graph comes to know things.
type lab struct {
	*testing.T
	*benchindex.Index
	now time.Time
}

func newLab(t *testing.T) *lab {
	t.Helper()
	states, err := statesqlite.Open(t.Context(), filepath.Join(t.TempDir(), "states.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := states.Close(); err != nil {
			t.Error(err)
		}
	})
	return &lab{T: t, Index: states.Bench(), now: minute(10_000)}
}

func minute(n int) time.Time {
	return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
}

// plate is the labware "plate" of a run, with so much in A1.
func plate(run, barcode string, volumeUl float64, short bool) benchindex.Plate {
	return benchindex.Plate{
		Labware: "plate", Barcode: barcode, Definition: "ours/plate/1", Slot: "2", Names: []string{"plate", "2"},
		Wells: map[string]benchindex.Well{"A1": {
			Content: liquid.Content{State: liquid.StateKey{Run: run, Labware: "plate", Well: "A1", Command: "c"}, VolumeUl: volumeUl}, Short: short,
		}},
	}
}

func run(name string, from, to int, plates ...benchindex.Plate) benchindex.Run {
	return benchindex.Run{Run: name, StartedAt: minute(from), EndedAt: minute(to), Plates: plates}
}

// keep derives a run, as the pipeline does, and returns whom to derive again.
func (l *lab) keep(r benchindex.Run) []lineage.Owner {
	l.Helper()
	l.now = l.now.Add(time.Minute)
	again, err := l.KeepRun(l.Context(), r, l.inputs(r), l.now)
	if err != nil {
		l.Fatal(err)
	}
	return again
}

func (l *lab) inputs(r benchindex.Run) benchindex.Inputs {
	l.Helper()
	said, err := l.About(l.Context(), r.Run, r.Declared)
	if err != nil {
		l.Fatal(err)
	}
	in, err := l.Complete(l.Context(), r, said)
	if err != nil {
		l.Fatal(err)
	}
	return in
}

func (l *lab) declare(document string, at int, declarations ...bench.Declaration) []lineage.Owner {
	l.Helper()
	l.now = l.now.Add(time.Minute)
	var said []benchindex.Declared
	for _, d := range declarations {
		said = append(said, benchindex.Declared{Declaration: d, Owner: lineage.Owner(document), SaidAt: minute(at), KnownAt: l.now})
	}
	again, err := l.KeepDeclarations(l.Context(), lineage.Owner(document), said, l.now)
	if err != nil {
		l.Fatal(err)
	}
	return again
}

// owners compares whom to derive again, now and as remembered.
func (l *lab) owners(what string, got []lineage.Owner, want ...lineage.Owner) {
	l.Helper()
	todo, err := l.Todo(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	for name, list := range map[string][]lineage.Owner{"returned": got, "to do": todo} {
		if diff := cmp.Diff(append([]lineage.Owner{}, want...), append([]lineage.Owner{}, list...)); diff != "" {
			l.Errorf("%s: %s (-want +got):\n%s", what, name, diff)
		}
	}
}

func TestBegun(t *testing.T) {
	l := newLab(t)
	for _, want := range []bool{false, true} {
		got, err := l.Begun(t.Context())
		if err != nil || got != want {
			t.Errorf("begun: %v, %v, want %v", got, err, want)
		}
		if err := l.Begin(t.Context(), minute(0)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestARunDependsOnTheOneBefore(t *testing.T) {
	l := newLab(t)
	monday, tuesday := run("monday", 0, 10, plate("monday", "P-1", 50, false)), run("tuesday", 10, 20, plate("tuesday", "P-1", 40, false))
	l.owners("the later one alone", l.keep(tuesday))
	l.owners("the earlier one comes", l.keep(monday), "run:tuesday")
	in := l.inputs(tuesday)
	if past := in.Pasts["P-1"]; past.Run != "monday" || past.Contents["A1"].VolumeUl != 50 || !in.KnownAt.Equal(l.now) {
		t.Errorf("tuesday comes after %+v, known at %s", past, in.KnownAt)
	}
	l.owners("derived again", l.keep(tuesday))
	l.owners("nothing new", l.keep(monday))
	monday.Plates[0] = plate("monday", "P-1", 45, false)
	l.owners("another volume", l.keep(monday), "run:tuesday")
	monday.Plates[0].Barcode = "P-2"
	l.owners("another plate after all", l.keep(monday), "run:tuesday")
	if past := l.inputs(tuesday).Pasts["P-1"]; past.Run != "" {
		t.Errorf("tuesday still comes after %s", past.Run)
	}
}

func TestWhoHadAPlateBefore(t *testing.T) {
	for name, c := range map[string]struct {
		others   []benchindex.Run
		before   string
		overlaps []string
	}{
		"nobody":                   {nil, "", nil},
		"the last one of two":      {[]benchindex.Run{run("a", 0, 10, plate("a", "P-1", 1, false)), run("b", 20, 30, plate("b", "P-1", 2, false))}, "b", nil},
		"ended as this one began":  {[]benchindex.Run{run("a", 0, 100, plate("a", "P-1", 1, false))}, "a", nil},
		"one that was not over":    {[]benchindex.Run{run("a", 0, 10, plate("a", "P-1", 1, false)), run("b", 50, 110, plate("b", "P-1", 2, false))}, "a", []string{"b"}},
		"one that came meanwhile":  {[]benchindex.Run{run("b", 110, 120, plate("b", "P-1", 2, false))}, "", []string{"b"}},
		"one that came afterwards": {[]benchindex.Run{run("b", 200, 210, plate("b", "P-1", 2, false))}, "", nil},
		"another plate":            {[]benchindex.Run{run("a", 0, 10, plate("a", "P-2", 1, false))}, "", nil},
		"one without a time":       {[]benchindex.Run{{Run: "a", Plates: []benchindex.Plate{plate("a", "P-1", 1, false)}}}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			for _, other := range c.others {
				l.keep(other)
			}
			past := l.inputs(run("mine", 100, 200, plate("mine", "P-1", 0, false))).Pasts["P-1"]
			if diff := cmp.Diff(c.overlaps, past.Overlaps); past.Run != c.before || diff != "" {
				t.Errorf("after %q, want %q; overlaps (-want +got):\n%s", past.Run, c.before, diff)
			}
		})
	}
	l := newLab(t)
	l.keep(run("a", 0, 10, plate("a", "P-1", 1, false)))
	if past := l.inputs(benchindex.Run{Run: "timeless", Plates: []benchindex.Plate{plate("timeless", "P-1", 0, false)}}).Pasts["P-1"]; past.Run != "" || past.Overlaps != nil {
		t.Errorf("a run without a time comes after %+v", past)
	}
}

// What a run found short goes back to the run before, and no further by itself.
func TestAWellFoundShortGoesBack(t *testing.T) {
	l := newLab(t)
	a, b, c := run("a", 0, 10, plate("a", "P-1", 3, false)), run("b", 10, 20, plate("b", "P-1", 2, false)), run("c", 20, 30, plate("c", "P-1", 1, false))
	for _, r := range []benchindex.Run{a, b, c} {
		l.keep(r)
	}
	c.Plates[0] = plate("c", "P-1", 1, true)
	l.owners("c finds it short", l.keep(c), "run:b")
	if short := l.inputs(b).Pasts["P-1"].Short; len(short) != 1 || short[0] != "A1" {
		t.Errorf("b hears of %v", short)
	}
	if short := l.inputs(a).Pasts["P-1"].Short; short != nil {
		t.Errorf("a hears of %v, and b was in between", short)
	}
	b.Plates[0] = plate("b", "P-1", 2, true) // as the fold says, once it was told
	l.owners("b was told", l.keep(b), "run:a")
	if in := l.inputs(a); len(in.Pasts["P-1"].Short) != 1 || !in.KnownAt.Equal(l.now) {
		t.Errorf("a hears of %v, known at %s", in.Pasts["P-1"].Short, in.KnownAt)
	}
	l.owners("a was told", l.keep(a))
}

func TestDeclarationsReachTheirRuns(t *testing.T) {
	l := newLab(t)
	a := run("a", 0, 10, plate("a", "P-1", 3, false))
	l.keep(a)
	lot := func(lot string) bench.Declaration {
		return bench.Declaration{Row: 1, Target: bench.Target{Run: "a", Liquid: "w"}, Lot: lot}
	}
	l.owners("a lot", l.declare("manifest:2", 20, lot("L-2")), "run:a")
	l.keep(a)
	l.owners("said before", l.declare("manifest:1", 10, lot("L-1")), "run:a")
	in := l.inputs(a)
	if len(in.Declared) != 2 || in.Declared[0].Lot != "L-1" || in.Declared[1].Lot != "L-2" || in.Declared[1].Owner != "manifest:2" {
		t.Errorf("declared: %+v", in.Declared)
	}
	l.keep(a)
	l.owners("the same again", l.declare("manifest:1", 10, lot("L-1")))
	l.owners("of a well of the plate", l.declare("manifest:3", 30, bench.Declaration{Row: 1, Target: bench.Target{Barcode: "P-1", Well: "A1"}, Sample: "S"}), "run:a")
	if said := l.inputs(a).Pasts["P-1"].Declared; len(said) != 1 || said[0].Sample != "S" {
		t.Errorf("of the plate: %+v", said)
	}
	l.keep(a)
	l.owners("of a run that is not here", l.declare("manifest:4", 40, bench.Declaration{Row: 1, Target: bench.Target{Run: "b", Liquid: "w"}, Lot: "L-1"}))
	l.owners("taken out of the document", l.declare("manifest:2", 20), "run:a")
	a.Declared = []benchindex.Declared{{Declaration: lot("L-0"), Owner: "run:a", SaidAt: minute(5)}}
	l.owners("of its own", l.keep(a))
	if in := l.inputs(a); len(in.Declared) != 2 || in.Declared[0].Lot != "L-0" {
		t.Errorf("with its own: %+v", in.Declared)
	}
}

func TestARunFindsThePlanThatItBegins(t *testing.T) {
	l := newLab(t)
	plan := func(id string, keys ...string) []lineage.Owner {
		again, err := l.KeepPlan(t.Context(), id, keys, l.now)
		if err != nil {
			t.Fatal(err)
		}
		return again
	}
	a := benchindex.Run{Run: "a", StartedAt: minute(0), EndedAt: minute(1), Keys: []string{"x", "y"}}
	l.keep(a)
	l.owners("a plan that begins so", plan("p1", "x", "y", "z"), "run:a")
	l.keep(a)
	l.owners("one that goes on otherwise", plan("p2", "x", "z"))
	l.owners("another", plan("p3", "w"))
	if in := l.inputs(a); len(in.Plans) != 1 || in.Plans[0] != "p1" {
		t.Errorf("plans: %v", in.Plans)
	}
	l.owners("said by a person", l.declare("manifest:1", 1, bench.Declaration{Row: 1, Target: bench.Target{Run: "a"}, Details: map[string]string{"plan": "p9"}}), "run:a")
	if in := l.inputs(a); in.Plan != "p9" || in.HasPlan {
		t.Errorf("plan %s, here: %v", in.Plan, in.HasPlan)
	}
	l.keep(a)
	l.owners("it comes", plan("p9"), "run:a")
	if in := l.inputs(a); !in.HasPlan {
		t.Error("the plan is not here")
	}
	l.keep(a)
	l.owners("said and taken back", l.declare("manifest:2", 2, bench.Declaration{Row: 1, Target: bench.Target{Run: "a"}, Withdrawn: true, Details: map[string]string{"plan": "p9"}}), "run:a")
	if in := l.inputs(a); in.Plan != "" {
		t.Errorf("plan %s", in.Plan)
	}
}

func TestAReadingDependsOnItsPlates(t *testing.T) {
	l := newLab(t)
	const owner, document = lineage.Owner("reading:1"), "sha256-5"
	names := append([]string{"P-1", "b/plate"}, benchindex.ReadingNames(owner, document)...)
	histories := func() benchindex.Histories {
		h, err := l.Histories(t.Context(), owner, names)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	keep := func() []lineage.Owner {
		again, err := l.KeepReading(t.Context(), owner, names, histories(), l.now)
		if err != nil {
			t.Fatal(err)
		}
		return again
	}
	l.owners("plates that nobody knows", keep())
	l.owners("a run with one of them", l.keep(run("a", 0, 10, plate("a", "P-1", 3, false))), owner)
	l.owners("derived again", keep())
	l.owners("a run that it names", l.keep(run("b", 20, 30, plate("b", "", 3, false))), owner)
	if h := histories(); len(h.Plates["P-1"]) != 1 || h.Plates["P-1"][0].Run != "a" || len(h.Plates["b/plate"]) != 1 || !h.Plates["b/plate"][0].StartedAt.Equal(minute(20)) {
		t.Errorf("plates: %+v", h.Plates)
	}
	keep()
	for i, name := range []string{"reading:1", "1", document} {
		said := bench.Declaration{Row: 1, Target: bench.Target{Reading: name}, Experiment: "EXP-1"}
		l.owners("declared of "+name, l.declare("manifest:"+name, i, said), owner)
		if h := histories(); len(h.Declared) != i+1 || h.Declared[i].Experiment != "EXP-1" || !h.KnownAt.Equal(l.now) {
			t.Errorf("declared of %s: %+v", name, h.Declared)
		}
		l.owners("derived again", keep())
	}
	l.owners("declared of another", l.declare("manifest:x", 9, bench.Declaration{Row: 1, Target: bench.Target{Reading: "2"}, Experiment: "EXP-1"}))
}

func TestCandidates(t *testing.T) {
	l := newLab(t)
	other := func(name string, from, to int, change func(*benchindex.Plate)) {
		p := plate(name, "P-"+name, 1, false)
		change(&p)
		l.keep(run(name, from, to, p))
	}
	const day = 24 * 60
	same := func(*benchindex.Plate) {}
	l.keep(run("mine", day, day+10, plate("mine", "", 0, false)))
	other("morning", 600, 610, same)
	other("noon", 700, 710, func(p *benchindex.Plate) { p.Barcode = "" })
	other("until now", 800, day, same)
	other("the day before", -100, -1, same)
	other("just within a day", 0, 1, same)
	other("not over", 900, day+1, same)
	other("later", day+20, day+30, same)
	other("another slot", 600, 610, func(p *benchindex.Plate) { p.Slot = "3" })
	other("another definition", 600, 610, func(p *benchindex.Plate) { p.Definition = "ours/plate/2" })
	got, err := l.Candidates(t.Context(), "mine")
	if err != nil {
		t.Fatal(err)
	}
	var want []benchindex.Candidate
	for _, c := range []struct {
		run, barcode string
		ended        int
	}{{"until now", "P-until now", day}, {"noon", "", 710}, {"morning", "P-morning", 610}, {"just within a day", "P-just within a day", 1}} {
		want = append(want, benchindex.Candidate{Labware: "plate", EarlierRun: c.run, EarlierLabware: "plate", Barcode: c.barcode,
			Slot: "2", Definition: "ours/plate/1", EndedAt: minute(c.ended)})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	l.keep(run("mine", day, day+10, plate("mine", "P-9", 0, false)))
	if got, err := l.Candidates(t.Context(), "mine"); err != nil || len(got) != 0 {
		t.Errorf("of a plate that is known: %v, %v", got, err)
	}
}
