package project_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"wellspring/etl/project"
	"wellspring/lineage"
	"wellspring/liquid"
	"wellspring/ot2"
)

var update = flag.Bool("update", false, "write the golden files again")

func at(second int) time.Time {
	return time.Date(2026, 3, 1, 9, 0, second, 0, time.UTC)
}

func command(id, kind string, second int) ot2.Command {
	return ot2.Command{
		ID: id, Key: "key-" + id, Type: kind, Status: ot2.StatusSucceeded, HasResult: true,
		CreatedAt: at(second), StartedAt: at(second), CompletedAt: at(second + 1),
	}
}

// dilution is a small run: water goes from a trough into a plate, then on to
// the next well with some sample that nobody declared, by one tip.
func dilution() (ot2.Run, liquid.Outcome) {
	heat := command("c5", "temperatureModule/waitForTemperature", 8)
	heat.Params.ModuleID = "m1"
	failed := command("c6", "aspirate", 10)
	failed.Status, failed.HasResult = ot2.StatusFailed, false
	failed.Params.LabwareID, failed.Params.WellName = "plate", "B1"
	failed.Error = &ot2.Error{Type: "OverpressureError", Detail: "the tip is clogged"}
	plate := command("c0", "loadLabware", 0)
	plate.Result = ot2.Result{LabwareID: "plate", Definition: &ot2.Definition{
		Namespace: "ours", LoadName: "four_well_plate", Version: 1, DisplayName: "Four well plate", DisplayCategory: "wellPlate",
		Ordering: [][]string{{"A1", "B1"}, {"A2", "B2"}},
	}}
	run := ot2.Run{
		ID: "run-1", Status: "failed", CreatedAt: at(0), StartedAt: at(0), CompletedAt: at(20),
		ProtocolID: "protocol-1", ProtocolName: "Dilution", RobotSerial: "OT2CEP20190604A02", RobotName: "ada", Software: "8.1.0",
		Pipettes:   []ot2.Pipette{{ID: "left-1", Name: "p300_single_gen2", Mount: "left", Serial: "P3HSV20"}},
		Modules:    []ot2.Module{{ID: "m1", Model: "temperatureModuleV2", Serial: "fake-serial-number-1", Location: ot2.Location{Slot: "3"}}},
		Liquids:    []ot2.Liquid{{ID: "w", DisplayName: "Water", Description: "ultrapure"}, {ID: "d", DisplayName: "Dye"}},
		Parameters: []ot2.Parameter{{Name: "volume", Value: json.RawMessage("50")}},
		Commands: []ot2.Command{
			plate, command("c1", "loadLiquid", 1), command("c2", "aspirate", 2), command("c3", "dispense", 4),
			command("c4", "dispense", 6), heat, failed,
		},
		CommandsTotal: 7,
	}
	water := liquid.StateKey{Labware: "trough", Well: "A1", Command: "c1"}
	unknown := liquid.StateKey{Labware: "plate", Well: "B1"}
	filled := liquid.StateKey{Labware: "plate", Well: "A1", Command: "c3"}
	mixed := liquid.StateKey{Labware: "plate", Well: "B1", Command: "c4"}
	undeclared := []liquid.Reason{liquid.ReasonUndeclared}
	return run, liquid.Outcome{
		Wells: map[string]map[string]liquid.WellOutcome{
			"trough": {"A1": {VolumeUl: 920, State: water, Origins: []liquid.Share{{State: water, Fraction: 1}}, Ever: []liquid.StateKey{water}, Draws: 1}},
			"plate": {
				"A1": {VolumeUl: 50, State: filled, Origins: []liquid.Share{{State: water, Fraction: 1}}, Transfers: 1, LastDispenseAt: at(4)},
				"B1": {
					VolumeUl: 40, State: mixed, Origins: []liquid.Share{{State: unknown, Fraction: 0.25}, {State: water, Fraction: 0.75}},
					Transfers: 1, Mixes: 2, LastDispenseAt: at(6), UncertainSince: "c6",
				},
			},
		},
		States: []liquid.State{
			{Key: unknown, Sequence: -1, VolumeUl: 10, Origins: []liquid.Share{{State: unknown, Fraction: 1}}, Incomplete: undeclared},
			{Key: water, Sequence: 1, At: at(1), VolumeUl: 1000, Liquid: "w", Origins: []liquid.Share{{State: water, Fraction: 1}}},
			{
				Key: filled, Sequence: 3, At: at(4), VolumeUl: 50, Origins: []liquid.Share{{State: water, Fraction: 1}},
				// A part of the water had been in the well before: one edge says both.
				Parts: []liquid.Part{
					{From: water, VolumeUl: 20, Fraction: 0.4, Mechanism: liquid.Remained},
					{From: water, VolumeUl: 30, Fraction: 0.6, Mechanism: liquid.Dispensed},
				},
			},
			{
				Key: mixed, Sequence: 4, At: at(6), VolumeUl: 40, Incomplete: undeclared,
				Origins: []liquid.Share{{State: unknown, Fraction: 0.25}, {State: water, Fraction: 0.75}},
				Parts: []liquid.Part{
					{From: unknown, VolumeUl: 10, Fraction: 0.25, Mechanism: liquid.Remained},
					{From: water, VolumeUl: 30, Fraction: 0.75, Mechanism: liquid.Dispensed},
				},
			},
		},
		Steps: []liquid.Step{
			{Command: "c1", Type: "loadLiquid", Sequence: 1, StartedAt: at(1), EndedAt: at(2), Kind: liquid.StepLoad, Makes: []liquid.StateKey{water}, Places: []liquid.Place{{Labware: "trough", Well: "A1"}}, VolumeUl: 1000},
			{Command: "c2", Type: "aspirate", Sequence: 2, StartedAt: at(2), EndedAt: at(3), Pipette: "left-1", Kind: liquid.StepDraw, Reads: []liquid.StateKey{water}, Places: []liquid.Place{{Labware: "trough", Well: "A1"}}, VolumeUl: 80},
			{Command: "c3", Type: "dispense", Sequence: 3, StartedAt: at(4), EndedAt: at(5), Pipette: "left-1", Kind: liquid.StepDeliver, Reads: []liquid.StateKey{water}, Makes: []liquid.StateKey{filled}, Places: []liquid.Place{{Labware: "plate", Well: "A1"}}, VolumeUl: 50},
			{Command: "c4", Type: "dispense", Sequence: 4, StartedAt: at(6), EndedAt: at(7), Pipette: "left-1", Kind: liquid.StepDeliver, Reads: []liquid.StateKey{water, unknown}, Makes: []liquid.StateKey{mixed}, Places: []liquid.Place{{Labware: "plate", Well: "B1"}}, VolumeUl: 30},
			{Command: "c5", Type: "temperatureModule/waitForTemperature", Sequence: 5, StartedAt: at(8), EndedAt: at(9), Kind: liquid.StepIncubate},
			{Command: "c6", Type: "aspirate", Sequence: 6, StartedAt: at(10), EndedAt: at(11), Pipette: "left-1", Kind: liquid.StepUncertain, Reads: []liquid.StateKey{mixed}, Places: []liquid.Place{{Labware: "plate", Well: "B1"}}, Failed: true},
		},
		Transfers: []liquid.Transfer{
			{Command: "c3", From: liquid.Place{Labware: "trough", Well: "A1"}, To: liquid.Place{Labware: "plate", Well: "A1"}, VolumeUl: 50},
			{Command: "c4", From: liquid.Place{Labware: "trough", Well: "A1"}, To: liquid.Place{Labware: "plate", Well: "B1"}, VolumeUl: 30},
		},
		Carried: []liquid.Carry{
			{Command: "c4", From: liquid.Place{Labware: "plate", Well: "A1"}, To: liquid.Place{Labware: "plate", Well: "B1"}, FromState: filled, ToState: mixed},
			{Command: "c6", From: liquid.Place{Labware: "plate", Well: "B1"}, To: liquid.Place{Labware: "plate", Well: "B2"}, FromState: mixed, ToStateUnknown: true},
		},
		Balance: liquid.Balance{Loaded: 1000, Unknown: 10, Wells: 1010},
		Counts:  map[string]int{"aspirate": 1, "dispense": 2, "loadLiquid": 1},
		Labware: map[string]liquid.LabwareOutcome{
			"trough": {LoadName: "one_well_trough", DefinitionURI: "ours/one_well_trough/1", Label: "water", Slots: []string{"1"}, HasDefinition: true, Capacity: map[string]float64{"A1": 5000}},
			"plate":  {LoadName: "four_well_plate", DefinitionURI: "ours/four_well_plate/1", Slots: []string{"2", "module:m1"}, HasDefinition: true, Capacity: map[string]float64{"A1": 45, "B1": 45}},
		},
	}
}

