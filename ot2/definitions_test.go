package ot2_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/lineage"
	"wellspring/ot2"
)

// labwareText is a definition of one well.
func labwareText(namespace, name, version, depth string) string {
	return `{"namespace": "` + namespace + `", "version": ` + version + `, "parameters": {"loadName": "` + name + `", "quirks": ["centerMultichannelOnWells"]},
		"metadata": {"displayName": "A trough", "displayCategory": "reservoir"}, "ordering": [["A1"]],
		"wells": {"A1": {"shape": "rectangular", "x": 5, "y": 6, "z": 1, "depth": ` + depth + `, "xDimension": 100, "yDimension": 70, "totalLiquidVolume": 9000}}}`
}

func TestLoadDefinitions(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.json":           labwareText("opentrons", "trough", "1", "10"),
		"deep/er/b.json":   labwareText("opentrons", "trough", "2", "11"),
		"deep/c.JSON":      labwareText("custom", "trough", "2", "12"),
		"deep/same.json":   labwareText("opentrons", "trough", "1", "10.0"),
		"deep/other.json":  labwareText("opentrons", "trough", "1", "13"),
		"run.json":         `{"id": "r1", "commands": []}`,
		"cut.json":         `{"wells": {`,
		"bad.json":         `{"wells": {"A1": {"depth": "much"}}, "parameters": {"loadName": "x"}}`,
		"deep/readme.txt":  "not looked at",
		"deep/er/big.json": `{"wells": "` + strings.Repeat("x", 9<<20) + `"}`,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	library, err := ot2.LoadDefinitions(dir)
	if err != nil {
		t.Fatal(err)
	}
	if library.Len() != 3 {
		t.Errorf("%d definitions", library.Len())
	}
	depths := map[string]float64{}
	for _, uri := range []string{"opentrons/trough/1", "opentrons/trough/2", "custom/trough/2", "opentrons/trough/9", "custom/trough/1", "/trough/", "/trough/1", "/plate/", "trough"} {
		if d := library.Definition(uri); d != nil {
			depths[uri] = d.Wells["A1"].Depth
		}
	}
	want := map[string]float64{
		"opentrons/trough/1": 10, "opentrons/trough/2": 11, "custom/trough/2": 12,
		"opentrons/trough/9": 11, "custom/trough/1": 12, "/trough/": 11, "/trough/1": 10,
	}
	if diff := cmp.Diff(want, depths); diff != "" {
		t.Error(diff)
	}
	skipped := map[string]lineage.ErrorKind{}
	for _, err := range library.Skipped {
		name, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "read labware definition: "+dir+string(filepath.Separator)), ":")
		skipped[filepath.ToSlash(name)] = lineage.KindOf(err)
	}
	wantSkipped := map[string]lineage.ErrorKind{
		"run.json": lineage.ErrorInvalid, "cut.json": lineage.ErrorInvalid, "bad.json": lineage.ErrorInvalid,
		"deep/er/big.json": lineage.ErrorTooLarge, "deep/other.json": lineage.ErrorConflict,
	}
	if diff := cmp.Diff(wantSkipped, skipped); diff != "" {
		t.Error(diff)
	}
	if _, err := ot2.LoadDefinitions(filepath.Join(dir, "nowhere")); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Error(err)
	}
}

func TestParseDefinition(t *testing.T) {
	d, err := ot2.ParseDefinition([]byte(labwareText("opentrons", "trough", "1", "10")))
	if err != nil {
		t.Fatal(err)
	}
	want := &ot2.Definition{
		Namespace: "opentrons", LoadName: "trough", Version: 1, DisplayName: "A trough", DisplayCategory: "reservoir",
		Quirks: []string{"centerMultichannelOnWells"}, Ordering: [][]string{{"A1"}}, Content: d.Content,
		Wells: map[string]ot2.Well{"A1": {Shape: "rectangular", X: 5, Y: 6, Z: 1, Depth: 10, XDimension: 100, YDimension: 70, CapacityUl: 9000}},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
	if len(d.Content) != 64 || d.URI() != "opentrons/trough/1" || !d.HasQuirk("centerMultichannelOnWells") {
		t.Error(d.Content, d.URI())
	}
	_, err = ot2.ParseDefinition([]byte(labwareText("opentrons", "trough", "1", `"deep"`)))
	if err == nil || !strings.Contains(err.Error(), "wells.A1.depth") {
		t.Error(err)
	}
}
