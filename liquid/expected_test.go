package liquid

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/internal/testdata"
	"wellspring/ot2"
)

// TestExpected compares every computed file of the shared data, made by another
// program, with our fold of its source.
func TestExpected(t *testing.T) {
	expected := testdata.Shared(t, "ot2/expected")
	definitions := definitionsIn(t, testdata.Shared(t, "ot2/labware"))
	files, err := filepath.Glob(filepath.Join(expected, "*.wells.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no expected files in %s: %v", expected, err)
	}
	var compared struct{ wells, fractions, edges, pairs, warnings int }
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".wells.json")
		t.Run(name, func(t *testing.T) {
			run := decoded(t, sourceOf(t, name))
			out := Fold(run, Options{Definitions: definitions})
			for _, wrong := range violations(out) {
				t.Error(wrong)
			}
			var wantWells Inspected
			var wantEdges InspectedEdges
			readJSON(t, file, &wantWells)
			readJSON(t, strings.TrimSuffix(file, ".wells.json")+".edges.json", &wantEdges)
			gotWells, gotEdges := Inspection(run, out), InspectionEdges(out)
			compareWells(t, wantWells, gotWells)
			compareEdges(t, wantEdges.Edges, gotEdges.Edges)
			compareEdges(t, wantEdges.CarriedOver, gotEdges.CarriedOver)
			compareWarnings(t, wantWells.Warnings, gotWells.Warnings)
			for _, inLabware := range wantWells.Wells {
				compared.wells += len(inLabware)
				for _, w := range inLabware {
					compared.fractions += len(w.Fractions)
				}
			}
			compared.edges += len(wantEdges.Edges)
			compared.pairs += len(wantEdges.CarriedOver)
			compared.warnings += len(wantWells.Warnings)
		})
	}
	t.Logf("compared %d files: %d wells with %d fractions, %d transfers, %d carry-over pairs, %d warnings",
		len(files), compared.wells, compared.fractions, compared.edges, compared.pairs, compared.warnings)
	if compared.wells == 0 || compared.edges == 0 || compared.pairs == 0 || compared.warnings == 0 {
		t.Error("nothing was compared")
	}
}

const (
	closeVolume   = 1e-4 // µL
	closeFraction = 1e-6
)

func compareWells(t *testing.T, want, got Inspected) {
	t.Helper()
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= closeVolume })
	if diff := cmp.Diff(want.Counts, got.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.MassBalance, got.MassBalance, near); diff != "" {
		t.Errorf("mass balance (-want +got):\n%s", diff)
	}
	if want.Rules != got.Rules {
		t.Errorf("rules %q, want %q", got.Rules, want.Rules)
	}
	for labware, wells := range want.Wells {
		for name, w := range wells {
			g, ok := got.Wells[labware][name]
			if !ok {
				t.Errorf("%s/%s is missing", labware, name)
				continue
			}
			if math.Abs(w.Volume-g.Volume) > closeVolume {
				t.Errorf("%s/%s holds %g µL, want %g", labware, name, g.Volume, w.Volume)
			}
			if diff := cmp.Diff(w.Fractions, g.Fractions, cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= closeFraction })); diff != "" {
				t.Errorf("%s/%s fractions (-want +got):\n%s", labware, name, diff)
			}
			if diff := cmp.Diff(w.Origins, g.Origins); diff != "" {
				t.Errorf("%s/%s origins (-want +got):\n%s", labware, name, diff)
			}
		}
	}
	for labware, wells := range got.Wells {
		for name := range wells {
			if _, ok := want.Wells[labware][name]; !ok {
				t.Errorf("%s/%s is there, and should not be", labware, name)
			}
		}
	}
}

func compareEdges(t *testing.T, want, got []InspectedEdge) {
	t.Helper()
	text := func(edges []InspectedEdge) (lines []string) {
		for _, e := range edges {
			place := func(p InspectedPlace) string {
				if p.Well == nil {
					return p.Labware
				}
				return p.Labware + "/" + *p.Well
			}
			volume := ""
			if e.Volume != nil {
				volume = fmt.Sprintf(" %.4f", *e.Volume)
			}
			lines = append(lines, e.Command+" "+place(e.From)+" > "+place(e.To)+volume)
		}
		slices.Sort(lines)
		return lines
	}
	if diff := cmp.Diff(text(want), text(got)); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
}

// compareWarnings compares what was found lacking and what is uncertain; the
// expected files call every lack an underflow.
func compareWarnings(t *testing.T, want, got []Finding) {
	t.Helper()
	text := func(findings []Finding) (lines []string) {
		for _, f := range findings {
			switch f.Kind {
			case FindingOverdraw, FindingUnderflow:
				lines = append(lines, fmt.Sprintf("lack %s %s/%s %.4f", f.Command, f.Labware, f.Well, f.Missing))
			case FindingUncertain:
				lines = append(lines, fmt.Sprintf("uncertain %s %s/%s", f.Command, f.Labware, f.Well))
			}
		}
		slices.Sort(lines)
		return lines
	}
	if diff := cmp.Diff(text(want), text(got)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

// sourceOf finds the log or analysis that an expected file was made from.
func sourceOf(t *testing.T, name string) string {
	t.Helper()
	root := testdata.Shared(t, "ot2")
	for _, place := range []struct{ prefix, folder string }{
		{"robot-sim_analysis_", "robot-sim/analyses"},
		{"robot-sim_", "robot-sim/runs"},
		{"", "run-logs"},
		{"", "analyses"},
	} {
		rest, ok := strings.CutPrefix(name, place.prefix)
		path := filepath.Join(root, filepath.FromSlash(place.folder), rest+".json")
		if _, err := os.Stat(path); ok && err == nil {
			return path
		}
	}
	t.Fatalf("no source of %s in %s", name, root)
	return ""
}

func decoded(t testing.TB, path string) ot2.Run {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	document, err := ot2.Decode(file, ot2.DefaultLimits())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return document.Run
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// folder is the labware definitions of a folder and those below it.
type folder map[string]*ot2.Definition

func (f folder) Definition(uri string) *ot2.Definition { return f[uri] }

// definitionsIn reads definitions as a log would carry them: in the result of a load.
func definitionsIn(t testing.TB, dir string) folder {
	t.Helper()
	found := folder{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		log := fmt.Sprintf(`{"id": "x", "createdAt": "2026-01-01T00:00:00Z", "status": "succeeded", "commands": [{"id": "c", "commandType": "loadLabware",
			"status": "succeeded", "params": {}, "result": {"labwareId": "l", "definition": %s}}]}`, text)
		document, err := ot2.Decode(bytes.NewReader([]byte(log)), ot2.DefaultLimits())
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		def := document.Run.Commands[0].Result.Definition
		if def == nil {
			return fmt.Errorf("%s holds no labware definition", path)
		}
		found[def.URI()] = def
		found["/"+def.LoadName+"/"] = def
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
