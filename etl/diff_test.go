package etl_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"wellspring/ingest"
	"wellspring/lineage"
	"wellspring/query"
)

// edited is a recorded run with its commands changed.
func edited(t *testing.T, path string, edit func(document map[string]any, commands []map[string]any) []map[string]any) []byte {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(example(t, path), &document); err != nil {
		t.Fatal(err)
	}
	list := document["commands"].(map[string]any)
	var commands []map[string]any
	for _, c := range list["data"].([]any) {
		commands = append(commands, c.(map[string]any))
	}
	list["data"] = edit(document["data"].(map[string]any), commands)
	payload, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// give changes the volume that a command moved.
func give(command map[string]any, volumeUl float64) {
	command["params"].(map[string]any)["volume"] = volumeUl
	if result, ok := command["result"].(map[string]any); ok {
		result["volume"] = volumeUl
	}
}

func (l *lab) bring(payloads ...[]byte) {
	l.t.Helper()
	for _, payload := range payloads {
		if _, err := l.settle(l.take(payload)); err != nil {
			l.t.Fatal(err)
		}
	}
	l.quiet()
}

func TestARunThatDidWhatWasPlanned(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	l.bring(example(t, "analyses/stock_dilution.json"), example(t, "runs/stock_dilution.json"))
	diff, err := query.New(l.store).DiffPlan(t.Context(), stockRun, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !diff.Plan || !diff.Complete || diff.Counts.StepsMatched == 0 || diff.Counts.WellsCompared == 0 {
		t.Errorf("plan %v, complete %v %v, %+v", diff.Plan, diff.Complete, diff.Reasons, diff.Counts)
	}
	if len(diff.Why)+len(diff.OnlyFrom)+len(diff.OnlyTo)+len(diff.Changed)+len(diff.Wells) > 0 {
		t.Errorf("they differ: %+v, %+v", diff.Why, diff.Counts)
	}
}

// A run that was stopped early, after one dispense had given 20 µL less.
func TestARunThatDidNotDoWhatWasPlanned(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	const dropped, less = 30, 20
	short := ""
	l.bring(example(t, "analyses/stock_dilution.json"), edited(t, "runs/stock_dilution.json",
		func(document map[string]any, commands []map[string]any) []map[string]any {
			document["status"] = "stopped"
			for _, c := range commands {
				if params := c["params"].(map[string]any); c["commandType"] == "dispense" && short == "" {
					short = c["id"].(string)
					give(c, params["volume"].(float64)-less)
				}
			}
			return commands[:len(commands)-dropped]
		}))
	service := query.New(l.store)
	diff, err := service.DiffPlan(t.Context(), stockRun, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(diff.OnlyFrom) == 0 || len(diff.OnlyFrom) != diff.Counts.StepsOnlyFrom {
		t.Errorf("not done: %d of %d", len(diff.OnlyFrom), diff.Counts.StepsOnlyFrom)
	}
	if len(diff.OnlyTo) != 1 || diff.OnlyTo[0].Attributes["kind"] != "discard" { // what was not given went into the trash
		t.Errorf("not planned: %+v", diff.OnlyTo)
	}
	if len(diff.Changed) != 1 || diff.Changed[0].To.Attributes[lineage.AttrCommand] != short || !slices.Equal(diff.Changed[0].What, []string{"volume"}) {
		t.Errorf("done otherwise: %+v, want %s", diff.Changed, short)
	}
	if len(diff.Wells) == 0 {
		t.Error("no well differs")
	}
	for _, w := range diff.Wells {
		if w.From == nil {
			t.Errorf("%s %s was never planned", w.Labware, w.Well)
		}
		if w.VolumeUl != nil && math.Abs(*w.VolumeUl-(*w.To.VolumeUl-*w.From.VolumeUl)) > 1e-9 {
			t.Errorf("%s %s: differs by %v", w.Labware, w.Well, *w.VolumeUl)
		}
	}

	cut, err := service.DiffPlan(t.Context(), stockRun, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !cut.Truncated || cut.Complete || !slices.Contains(cut.Reasons, query.ReasonTruncated) || len(cut.Wells) != 1 || cut.Counts != diff.Counts {
		t.Errorf("cut: truncated %v, %d wells, %+v", cut.Truncated, len(cut.Wells), cut.Counts)
	}
}

func TestTheReasonsWhyTwoRunsDiffer(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	const other = "00000000-aaaa-4aaa-8aaa-000000000000"
	l.bring(example(t, "runs/stock_dilution.json"), edited(t, "runs/stock_dilution.json",
		func(document map[string]any, commands []map[string]any) []map[string]any {
			document["id"] = other
			document["labwareOffsets"] = []any{map[string]any{
				"id": "offset-1", "definitionUri": "opentrons/nest_12_reservoir_15ml/1", "location": map[string]any{"slotName": "2"},
				"vector": map[string]any{"x": 0.1, "y": -0.30000000000000004, "z": 0},
			}}
			loaded := commands[slices.IndexFunc(commands, func(c map[string]any) bool {
				return c["commandType"] == "loadLabware" && c["params"].(map[string]any)["loadName"] == "nest_12_reservoir_15ml"
			})]
			loaded["result"].(map[string]any)["offsetId"] = "offset-1"
			document["runTimeParameters"] = []any{map[string]any{"variableName": "cycles", "value": 3}}
			moved := slices.IndexFunc(commands, func(c map[string]any) bool { return c["commandType"] == "dispense" })
			for _, c := range commands[moved:] {
				c["key"] = "other-" + c["key"].(string) // as after a change in the protocol
			}
			give(commands[moved], commands[moved]["params"].(map[string]any)["volume"].(float64)-20)
			return commands
		}))
	l.tell(document(ingest.TypeManifest, "manifest:lots", example(t, "manifests/lots.csv")))
	diff, err := query.New(l.store).DiffRuns(t.Context(), stockRun, other, 0)
	if err != nil {
		t.Fatal(err)
	}
	why := map[string]query.Difference{}
	for _, d := range diff.Why {
		why[d.What+" "+d.Name] = d
	}
	if d := why["parameter cycles"]; d.From != "" || d.To != "3" {
		t.Errorf("parameter: %+v", diff.Why)
	}
	offsets := slices.DeleteFunc(slices.Clone(diff.Why), func(d query.Difference) bool { return d.What != "offset" })
	if len(offsets) != 1 || offsets[0].From != "" || offsets[0].To != "0.1, -0.3, 0 mm" {
		t.Errorf("offset: %+v", offsets)
	}
	if d := why["lot PBS buffer"]; d.From == "" || d.To != "" {
		t.Errorf("lot: %+v", diff.Why)
	}
	if why["volumes "].To == "" {
		t.Errorf("volumes: %+v", diff.Why)
	}
	// What was not given went into the trash: a step of the other run alone.
	if c := diff.Counts; c.StepsChanged != 1 || c.StepsOnlyFrom != 0 || c.StepsOnlyTo != 1 || c.OutOfOrder != 0 {
		t.Errorf("%+v", diff.Counts)
	}
	if _, err := query.New(l.store).DiffPlan(t.Context(), other, 0); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("a run without a plan: %v", err)
	}
}