func TestProjectRun(t *testing.T) {
	run, outcome := dilution()
	got, err := project.Project(lineage.RunOwner("run-1"), run, outcome, project.Options{CodeVersion: "test", PlannedBy: "plan-1"})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "run.json", readable(got))
}

func TestProjectPlan(t *testing.T) {
	run, outcome := dilution()
	run.Plan, run.Status, run.Result = true, "completed", "not-ok"
	got, err := project.Project(lineage.PlanOwner("plan-1"), run, outcome, project.Options{CodeVersion: "test"})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "plan.json", readable(got))
}

func TestSharedNodesAreTheSameInEveryOwner(t *testing.T) {
	run, outcome := dilution()
	other, _ := dilution()
	other.ProtocolName, other.RobotName, other.Pipettes[0].Mount = "Dilution, again", "bob", "right"
	a, err := project.Project(lineage.RunOwner("run-1"), run, outcome, project.Options{CodeVersion: "test"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := project.Project(lineage.RunOwner("run-2"), other, outcome, project.Options{CodeVersion: "test"})
	if err != nil {
		t.Fatal(err)
	}
	shared := 0
	for _, x := range a.Nodes {
		for _, y := range b.Nodes {
			if x.ID != y.ID {
				continue
			}
			shared++
			if diff := cmp.Diff(x, y); diff != "" {
				t.Errorf("%s %s differs between two runs:\n%s", x.Kind, x.Name, diff)
			}
		}
	}
	if want := 4; shared != want { // protocol, robot, software, pipette
		t.Errorf("two runs share %d nodes, want %d", shared, want)
	}
}

func TestEveryEdgeEndsAtANodeOfTheProjection(t *testing.T) {
	run, outcome := dilution()
	p, err := project.Project(lineage.RunOwner("run-1"), run, outcome, project.Options{})
	if err != nil {
		t.Fatal(err)
	}
	known := map[lineage.ID]bool{{}: true}
	for _, n := range p.Nodes {
		known[n.ID] = true
	}
	for _, e := range p.Edges {
		for _, id := range []lineage.ID{e.SourceID, e.TargetID, e.TransformationID} {
			if !known[id] {
				t.Errorf("%s edge %v names %s, which is no node", e.RelationshipType, e, id)
			}
		}
	}
}

func TestProjectRefusesTheWrongOwner(t *testing.T) {
	run, outcome := dilution()
	for _, owner := range []lineage.Owner{"", "run:", "plan:plan-1", "run-1"} {
		if _, err := project.Project(owner, run, outcome, project.Options{}); lineage.KindOf(err) != lineage.ErrorInvalid {
			t.Errorf("owner %q: got error %v, want an invalid one", owner, err)
		}
	}
}

func TestDatasetsAreBounded(t *testing.T) {
	run, outcome := dilution()
	p, err := project.Project(lineage.RunOwner("run-1"), run, outcome, project.Options{ContentBytes: 400})
	if err != nil {
		t.Fatal(err)
	}
	datasets := map[string]lineage.Attributes{}
	for _, n := range p.Nodes {
		if n.Kind == lineage.KindDataset {
			datasets[n.Attributes["what"].(string)] = n.Attributes
		}
	}
	findings := datasets[project.Findings]
	var shown []liquid.Finding
	if err := json.Unmarshal([]byte(findings["content"].(string)), &shown); err != nil {
		t.Fatal(err)
	}
	if len(shown) == 0 || float64(len(shown)) >= findings["total"].(float64) || findings["truncated"] != true {
		t.Errorf("%d of %v findings are shown, truncated is %v", len(shown), findings["total"], findings["truncated"])
	}
	if features := datasets[project.Features]; features["truncated"] != true || features["content"] != nil {
		t.Errorf("features over the bound: %v", features)
	}
}

// readable writes a projection with names in place of ids, so that a golden
// file can be reviewed.
func readable(p lineage.Projection) any {
	names := map[lineage.ID]string{{}: ""}
	type node struct {
		Kind       lineage.Kind
		Name       string
		Attributes lineage.Attributes
	}
	type edge struct {
		Target, Type, Source, Transformation string
		Attributes                           lineage.Attributes
	}
	var doc struct {
		Owner lineage.Owner
		Nodes []node
		Edges []edge
	}
	doc.Owner = p.Owner
	for _, n := range p.Nodes {
		names[n.ID] = string(n.Kind) + " " + n.Name
		if c, ok := n.Attributes[lineage.AttrCommand].(string); ok && n.Kind == lineage.KindWellState {
			names[n.ID] += " after " + c
		}
	}
	label := func(id lineage.ID) string {
		if name, known := names[id]; known {
			return name
		}
		return id.String()
	}
	for _, n := range p.Nodes {
		if ids, ok := n.Attributes[lineage.AttrOriginIDs].([]string); ok {
			for i, id := range ids {
				ids[i] = label(uuid.MustParse(id))
			}
		}
		doc.Nodes = append(doc.Nodes, node{n.Kind, n.Name, n.Attributes})
	}
	for _, e := range p.Edges {
		doc.Edges = append(doc.Edges, edge{label(e.TargetID), string(e.RelationshipType), label(e.SourceID), label(e.TransformationID), e.Attributes})
	}
	return doc
}

func golden(t *testing.T, name string, got any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)+"\n"); diff != "" {
		t.Errorf("%s differs (go test -update writes it again):\n%s", path, diff)
	}
}
