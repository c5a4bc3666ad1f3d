package etl_test

import (
	"testing"
	"time"

	"wellspring/bench"
	"wellspring/etl/project"
	"wellspring/examples"
	"wellspring/lineage"
)

// TestAJobContinuesTheChain: what an analysis wrote derives from what was read of
// a plate, whichever of the two is heard of first.
func TestAJobContinuesTheChain(t *testing.T) {
	reading, err := examples.Files.ReadFile("plate-reader/AP-0001.csv")
	if err != nil {
		t.Fatal(err)
	}
	start := []byte(`{"eventType":"START","eventTime":"2026-11-23T15:00:00Z","producer":"https://example.org/fit","run":{"runId":"0199c0de-0000-7000-8000-000000000001"},"job":{"namespace":"lab","name":"fit"},"inputs":[{"namespace":"wellspring","name":"plate:AP-0001"}]}`)
	complete := []byte(`{"eventType":"COMPLETE","eventTime":"2026-11-23T15:01:00Z","producer":"https://example.org/fit","run":{"runId":"0199c0de-0000-7000-8000-000000000001"},"job":{"namespace":"lab","name":"fit"},"outputs":[{"namespace":"lab","name":"curves","facets":{"version":{"_producer":"p:x","_schemaURL":"s:x","datasetVersion":"7"}}}]}`)
	orders := [][][]byte{{reading, start, complete}, {complete, reading, start}, {start, complete, reading, complete}}
	for _, order := range orders {
		l := newLab(t, nil)
		l.start()
		for _, document := range order {
			if _, err := l.settle(l.take(document)); err != nil {
				t.Fatal(err)
			}
		}
		curves := project.HeardID(bench.Dataset{Namespace: "lab", Name: "curves"})
		graph, err := l.store.Traverse(t.Context(), lineage.Traversal{Roots: []lineage.ID{curves}, Direction: lineage.Upstream})
		if err != nil {
			t.Fatal(err)
		}
		measurements := 0
		for _, n := range graph.Nodes {
			if n.Kind == lineage.KindMeasurement {
				measurements++
			}
		}
		if measurements != 64 {
			t.Errorf("the curves rest on %d measurements, want 64", measurements)
		}
		job, err := l.store.Nodes(t.Context(), []lineage.ID{project.JobID("0199c0de-0000-7000-8000-000000000001")}, time.Time{})
		if err != nil || len(job) != 1 || job[0].Attributes["status"] != "complete" {
			t.Errorf("job: %+v, %v", job, err)
		}
		l.close()
	}
}
