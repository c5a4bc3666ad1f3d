package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"wellspring/api"
	"wellspring/etl"
	"wellspring/examples"
)

const assayRun = "5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab"

func TestDeclarations(t *testing.T) {
	l := newLab(t, settings{})
	l.example(examples.StockDilution)
	manifest, err := examples.Files.ReadFile("manifests/lots.csv")
	must(t, err)
	answer := l.do(http.MethodPost, "/v1/declarations/preview", manifest)
	var preview etl.Preview
	must(t, json.Unmarshal(answer.body, &preview))
	if answer.StatusCode != http.StatusOK || preview.Declarations != 5 || preview.Duplicate {
		t.Fatalf("%s %s", answer.Status, answer.body)
	}
	if !slices.ContainsFunc(preview.Changes, func(c etl.OwnerChange) bool {
		return c.Owner == "run:6f6ea665-d740-47bb-9399-fba49ea8c402" && slices.ContainsFunc(c.Facts, func(f etl.Fact) bool {
			return f.Change == "added" && f.Source.Name == "PBS-2610-A" && f.Target.Kind == "WellState"
		})
	}) {
		t.Errorf("it does not say which wells the lot fills: %s", answer.body)
	}
	if lot := l.get("/v1/resolve?selector=lot:PBS-2610-A"); lot.StatusCode != http.StatusNotFound {
		t.Errorf("a preview declares nothing: %s", lot.Status)
	}

	answer = l.do(http.MethodPost, "/v1/declarations?wait=30", manifest)
	var accepted api.Accepted
	must(t, json.Unmarshal(answer.body, &accepted))
	if answer.StatusCode != http.StatusOK || accepted.Subject != string(preview.Owner) {
		t.Fatalf("%s %s", answer.Status, answer.body)
	}
	must(t, l.pipeline.Quiet(t.Context()))
	if lot := l.get("/v1/resolve?selector=lot:PBS-2610-A"); lot.StatusCode != http.StatusOK {
		t.Errorf("after the declaration: %s", lot.Status)
	}

	answer = l.do(http.MethodPost, "/v1/declarations", []byte("run,slot,well,lot\nX,,A1,LOT-1\n"))
	if p := problem(t, answer); answer.StatusCode != http.StatusUnprocessableEntity || p.Hint == "" {
		t.Errorf("a wrong row: %s %s", answer.Status, answer.body)
	}
}

// Plates that nobody gave an identity are suggested, and stay apart.
func TestCandidates(t *testing.T) {
	l := newLab(t, settings{})
	for _, name := range []string{examples.StockDilution, examples.AssayPlate} {
		document, err := examples.Files.ReadFile(name)
		must(t, err)
		l.send(bytes.ReplaceAll(document, []byte(" [DP-0001]"), nil))
	}
	all := read[api.Candidates](l, "/v1/runs/"+assayRun+"/candidates")
	if len(all.Candidates) != 1 || all.Candidates[0].EarlierRun != "6f6ea665-d740-47bb-9399-fba49ea8c402" || all.Candidates[0].Slot != "1" {
		t.Errorf("the candidates are %+v", all)
	}
	if rows := table(t, l.get("/v1/runs/"+assayRun+"/candidates?format=csv")); len(rows) != 1 || rows[0]["slot"] != "1" {
		t.Errorf("the rows are %v", rows)
	}
	if none := read[api.Candidates](l, "/v1/runs/6f6ea665/candidates"); none.Candidates == nil || len(none.Candidates) != 0 {
		t.Errorf("nothing came before the first run: %+v", none)
	}
	// What is answered as of now only must not look as if it were of then.
	for _, path := range []string{"/candidates?asOf=2026-11-23T12:00:00Z", "/diff?with=6f6ea665&asOf=2026-11-23T12:00:00Z"} {
		answer := l.get("/v1/runs/" + assayRun + path)
		if p := problem(t, answer); answer.StatusCode != http.StatusBadRequest || !strings.Contains(p.Hint, "as of now only") {
			t.Errorf("%s: %s, %+v", path, answer.Status, p)
		}
	}
}
