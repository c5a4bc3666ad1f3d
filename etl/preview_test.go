package etl_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/etl"
	"wellspring/graphstore"
	"wellspring/ingest"
	"wellspring/lineage"
)

// A preview says what taking the manifest then does, also downstream, and
// changes nothing itself.
func TestPreview(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	l.tell(byHand("a", 0, fill("P-0001/A1", "LOT-1", 100)))
	l.tell(byHand("b", 30, fill("P-0002/A1", "LOT-2", 30), transfer("P-0001/A1", "P-0002/A1", 10)))
	l.tell(byHand("c", 60, transfer("P-0002/A1", "P-0003/A1", 10)))
	manifest := []byte(`{"by": "bob", "reason": "pipette out of calibration", "at": "2026-03-02T08:00:00Z",
		"declarations": [{"run": "a", "labware": "P-0001", "well": "A1", "lot": "LOT-9"},
			{"run": "b", "command": "` + l.command("b", "aspirate", "P-0001/A1") + `", "volume_ul": 30},
			{"run": "b", "command": "` + l.command("b", "dispense", "P-0002/A1") + `", "volume_ul": 30}]}`)
	runs := []lineage.Owner{"run:a", "run:b", "run:c"}
	before := map[lineage.Owner]lineage.Projection{}
	for _, run := range runs {
		before[run] = l.owned(run)
	}

	preview, err := l.pipeline.Preview(t.Context(), manifest)
	if err != nil {
		t.Fatal(err)
	}
	if preview.Declarations != 3 || preview.Duplicate || preview.Truncated {
		t.Errorf("the preview is %+v", preview)
	}
	for _, run := range runs {
		if diff := cmp.Diff(before[run], l.owned(run)); diff != "" {
			t.Fatalf("the preview changed %s:\n%s", run, diff)
		}
	}
	foretold := map[lineage.Owner]etl.OwnerChange{}
	for _, change := range preview.Changes {
		foretold[change.Owner] = change
	}
	filled := foretold["run:a"].Facts
	if !slices.ContainsFunc(filled, func(f etl.Fact) bool { return f.Change == "added" && f.Source.Name == "LOT-9" }) ||
		!slices.ContainsFunc(filled, func(f etl.Fact) bool { return f.Change == "retracted" && f.Source.Name == "LOT-1" }) {
		t.Errorf("who filled the well: %+v", filled)
	}
	if len(foretold["run:c"].Contents) == 0 {
		t.Errorf("run c is downstream of the corrected volume: %+v", foretold["run:c"])
	}

	sent := document(ingest.TypeManifest, string(preview.Owner), manifest)
	l.tell(sent)
	for owner, change := range foretold {
		if done := l.changed(before[owner], l.owned(owner)); done != change.Applied {
			t.Errorf("%s: foretold %+v, done %+v", owner, change.Applied, done)
		}
	}
	again, err := l.pipeline.Preview(t.Context(), manifest)
	if err != nil || !again.Duplicate || len(again.Changes) != 0 {
		t.Errorf("a manifest that was taken would change %+v (%v)", again, err)
	}
}

// changed counts how an owner's part of the graph changed.
func (l *lab) changed(before, after lineage.Projection) lineage.Applied {
	l.t.Helper()
	held := graphstore.Manifest{Nodes: map[lineage.ID]lineage.Hash{}, Edges: map[lineage.EdgeKey]lineage.Hash{}}
	var err error
	for _, n := range before.Nodes {
		if held.Nodes[n.ID], err = n.ContentHash(); err != nil {
			l.t.Fatal(err)
		}
	}
	for _, e := range before.Edges {
		if held.Edges[e.Key()], err = e.ContentHash(); err != nil {
			l.t.Fatal(err)
		}
	}
	differences, err := graphstore.Diff(held, after)
	if err != nil {
		l.t.Fatal(err)
	}
	return differences.Applied()
}

func TestPreviewOfWhatFitsNothing(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	l.tell(byHand("a", 0, fill("P-0001/A1", "LOT-1", 100)))
	preview, err := l.pipeline.Preview(t.Context(), []byte("run,labware,well,lot\na,nowhere,A1,LOT-9\nunheard-of,1,A1,LOT-9\n"))
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, change := range preview.Changes {
		for _, finding := range change.Findings {
			kinds = append(kinds, string(change.Owner)+" "+finding.Kind)
		}
	}
	if diff := cmp.Diff([]string{"run:a declaration-unmatched"}, kinds); diff != "" {
		t.Errorf("new findings (-want +got):\n%s", diff)
	}
	if _, err := l.pipeline.Preview(t.Context(), []byte("run,labware,well,lot\na,,A1,LOT-9\n")); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("a wrong row: %v", err)
	}
	if text, err := json.Marshal(preview); err != nil || !json.Valid(text) {
		t.Errorf("it can't be written: %v", err)
	}
}
