package liquid

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/ot2"
)

// fromEarlier is a state that an earlier run made.
func fromEarlier(run, place, command string) StateKey {
	labware, well := split(place)
	return StateKey{Run: run, Labware: labware, Well: well, Command: command}
}

func TestContentWithoutOriginsIsItsOwnOrigin(t *testing.T) {
	p := newProtocol()
	before := fromEarlier("monday", "dilution/A1", "c7")
	p.options.Initial = map[Place]Content{{"plate", "A1"}: {State: before, VolumeUl: 50}}
	made := p.transfer(20, "plate/A1", "plate/B1")
	out := p.fold(t)

	want := map[string]string{
		"plate/A1": "30 state:monday/dilution/A1/c7:1",
		"plate/B1": "20 state:monday/dilution/A1/c7:1",
	}
	if diff := cmp.Diff(want, wellsOf(p, out)); diff != "" {
		t.Errorf("wells (-want +got):\n%s", diff)
	}
	if out.Balance.Inherited != 50 || out.Balance.Loaded != 0 || out.Balance.Unknown != 0 {
		t.Errorf("balance %+v", out.Balance)
	}
	if out.Wells["plate"]["A1"].State != before {
		t.Errorf("a draw made a new state: %v", out.Wells["plate"]["A1"].State)
	}
	if diff := cmp.Diff([]Part{{From: before, VolumeUl: 20, Fraction: 1, Mechanism: Dispensed}}, stateOf(t, out, "plate/B1", made).Parts); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	for _, s := range out.States {
		if s.Key.Run != "" {
			t.Errorf("the state %v of the earlier run is told again", s.Key)
		}
	}
}

func TestContentWithFractionsKeepsThem(t *testing.T) {
	p := newProtocol()
	dye, water := fromEarlier("monday", "tubes/A1", "c3"), fromEarlier("monday", "reservoir/A1", "c4")
	p.options.Initial = map[Place]Content{
		{"plate", "A1"}: {State: fromEarlier("monday", "dilution/A1", "c7"), VolumeUl: 50, Origins: []Share{{water, 0.75}, {dye, 0.25}}},
		{"plate", "A2"}: {State: fromEarlier("monday", "dilution/A2", "c8"), VolumeUl: 50, Origins: []Share{{water, 1}}},
	}
	p.transfer(20, "plate/A1", "plate/A2")
	if diff := cmp.Diff(map[string]string{
		"plate/A1": "30 state:monday/reservoir/A1/c4:0.75 state:monday/tubes/A1/c3:0.25",
		"plate/A2": "70 state:monday/reservoir/A1/c4:0.9286 state:monday/tubes/A1/c3:0.07143",
	}, wellsOf(p, p.fold(t))); diff != "" {
		t.Errorf("wells (-want +got):\n%s", diff)
	}
}

// A plate goes through three runs; the second does not touch well A2.
func TestHandoverThroughThreeRuns(t *testing.T) {
	monday := newProtocol()
	monday.liquid("water", 100, "plate/A1", "plate/A2")
	monday.liquid("dye", 100, "plate/B1")
	blended := monday.transfer(100, "plate/B1", "plate/A1")
	monday.pickUp("rack/B1")
	monday.fails().dispense(10, "plate/A2")
	first := monday.fold(t)

	tuesday := newProtocol()
	tuesday.options.Initial = first.Handover("monday", map[string]string{"plate": "plate384"})
	tuesday.transfer(50, "plate384/A1", "plate/C1")
	second := tuesday.fold(t)

	wednesday := newProtocol()
	wednesday.options.Initial = second.Handover("tuesday", map[string]string{"plate384": "plate"})
	wednesday.transfer(10, "plate/A2", "plate/D1")
	wednesday.transfer(10, "plate/B1", "plate/D1")
	third := wednesday.fold(t)

	origin := func(place, command string) string { return nameOf(fromEarlier("monday", place, command), nil) }
	want := map[string]string{
		"plate/A1": "150 " + origin("plate/A1", "c9") + ":0.5 " + origin("plate/B1", "c11") + ":0.5",
		"plate/A2": "90 " + origin("plate/A2", "c10") + ":1",
		"plate/B1": "0 (ever " + origin("plate/B1", "c11") + " ?plate/B1)",
		"plate/D1": "20 " + origin("plate/A2", "c10") + ":0.5 ?plate/B1:0.5",
	}
	if diff := cmp.Diff(want, wellsOf(wednesday, third)); diff != "" {
		t.Errorf("wells (-want +got):\n%s", diff)
	}
	if got, want := third.Wells["plate"]["A1"].State, fromEarlier("monday", "plate/A1", blended); got != want {
		t.Errorf("a well nobody touched is in state %v, want %v", got, want)
	}
	// The lack in the emptied well is an overdraw; the doubt about A2 came along.
	if diff := cmp.Diff([]string{"overdraw plate/B1"}, findingsOf(third)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Reason{ReasonUncertain}, third.Wells["plate"]["A2"].Incomplete); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Reason{ReasonUncertain, ReasonUndeclared}, third.Wells["plate"]["D1"].Incomplete); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

