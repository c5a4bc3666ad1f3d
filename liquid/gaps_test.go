package liquid

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/ot2"
)

// A head over a rack of tubes meets every second one of its nozzles: what holds
// of the first holds of those behind the gaps.
func TestNozzlesBehindAGap(t *testing.T) {
	p := newProtocol()
	p.liquid("water", 1000, "reservoir/A1")
	p.with("p8").pickUp("rack/A1")
	p.aspirate(10, "reservoir/A1")
	p.dispense(10, "tubes/A1")
	p.aspirate(1, "plate/A1")
	out := p.fold(t)
	var pairs []string
	for _, c := range out.Carried {
		if c.From.Labware == "tubes" {
			pairs = append(pairs, placeText(c.From)+">"+placeText(c.To))
		}
	}
	slices.Sort(pairs)
	if diff := cmp.Diff([]string{"tubes/A1>plate/A1", "tubes/B1>plate/C1", "tubes/C1>plate/E1", "tubes/D1>plate/H1"}, pairs); diff != "" {
		t.Errorf("carried over (-want +got):\n%s", diff)
	}
}

func TestEveryWellUnderAHeadThatFailedIsUncertain(t *testing.T) {
	p := newProtocol()
	p.liquid("water", 1000, "reservoir/A1")
	p.with("p8").pickUp("rack/A1")
	p.fails().aspirate(10, "plate/A1")
	p.fails().aspirate(10, "reservoir/A1")
	var want []string
	for _, row := range strings.Split("ABCDEFGH", "") {
		want = append(want, "uncertain plate/"+row+"1")
	}
	want = append(want, "uncertain reservoir/A1") // once, for all nozzles
	if diff := cmp.Diff(want, findingsOf(p.fold(t))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A well that was given something and is drawn empty lacks what a well that never
// held anything does not: an overdraw.
func TestALackInAWellThatWasFilledFromAnother(t *testing.T) {
	p := newProtocol()
	p.liquid("water", 100, "plate/A1")
	p.transfer(20, "plate/A1", "plate/B1")
	p.transfer(20, "plate/B1", "plate/C1")
	p.transfer(5, "plate/B1", "plate/C1")
	p.transfer(5, "plate/D1", "plate/C1")
	if diff := cmp.Diff([]string{"overdraw plate/B1", "underflow plate/D1"}, findingsOf(p.fold(t))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAModuleWhoseIDOnlyItsParametersSay(t *testing.T) {
	p := newProtocol()
	p.command("loadModule", ot2.Params{ModuleID: "magnet", Model: "magneticModuleV2", Location: &ot2.Location{Slot: "9"}}, ot2.Result{})
	p.command("loadLabware", ot2.Params{LoadName: "test_96_wellplate", Location: &ot2.Location{ModuleID: "magnet"}}, ot2.Result{LabwareID: "on", Definition: plate96()})
	p.liquid("water", 100, "on/A1")
	p.pickUp("rack/A1")
	p.legacy("command.ASPIRATE", "Aspirating 20.0 uL from A1 of test_96_wellplate on Magnetic Module on 9 at 92.86 uL/sec")
	p.legacy("command.DISPENSE", "20.0 uL into A2 of test_96_wellplate on Magnetic Module on 9 at 92.86 uL/sec") // no sentence
	out := p.fold(t)
	if got := out.Wells["on"]["A1"].VolumeUl; got != 80 {
		t.Errorf("A1 holds %g µL, want 80", got)
	}
	if diff := cmp.Diff([]string{"legacy-unreadable"}, findingsOf(out)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestAMoveReadsContentsInOrder(t *testing.T) {
	p := newProtocol()
	var want []string
	for column := 12; column > 0; column-- {
		well := fmt.Sprintf("plate/A%d", column)
		want = append(want, well+" "+p.liquid("water", 10, well))
	}
	p.command("moveLabware", ot2.Params{LabwareID: "plate", NewLocation: &ot2.Location{OffDeck: true}}, ot2.Result{})
	out := p.fold(t)
	var got []string
	for _, key := range out.Steps[len(out.Steps)-1].Reads {
		got = append(got, key.Labware+"/"+key.Well+" "+key.Command)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in order of making (-want +got):\n%s", diff)
	}
}

// A point in the middle between two openings is over the one that comes first by name.
func TestAPointBetweenTwoWells(t *testing.T) {
	wells := map[string]ot2.Well{}
	for i := range 8 {
		wells[fmt.Sprintf("B%d", i)] = ot2.Well{Shape: "circular", X: float64(10 + 2*(i%2)), Y: 0, Diameter: 6}
	}
	def := &ot2.Definition{Wells: wells}
	for range 20 {
		if got := wellAt(def, 11, 0); got != "B0" {
			t.Fatalf("over %q, want B0", got)
		}
	}
}
