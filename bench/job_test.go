package bench_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/bench"
	"wellspring/lineage"
)

const runEvent = `{
	"eventType": "COMPLETE", "eventTime": "2026-11-23T16:00:00+01:00",
	"producer": "https://example.org/fit/1.4", "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
	"run": {"runId": "0199C0DE-0000-7000-8000-000000000001", "facets": {
		"parent": {"_producer": "p:x", "_schemaURL": "s:x", "run": {"runId": "0199c0de-0000-7000-8000-000000000002"}, "job": {"namespace": "lab", "name": "night"}},
		"errorMessage": {"_producer": "p:x", "_schemaURL": "s:x", "message": "no convergence", "programmingLanguage": "python"}}},
	"job": {"namespace": "lab", "name": "fit", "facets": {
		"sourceCodeLocation": {"_producer": "p:x", "_schemaURL": "s:x", "type": "git", "url": "https://example.org/fit.git", "version": "abc"}}},
	"inputs": [{"namespace": "file", "name": "/data/AP.csv", "facets": {
		"symlinks": {"_producer": "p:x", "_schemaURL": "s:x", "identifiers": [{"namespace": "wellspring", "name": "plate:AP-0001", "type": "TABLE"}]}}}],
	"outputs": [{"namespace": "lab", "name": "curves", "facets": {"version": {"_producer": "p:x", "_schemaURL": "s:x", "datasetVersion": "7"}}}]
}`

func TestDecodeJobEvent(t *testing.T) {
	got, err := bench.DecodeJobEvent([]byte(runEvent), bench.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := bench.JobEvent{
		Type: "COMPLETE", At: time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC), Run: "0199c0de-0000-7000-8000-000000000001",
		Namespace: "lab", Job: "fit", Producer: "https://example.org/fit/1.4", Parent: "0199c0de-0000-7000-8000-000000000002",
		Code: "https://example.org/fit.git@abc", Error: "no convergence",
		Inputs:  []bench.Dataset{{Namespace: "file", Name: "/data/AP.csv"}, {Namespace: "wellspring", Name: "plate:AP-0001"}},
		Outputs: []bench.Dataset{{Namespace: "lab", Name: "curves", Version: "7"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	kind, run, err := bench.Detect([]byte(runEvent), bench.Limits{})
	if err != nil || kind != bench.KindJob || run != want.Run {
		t.Errorf("detected as %q of %q, %v", kind, run, err)
	}
}

func TestDecodeJobEventRefuses(t *testing.T) {
	for place, event := range map[string]string{
		"eventType":           strings.Replace(runEvent, `"COMPLETE"`, `"DONE"`, 1),
		"eventTime":           strings.Replace(runEvent, "+01:00", "", 1),
		"run.runId":           strings.Replace(runEvent, "0199C0DE-", "", 1),
		"job.name":            strings.Replace(runEvent, `"name": "fit"`, `"title": "fit"`, 1),
		"producer":            strings.Replace(runEvent, "https://example.org/fit/1.4", "fit", 1),
		"outputs[0].name":     strings.Replace(runEvent, `"name": "curves"`, `"title": "curves"`, 1),
		"run.facets.parent":   strings.Replace(runEvent, `"parent": {"_producer": "p:x",`, `"parent": {`, 1),
		"inputs[0].namespace": strings.Replace(runEvent, `"namespace": "file"`, `"space": "file"`, 1),
		"run":                 `{"eventTime": "2026-11-23T16:00:00Z", "producer": "p:x", "dataset": {"namespace": "a", "name": "b"}}`,
	} {
		_, err := bench.DecodeJobEvent([]byte(event), bench.Limits{})
		if lineage.KindOf(err) != lineage.ErrorInvalid || !strings.Contains(err.Error(), place) {
			t.Errorf("%s: %v", place, err)
		}
	}
}