// A well in doubt that was emptied stays in doubt in the next run.
func TestDoubtAboutAnEmptyWellIsHandedOver(t *testing.T) {
	monday := newProtocol()
	monday.liquid("water", 10, "plate/A1", "plate/A2")
	monday.fails().aspirate(10, "plate/A1")
	monday.transfer(10, "plate/A1", "plate/C1")
	monday.transfer(10, "plate/A2", "plate/C2")
	tuesday := newProtocol()
	tuesday.options.Initial = monday.fold(t).Handover("monday", map[string]string{"plate": "plate"})
	tuesday.liquid("dye", 10, "plate/A1", "plate/A2")
	out := tuesday.fold(t)
	if diff := cmp.Diff([]Reason{ReasonUncertain}, out.Wells["plate"]["A1"].Incomplete); diff != "" {
		t.Errorf("A1 (-want +got):\n%s", diff)
	}
	if got := out.Wells["plate"]["A2"].Incomplete; got != nil {
		t.Errorf("A2 is incomplete by %v", got)
	}
}

func TestWhatStaysBehindAtAHandover(t *testing.T) {
	p := newProtocol()
	p.load("bin", "9", trashDefinition())
	p.liquid("water", 100, "plate/A1", "tubes/A1", "rack/A1", "bin/A1")
	handed := p.fold(t).Handover("monday", map[string]string{"plate": "p", "rack": "r", "bin": "b", "fixedTrash": "fixedTrash"})
	if _, ok := handed[Place{"p", "A1"}]; !ok || len(handed) != 1 {
		t.Errorf("handed over: %v", handed)
	}
}

func TestWhatIsDrawnFromInheritedLabwareWithoutADefinition(t *testing.T) {
	p := newProtocol()
	p.options.Initial = map[Place]Content{{"odd", "A1"}: {State: fromEarlier("monday", "odd/A1", "c7"), VolumeUl: 50}}
	p.transfer(10, "odd/A1", "plate/A1")
	if diff := cmp.Diff([]Reason{ReasonNoGeometry}, p.fold(t).Wells["plate"]["A1"].Incomplete); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestALiquidDeclaredInAnInheritedWellIsAFinding(t *testing.T) {
	p := newProtocol()
	p.options.Initial = map[Place]Content{
		{"plate", "A1"}: {State: fromEarlier("monday", "plate/A1", "c7"), VolumeUl: 50},
		{"plate", "A2"}: {State: fromEarlier("monday", "plate/A2", "c8"), VolumeUl: 0},
	}
	p.liquid("water", 50, "plate/A1", "plate/A2", "plate/A3")
	p.liquid("water", 50, "plate/A1")
	out := p.fold(t)
	if diff := cmp.Diff([]string{"declared-again plate/A1"}, findingsOf(out)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if got := out.Wells["plate"]["A1"].VolumeUl; got != 150 {
		t.Errorf("A1 holds %g µL", got)
	}
}

func TestImpossibleInitialContentIsAFinding(t *testing.T) {
	p := newProtocol()
	p.options.Initial = map[Place]Content{
		{"plate", "A1"}: {State: fromEarlier("monday", "plate/A1", "c7"), VolumeUl: -3},
		{"plate", "A2"}: {State: fromEarlier("monday", "plate/A2", "c7"), VolumeUl: math.NaN()},
		{"plate", "A3"}: {State: fromEarlier("monday", "plate/A3", "c7"), VolumeUl: 1e-7},
	}
	out := p.fold(t)
	if diff := cmp.Diff([]string{"invalid-volume"}, findingsOf(out)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if out.Balance != (Balance{}) {
		t.Errorf("balance %+v", out.Balance)
	}
}

func ExampleOutcome_Handover() {
	load := func(id string) ot2.Command {
		return ot2.Command{Type: "loadLabware", Status: ot2.StatusSucceeded, Result: ot2.Result{LabwareID: id, Definition: plate96()}}
	}
	pipette := func(command, well string, volume float64) ot2.Command {
		return ot2.Command{
			ID: command + " " + well, Type: command, Status: ot2.StatusSucceeded,
			Params: ot2.Params{PipetteID: "p", LabwareID: "labware-0", WellName: well, Volume: &volume},
		}
	}
	monday := ot2.Run{ID: "monday", Commands: []ot2.Command{
		load("the-plate"),
		{ID: "fill", Type: "loadLiquid", Status: ot2.StatusSucceeded, Params: ot2.Params{LiquidID: "dye", LabwareID: "the-plate", VolumeByWell: map[string]float64{"A1": 100}}},
	}}
	tuesday := ot2.Run{ID: "tuesday", Commands: []ot2.Command{
		load("labware-0"), pipette("aspirate", "A1", 30), pipette("dispense", "B1", 30),
	}}

	// The barcode says that the first run's plate is the second one's labware-0.
	shared := map[string]string{"the-plate": "labware-0"}
	left := Fold(monday, Options{})
	out := Fold(tuesday, Options{Initial: left.Handover(monday.ID, shared)})

	b1 := out.Wells["labware-0"]["B1"]
	fmt.Println(b1.VolumeUl, "µL of", b1.Origins[0].State)
	// Output: 30 µL of {monday the-plate A1 fill}
}
