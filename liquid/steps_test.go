package liquid

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/ot2"
)

// stepsOf writes steps as "deliver c4 plate/B1 30: c2 > c4".
func stepsOf(out Outcome) []string {
	var lines []string
	for _, s := range out.Steps {
		line := fmt.Sprintf("%s %s", s.Kind, s.Command)
		for _, p := range s.Places {
			line += " " + strings.TrimSuffix(placeText(p), "/")
		}
		if s.VolumeUl != 0 {
			line += fmt.Sprintf(" %.6g", s.VolumeUl)
		}
		line += ":"
		for _, k := range s.Reads {
			line += " " + stateText(k)
		}
		if len(s.Makes) > 0 {
			line += " >"
		}
		for _, k := range s.Makes {
			line += " " + stateText(k)
		}
		if s.Failed {
			line += " failed"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestSteps(t *testing.T) {
	p := newProtocol()
	p.command("loadModule", ot2.Params{Model: "heaterShakerModuleV1", Location: &ot2.Location{Slot: "10"}}, ot2.Result{ModuleID: "hs"})
	p.command("moveLabware", ot2.Params{LabwareID: "plate", NewLocation: &ot2.Location{ModuleID: "hs"}}, ot2.Result{})
	p.command("moveLabware", ot2.Params{LabwareID: "plate384", NewLocation: &ot2.Location{LabwareID: "plate"}}, ot2.Result{})
	p.liquid("water", 100, "plate/A1")
	p.liquid("dye", 50, "plate384/A1")
	p.liquid("dye", 50, "tubes/A1")
	p.liquid("dye", 20, "plate/A1")
	p.command("heaterShaker/setAndWaitForShakeSpeed", ot2.Params{ModuleID: "hs"}, ot2.Result{})
	p.command("heaterShaker/openLabwareLatch", ot2.Params{ModuleID: "hs"}, ot2.Result{})
	p.command("thermocycler/closeLid", ot2.Params{ModuleID: "tc"}, ot2.Result{})
	p.command("absorbanceReader/read", ot2.Params{ModuleID: "hs"}, ot2.Result{})
	p.command("heaterShaker", ot2.Params{ModuleID: "hs"}, ot2.Result{})
	p.command("waitForDuration", ot2.Params{}, ot2.Result{})
	p.command("comment", ot2.Params{}, ot2.Result{})
	p.pickUp("rack/A1")
	p.aspirate(30, "plate/A1")
	p.dispense(10, "plate/A1")
	p.dispense(5, "plate/B1")
	p.dispense(5, "fixedTrash/A1")
	p.inPlace("dispenseInPlace", 0)
	p.fails().dispense(5, "plate/B1")
	p.overTrash()
	p.inPlace("blowOutInPlace")
	p.aspirate(10, "tubes/B1")
	p.drop("tubes/A1")
	out := p.fold(t)

	blend := "plate/A1 by c15"
	want := []string{
		"move c10 plate:", "move c11 plate384:",
		"load c12 plate/A1 100: > plate/A1 by c12",
		"load c13 plate384/A1 50: > plate384/A1 by c13",
		"load c14 tubes/A1 50: > tubes/A1 by c14",
		"load c15 plate/A1 20: > plate/A1 by c15/liquid " + blend,
		"incubate c16 plate plate384: " + blend + " plate384/A1 by c13",
		"incubate c21:",
		"draw c24 plate/A1 30: " + blend,
		"mix c25 plate/A1 10: " + blend,
		"deliver c26 plate/B1 5: " + blend + " > plate/B1 by c26",
		"discard c27 fixedTrash/A1 5: " + blend,
		"uncertain c29 plate/B1: " + blend + " plate/B1 by c26 failed",
		"discard c31 fixedTrash 10: " + blend,
		"draw c32 tubes/B1 10: tubes/B1 (undeclared)",
		"deliver c33 tubes/A1 10: tubes/B1 (undeclared) tubes/A1 by c14 > tubes/A1 by c33",
	}
	if diff := cmp.Diff(want, stepsOf(out)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"absorbanceReader/read": 1, "heaterShaker": 1}, out.Unknown); diff != "" {
		t.Errorf("unknown commands (-want +got):\n%s", diff)
	}
	for _, s := range out.Steps {
		if s.EndedAt.Sub(s.StartedAt) != 900*time.Millisecond || s.StartedAt != noon.Add(time.Duration(s.Sequence)*time.Second) {
			t.Errorf("step %s is number %d, from %s to %s", s.Command, s.Sequence, s.StartedAt, s.EndedAt)
		}
	}
	if s := out.Steps[8]; s.Pipette != "p1" || s.Type != "aspirate" {
		t.Errorf("%s by %q", s.Type, s.Pipette)
	}
}

func TestCommandsThatDoNothingAreKnown(t *testing.T) {
	p := newProtocol()
	for _, typ := range []string{
		"home", "comment", "waitForResume", "pause", "delay", "waitForDuration", "setStatusBar", "setRailLights", "moveRelative",
		"savePosition", "retractAxis", "prepareToAspirate", "configureForVolume", "loadLid", "loadLidStack", "verifyTipPresence",
		"getTipPresence", "getNextTip", "loadLiquidClass", "captureImage", "createTimer", "waitForTasks", "identifyModule",
		"temperatureModule/deactivate", "thermocycler/openLid", "custom",
	} {
		p.command(typ, ot2.Params{}, ot2.Result{})
	}
	out := p.fold(t)
	if len(out.Unknown) > 0 || len(out.Wells) > 0 {
		t.Errorf("not known: %v; wells %v", out.Unknown, out.Wells)
	}
}

// A pair of carry-over names the states that the tip met.
func TestCarryOverNamesStates(t *testing.T) {
	p := newProtocol()
	loaded := p.liquid("water", 100, "plate/A1")
	p.pickUp("rack/A1")
	p.aspirate(20, "plate/A1")
	made := p.dispense(10, "plate/B1")
	mixed := p.dispense(10, "plate/C1")
	p.dispense(1, "plate/D1") // empty: touches, gives nothing
	p.aspirate(1, "plate/B1")
	out := p.fold(t)
	key := func(place, command string) StateKey {
		labware, well := split(place)
		return StateKey{Labware: labware, Well: well, Command: command}
	}
	want := []Carry{
		{Command: mixed, From: Place{"plate", "B1"}, To: Place{"plate", "C1"}, FromState: key("plate/B1", made), ToState: key("plate/C1", mixed)},
		{Command: "c14", From: Place{"plate", "C1"}, To: Place{"plate", "D1"}, FromState: key("plate/C1", mixed), ToStateUnknown: true},
		{Command: "c15", From: Place{"plate", "D1"}, To: Place{"plate", "B1"}, ToState: key("plate/B1", made)},
	}
	if diff := cmp.Diff(want, out.Carried); diff != "" {
		t.Errorf("first loaded by %s (-want +got):\n%s", loaded, diff)
	}
}

// A head in one trough reads it once, whatever the number of nozzles.
func TestAStepNamesAStateOnce(t *testing.T) {
	p := newProtocol()
	p.liquid("water", 1000, "reservoir/A1")
	p.with("p8").pickUp("rack/A1")
	p.aspirate(10, "reservoir/A1")
	p.dispense(10, "reservoir/A1")
	want := []string{
		"load c9 reservoir/A1 1000: > reservoir/A1 by c9",
		"draw c11 reservoir/A1 80: reservoir/A1 by c9",
		"mix c12 reservoir/A1 80: reservoir/A1 by c9",
	}
	if diff := cmp.Diff(want, stepsOf(p.fold(t))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The order of what a command names in no order is that of the names.
func TestALoadGoesByWell(t *testing.T) {
	p := newProtocol()
	volumes := map[string]float64{}
	for _, well := range []string{"H1", "A1", "C12", "B3", "A12", "D4", "F7"} {
		volumes[well] = 10
	}
	p.command("loadLiquid", ot2.Params{LiquidID: "water", LabwareID: "plate", VolumeByWell: volumes}, ot2.Result{})
	out := p.fold(t)
	var got []string
	for _, place := range out.Steps[0].Places {
		got = append(got, place.Well)
	}
	if diff := cmp.Diff([]string{"A1", "A12", "B3", "C12", "D4", "F7", "H1"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFeaturesOfAWell(t *testing.T) {
	p := newProtocol()
	p.liquid("water", 200, "plate/A1")
	p.pickUp("rack/A1")
	for range 3 { // mixes
		p.aspirate(20, "plate/A1")
		p.dispense(20, "plate/A1")
	}
	p.aspirate(40, "plate/A1")
	p.dispense(10, "plate/B1")
	p.dispense(10, "plate/B1")
	p.drop("rack/A1")
	p.pickUp("rack/B1")
	p.aspirate(10, "plate/A1")
	last := p.dispense(10, "plate/B1")
	p.drop("fixedTrash/A1")
	p.pickUp("rack/A1")
	p.aspirate(5, "plate/A1")
	p.fails().dispense(10, "plate/C1")
	p.fails().dispense(10, "plate/B1")
	doubt := p.fails().dispense(10, "plate/A1")
	p.fails().aspirate(10, "plate/A1")
	out := p.fold(t)

	type features struct {
		Transfers, Draws, Mixes, TipChanges int
		LastDispenseAt                      time.Time
	}
	at := func(command string) time.Time {
		for _, c := range p.run.Commands {
			if c.ID == command {
				return c.StartedAt
			}
		}
		return noTime
	}
	got := map[string]features{}
	for name, w := range out.Wells["plate"] {
		got[name] = features{w.Transfers, w.Draws, w.Mixes, w.TipChanges, w.LastDispenseAt}
	}
	if diff := cmp.Diff(map[string]features{
		"A1": {Draws: 6, Mixes: 3, LastDispenseAt: at("c16")},
		"B1": {Transfers: 3, TipChanges: 1, LastDispenseAt: at(last)},
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := out.Wells["plate"]["A1"].UncertainSince; got != doubt {
		t.Errorf("A1 is uncertain since %s, want %s", got, doubt)
	}
}
