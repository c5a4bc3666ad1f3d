package bench_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/bench"
	"wellspring/lineage"
)

func number(f float64) *float64 { return &f }

func reading(t *testing.T, text string) bench.Reading {
	t.Helper()
	r, err := bench.DecodeReading([]byte(text), bench.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var readAt = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func TestDecodeReadingList(t *testing.T) {
	got := reading(t, `instrument,SN-1
Method:,growth
plate,well,read_at,wavelength_nm,absorbance,fluorescence,note
P1,a01,2026-03-01T09:00:00+01:00,600,0.5,>1000,
P1,H12,2026-03-01 08:00,600,,12,lid on
`)
	want := []bench.Value{
		{Place: "line 4", Plate: "P1", Well: "A1", At: readAt, Name: "absorbance", Value: number(0.5), Details: map[string]string{"wavelength_nm": "600"}},
		{Place: "line 4", Plate: "P1", Well: "A1", At: readAt, Name: "fluorescence", Note: ">1000", Details: map[string]string{"wavelength_nm": "600"}},
		{Place: "line 5", Plate: "P1", Well: "H12", Name: "absorbance", Note: "lid on", Details: map[string]string{"wavelength_nm": "600", "read_at": "2026-03-01 08:00"}},
		{Place: "line 5", Plate: "P1", Well: "H12", Name: "fluorescence", Value: number(12), Note: "lid on", Details: map[string]string{"wavelength_nm": "600", "read_at": "2026-03-01 08:00"}},
	}
	if diff := cmp.Diff(want, got.Values); diff != "" {
		t.Error(diff)
	}
	if got.Instrument != "SN-1" || got.Method != "growth" || !strings.HasPrefix(got.ID, "sha256-") {
		t.Errorf("%+v", got)
	}
}

func TestDecodeReadingLongForm(t *testing.T) {
	got := reading(t, "run;slot;well;measure;value;unit\nr1;3;B2;DNA;1,5;ng/µL\nr1;3;B3;DNA;;ng/µL\n")
	want := []bench.Value{
		{Place: "line 2", Plate: "r1/3", Well: "B2", Name: "DNA", Value: number(1.5), Unit: "ng/µL"},
		{Place: "line 3", Plate: "r1/3", Well: "B3", Name: "DNA", Unit: "ng/µL", Note: "no value"},
	}
	if diff := cmp.Diff(want, got.Values); diff != "" {
		t.Error(diff)
	}
}

// block draws a plate with the number of each well in it.
func block(rows, columns int) string {
	var b strings.Builder
	for c := range columns {
		fmt.Fprintf(&b, ",%d", c+1)
	}
	for r := range rows {
		letters := string(rune('A' + r%26))
		if r >= 26 {
			letters = "A" + letters
		}
		b.WriteString("\n" + letters)
		for c := range columns {
			fmt.Fprintf(&b, ",%d", r*columns+c)
		}
	}
	return b.String() + "\n"
}

func TestDecodeReadingBlocks(t *testing.T) {
	for _, size := range [][2]int{{2, 3}, {3, 4}, {4, 6}, {6, 8}, {8, 12}, {16, 24}, {32, 48}} {
		got := reading(t, block(size[0], size[1]))
		if len(got.Values) != size[0]*size[1] {
			t.Fatalf("%v: %d values", size, len(got.Values))
		}
		for i, v := range got.Values {
			if *v.Value != float64(i) {
				t.Errorf("%v: %s = %g, want %d", size, v.Well, *v.Value, i)
			}
		}
		if size == [2]int{32, 48} && got.Values[len(got.Values)-1].Well != "AF48" {
			t.Error(got.Values[len(got.Values)-1].Well)
		}
	}
}

// What stands before a block holds until it is said again.
func TestDecodeReadingSeveralBlocks(t *testing.T) {
	small := "<>,1,2,3\nA,1,OVRFLW,\nB,4,5,6,450\n"
	got := reading(t, "plate,P1\nread_at,2026-03-01T08:00:00Z\nmeasure,absorbance\nunit,AU\n"+small+"\nplate,P2\n"+small)
	if len(got.Values) != 10 {
		t.Fatal(len(got.Values))
	}
	want := bench.Value{Place: "line 6", Plate: "P1", Well: "A2", At: readAt, Name: "absorbance", Unit: "AU", Note: "OVRFLW"}
	if diff := cmp.Diff(want, got.Values[1]); diff != "" {
		t.Error(diff)
	}
	if v := got.Values[9]; v.Plate != "P2" || v.Well != "B3" || *v.Value != 6 {
		t.Errorf("%+v", v)
	}
}

func TestDecodeReadingRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, say string }{
		{"empty", "", "the document is empty"},
		{"no table", "hello\n", "neither a column well nor the form of a plate"},
		{"no value column", "well,volume\nA1,5\n", "no column holds a value: well, volume"},
		{"no lines", "well,value\n", "holds no values"},
		{"bad well", "well,value\nA0,5\n", `line 2, column well: "A0" is no well`},
		{"no well", "well,value\n,5\n", `"" is no well`},
		{"a column twice", "well,value,result\n", "two columns say value"},
		{"a cell too many", "well,value\nA1,5,6\n", "has 3 cells, the header 2"},
		{"a row too few", "plate,P1\n" + strings.TrimSuffix(block(8, 12), "H,84,85,86,87,88,89,90,91,92,93,94,95\n"), "12 columns and 7 rows"},
		{"rows out of order", strings.Replace(block(8, 12), "\nC,", "\nD,", 1), "line 4: is row D"},
		{"cells behind", strings.Replace(block(2, 3), "A,0,1,2", "A,0,1,2,od,5", 1), "stands behind the last column"},
		{"cut JSON", `{"plate reader aggregate document": {`, "cut off"},
		{"other JSON", `{"data": {}}`, "plate reader aggregate document: is missing"},
		{"ASM, other types", `{"plate reader aggregate document": {"plate reader document": "none"}}`, "plate reader document: cannot unmarshal string"},
		{"ASM, no values", `{"plate reader aggregate document": {"plate reader document": []}}`, "holds no values"},
		{"ASM, no well", asm(`"sample document": {"well plate identifier": "P1"}, "absorbance": {"value": 1, "unit": "mAU"}`), `plate reader document[0], measurement document[0], location identifier: "" is no well`},
		{"ASM, a broken cube", asm(`"sample document": {"location identifier": "A1"}, "x data cube": {"cube-structure": {"measures": [{"concept": "a"}]}, "data": {"measures": []}}`), "do not fit its structure"},
		{"ASM, a short cube", asm(`"sample document": {"location identifier": "A1"}, "x data cube": {"cube-structure": {"dimensions": [{"concept": "b"}], "measures": [{"concept": "a"}]},
			"data": {"dimensions": [[1]], "measures": [[1, 2]]}}`), "more values than points"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := bench.DecodeReading([]byte(c.text), bench.Limits{})
			if got.Values != nil || lineage.KindOf(err) != lineage.ErrorInvalid || !strings.Contains(err.Error(), c.say) {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	if _, err := bench.DecodeReading([]byte(block(8, 12)), bench.Limits{Rows: 50}); lineage.KindOf(err) != lineage.ErrorTooLarge {
		t.Error(err)
	}
}

// asm is a plate reader's document with one measurement.
func asm(measurement string) string {
	return `{"plate reader aggregate document": {"device system document": {"equipment serial number": 42, "model number": "M"},
		"plate reader document": [{"measurement aggregate document": {"measurement time": "2026-03-01T08:00:00Z",
			"measurement document": [{"measurement identifier": "m1", ` + measurement + `}]}}],
		"calculated data aggregate document": {"calculated data document": {"calculated data identifier": "c1", "calculated data name": "net", "calculated result": {"value": 5, "unit": "mAU"},
			"data source aggregate document": {"data source document": {"data source identifier": "m1"}}}}}}`
}

func TestDecodeReadingASM(t *testing.T) {
	got := reading(t, asm(`"sample document": {"location identifier": "B02", "well plate identifier": "P1", "sample identifier": "N/A", "sample role type": "blank role"},
		"device control aggregate document": {"device control document": {"detection type": "Absorbance", "detector wavelength setting": {"value": 450, "unit": "nm"}}},
		"compartment temperature": {"value": 37, "unit": "degC"},
		"absorbance": {"value": 12.5, "unit": "mAU"},
		"absorption profile data cube": {"cube-structure": {"dimensions": [{"concept": "elapsed time", "unit": "min"}], "measures": [{"concept": "absorbance", "unit": "mAU"}]},
			"data": {"dimensions": [[0, 1.5]], "measures": [[1, null]]}},
		"error aggregate document": {"error document": [{"error": "low", "error feature": "absorbance"}, {"error": ">9", "error feature": "[Concentration]"}]}`))
	details := func(more ...string) map[string]string {
		m := map[string]string{"detection": "Absorbance", "wavelength_nm": "450", "temperature_c": "37", "sample_role": "blank role"}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	place := "plate reader document[0], measurement document[0]"
	want := []bench.Value{
		{Place: place, Plate: "P1", Well: "B2", At: readAt, Name: "absorbance", Value: number(12.5), Unit: "mAU", Note: "low", Details: details()},
		{Place: place + ", absorption profile data cube, data.measures[0][0]", Plate: "P1", Well: "B2", At: readAt, Name: "absorbance", Value: number(1), Unit: "mAU", Note: "low", Details: details("elapsed_min", "0")},
		{Place: place + ", absorption profile data cube, data.measures[0][1]", Plate: "P1", Well: "B2", At: readAt.Add(90 * time.Second), Name: "absorbance", Unit: "mAU", Note: "low", Details: details("elapsed_min", "1.5")},
		{Place: place, Plate: "P1", Well: "B2", At: readAt, Name: "concentration", Note: ">9", Details: details()},
		{Place: "calculated data document[0]", Plate: "P1", Well: "B2", At: readAt, Name: "net", Value: number(5), Unit: "mAU", Details: map[string]string{"calculated": "true"}},
	}
	if diff := cmp.Diff(want, got.Values); diff != "" {
		t.Error(diff)
	}
	if got.Instrument != "42" || got.Model != "M" {
		t.Errorf("%+v", got)
	}
}

func TestDecodeReadingExample(t *testing.T) {
	text, err := os.ReadFile("../examples/plate-reader/AP-0001.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range reading(t, string(text)).Values {
		if v.Plate != "AP-0001" || v.At.IsZero() || v.Value == nil || v.Name != "absorbance" || v.Details["wavelength_nm"] != "595" {
			t.Errorf("%+v", v)
		}
	}
}
