package liquid

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/ot2"
)

// Ids of loads that name none come from the run's summary: same load name, same
// place first, each once among the set-up commands and once in the protocol.
func TestIdsFromTheSummary(t *testing.T) {
	p := &protocol{at: noon, pipette: "pip"}
	p.run = ot2.Run{
		ID: "run-1", Status: "succeeded",
		Pipettes: []ot2.Pipette{{ID: "other", Name: "p20_single_gen2", Mount: "left"}, {ID: "pip", Name: "p300_multi_gen2", Mount: "right"}},
		Modules:  []ot2.Module{{ID: "magnet", Location: ot2.Location{Slot: "7"}}},
		Labware: []ot2.Labware{
			{ID: "rack", LoadName: "test_96_tiprack", Location: ot2.Location{Slot: "1"}},
			{ID: "first", DefinitionURI: "test/test_96_wellplate/1", Location: ot2.Location{Slot: "3"}, DisplayName: "first plate"},
			{ID: "second", DefinitionURI: "test/test_96_wellplate/1", Location: ot2.Location{ModuleID: "magnet"}},
			{ID: "third", DefinitionURI: "test/test_96_wellplate/1", Location: ot2.Location{OffDeck: true}},
		},
	}
	p.options.Definitions = ours
	load := func(intent, name string, location *ot2.Location) {
		p.command("loadLabware", ot2.Params{LoadName: name, Location: location}, ot2.Result{})
		p.last().Intent = intent
	}
	for _, intent := range []string{"setup", "protocol"} {
		load(intent, "test_96_tiprack", &ot2.Location{Slot: "1"})
		load(intent, "test_96_wellplate", &ot2.Location{ModuleID: "magnet"})
		load(intent, "test_96_wellplate", &ot2.Location{Slot: "8"}) // moved later: the first that is left
		load(intent, "test_96_wellplate", nil)
	}
	load("", "test_96_wellplate", nil) // one more than the run has
	p.command("loadPipette", ot2.Params{Mount: "right"}, ot2.Result{})
	p.liquid("water", 100, "second/A1")
	p.pickUp("rack/A1")
	p.aspirate(10, "second/A1")
	p.dispense(10, "first/A1")
	p.legacy(legacyBlowOut, "Blowing out at A2 of plate on Magnetic Module on 7")
	out := p.fold(t)

	slots := map[string][]string{}
	for id, l := range out.Labware {
		slots[id] = l.Slots
	}
	if diff := cmp.Diff(map[string][]string{"rack": {"1"}, "first": {"8"}, "second": {"module:magnet"}, "third": {"off-deck"}}, slots); diff != "" {
		t.Errorf("where labware stood (-want +got):\n%s", diff)
	}
	l := out.Labware["first"]
	if l.Label != "first plate" || l.LoadName != "test_96_wellplate" || l.DefinitionURI != "test/test_96_wellplate/1" || !l.HasDefinition || l.Capacity["A1"] != 360 || l.Tiprack {
		t.Errorf("first is %+v", l)
	}
	if !out.Labware["rack"].Tiprack {
		t.Error("rack is no tip rack")
	}
	// Eight nozzles: the head came from the summary.
	if got := out.Wells["first"]["A1"].VolumeUl; got != 10 || len(out.Wells["first"]) != 8 {
		t.Errorf("first holds %v", out.Wells["first"])
	}
	if diff := cmp.Diff([]string{"unknown-labware"}, findingsOf(out)[:1]); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// The head of a pipette is learnt from its load, its id by the mount where the
// load has none.
func TestHeadsAreLearntFromLoads(t *testing.T) {
	p := &protocol{at: noon, pipette: "right"}
	p.options.Definitions = ours
	p.run.Pipettes = []ot2.Pipette{{ID: "left", Mount: "left"}, {ID: "right", Mount: "right"}}
	p.command("loadPipette", ot2.Params{PipetteName: "p300_multi_gen2", Mount: "right"}, ot2.Result{})
	p.command("loadPipette", ot2.Params{PipetteName: "p300_multi_gen2", Mount: "left", PipetteID: "third"}, ot2.Result{})
	p.load("plate", "2", plate96())
	p.aspirate(1, "plate/A1")
	p.with("left").aspirate(1, "plate/A2")
	p.with("third").aspirate(1, "plate/A3")
	p.with("fourth").aspirate(1, "plate/A4")
	out := p.fold(t)
	drawn := map[string]int{} // by column
	for well := range out.Wells["plate"] {
		drawn[well[1:]]++
	}
	if diff := cmp.Diff(map[string]int{"1": 8, "2": 1, "3": 8, "4": 1}, drawn); diff != "" {
		t.Errorf("wells drawn from (-want +got):\n%s", diff)
	}
	if got := findingsOf(out); got[len(got)-2] != "unknown-pipette" {
		t.Errorf("findings %v", got)
	}
}

// What the summary names is known, if no load in the record tells of it.
func TestLabwareOfTheSummaryIsKnown(t *testing.T) {
	p := &protocol{at: noon, pipette: "pip"}
	p.options.Definitions = ours
	p.run.Pipettes = []ot2.Pipette{{ID: "pip", Name: "p300_single_gen2"}}
	p.run.Modules = []ot2.Module{{ID: "magnet", Location: ot2.Location{Slot: "7"}}}
	p.run.Labware = []ot2.Labware{
		{ID: "plate", LoadName: "test_96_wellplate", Location: ot2.Location{ModuleID: "magnet"}},
		{ID: "dish", LoadName: "homemade", Location: ot2.Location{Slot: "2"}},
	}
	p.aspirate(10, "plate/A1")
	p.legacy(legacyBlowOut, "Blowing out at B1 of plate on 7")
	p.aspirate(10, "dish/A1")
	p.aspirate(10, "dish/B1")
	p.aspirate(10, "mystery/A1")
	out := p.fold(t)
	if got := out.Wells["plate"]["B1"].VolumeUl; got != 10 {
		t.Errorf("B1 holds %g µL", got)
	}
	want := []string{
		"underflow plate/A1", "no-definition dish", "underflow dish/A1", "underflow dish/B1",
		"unknown-labware mystery", "no-definition mystery", "underflow mystery/A1",
	}
	if diff := cmp.Diff(want, findingsOf(out)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"module:magnet"}, out.Labware["plate"].Slots); diff != "" {
		t.Errorf("slots (-want +got):\n%s", diff)
	}
}

