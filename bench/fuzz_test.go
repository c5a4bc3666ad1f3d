package bench_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"wellspring/bench"
	"wellspring/lineage"
	"wellspring/liquid"
)

// fuzzed are small limits: what is bounded shows.
var fuzzed = bench.Limits{Bytes: 1 << 16, Rows: 2000}

// forPersons holds an error against what a person needs.
func forPersons(t *testing.T, err error) {
	var e *lineage.Error
	if !errors.As(err, &e) || e.Hint == "" || e.Kind != lineage.ErrorInvalid && e.Kind != lineage.ErrorTooLarge && e.Kind != lineage.ErrorAmbiguous {
		t.Fatalf("no error for a person: %v", err)
	}
}

func FuzzDecodeManifest(f *testing.F) {
	for _, text := range []string{
		"lot,run,liquid,concentration,unit,expires\nL7,r1,PBS,2,mg/mL,2027\n",
		"\xef\xbb\xbfSample ID;Run;Slot;Well;Concentration;Unit\nS1;r1;4;b02;2,5;µM\n",
		"# c\nbarcode\trun\tslot\nP1\tr1\t2\n", "run,command,volume_ul,at,withdrawn\nr1,c,5,2026-03-01T08:00:00Z,yes\n",
		`{"by": "Jo", "declarations": [{"plate": "P1", "well": "A1", "lot": "L8", "n": 5}]}`, "run,plan\nr1,p1\n", "a\"b,\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		declarations, err := bench.DecodeManifest("doc", text, fuzzed)
		if err != nil {
			forPersons(t, err)
			return
		}
		for _, d := range declarations {
			if d.Row < 1 || d.Target == (bench.Target{}) {
				t.Fatalf("%+v", d)
			}
			if c := d.Conc; c != nil && (c.Dimension() == "" || !(c.Value >= 0)) {
				t.Fatalf("%+v", c)
			}
		}
	})
}

func FuzzDecodeReading(f *testing.F) {
	for _, text := range []string{
		"plate,well,read_at,absorbance,note\nP1,a01,2026-03-01T09:00:00+01:00,0.5,\n", "run;slot;well;measure;value\nr1;3;B2;DNA;1,5\n",
		"plate,P1\n" + block(2, 3) + "\nread_at,now\n" + block(2, 3), block(3, 4),
		asm(`"sample document": {"location identifier": "A1"}, "absorbance": {"value": "NaN", "unit": "mAU"}, "x data cube": {"cube-structure":
			{"dimensions": [{"concept": "elapsed time", "unit": "s"}], "measures": [{"concept": "a"}]}, "data": {"dimensions": [[1e8]], "measures": [[1]]}}`),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := bench.DecodeReading(text, fuzzed)
		if err != nil {
			forPersons(t, err)
			return
		}
		if len(r.Values) == 0 || len(r.Values) > fuzzed.Rows || r.ID == "" {
			t.Fatal(len(r.Values), r.ID)
		}
		for _, v := range r.Values {
			if v.Value == nil && v.Note == "" || v.Value != nil && (math.IsNaN(*v.Value) || math.IsInf(*v.Value, 0)) || v.Place == "" {
				t.Fatalf("%+v", v)
			}
		}
	})
}

func FuzzDecodeSteps(f *testing.F) {
	for _, text := range []string{
		event(`{"do": "fill", "to": ["S/A1", "S/B1"], "volume_ul": 100, "lot": "L1", "concentration": 1, "unit": "x"}, {"do": "split", "from": "S/A1", "to": ["D/A1", "D/A2"], "volume_ul": 30, "failed": "no"},
			{"do": "mix", "in": "S/A1", "volume_ul": 50, "times": 3, "keep_tip": true}, {"do": "shake", "plates": ["S"], "celsius": 4}, {"do": "discard", "from": "S/A1", "volume_ul": 40}`),
		event(`{"do": "aspirate", "channel": 0, "from": "S/A1", "volume_ul": 10}, {"do": "dispense", "channel": 0, "to": "D/A2", "volume_ul": 10}, {"do": "drop_tip", "channel": 0}`),
		handler(`"sample document": {` + asmWells + `}, "transfer volume": {"value": 2500, "unit": "nL"}, "error aggregate document": {"error document": {"error": "e"}}`),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := bench.DecodeSteps("doc", text, fuzzed)
		if err != nil {
			forPersons(t, err)
			return
		}
		if s.Run.ID == "" || strings.Contains(s.Run.ID, "/") || s.Run.StartedAt.IsZero() {
			t.Fatalf("%+v", s.Run)
		}
		if outcome := liquid.Fold(s.Run, liquid.Options{}); math.Abs(outcome.Balance.Difference) > 1e-6*max(1, outcome.Balance.Loaded+outcome.Balance.Unknown) {
			t.Fatalf("%+v", outcome.Balance)
		}
	})
}

func FuzzDetect(f *testing.F) {
	for _, text := range []string{"lot,run\n", "well,value\n", block(2, 3), event(""), asm(`"x": 1`), handler(`"x": 1`), `{"declarations": []}`, "a;b\n\"", "\t\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		kind, run, err := bench.Detect(text, fuzzed)
		if err != nil {
			forPersons(t, err)
		} else if kind == "" || run != "" && kind != bench.KindSteps {
			t.Fatal(kind, run)
		}
	})
}

func FuzzDecodeJobEvent(f *testing.F) {
	f.Add([]byte(runEvent))
	f.Add([]byte(`{"run":{},"job":{},"producer":"p:x","eventTime":"2026-01-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		event, err := bench.DecodeJobEvent(payload, bench.Limits{Bytes: 1 << 16})
		if err == nil && (event.Run == "" || event.At.IsZero() || event.Job == "") {
			t.Errorf("taken without run, time or job: %+v", event)
		}
	})
}
