package ot2_test

import (
	"os"
	"path/filepath"
	"testing"

	"wellspring/internal/testdata"
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
