package notify

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/bench"
	"wellspring/etl"
	"wellspring/lineage"
)

// Our own processing is said as the specification wants it, and as we ourselves
// would take it from another.
func TestProcessingAsOpenLineage(t *testing.T) {
	began, ended := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), time.Date(2026, 3, 1, 9, 0, 2, 0, time.UTC)
	const run = "0199c0de-0000-4000-8000-000000000001"
	e := etl.Ending{
		Processing: etl.Processing{ID: run, Owner: "measurement:abc", Status: etl.Done, StartedAt: began, EndedAt: &ended},
		Projection: &lineage.Projection{Owner: "measurement:abc", Nodes: []lineage.Node{
			{Kind: lineage.KindDataset, Attributes: lineage.Attributes{"namespace": "wellspring", "dataset": "reading:r1"}},
			{Kind: lineage.KindDataset, Attributes: lineage.Attributes{"namespace": "wellspring", "dataset": "plate:AP-0001"}},
			{Kind: lineage.KindDataset, Attributes: lineage.Attributes{"what": "values"}},
		}},
	}
	read := func(e etl.Ending) (all []bench.JobEvent) {
		t.Helper()
		drafts, err := processed(e, "1.0 (abc)")
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range drafts {
			event, err := bench.DecodeJobEvent(d.body, bench.DefaultLimits())
			if err != nil {
				t.Fatalf("%v in %s", err, d.body)
			}
			all = append(all, event)
		}
		return all
	}
	want := bench.JobEvent{
		Type: "START", At: began, Run: run, Namespace: "wellspring", Job: "process measurement", Producer: "urn:wellspring:1.0%20%28abc%29",
		Inputs:  []bench.Dataset{{Namespace: "wellspring", Name: "journal:measurement:abc"}},
		Outputs: []bench.Dataset{{Namespace: "wellspring", Name: "measurement:abc"}, {Namespace: "wellspring", Name: "plate:AP-0001"}, {Namespace: "wellspring", Name: "reading:r1"}},
	}
	end := want
	end.Type, end.At = "COMPLETE", ended
	if diff := cmp.Diff([]bench.JobEvent{want, end}, read(e)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	e.Processing.Status, e.Processing.Error, e.Projection = etl.Failed, "the disk is full", nil
	failed := end
	failed.Type, failed.Error, failed.Outputs = "FAIL", "the disk is full", nil
	if diff := cmp.Diff(failed, read(e)[1]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Two services that tell each other come to an end.
	e.Processing.Owner = "job:" + run
	if got := read(e); got != nil {
		t.Errorf("what came as OpenLineage goes out as %v", got)
	}
}
