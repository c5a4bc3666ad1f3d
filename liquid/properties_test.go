package liquid

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"wellspring/ot2"
)

// Of every history, hostile ones too: mass balances, fractions sum to one, no
// volume is negative, and what a state came from stands before it.
func TestWhatHoldsOfEveryHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := random(t, rapid.Bool().Draw(t, "hostile"))
		for _, wrong := range violations(Fold(h.run, h.options)) {
			t.Error(wrong)
		}
	})
}

// What comes later changes no state that is there: an ancestry never contains
// what came later. Only two things grow: the volume of an undeclared source,
// by what is found lacking, and the reasons to doubt.
func TestLaterCommandsChangeNoState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := random(t, false)
		whole := Fold(h.run, h.options)
		cut := h.run
		cut.Commands = cut.Commands[:rapid.IntRange(0, len(cut.Commands)).Draw(t, "cut")]
		earlier := map[StateKey]State{}
		for _, s := range Fold(cut, h.options).States {
			earlier[s.Key] = s
		}
		found := 0
		for _, s := range whole.States {
			e, ok := earlier[s.Key]
			if !ok {
				if s.Sequence >= 0 && s.Sequence < len(cut.Commands) {
					t.Errorf("state %v of command %d comes to be by later commands", s.Key, s.Sequence)
				}
				continue
			}
			found++
			for _, reason := range e.Incomplete {
				if reason != ReasonNoHeight && !slices.Contains(s.Incomplete, reason) {
					t.Errorf("%v is no longer incomplete by %s", s.Key, reason)
				}
			}
			if s.Sequence < 0 {
				e.VolumeUl = max(e.VolumeUl, s.VolumeUl)
			}
			e.Incomplete = s.Incomplete
			if diff := cmp.Diff(e, s); diff != "" {
				t.Errorf("later commands change a state (-before +after):\n%s", diff)
			}
		}
		if found != len(earlier) {
			t.Errorf("later commands took %d states away", len(earlier)-found)
		}
	})
}

// However the commands come, one by one or in pieces, in any order and
// repeatedly, the outcome is that of the whole list.
func TestAnyOrderSplittingAndRepetitionEndsInTheSameOutcome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := random(t, false)
		want := Fold(h.run, h.options)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))

		shuffled := h.run
		shuffled.Commands = slices.Clone(h.run.Commands)
		for range len(h.run.Commands) / 4 {
			shuffled.Commands = append(shuffled.Commands, h.run.Commands[random.IntN(len(h.run.Commands))])
		}
		random.Shuffle(len(shuffled.Commands), func(i, j int) {
			shuffled.Commands[i], shuffled.Commands[j] = shuffled.Commands[j], shuffled.Commands[i]
		})
		if diff := cmp.Diff(want, Fold(shuffled, h.options)); diff != "" {
			t.Fatalf("shuffled and repeated (-want +got):\n%s", diff)
		}

		var pieces []ot2.Run
		for left := shuffled.Commands; len(left) > 0; {
			n := 1 + random.IntN(len(left))
			piece := h.run
			piece.Commands, left = left[:n], left[n:]
			pieces = append(pieces, piece)
		}
		if diff := cmp.Diff(want, Fold(ot2.Merge(pieces...), h.options)); diff != "" {
			t.Fatalf("in %d pieces (-want +got):\n%s", len(pieces), diff)
		}

		f := New(h.run, h.options)
		for _, c := range Ordered(h.run) {
			f.Apply(c)
			if random.IntN(4) == 0 {
				f.Apply(c)
				f.Outcome() // looking changes nothing
			}
		}
		got := f.Outcome()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("one by one (-want +got):\n%s", diff)
		}
	})
}

