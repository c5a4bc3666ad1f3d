package bench_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/bench"
	"wellspring/lineage"
	"wellspring/liquid"
	"wellspring/ot2"
)

// event is a document of steps without times.
func event(steps string) string {
	return `{"id": "h1", "by": "Jo", "started_at": "2026-03-01T08:00:00Z", "steps": [` + steps + `]}`
}

func steps(t *testing.T, text string) bench.Steps {
	t.Helper()
	s, err := bench.DecodeSteps("doc", []byte(text), bench.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// volumes are what wells hold in the end, and of which liquids.
func volumes(run ot2.Run) map[string]float64 {
	held := map[string]float64{}
	for labware, wells := range liquid.Fold(run, liquid.Options{}).Wells {
		for name, w := range wells {
			held[labware+"/"+name] = math.Round(w.VolumeUl*1e6) / 1e6
		}
	}
	return held
}

// Other hands obey the rules of a robot: the fold plays what they did.
func TestStepsFold(t *testing.T) {
	fill := `{"do": "fill", "to": ["S/A1", "S/B1"], "volume_ul": 100, "lot": "L1"},`
	for _, c := range []struct {
		name, steps string
		want        map[string]float64
	}{
		{"fill", strings.TrimSuffix(fill, ","), map[string]float64{"S/A1": 100, "S/B1": 100}},
		{"transfer", fill + `{"do": "transfer", "from": "S/A1", "to": "D/A1", "volume_ul": 30}`, map[string]float64{"S/A1": 70, "S/B1": 100, "D/A1": 30}},
		{"split", fill + `{"do": "split", "from": "S/A1", "to": ["D/A1", "D/A2"], "volume_ul": 30}`, map[string]float64{"S/A1": 40, "S/B1": 100, "D/A1": 30, "D/A2": 30}},
		{"pool", fill + `{"do": "pool", "from": ["S/A1", "S/B1"], "to": "D/AF48", "volume_ul": 30}`, map[string]float64{"S/A1": 70, "S/B1": 70, "D/AF48": 60}},
		{"side by side", fill + `{"do": "transfer", "from": ["S/A1", "S/B1"], "to": ["D/A1", "D/B1"], "volume_ul": 30}`, map[string]float64{"S/A1": 70, "S/B1": 70, "D/A1": 30, "D/B1": 30}},
		{"mix", fill + `{"do": "mix", "in": "S/a01", "volume_ul": 50, "times": 3}`, map[string]float64{"S/A1": 100, "S/B1": 100}},
		{"discard", fill + `{"do": "discard", "from": "S/A1", "volume_ul": 40}`, map[string]float64{"S/A1": 60, "S/B1": 100}},
		{"halves", fill + `{"do": "aspirate", "channel": 0, "from": "S/A1", "volume_ul": 10}, {"do": "aspirate", "channel": 1, "from": "S/B1", "volume_ul": 20},
			{"do": "dispense", "channel": 1, "to": "D/A1", "volume_ul": 20}, {"do": "dispense", "channel": 0, "to": "D/A2", "volume_ul": 10}, {"do": "drop_tip", "channel": 0}`,
			map[string]float64{"S/A1": 90, "S/B1": 80, "D/A1": 20, "D/A2": 10}},
		{"failed", fill + `{"do": "transfer", "from": "S/A1", "to": "D/A1", "volume_ul": 30, "failed": "tip fell off"}`, map[string]float64{"S/A1": 100, "S/B1": 100}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := steps(t, event(c.steps)).Run
			if diff := cmp.Diff(c.want, volumes(run)); diff != "" {
				t.Error(diff)
			}
			outcome := liquid.Fold(run, liquid.Options{})
			if math.Abs(outcome.Balance.Difference) > 1e-6 || len(outcome.Carried) > 0 || len(outcome.Unknown) > 0 {
				t.Errorf("%+v %v %v", outcome.Balance, outcome.Carried, outcome.Unknown)
			}
			for _, f := range outcome.Findings {
				if f.Kind != liquid.FindingUncertain || c.name != "failed" {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// A tip that is kept carries over; a fresh one does not.
func TestStepsKeepTip(t *testing.T) {
	run := steps(t, event(`{"do": "fill", "to": ["S/A1", "S/B1"], "volume_ul": 100, "liquid": "water"},
		{"do": "transfer", "from": "S/A1", "to": "D/A1", "volume_ul": 10, "keep_tip": true},
		{"do": "transfer", "from": "S/B1", "to": "D/B1", "volume_ul": 10}`)).Run
	var pairs [][2]liquid.Place
	for _, c := range liquid.Fold(run, liquid.Options{}).Carried {
		pairs = append(pairs, [2]liquid.Place{c.From, c.To})
	}
	want := [][2]liquid.Place{{{Labware: "D", Well: "A1"}, {Labware: "S", Well: "B1"}}}
	if diff := cmp.Diff(want, pairs); diff != "" {
		t.Error(diff)
	}
}

// What happens to a plate is a step on all that it holds.
func TestStepsTreatments(t *testing.T) {
	run := steps(t, event(`{"do": "fill", "to": ["P/A1", "P/A2", "Q/A1"], "volume_ul": 100, "sample": "S1"},
		{"do": "centrifuge", "plates": "P", "duration_s": 60, "g": 1000}`)).Run
	all := liquid.Fold(run, liquid.Options{}).Steps
	last := all[len(all)-1]
	if last.Type != "labware/centrifuge" || last.Kind != liquid.StepIncubate || len(last.Reads) != 2 ||
		!cmp.Equal(last.Places, []liquid.Place{{Labware: "P"}}) {
		t.Errorf("%+v", last)
	}
	if raw := string(run.Commands[len(run.Commands)-1].RawParams); !strings.Contains(raw, `"g":1000`) {
		t.Error(raw)
	}
}

func TestStepsDeclare(t *testing.T) {
	s := steps(t, `{"id": "h1", "by": "Jo", "name": "by hand", "instrument": {"name": "Bench", "serial": "B1", "software": "PLR 1"}, "status": "running", "steps": [
		{"id": "a", "do": "fill", "to": "P1/A1", "volume_ul": 100, "lot": "L1", "concentration": 2, "unit": "mM", "at": "2026-03-01T08:00:01Z"},
		{"id": "b", "do": "fill", "to": "P1/B1", "volume_ul": 100, "lot": "L1", "at": "2026-03-01T08:00:00Z", "ended_at": "2026-03-01T08:00:09Z"}]}`)
	want := []bench.Declaration{
		{Document: "doc", Row: 1, Who: "Jo", Target: bench.Target{Run: "h1", Labware: "P1"}, Barcode: "P1"},
		{Document: "doc", Row: 2, Who: "Jo", Target: bench.Target{Run: "h1", Liquid: "L1"}, Lot: "L1", Conc: &bench.Concentration{Value: 2, Unit: "mM"}},
	}
	if diff := cmp.Diff(want, s.Declared); diff != "" {
		t.Error(diff)
	}
	run := s.Run
	header := []any{run.ID, run.ProtocolName, run.RobotSerial, run.RobotName, run.Status, run.StartedAt, run.CompletedAt, s.By, s.Software}
	if diff := cmp.Diff([]any{"h1", "by hand", "B1", "Bench", "running", readAt, time.Time{}, "Jo", "PLR 1"}, header); diff != "" {
		t.Error(diff)
	}
	if run.Labware[0].DisplayName != "[P1]" || run.Labware[0].ID != "P1" {
		t.Errorf("%+v", run.Labware)
	}
	// Two documents of one run are pieces of it.
	if merged := ot2.Merge(run, run); len(merged.Commands) != 3 {
		t.Error(len(merged.Commands), "commands")
	}
}

func TestDecodeStepsRefuses(t *testing.T) {
	transfer := `"do": "transfer", "from": "S/A1", "to": "D/A1"`
	for _, c := range []struct{ name, text, say string }{
		{"empty", "", "the document is empty"},
		{"no JSON", "from,to\n", "no JSON"},
		{"nothing", `{"id": "h1", "steps": []}`, "steps: is missing or empty"},
		{"no id", `{"started_at": "2026-03-01T08:00:00Z", "steps": [{"do": "drop_tip"}]}`, "id: is missing"},
		{"no start", `{"id": "h1", "steps": [{"do": "drop_tip"}]}`, "started_at: is missing"},
		{"no zone", `{"id": "h1", "started_at": "2026-03-01 08:00", "steps": [{"do": "drop_tip"}]}`, "no time with a zone"},
		{"no status", `{"id": "h1", "status": "fine", "started_at": "2026-03-01T08:00:00Z", "steps": [{"do": "drop_tip"}]}`, `status: "fine" is none`},
		{"some times", event(`{"do": "drop_tip", "at": "2026-03-01T08:00:00Z"}, {"do": "drop_tip"}`), "steps[1]: does not say when"},
		{"no step", event(`{"do": "juggle"}`), `steps[0].do: "juggle" is no step`},
		{"no place", event(`{"do": "aspirate", "volume_ul": 5}`), "steps[0].from: is missing"},
		{"a plate only", event(`{"do": "aspirate", "from": "S", "volume_ul": 5}`), `steps[0].from: "S" is no place`},
		{"a well only", event(`{"do": "aspirate", "from": "/A1", "volume_ul": 5}`), `"/A1" is no place`},
		{"no volume", event(`{` + transfer + `}`), "steps[0].volume_ul: is missing"},
		{"a negative volume", event(`{` + transfer + `, "volume_ul": -1}`), "a volume of -1 µL"},
		{"too much", event(`{` + transfer + `, "volume_ul": 1e9}`), "a volume of 1e+09 µL"},
		{"a volume as text", event(`{` + transfer + `, "volume_ul": "5"}`), "steps[0]: cannot unmarshal string"},
		{"two to three", event(`{"do": "transfer", "from": ["S/A1", "S/A2"], "to": ["D/A1", "D/A2", "D/A3"], "volume_ul": 5}`), "2 places in from and 3 in to"},
		{"mixed for ever", event(`{"do": "mix", "in": "S/A1", "volume_ul": 5, "times": 1000000}`), "1000000 times"},
		{"filled with what", event(`{"do": "fill", "to": "S/A1", "volume_ul": 5}`), "does not say what was filled in"},
		{"lot and sample", event(`{"do": "fill", "to": "S/A1", "volume_ul": 5, "lot": "L", "sample": "S"}`), "beside a lot"},
		{"no unit", event(`{"do": "fill", "to": "S/A1", "volume_ul": 5, "lot": "L", "concentration": 5}`), `"" is no unit`},
		{"no plates", event(`{"do": "shake"}`), "steps[0].plates: is missing"},
		{"pieces without ids", `{"id": "h1", "status": "running", "steps": [{"do": "drop_tip", "at": "2026-03-01T08:00:00Z"}]}`, "steps[0]: has no id or no time"},
		{"an id twice", event(`{"id": "a", "do": "drop_tip"}, {"id": "a", "do": "drop_tip"}`), "two steps have the id"},
		{"two mistakes", event(`{"do": "juggle"}, {"do": "shake"}`), "2 places"},
		{"ASM without plates", handler(`"sample document": {}, "transfer volume": {"value": 1, "unit": "uL"}`), "source well location identifier"},
		{"ASM without volume", handler(`"sample document": {` + asmWells + `}`), "transfer volume: is missing"},
		{"ASM, not a volume", handler(`"sample document": {` + asmWells + `}, "transfer volume": {"value": 1, "unit": "mM"}`), "1 mM is no volume"},
		{"ASM without transfers", `{"liquid handler aggregate document": {"liquid handler document": []}}`, "holds no transfers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := bench.DecodeSteps("doc", []byte(c.text), bench.Limits{})
			if got.Run.Commands != nil || lineage.KindOf(err) != lineage.ErrorInvalid || !strings.Contains(err.Error(), c.say) {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	many := event(`{"do": "mix", "in": "S/A1", "volume_ul": 5, "times": 100}`)
	if _, err := bench.DecodeSteps("doc", []byte(many), bench.Limits{Rows: 50}); lineage.KindOf(err) != lineage.ErrorTooLarge {
		t.Error(err)
	}
}

const asmWells = `"source well plate identifier": "S1", "source well location identifier": "A01",
	"destination well plate identifier": "UnknownBarCode", "destination location identifier": "Dest[1]", "destination well location identifier": "P24"`

// handler is a liquid handler's document with one transfer.
func handler(measurement string) string {
	return `{"liquid handler aggregate document": {"device system document": {"equipment serial number": "E/1"},
		"liquid handler document": [{"analyst": "Jo", "measurement aggregate document": {"experimental data identifier": 77,
			"measurement document": [{"measurement identifier": "m1", "measurement time": "2026-03-01T08:00:00Z", ` + measurement + `}]}}]}}`
}

func TestDecodeStepsASM(t *testing.T) {
	s := steps(t, handler(`"sample document": {`+asmWells+`}, "transfer volume": {"value": 2500, "unit": "nL"}`))
	if s.Run.ID != "E_1:77" || s.By != "Jo" || len(s.Declared) != 1 || s.Declared[0].Barcode != "S1" {
		t.Errorf("%s %s %+v", s.Run.ID, s.By, s.Declared)
	}
	transfers := liquid.Fold(s.Run, liquid.Options{}).Transfers
	want := []liquid.Transfer{{Command: "m1/0/dispense", From: liquid.Place{Labware: "S1", Well: "A1"}, To: liquid.Place{Labware: "Dest[1]", Well: "P24"}, VolumeUl: 2.5}}
	if diff := cmp.Diff(want, transfers); diff != "" {
		t.Error(diff)
	}
}
