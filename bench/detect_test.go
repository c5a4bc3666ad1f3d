package bench_test

import (
	"testing"

	"wellspring/bench"
	"wellspring/lineage"
)

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		name, text string
		kind       bench.Kind
		run        string
		err        lineage.ErrorKind
	}{
		{"lots", "lot,liquid,run\n", bench.KindManifest, "", ""},
		{"samples with concentrations", "sample,plate,well,concentration,unit\n", bench.KindManifest, "", ""},
		{"identities", "\xef\xbb\xbfbarcode;run;slot\n", bench.KindManifest, "", ""},
		{"corrections", "run,command,volume_ul,reason\n", bench.KindManifest, "", ""},
		{"experiments of runs", "run,experiment\n", bench.KindManifest, "", ""},
		{"experiments of readings", "reading;experiment;experiment_title\n", bench.KindManifest, "", ""},
		{"plans", "run,plan\n", bench.KindManifest, "", ""},
		{"values of an experiment", "plate,well,od600,experiment\n", bench.KindReading, "", ""},
		{"values", "plate,well,read_at,absorbance\n", bench.KindReading, "", ""},
		{"long values", "well\tvalue\n", bench.KindReading, "", ""},
		{"values of samples", "plate,well,sample,value\n", bench.KindReading, "", ""},
		{"values by barcode", "barcode,well,od600\n", bench.KindReading, "", ""},
		{"measured concentrations", "plate,well,concentration,unit\n", bench.KindReading, "", ""},
		{"a block", "plate,P1\n\n,1,2,3\n", bench.KindReading, "", ""},
		{"either", "sample,plate,well,read_at,concentration\n", "", "", lineage.ErrorAmbiguous},
		{"lots with values", "lot,plate,well,value\n", "", "", lineage.ErrorAmbiguous},
		{"neither", "from,to\n", "", "", lineage.ErrorInvalid},
		{"a log line", "2026-03-01 robot started\n", "", "", lineage.ErrorInvalid},
		{"nothing", "", "", "", lineage.ErrorInvalid},
		{"JSON manifest", `{"declarations": []}`, bench.KindManifest, "", ""},
		{"JSON steps", event(`{"do": "drop_tip"}`), bench.KindSteps, "h1", ""},
		{"ASM plate reader", asm(`"x": 1`), bench.KindReading, "", ""},
		{"ASM liquid handler", handler(`"x": 1`), bench.KindSteps, "E_1:77", ""},
		{"a run", `{"data": {"id": "r1"}, "commands": {"data": []}}`, "", "", lineage.ErrorInvalid},
		{"a list", `[1]`, "", "", lineage.ErrorInvalid},
		{"cut", `{"declarations": [`, "", "", lineage.ErrorInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			kind, run, err := bench.Detect([]byte(c.text), bench.Limits{})
			if kind != c.kind || run != c.run || lineage.KindOf(err) != c.err {
				t.Errorf("%q, %q, %v", kind, run, err)
			}
		})
	}
}
