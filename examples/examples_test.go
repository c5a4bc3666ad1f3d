package examples

import (
	"encoding/csv"
	"io/fs"
	"math"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/bench"
	"wellspring/liquid"
	"wellspring/ot2"
)

// Ids of the assay's runs, in which the manifests are written.
const (
	stockRun = "6f6ea665-d740-47bb-9399-fba49ea8c402"
	assayRun = "5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab"
)

func decode(t *testing.T, name string) ot2.Document {
	t.Helper()
	file, err := Files.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	document, err := ot2.Decode(file, ot2.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return document
}

func names(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := fs.Glob(Files, pattern)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEveryProtocolHasAPlanAndARun(t *testing.T) {
	protocols := names(t, "protocols/*.py")
	if len(protocols) < 6 {
		t.Errorf("only %d protocols", len(protocols))
	}
	for _, protocol := range protocols {
		stem := strings.TrimSuffix(path.Base(protocol), ".py")
		plan, run := decode(t, "analyses/"+stem+".json"), decode(t, "runs/"+stem+".json")
		if plan.Shape != ot2.ShapeAnalysis || !plan.Run.Plan || plan.Run.ID == "" {
			t.Errorf("the plan of %s is %s, id %q", stem, plan.Shape, plan.Run.ID)
		}
		if run.Shape != ot2.ShapeAppDownload || run.Run.Plan || run.Run.Status != "succeeded" {
			t.Errorf("the run of %s is %s, %s", stem, run.Shape, run.Run.Status)
		}
		if got := len(run.Run.Commands); got != run.Run.CommandsTotal || got != len(plan.Run.Commands) {
			t.Errorf("the run of %s has %d commands of %d, its plan %d", stem, got, run.Run.CommandsTotal, len(plan.Run.Commands))
		}
	}
}

func TestEveryRunBalances(t *testing.T) {
	for _, name := range append(names(t, "runs/*.json"), names(t, "analyses/*.json")...) {
		run := decode(t, name).Run
		outcome := liquid.Fold(run, liquid.Options{})
		in := liquid.Inspection(run, outcome)
		if len(in.Wells) == 0 || math.Abs(in.MassBalance.Difference) > 1e-6 {
			t.Errorf("%s: %d labware, mass balance %+v", name, len(in.Wells), in.MassBalance)
		}
	}
}

// wells returns what the labware in a slot held in the end.
func wells(t *testing.T, name, slot string) map[string]liquid.InspectedWell {
	t.Helper()
	run := decode(t, name).Run
	in := liquid.Inspection(run, liquid.Fold(run, liquid.Options{}))
	for _, labware := range run.Labware {
		if labware.Location.Slot == slot {
			return in.Wells[labware.ID]
		}
	}
	t.Fatalf("%s has no labware in slot %s", name, slot)
	return nil
}

func TestTheAssayIsWhatItsStorySays(t *testing.T) {
	dilutions := wells(t, StockDilution, "1")
	if len(dilutions) != 7*8 {
		t.Errorf("the dilution plate has %d wells, want seven columns", len(dilutions))
	}
	near := func(where string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%s is %v, want %v", where, got, want)
		}
	}
	for column, standard := range []float64{1, 1. / 2, 1. / 4, 1. / 8, 1. / 16, 1. / 32, 0} {
		well := dilutions["A"+string(rune('1'+column))]
		near("standard in column "+string(rune('1'+column)), well.Fractions["liquid:BSA standard 2 mg/mL"], standard)
		near("PBS in column "+string(rune('1'+column)), well.Fractions["liquid:PBS buffer"], 1-standard)
	}
	assay := wells(t, AssayPlate, "2")
	if len(assay) != 8*8 {
		t.Errorf("the assay plate has %d wells, want eight columns", len(assay))
	}
	for name, well := range assay {
		near("volume of "+name, well.Volume, 200)
		near("reagent in "+name, well.Fractions["liquid:Bradford reagent"], .9)
	}
	near("control in C8", assay["C8"].Fractions["liquid:BSA control 0.5 mg/mL"], .1)
	near("PBS in D8", assay["D8"].Fractions["liquid:PBS buffer"], .1)
}

var barcode = regexp.MustCompile(`\[([A-Z]{2}-\d{4})\]`)

// deck is what the manifests may speak of: barcodes and liquids of each run.
func deck(t *testing.T) (barcodes, liquids map[string][]string) {
	t.Helper()
	barcodes, liquids = map[string][]string{}, map[string][]string{}
	for _, name := range []string{StockDilution, AssayPlate} {
		run := decode(t, name).Run
		for _, command := range run.Commands {
			if command.Params.DisplayName == "" {
				continue
			}
			if found := barcode.FindStringSubmatch(command.Params.DisplayName); found != nil {
				barcodes[run.ID] = append(barcodes[run.ID], found[1])
			}
		}
		for _, l := range run.Liquids {
			liquids[run.ID] = append(liquids[run.ID], l.DisplayName)
		}
	}
	return barcodes, liquids
}

// rows returns a CSV file's rows by column.
func rows(t *testing.T, name string) []map[string]string {
	t.Helper()
	file, err := Files.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var all []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, column := range records[0] {
			row[column] = record[i]
		}
		all = append(all, row)
	}
	if len(all) == 0 {
		t.Fatalf("%s has no row", name)
	}
	return all
}

