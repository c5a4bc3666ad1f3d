package ot2_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wellspring/internal/testdata"
	"wellspring/lineage"
	"wellspring/ot2"
)

func decodeFile(t testing.TB, path string) ot2.Document {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	document, err := ot2.Decode(f, ot2.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// Every real document decodes, and says what it is.
func TestDecodeShared(t *testing.T) {
	for folder, shape := range map[string]ot2.Shape{
		"run-logs": ot2.ShapeAppDownload, "robot-sim/runs": ot2.ShapeAppDownload,
		"analyses": ot2.ShapeAnalysis, "robot-sim/analyses": ot2.ShapeAnalysis,
	} {
		files, err := filepath.Glob(filepath.Join(testdata.Shared(t, "ot2/"+folder), "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatal("no files:", err)
		}
		for _, file := range files {
			t.Run(folder+"/"+filepath.Base(file), func(t *testing.T) {
				document := decodeFile(t, file)
				run := document.Run
				if document.Shape != shape {
					t.Errorf("shape = %s, want %s", document.Shape, shape)
				}
				if run.ID == "" || run.Plan != (shape == ot2.ShapeAnalysis) || !run.Ended() {
					t.Errorf("id = %q, plan = %v, status = %q", run.ID, run.Plan, run.Status)
				}
				if run.CommandsTotal >= 0 && run.CommandsTotal != len(run.Commands) {
					t.Errorf("%d commands, want %d", len(run.Commands), run.CommandsTotal)
				}
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				gotShape, id, plan, err := ot2.Detect(text, ot2.DefaultLimits())
				if gotShape != shape || id != run.ID || plan != run.Plan || err != nil {
					t.Errorf("Detect = %s, %s, %v, %v", gotShape, id, plan, err)
				}
				t.Log(document.Shape, run.ID, len(run.Commands))
			})
		}
	}
}

// Everything else of the real data is no run, and the error says what it is.
func TestDecodeSharedOthers(t *testing.T) {
	for pattern, say := range map[string]string{
		"labware/*.json":           "a labware definition",
		"labware/custom/*.json":    "a labware definition",
		"robot-sim/http/*/*.json":  "an object of at, request, status",
		"expected/*.wells.json":    "is no OT-2 run or analysis",
		"expected/*.edges.json":    "is no OT-2 run or analysis",
		"asm/*.json":               "is no OT-2 run or analysis",
		"mqtt/*.jsonl":             "something follows the document",
		"robot-sim/timeline.jsonl": "something follows the document",
		"robot-sim/mqtt.log":       "no JSON",
		"robot-sim/protocols/*.py": "no JSON",
		"plate-reader/*.csv":       "no JSON",
		"*/README.md":              "no JSON",
	} {
		files, err := filepath.Glob(filepath.Join(testdata.Shared(t, "ot2"), pattern))
		if err != nil || len(files) == 0 {
			t.Fatal("no files:", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = ot2.Decode(bytes.NewReader(text), ot2.DefaultLimits())
			if err == nil || !strings.Contains(err.Error(), say) {
				t.Errorf("%s: %v", file, err)
			}
			if _, _, _, err = ot2.Detect(text, ot2.DefaultLimits()); err == nil && say != "something follows the document" {
				t.Errorf("%s: detected", file)
			}
		}
	}
}

// What a robot server answered about a run is read, and nothing else is taken for it.
func TestDecodeSharedAnswers(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata.Shared(t, "ot2/robot-sim/http"), "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files:", err)
	}
	run := regexp.MustCompile(`^(GET|PATCH|POST) /runs/([0-9a-f-]{36})(/commands(AsPreSerializedList|/[0-9a-f-]{36})?)?(\?.*)?$`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var recorded struct {
			Request struct{ Method, Path string }
			Status  int
			Body    string
		}
		if err := json.Unmarshal(text, &recorded); err != nil {
			t.Fatal(err)
		}
		document, err := ot2.Decode(strings.NewReader(recorded.Body), ot2.DefaultLimits())
		asked := run.FindStringSubmatch(recorded.Request.Method + " " + recorded.Request.Path)
		switch {
		case recorded.Status >= 400:
			if lineage.KindOf(err) != lineage.ErrorInvalid {
				t.Errorf("%s: %v", file, err)
			}
		case asked != nil:
			if err != nil || document.Shape != ot2.ShapeHTTP {
				t.Errorf("%s: %s, %v", file, document.Shape, err)
			}
			if id := document.Run.ID; id != asked[2] && id != "" {
				t.Errorf("%s: run %s", file, id)
			}
			if clean, places := ot2.Redact([]byte(recorded.Body)); string(clean) != recorded.Body || places != nil {
				t.Errorf("%s: redacted %v", file, places)
			}
		}
	}
}

func TestLoadDefinitionsShared(t *testing.T) {
	library, err := ot2.LoadDefinitions(testdata.Shared(t, "ot2/labware"))
	if err != nil {
		t.Fatal(err)
	}
	for _, skipped := range library.Skipped {
		if lineage.KindOf(skipped) != lineage.ErrorConflict {
			t.Error(skipped)
		}
	}
	for uri, wells := range map[string]int{
		"opentrons/corning_96_wellplate_360ul_flat/1": 96,
		"opentrons/biorad_384_wellplate_50ul/2":       384,
		"/nest_12_reservoir_15ml/":                    12,
	} {
		if d := library.Definition(uri); d == nil || len(d.Wells) != wells {
			t.Errorf("%s: %v", uri, d)
		}
	}
}
