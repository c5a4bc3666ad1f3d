package liquid

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/ot2"
)

func TestReadSentence(t *testing.T) {
	for _, tc := range []struct {
		kind, text string
		want       sentence
		ok         bool
	}{
		{legacyAspirate, "Aspirating 19.0 uL from A2 of dye container on 2 at 92.86 uL/sec", sentence{19, "A2", "dye container", "2"}, true},
		{legacyAspirate, "Aspirating 19.0 uL from A2 of dye container on 2", sentence{19, "A2", "dye container", "2"}, true},
		{legacyDispense, "Dispensing 0.5 uL into H12 of plate on Magnetic Module GEN2 on 3 at 1.0 uL/sec", sentence{0.5, "H12", "plate on Magnetic Module GEN2", "3"}, true},
		{legacyDispense, "Dispensing 5 uL into A1 of kit of parts from acme at home on 11 at 1.0 uL/sec", sentence{5, "A1", "kit of parts from acme at home", "11"}, true},
		{legacyBlowOut, "Blowing out at A1 of Opentrons Fixed Trash on 12", sentence{0, "A1", "Opentrons Fixed Trash", "12"}, true},
		{legacyBlowOut, "Blowing out at A1 of rack at home on 4", sentence{0, "A1", "rack at home", "4"}, true},
		{legacyAspirate, "Aspirating many uL from A2 of plate on 2", sentence{}, false},
		{legacyAspirate, "Aspirating 19.0 uL in place", sentence{}, false},
		{legacyAspirate, "Dispensing 19.0 uL into A2 of plate on 2", sentence{}, false},
		{legacyDispense, "Dispensing 19.0 uL into A2", sentence{}, false},
		{legacyDispense, "Dispensing 19.0 uL into A2 of plate", sentence{}, false},
		{legacyDispense, "Dispensing 19.0 uL into  of plate on 2", sentence{}, false},
		{legacyDispense, "Dispensing 19.0 uL into A2 of plate on ", sentence{}, false},
		{legacyBlowOut, "Blowing out", sentence{}, false},
		{legacyAspirate, "19.0 uL from A2 of plate on 2", sentence{}, false},
		{"command.MIX", "Mixing 3 times", sentence{}, false},
		{legacyAspirate, "", sentence{}, false},
	} {
		got, ok := readSentence(tc.kind, tc.text)
		if ok != tc.ok || ok && got != tc.want {
			t.Errorf("%q reads as %+v, %v", tc.text, got, ok)
		}
	}
}

// A sentence names a slot: modules, adapters and several labware on one are told apart.
func TestLegacyPlaces(t *testing.T) {
	p := newProtocol()
	p.command("loadModule", ot2.Params{Model: "temperatureModuleV2", Location: &ot2.Location{Slot: "10"}}, ot2.Result{ModuleID: "cold"})
	for _, l := range []struct{ id, label, under string }{{"adapter", "", ""}, {"upper", "assay", "adapter"}, {"upper2", "assay", "upper"}} {
		location := ot2.Location{LabwareID: l.under}
		if l.under == "" {
			location = ot2.Location{ModuleID: "cold"}
		}
		p.command("loadLabware", ot2.Params{LoadName: "test_96_wellplate", DisplayName: l.label, Location: &location}, ot2.Result{LabwareID: l.id, Definition: plate96()})
	}
	p.pickUp("rack/A1")
	p.legacy(legacyAspirate, "Aspirating 50 uL from A1 of assay on Temperature Module GEN2 on 10 at 9.0 uL/sec")
	p.legacy(legacyDispense, "Dispensing 10 uL into A1 of test_96_wellplate on Temperature Module GEN2 on 10 at 9.0 uL/sec")
	p.legacy(legacyDispense, "Dispensing 10 uL into B1 of no such name on 10 at 9.0 uL/sec")
	p.legacy(legacyDispense, "Dispensing 1 uL into C1 of assay on 10 at 9.0 uL/sec")
	p.legacy(legacyDispense, "Dispensing 9 uL into A1 of anything on 2 at 9.0 uL/sec")
	p.inPlace("dispenseInPlace", 5)
	p.legacy(legacyBlowOut, "Blowing out at A1 of Opentrons Fixed Trash on 12")
	out := p.fold(t)
	want := map[string]string{
		"upper/A1":   "0 (ever ?upper/A1)",
		"adapter/A1": "10 ?upper/A1:1",
		"adapter/B1": "10 ?upper/A1:1", // of those that answer alike, the first by id
		"upper/C1":   "1 ?upper/A1:1",
		"plate/A1":   "14 ?upper/A1:1",
	}
	if diff := cmp.Diff(want, wellsOf(p, out)); diff != "" {
		t.Errorf("wells (-want +got):\n%s", diff)
	}
	if out.Balance.Trash != 15 {
		t.Errorf("%g µL in trash", out.Balance.Trash)
	}
}