func TestManifestsSpeakOfWhatIsThere(t *testing.T) {
	barcodes, liquids := deck(t)
	want := map[string][]string{stockRun: {"DP-0001", "RV-0001", "TR-0001"}, assayRun: {"DP-0001", "AP-0001", "RV-0002", "TR-0002"}}
	if diff := cmp.Diff(want, barcodes); diff != "" {
		t.Fatalf("barcodes in the labels (-want +got):\n%s", diff)
	}
	for _, name := range []string{"manifests/lots.csv", "manifests/corrections.csv"} {
		for _, row := range rows(t, name) {
			if row["lot"] == "" || !slices.Contains(liquids[row["run"]], row["liquid"]) {
				t.Errorf("%s: no liquid %q in run %s", name, row["liquid"], row["run"])
			}
		}
	}
	for _, row := range rows(t, "manifests/labware.csv") {
		if !slices.Contains(barcodes[row["run"]], row["barcode"]) {
			t.Errorf("labware.csv: no labware %s in run %s", row["barcode"], row["run"])
		}
	}
	for _, row := range rows(t, "manifests/samples.csv") {
		if !slices.Contains(barcodes[row["run"]], row["labware"]) || !slices.Contains(liquids[row["run"]], row["name"]) {
			t.Errorf("samples.csv: %v is not in run %s", row, row["run"])
		}
	}
}

func TestTheBenchReadsThem(t *testing.T) {
	for name, rows := range map[string]int{"lots": 5, "samples": 6, "labware": 7, "experiments": 2, "corrections": 1} {
		text, err := Files.ReadFile("manifests/" + name + ".csv")
		if err != nil {
			t.Fatal(err)
		}
		declarations, err := bench.DecodeManifest(name, text, bench.Limits{})
		if err != nil || len(declarations) != rows {
			t.Errorf("%s.csv: %d declarations, want %d: %v", name, len(declarations), rows, err)
		}
		for _, d := range declarations {
			if name == "corrections" && (d.Who == "" || d.Why == "") {
				t.Errorf("corrections.csv, row %d does not say who and why", d.Row)
			}
		}
	}
	text, err := Files.ReadFile("plate-reader/AP-0001.csv")
	if err != nil {
		t.Fatal(err)
	}
	reading, err := bench.DecodeReading(text, bench.Limits{})
	if err != nil || len(reading.Values) != 64 {
		t.Fatalf("AP-0001.csv: %d values: %v", len(reading.Values), err)
	}
	for _, v := range reading.Values {
		if v.Plate != "AP-0001" || v.At.IsZero() || v.Name != "absorbance" || v.Value == nil {
			t.Errorf("%s: %+v", v.Place, v)
		}
	}
}

func TestTheReadingIsOfTheAssayPlate(t *testing.T) {
	assay := wells(t, AssayPlate, "2")
	read := rows(t, "plate-reader/AP-0001.csv")
	if len(read) != len(assay) {
		t.Errorf("%d wells were read, the plate has %d", len(read), len(assay))
	}
	for _, row := range read {
		if _, ok := assay[row["well"]]; !ok || row["plate"] != "AP-0001" {
			t.Errorf("a reading of %s %s: nothing is there", row["plate"], row["well"])
		}
	}
}