// A definition is looked up by URI, then by load name alone; of a URI that has
// none, by the load name in it.
func TestDefinitionsAreLookedUp(t *testing.T) {
	exact, byName := &ot2.Definition{LoadName: "exact"}, &ot2.Definition{LoadName: "by name"}
	f := New(ot2.Run{}, Options{Definitions: folder{"lab/plate/2": exact, "/plate/": byName}})
	for _, tc := range []struct {
		uri, loadName string
		want          *ot2.Definition
	}{
		{"lab/plate/2", "plate", exact}, {"lab/plate/2", "", exact}, {"lab/plate/3", "", byName},
		{"lab/plate/3", "plate", byName}, {"", "plate", byName}, {"", "", nil}, {"plate", "", nil}, {"lab/dish/1", "", nil},
	} {
		if got := f.lookUp(tc.uri, tc.loadName); got != tc.want {
			t.Errorf("%q, %q: %v", tc.uri, tc.loadName, got)
		}
	}
	if got := New(ot2.Run{}, Options{}).lookUp("lab/plate/2", "plate"); got != nil {
		t.Errorf("no definitions: %v", got)
	}
}

// A load asks for namespace, name and version; its result brings the
// definition, which knows better.
func TestLoadsTellDefinitions(t *testing.T) {
	p := &protocol{at: noon}
	p.options.Definitions = folder{"lab/asked/3": plate96()}
	p.command("loadLabware", ot2.Params{LabwareID: "a", Namespace: "lab", LoadName: "asked", Version: 3, DisplayName: "mine"}, ot2.Result{})
	p.command("loadLabware", ot2.Params{LabwareID: "b", Namespace: "lab", LoadName: "asked", Version: 3}, ot2.Result{LabwareID: "c", Definition: plate384()})
	p.command("loadLabware", ot2.Params{LabwareID: "d", Namespace: "lab", LoadName: "unheard", Version: 1}, ot2.Result{})
	p.command("reloadLabware", ot2.Params{LabwareID: "a"}, ot2.Result{LabwareID: "a"})
	p.command("loadLabware", ot2.Params{LabwareID: "bin", LoadName: "bin"}, ot2.Result{Definition: &ot2.Definition{LoadName: "bin", Quirks: []string{"fixedTrash"}}})
	out := p.fold(t)
	got := map[string]string{}
	for id, l := range out.Labware {
		got[id] = l.DefinitionURI + " " + l.Label
		if l.HasDefinition == (id == "d") || l.Trash != (id == "bin") {
			t.Errorf("%s is %+v", id, l)
		}
	}
	want := map[string]string{
		"a": "test/test_96_wellplate/1 mine", "c": "test/test_384_wellplate/1 ", "d": "lab/unheard/1 ", "bin": "/bin/0 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Labware that is its own support does not hang the fold.
func TestLabwareOnItself(t *testing.T) {
	p := newProtocol()
	p.command("moveLabware", ot2.Params{LabwareID: "plate", NewLocation: &ot2.Location{LabwareID: "tubes"}}, ot2.Result{})
	p.command("moveLabware", ot2.Params{LabwareID: "tubes", NewLocation: &ot2.Location{LabwareID: "plate"}}, ot2.Result{})
	p.legacy(legacyBlowOut, "Blowing out at A1 of plate on 2")
	p.command("loadModule", ot2.Params{Model: "heaterShakerModuleV1"}, ot2.Result{ModuleID: "hs"}) // nobody says where
	p.command("heaterShaker/deactivateHeater", ot2.Params{ModuleID: "hs"}, ot2.Result{})
	if diff := cmp.Diff([]string{"move c9 plate:", "move c10 tubes:", "incubate c13:"}, stepsOf(p.fold(t))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