// The pipette of a sentence is the one that holds a tip; of two the one that
// picked up last.
func TestLegacyPipettes(t *testing.T) {
	p := newProtocol()
	p.liquid("water", 1000, "reservoir/A1")
	draw := func() { p.legacy(legacyAspirate, "Aspirating 10 uL from A1 of trough on 5 at 9.0 uL/sec") }
	p.pickUp("rack/A2")
	draw() // one nozzle
	p.with("p8").pickUp("rack/A1")
	draw() // eight
	p.drop("fixedTrash/A1")
	draw() // one
	p.with("p1").drop("fixedTrash/A1")
	draw() // nobody holds one, and there are two
	out := p.fold(t)
	if got, want := out.Wells["reservoir"]["A1"].VolumeUl, 1000.0-10-80-10-10; got != want {
		t.Errorf("%g µL are left, want %g", got, want)
	}

	both := newProtocol() // fresh tips on both: the first by id
	both.liquid("water", 1000, "reservoir/A1")
	both.with("p8").aspirate(1, "reservoir/A1")
	both.with("p1").aspirate(1, "reservoir/A1")
	both.legacy(legacyAspirate, "Aspirating 10 uL from A1 of trough on 5 at 9.0 uL/sec")
	if got, want := both.fold(t).Wells["reservoir"]["A1"].VolumeUl, 1000.0-8-1-10; got != want {
		t.Errorf("%g µL are left, want %g", got, want)
	}

	alone := &protocol{at: noon}
	alone.run.ID = "run-1"
	alone.load("plate", "2", plate96())
	alone.command("loadPipette", ot2.Params{PipetteName: "p300_multi_gen2"}, ot2.Result{PipetteID: "p8"})
	alone.legacy(legacyAspirate, "Aspirating 10 uL from A1 of plate on 2 at 9.0 uL/sec")
	if got := len(alone.fold(t).Wells["plate"]); got != 8 {
		t.Errorf("the only pipette, an 8-channel, drew from %d wells", got)
	}
}

func TestLegacySentencesThatSayNothing(t *testing.T) {
	p := newProtocol()
	p.pickUp("rack/A1")
	p.legacy(legacyAspirate, "Aspirating a little")
	p.legacy(legacyDispense, "Dispensing 10 uL into A1 of plate on 11 at 9.0 uL/sec")
	p.legacy("command.MIX", "Mixing 3 times with a volume of 10 ul")
	p.legacy("", "")
	p.fails().legacy(legacyAspirate, "Aspirating 10 uL from A1 of plate on 2 at 9.0 uL/sec")
	p.fails().legacy("command.MIX", "Mixing")
	out := p.fold(t)
	if diff := cmp.Diff(map[string]string{}, wellsOf(p, out)); diff != "" {
		t.Errorf("wells (-want +got):\n%s", diff)
	}
	var found []string
	for _, f := range out.Findings {
		found = append(found, f.Kind+" "+f.Command+" "+f.Detail)
	}
	want := []string{
		"legacy-unreadable c10 a sentence of another form: Aspirating a little",
		"legacy-unreadable c11 no labware of the run stands on 11: Dispensing 10 uL into A1 of plate on 11 at 9.0 uL/sec",
		"uncertain c14 a failed command may have moved liquid here",
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// A volume in result or parameters goes before the one in the sentence, which
// is written for people.
func TestLegacyVolumes(t *testing.T) {
	p := newProtocol()
	p.liquid("water", 100, "plate/A1")
	p.pickUp("rack/A1")
	asked, done := 10.04, 10.05
	p.legacy(legacyAspirate, "Aspirating 10.0 uL from A1 of plate on 2 at 9.0 uL/sec")
	p.last().Params.Volume = &asked
	p.legacy(legacyAspirate, "Aspirating 10.0 uL from A1 of plate on 2 at 9.0 uL/sec")
	p.last().Result.Volume = &done
	if got, want := rounded(p.fold(t).Balance.Tips, 1e6), 20.09; got != want {
		t.Errorf("the tip holds %g µL, want %g", got, want)
	}
}
