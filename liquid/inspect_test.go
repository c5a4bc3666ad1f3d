package liquid

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/ot2"
)

// What is printed, to the letter.
func TestInspectionAsJSON(t *testing.T) {
	p := &protocol{at: noon, pipette: "p"}
	p.run.Liquids = []ot2.Liquid{
		{ID: "0", DisplayName: "water"}, {ID: "1", DisplayName: "buffer"}, {ID: "2", DisplayName: "buffer"},
		{ID: "3"}, {ID: "0", DisplayName: "told twice"},
	}
	p.load("plate", "2", plate96())
	p.liquid("0", 100.00000049, "plate/A1")
	p.liquid("1", 200, "plate/A1")
	p.liquid("2", 1e-6*350, "plate/B1")
	p.liquid("0", 350, "plate/B1")
	p.liquid("3", 0.0000051, "plate/C1")
	p.liquid("unheard of", 1, "plate/C1")
	p.liquid("2", 2e-6, "plate/D1")
	p.liquid("0", 10000, "plate/D1")
	p.aspirate(10, "plate/E1")
	p.command("moveToAddressableArea", ot2.Params{PipetteID: "p", AddressableAreaName: "bin"}, ot2.Result{})
	p.inPlace("dispenseInPlace", 4)
	p.dispense(3, "fixedTrash/A1")
	p.command("moveToCoordinates", ot2.Params{PipetteID: "p"}, ot2.Result{})
	p.inPlace("dispenseInPlace", 1)
	p.dispense(2, "plate/A12")
	p.dispense(2, "plate/B12")
	out := p.fold(t)

	got := Inspection(p.run, out)
	wells := map[string]InspectedWell{
		"A1":  {100 + 200, map[string]float64{"liquid:water": 0.333333334, "liquid:buffer#1": 0.666666666}, []string{"liquid:buffer#1", "liquid:water"}},
		"B1":  {350.00035, map[string]float64{"liquid:water": 0.999999, "liquid:buffer#2": 0.000001}, []string{"liquid:buffer#2", "liquid:water"}},
		"C1":  {1.000005, map[string]float64{"liquid:3": 0.0000051, "liquid:unheard of": 0.9999949}, []string{"liquid:3", "liquid:unheard of"}},
		"D1":  {10000.000002, map[string]float64{"liquid:water": 1}, []string{"liquid:buffer#2", "liquid:water"}},
		"E1":  {0, map[string]float64{}, []string{"unknown:plate/E1"}},
		"A12": {2, map[string]float64{"unknown:plate/E1": 1}, []string{"unknown:plate/E1"}},
	}
	if diff := cmp.Diff(wells, got.Wells["plate"], cmp.Comparer(func(a, b float64) bool { return a-b < 2e-9 && b-a < 2e-9 })); diff != "" {
		t.Errorf("wells (-want +got):\n%s", diff)
	}
	text, err := json.Marshal(InspectionEdges(out))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"rules":"wellspring-liquid/2","edges":[` +
		`{"commandId":"c12","from":{"labware":"plate","well":"E1"},"to":{"labware":"bin","well":null},"volume":4},` +
		`{"commandId":"c13","from":{"labware":"plate","well":"E1"},"to":{"labware":"fixedTrash","well":"A1"},"volume":3},` +
		`{"commandId":"c15","from":{"labware":"plate","well":"E1"},"to":{"labware":"outside","well":null},"volume":1},` +
		`{"commandId":"c16","from":{"labware":"plate","well":"E1"},"to":{"labware":"plate","well":"A12"},"volume":2}],` +
		`"carriedOver":[{"commandId":"c17","from":{"labware":"plate","well":"A12"},"to":{"labware":"plate","well":"B12"}}]}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
}

// An empty run prints empty lists and maps, and no negative zero.
func TestInspectionOfNothing(t *testing.T) {
	run := ot2.Run{ID: "run-1"}
	out := Fold(run, Options{})
	out.Balance.Difference = -1e-12
	var text []string
	for _, v := range []any{Inspection(run, out), InspectionEdges(out)} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, string(b))
	}
	want := []string{
		`{"rules":"wellspring-liquid/2","wells":{},"massBalance":{"loaded":0,"unknown":0,"wells":0,"tips":0,"trash":0,"difference":0},"warnings":[],"counts":{}}`,
		`{"rules":"wellspring-liquid/2","edges":[],"carriedOver":[]}`,
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("(-want +got):\n%s", strings.TrimSpace(diff))
	}
}