// Two runs on shared labware, the second from what the first left, end as the
// one run that did all of it.
func TestTwoRunsOnSharedLabwareEndAsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(drawn{t}, false)
		h.parted = true
		// Tips put back stay behind with their rack: the second run has its own.
		h.load("rack2", "10", rack96())
		loaded := len(h.run.Commands)
		h.random(t)
		for _, pipette := range []string{"p1", "p8"} {
			h.with(pipette).drop("fixedTrash/A1")
			h.nozzles("ALL", "")
			h.command("moveToCoordinates", ot2.Params{PipetteID: pipette}, ot2.Result{})
		}
		ended := len(h.run.Commands)
		h.random(t)
		for i := ended; i < len(h.run.Commands); i++ {
			if c := &h.run.Commands[i]; c.Params.LabwareID == "rack" {
				c.Params.LabwareID = "rack2"
			}
		}

		first, second := h.run, h.run
		first.Commands, second.Commands = h.run.Commands[:ended], nil
		for i, c := range h.run.Commands {
			if i >= ended || i < loaded && c.Type != "loadLiquid" {
				second.Commands = append(second.Commands, c)
			}
		}
		left := Fold(first, h.options)
		shared := map[string]string{}
		for id := range left.Labware {
			shared[id] = id
		}
		later := Fold(second, Options{Initial: left.Handover("first", shared)})
		for _, wrong := range violations(later) {
			t.Error(wrong)
		}
		whole := Fold(h.run, h.options)
		if diff := cmp.Diff(plain(whole), plain(later), near); diff != "" {
			t.Errorf("(-one run +two runs):\n%s", diff)
		}
		// What the second run found short makes the first incomplete, as in one run.
		short := map[Place]bool{}
		for labware, inLabware := range later.Wells {
			for well, w := range inLabware {
				short[Place{labware, well}] = w.FoundShort
			}
		}
		told := Fold(first, Options{ShortLater: short})
		if diff := cmp.Diff(shortLaterIn(whole, first), shortLaterIn(told, first)); diff != "" {
			t.Errorf("found short later (-one run +told of the second):\n%s", diff)
		}
	})
}

// shortLaterIn are the states that commands of a run made, and that are incomplete
// by what was found later.
func shortLaterIn(out Outcome, run ot2.Run) []string {
	of := map[string]bool{}
	for _, c := range run.Commands {
		of[c.ID] = true
	}
	var states []string
	for _, s := range out.States {
		if of[strings.TrimSuffix(s.Key.Command, "/liquid")] && slices.Contains(s.Incomplete, ReasonShortLater) {
			states = append(states, fmt.Sprint(s.Key))
		}
	}
	slices.Sort(states)
	return states
}

var near = cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-6 })

type plainWell struct {
	Volume  float64
	Origins map[string]float64
	Ever    []string
}

// plain is what wells hold, with origins named alike whichever run they are of.
func plain(out Outcome) map[Place]plainWell {
	name := func(k StateKey) string {
		k.Run = ""
		return fmt.Sprint(k)
	}
	wells := map[Place]plainWell{}
	for labware, inLabware := range out.Wells {
		for well, w := range inLabware {
			p := plainWell{Volume: w.VolumeUl, Origins: map[string]float64{}}
			for _, o := range w.Origins {
				p.Origins[name(o.State)] += o.Fraction
			}
			for _, k := range w.Ever {
				p.Ever = append(p.Ever, name(k))
			}
			slices.Sort(p.Ever)
			p.Ever = slices.Compact(p.Ever)
			wells[Place{labware, well}] = p
		}
	}
	return wells
}

// FuzzFold plays histories that the bytes spell.
func FuzzFold(f *testing.F) {
	f.Add([]byte("\x01\x00\x06\x00\x00\x00\x01\x00\x00\x02\x00\x03\x00\x03"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4096 {
			return
		}
		decisions := &spelled{data}
		h := newHistory(decisions, decisions.choose(2) == 1)
		for len(decisions.bytes) > 0 {
			h.next()
		}
		out := h.fold(t)
		slices.Reverse(h.run.Commands)
		if back := h.fold(t); !reflect.DeepEqual(out, back) {
			t.Errorf("the list's order matters (-forth +back):\n%s", cmp.Diff(out, back))
		}
		if _, err := json.Marshal(Inspection(h.run, out)); err != nil {
			t.Error(err)
		}
	})
}
