package bench_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/bench"
	"wellspring/lineage"
)

func manifest(t *testing.T, text string) []bench.Declaration {
	t.Helper()
	declarations, err := bench.DecodeManifest("doc", []byte(text), bench.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return declarations
}

func TestDecodeManifest(t *testing.T) {
	twelve := 12.5
	declared := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, text string
		want       bench.Declaration
	}{
		{"a lot of a liquid", "lot,run,liquid,concentration,unit\nL7,r1,PBS,2,mg/mL\n",
			bench.Declaration{Target: bench.Target{Run: "r1", Liquid: "PBS"}, Lot: "L7", Conc: &bench.Concentration{Value: 2, Unit: "mg/mL"}}},
		{"a sample in a well of a slot", "Sample ID;Run;Slot;Well;Concentration;Unit;Analyte\nS1;r1;4;b02;2,5;µM;DNA\n",
			bench.Declaration{Target: bench.Target{Run: "r1", Labware: "4", Well: "B2"}, Sample: "S1", Conc: &bench.Concentration{Value: 2.5, Unit: "µM", Analyte: "DNA"}}},
		{"a sample in a plate", "plate\tsample\twell\nP1\tS1\tAF48\n",
			bench.Declaration{Target: bench.Target{Barcode: "P1", Well: "AF48"}, Sample: "S1"}},
		{"a sample in a plate, by barcode", "# from the LIMS\nbarcode,sample,well\nP1,S1,A1\n",
			bench.Declaration{Target: bench.Target{Barcode: "P1", Well: "A1"}, Sample: "S1"}},
		{"a sample in a plate of a run", "run,labware,well,sample,expires\nr1,P1,A1,S1,2027-01-31\n",
			bench.Declaration{Target: bench.Target{Run: "r1", Labware: "P1", Well: "A1"}, Sample: "S1", Details: map[string]string{"expires": "2027-01-31"}}},
		{"the identity of labware", "\xef\xbb\xbfbarcode,run,slot\nP1,r1,2\n",
			bench.Declaration{Target: bench.Target{Run: "r1", Labware: "2"}, Barcode: "P1"}},
		{"a volume that was really moved", "run,command,volume_ul,by,reason,at\nr1,c7,12.5,Jo,tip half empty,2026-03-01T09:00:00+01:00\n",
			bench.Declaration{Target: bench.Target{Run: "r1", Command: "c7"}, VolumeUl: &twelve, Who: "Jo", Why: "tip half empty", At: declared}},
		{"taken back", "run,liquid,withdrawn\nr1,PBS,true\n",
			bench.Declaration{Target: bench.Target{Run: "r1", Liquid: "PBS"}, Withdrawn: true}},
		{"the experiment of a run", "run,experiment,experiment_title,cost_centre\nr1,EXP-7,Bradford,42\n",
			bench.Declaration{Target: bench.Target{Run: "r1"}, Experiment: "EXP-7", ExperimentTitle: "Bradford", Details: map[string]string{"cost_centre": "42"}}},
		{"the experiment of a plate", "barcode,experiment\nP1,0B0C5F3E-8C1C-4B7A-9A39-0C5E3D6D9B10\n",
			bench.Declaration{Target: bench.Target{Barcode: "P1"}, Experiment: "0b0c5f3e-8c1c-4b7a-9a39-0c5e3d6d9b10"}},
		{"the experiment of labware of a run", "run,slot,experiment\nr1,4,EXP-7\n",
			bench.Declaration{Target: bench.Target{Run: "r1", Labware: "4"}, Experiment: "EXP-7"}},
		{"the experiment of a reading, taken back", `{"declarations": [{"reading": "m1", "experiment": "EXP-7", "withdrawn": true}]}`,
			bench.Declaration{Target: bench.Target{Reading: "m1"}, Experiment: "EXP-7", Withdrawn: true}},
		{"JSON", `{"by": "Jo", "reason": "wrong bottle", "at": "2026-03-01T08:00:00Z", "declarations": [{"run": "r1", "slot": 4, "well": "A1", "lot": "L8", "note": null, "opened": true}]}`,
			bench.Declaration{Target: bench.Target{Run: "r1", Labware: "4", Well: "A1"}, Lot: "L8", Who: "Jo", Why: "wrong bottle", At: declared,
				Details: map[string]string{"opened": "true"}}},
		{"JSON, a row of its own", `{"by": "Jo", "declarations": [{"run": "r1", "liquid": "PBS", "lot": "L8", "by": "Al"}]}`,
			bench.Declaration{Target: bench.Target{Run: "r1", Liquid: "PBS"}, Lot: "L8", Who: "Al"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Document, c.want.Row = "doc", 1
			if diff := cmp.Diff([]bench.Declaration{c.want}, manifest(t, c.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeManifestRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, say string }{
		{"empty", "", "the document is empty"},
		{"blank", "\n\n", "the table is empty"},
		{"no manifest", "well,volume\nA1,5\n,", "line 2: does not say"},
		{"another table", "colour,taste\nred,sour\n", "names no column of a manifest: colour, taste"},
		{"not UTF-8", "lot,run,liquid\nL7,r1,\xb5M\n", "save the table as CSV UTF-8"},
		{"quotes", "lot,run,liquid\n\"L7,r1,PBS\n", "check the quotes"},
		{"a column twice", "lot,lot_number,run,liquid\n", "two columns say lot"},
		{"a cell too many", "lot,run,liquid\nL7,r1,PBS,extra\n", "line 2: \"extra\" stands in column 4"},
		{"no target", "lot,run\nL7,r1\n", "line 2: does not say what it is about"},
		{"no run", "lot,liquid\nL7,PBS\n", "line 2, column run: is missing"},
		{"two targets", "lot,run,liquid,command\nL7,r1,PBS,c1\n", "about several things"},
		{"an experiment of nothing", "experiment\nEXP-7\n", "does not say what is part of the experiment"},
		{"an experiment of two", "run,plate,reading,experiment\nr1,P1,m1,EXP-7\n", "does not say what is part of the experiment"},
		{"an experiment of a well", "plate,well,experiment\nP1,A1,EXP-7\n", "says which experiment, and something else"},
		{"an experiment and a plan", "run,plan,experiment\nr1,p1,EXP-7\n", "says which experiment, and something else"},
		{"an experiment and a barcode", "run,slot,barcode,experiment\nr1,4,P1,EXP-7\n", "what it is part of, and names the plate twice"},
		{"a title alone", "run,experiment_title\nr1,Bradford\n", "column experiment: is missing"},
		{"a reading alone", "reading\nm1\n", "column experiment: is missing"},
		{"two experiments of a run", "run,experiment\nr1,EXP-7\nr1,EXP-8\n", "says again what line 2 says"},
		{"nothing said", "run,liquid,lot\nr1,PBS,\n", "line 2: says nothing"},
		{"no well", "lot,run,slot\nL7,r1,4\n", "line 2, column well: is missing"},
		{"bad well", "lot,run,slot,well\nL7,r1,4,A49\n", `"A49" is no well`},
		{"no well of a plate", "plate,sample\nP1,S1\n", "column well: is missing"},
		{"a tube's barcode", "run,slot,well,barcode\nr1,4,A1,T1\n", "names the plate twice"},
		{"labware twice", "run,slot,label,well,lot\nr1,4,tubes,A1,L1\n", "names the labware again"},
		{"plate and slot", "run,slot,plate,well,lot\nr1,4,P1,A1,L1\n", "names the labware again"},
		{"a liquid in a well", "run,liquid,slot,well,lot\nr1,PBS,4,A1,L1\n", "about several things"},
		{"lot and sample", "run,slot,well,lot,sample\nr1,4,A1,L1,S1\n", "beside a lot"},
		{"no unit", "run,liquid,lot,concentration\nr1,PBS,L1,5\n", `column unit: "" is no unit`},
		{"an unknown unit", "run,liquid,lot,concentration,unit\nr1,PBS,L1,5,spoons\n", `"spoons" is no unit`},
		{"a unit alone", "run,liquid,lot,unit\nr1,PBS,L1,mM\n", "column concentration: is missing"},
		{"a negative concentration", "run,liquid,lot,concentration,unit\nr1,PBS,L1,-5,mM\n", "-5 is negative"},
		{"no number", "run,liquid,lot,concentration,unit\nr1,PBS,L1,NaN,mM\n", `"NaN" is no number`},
		{"a decimal comma among commas", "run,liquid,lot,concentration,unit\nr1,PBS,L1,\"2,5\",mM\n", `"2,5" is no number`},
		{"a command without volume", "run,command,volume_ul\nr1,c1,\n", "column volume_ul: is all that can be said"},
		{"a command's lot", "run,command,volume_ul,lot\nr1,c1,5,L1\n", "is all that can be said"},
		{"too much", "run,command,volume_ul\nr1,c1,1e9\n", "more than 10 L"},
		{"no time", "run,liquid,lot,at\nr1,PBS,L1,2026-03-01 08:00\n", "no time with a zone"},
		{"no flag", "run,liquid,withdrawn\nr1,PBS,perhaps\n", "neither true nor false"},
		{"twice", "run,liquid,lot\nr1,PBS,L1\nr1,PBS,L2\n", "line 3: says again what line 2 says"},
		{"several mistakes", "run,liquid,lot\nr1,,L1\n,PBS,L2\n", "2 places"},
		{"cut JSON", `{"declarations": [{`, "cut off"},
		{"no JSON", `{"declarations": [x]}`, "line 1, byte 19"},
		{"JSON of another sort", `{"rows": []}`, "declarations: is missing"},
		{"JSON of another type", `{"declarations": 5}`, "declarations: is a JSON number"},
		{"no object", `{"declarations": [5]}`, "declarations[0]: is no object"},
		{"an object within", `{"declarations": [{"run": {}}]}`, "declarations[0].run: is an object or a list"},
		{"said twice", `{"declarations": [{"lot": "L1", "lot_number": "L2", "run": "r1", "liquid": "x"}]}`, "says lot again"},
		{"deep JSON", `{"declarations": ` + strings.Repeat("[", 20_000), "exceeded max depth"},
	} {
		t.Run(c.name, func(t *testing.T) {
			declarations, err := bench.DecodeManifest("doc", []byte(c.text), bench.Limits{})
			if declarations != nil || lineage.KindOf(err) != lineage.ErrorInvalid || !strings.Contains(err.Error(), c.say) {
				t.Errorf("%v, %v", declarations, err)
			}
		})
	}
}

func TestDecodeManifestBounds(t *testing.T) {
	text := "run,liquid,lot\n" + strings.Repeat("r1,PBS,L1\n", 10)
	for _, limits := range []bench.Limits{{Bytes: 20}, {Rows: 5}} {
		if _, err := bench.DecodeManifest("doc", []byte(text), limits); lineage.KindOf(err) != lineage.ErrorTooLarge {
			t.Error(limits, err)
		}
	}
}

// A hundred mistakes are counted, and the first of them told.
func TestDecodeManifestTellsEveryMistake(t *testing.T) {
	_, err := bench.DecodeManifest("doc", []byte("run,liquid,lot\n"+strings.Repeat("r1,,L1\n", 100)), bench.Limits{})
	if err == nil || !strings.Contains(err.Error(), "100 places") || !strings.Contains(err.Error(), "line 21:") || !strings.Contains(err.Error(), "and 80 more") {
		t.Error(err)
	}
}

func TestDecodeManifestExamples(t *testing.T) {
	files, err := filepath.Glob("../examples/manifests/*.csv")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if declarations := manifest(t, string(text)); len(declarations) == 0 {
			t.Error(file, "declares nothing")
		}
	}
}
