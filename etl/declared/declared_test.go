package declared_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/bench"
	"wellspring/etl/benchindex"
	"wellspring/etl/declared"
	"wellspring/liquid"
	"wellspring/ot2"
)

func TestBarcodeInLabel(t *testing.T) {
	for label, want := range map[string]string{
		"DILUTION PLATE [DP-0001]": "DP-0001",
		"[AB12]":                   "AB12",
		"plate":                    "",
		"plate [left]":             "", // a word
		"plate [2]":                "", // a number of something
		"plate [DP 0001]":          "",
		"[DP-0001] or [DP-0002]":   "",
		"plate [DP-0001":           "",
		"plate []":                 "",
	} {
		if got := declared.BarcodeInLabel(label); got != want {
			t.Errorf("%q: got %q, want %q", label, got, want)
		}
	}
}

// says is a declaration about labware of the run, in the order of minutes.
func says(minute int, labware, barcode string) benchindex.Declared {
	return benchindex.Declared{
		Owner: "manifest:1", SaidAt: time.Date(2026, 3, 1, 9, minute, 0, 0, time.UTC),
		Declaration: bench.Declaration{Row: minute, Target: bench.Target{Run: "r", Labware: labware}, Barcode: barcode, Withdrawn: barcode == ""},
	}
}

func TestIdentify(t *testing.T) {
	tests := []struct {
		name       string
		parameters map[string]string
		said       []benchindex.Declared
		want       map[string]string
		findings   []string
	}{
		{name: "by its label", want: map[string]string{"x": "DP-0001"}},
		{name: "by a parameter of its slot", parameters: map[string]string{"barcode_2": "AP-0001"}, want: map[string]string{"x": "DP-0001", "y": "AP-0001"}},
		{name: "by a parameter of its label", parameters: map[string]string{"Barcode_assay_plate": "AP-0001"}, want: map[string]string{"x": "DP-0001", "y": "AP-0001"}},
		{name: "label and parameter differ", parameters: map[string]string{"barcode_slot_1": "DP-0009"}, want: map[string]string{}, findings: []string{"plate-ambiguous"}},
		{name: "declared afterwards, by slot", said: []benchindex.Declared{says(1, "2", "AP-0001")}, want: map[string]string{"x": "DP-0001", "y": "AP-0001"}},
		{name: "declared by what it is called", said: []benchindex.Declared{says(1, "assay plate", "AP-0001")}, want: map[string]string{"x": "DP-0001", "y": "AP-0001"}},
		{name: "a declaration overrules the label", said: []benchindex.Declared{says(1, "DP-0001", "DP-0002")}, want: map[string]string{"x": "DP-0002"}},
		{name: "the later one holds", said: []benchindex.Declared{says(1, "x", "DP-0002"), says(2, "1", "DP-0003")}, want: map[string]string{"x": "DP-0003"}},
		{name: "withdrawn: the label holds again", said: []benchindex.Declared{says(1, "x", "DP-0002"), says(2, "x", "")}, want: map[string]string{"x": "DP-0001"}},
		{name: "one barcode twice", said: []benchindex.Declared{says(1, "y", "DP-0001")}, want: map[string]string{}, findings: []string{"plate-ambiguous", "plate-ambiguous"}},
		{name: "nothing of that name", said: []benchindex.Declared{says(1, "7", "AP-0001")}, want: map[string]string{"x": "DP-0001"}, findings: []string{"declaration-unmatched"}},
		{name: "several of that name", said: []benchindex.Declared{says(1, "ours_plate", "AP-0001")}, want: map[string]string{"x": "DP-0001"}, findings: []string{"declaration-ambiguous"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var run ot2.Run
			for name, value := range tt.parameters {
				text, err := json.Marshal(value)
				if err != nil {
					t.Fatal(err)
				}
				run.Parameters = append(run.Parameters, ot2.Parameter{Name: name, Value: text})
			}
			got := declared.Identify(run, map[string]liquid.LabwareOutcome{
				"x": {LoadName: "ours_plate", Label: "dilution plate [DP-0001]", Slots: []string{"1"}},
				"y": {LoadName: "ours_plate", Label: "Assay Plate", Slots: []string{"2"}},
			}, tt.said)
			if diff := cmp.Diff(tt.want, got.Barcodes); diff != "" {
				t.Errorf("barcodes (-want +got):\n%s", diff)
			}
			var kinds []string
			for _, f := range got.Findings {
				kinds = append(kinds, f.Kind)
			}
			if diff := cmp.Diff(tt.findings, kinds); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCorrectLeavesTheRunAlone(t *testing.T) {
	recorded, really := 50.0, 48.0
	run := ot2.Run{Commands: []ot2.Command{{ID: "c", Params: ot2.Params{Volume: &recorded}, Result: ot2.Result{Volume: &recorded}}, {ID: "home"}}}
	volume := func(command string) benchindex.Declared {
		return benchindex.Declared{Owner: "manifest:1", Declaration: bench.Declaration{Target: bench.Target{Run: "r", Command: command}, VolumeUl: &really}}
	}
	got := declared.Correct(run, []benchindex.Declared{volume("c"), volume("home"), volume("nobody")})
	if c := got.Run.Commands[0]; *c.Params.Volume != really || *c.Result.Volume != really {
		t.Errorf("corrected to %v and %v, want %v", *c.Params.Volume, *c.Result.Volume, really)
	}
	if *run.Commands[0].Params.Volume != 50 {
		t.Error("the run that was given changed")
	}
	if len(got.Findings) != 2 || len(got.Volumes) != 1 {
		t.Errorf("%d findings, %d volumes, want 2 about what moves nothing, and 1", len(got.Findings), len(got.Volumes))
	}
}
