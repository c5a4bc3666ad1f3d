package notify

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/etl"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// run is what a processing made of a run, for short.
type run struct {
	status     string
	kinds      []string // of findings
	content    string   // JSON of the findings
	incomplete []string
	volume     float64 // what its well holds
	others     bool    // nothing of its own is new
	replaced   bool    // something in the graph was
}

func (r run) ending() etl.Ending {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	p := &lineage.Projection{Owner: "run:r", Nodes: []lineage.Node{
		{ID: lineage.NewID(lineage.KindWellState, "s"), Kind: lineage.KindWellState, Attributes: lineage.Attributes{"volumeUl": r.volume}},
		{ID: lineage.RunID("r"), Kind: lineage.KindRun, Name: "Dilution", Attributes: lineage.Attributes{
			"run": "r", "status": r.status, "complete": r.incomplete == nil, "incomplete": r.incomplete, "commands": 7.0}},
		{ID: lineage.NewID(lineage.KindDataset, "f"), Kind: lineage.KindDataset, Attributes: lineage.Attributes{
			"what": "findings", "kinds": r.kinds, "content": r.content, "truncated": r.content == ""}},
	}}
	e := etl.Ending{Processing: etl.Processing{Owner: p.Owner}, Projection: p, KnownAt: at, SaidAt: at}
	if r.others {
		e.SaidAt, e.Others = time.Time{}, true
	}
	if r.replaced {
		e.Processing.Applied.NodesChanged = 1
	}
	return e
}

// tellings are what is told of one run in the course of its processings.
func tellings(steps ...run) (all [][]string) {
	var before *told
	for _, step := range steps {
		after, drafts := news(before, step.ending())
		before = &after
		var kinds []string
		for _, d := range drafts {
			kind := string(d.kind)
			switch data := d.data.(type) {
			case FindingData:
				kind += " " + data.Finding + " " + data.Severity
			case ResultData:
				kind += " " + data.Cause
			}
			kinds = append(kinds, kind)
		}
		all = append(all, kinds)
	}
	return all
}

func TestNewsOfARun(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []run
		want  [][]string
	}{
		{"it ends once", []run{{status: "running"}, {status: "succeeded"}, {status: "succeeded"}}, [][]string{nil, {"run.ended"}, nil}},
		{"it is stopped", []run{{status: "stopped"}}, [][]string{{"run.ended"}}},
		{"it fails", []run{{status: "running"}, {status: "failed"}}, [][]string{nil, {"run.failed"}}},
		{"an error is told at once, a warning at the end, what is only worth knowing never",
			[]run{{status: "running", kinds: []string{"command-failed", "undeclared-liquid", "unused-liquid"}}, {status: "failed", kinds: []string{"command-failed", "undeclared-liquid", "unused-liquid"}}},
			[][]string{{"finding command-failed error"}, {"finding undeclared-liquid warning", "run.failed"}}},
		{"a doubt that resolves itself is never told", []run{{status: "running", kinds: []string{"commands-missing"}}, {status: "succeeded"}}, [][]string{nil, {"run.ended"}}},
		{"a finding that comes back is told again", []run{{status: "succeeded", kinds: []string{"overflow"}}, {status: "succeeded"}, {status: "succeeded", kinds: []string{"overflow"}}},
			[][]string{{"finding overflow error", "run.ended"}, nil, {"finding overflow error"}}},
		{"the rest of its own record is no correction",
			[]run{{status: "succeeded", volume: 1, incomplete: []string{"commands-missing"}}, {status: "succeeded", volume: 2}, {status: "succeeded", volume: 3}},
			[][]string{{"run.ended"}, nil, {"result.changed record"}}},
		{"what others say changes it", []run{{status: "succeeded", volume: 1}, {status: "succeeded", volume: 2, others: true}, {status: "succeeded", volume: 2, others: true}},
			[][]string{{"run.ended"}, {"result.changed others"}, nil}},
		{"of an old run only what changes is told", []run{{status: "succeeded", kinds: []string{"overflow"}, others: true}, {status: "succeeded", kinds: []string{"overflow"}, others: true, volume: 1}},
			[][]string{{"run.ended"}, {"result.changed others"}}}, // at no time: whoever is told is younger
		{"of an old run, though nobody wrote down what it was", []run{{status: "succeeded", others: true, replaced: true}}, [][]string{{"run.ended", "result.changed others"}}},
	} {
		if diff := cmp.Diff(c.want, tellings(c.steps...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestWhatANoticeSays(t *testing.T) {
	_, drafts := news(nil, run{status: "failed", kinds: []string{"overflow"}, incomplete: []string{"undeclared-liquid"},
		content: `[{"kind":"overflow","labware":"p","well":"A1","missing":2},{"kind":"overflow","labware":"p","well":"A2"},{"kind":"other"}]`}.ending())
	want := []any{
		FindingData{Run: "r", Name: "Dilution", Finding: "overflow", Severity: "error", Total: 2,
			Places: []Place{{Labware: "p", Well: "A1", Missing: 2}, {Labware: "p", Well: "A2"}}},
		RunData{Run: "r", Name: "Dilution", Status: "failed", Commands: 7, Incomplete: []string{"undeclared-liquid"}},
	}
	got := []any{drafts[0].data, drafts[1].data}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A list that was too long to be kept: nobody knows how many.
	_, drafts = news(nil, run{status: "failed", kinds: []string{"overflow"}}.ending())
	if d := drafts[0].data.(FindingData); d.Total != 0 || len(d.Places) != 0 {
		t.Errorf("%+v", d)
	}
	// A damaged record names nobody.
	if d := died(journal.DeadLetter{ID: "7", Stage: "extract"}); d.subject != "deadletter:7" {
		t.Errorf("%+v", d)
	}
}

// The id of a notice is that of what it says.
func TestIDs(t *testing.T) {
	ids := func(r run) (all []string) {
		_, drafts := news(nil, r.ending())
		for _, d := range drafts {
			all = append(all, d.id)
		}
		return all
	}
	once, again, other := ids(run{status: "failed"}), ids(run{status: "failed"}), ids(run{status: "succeeded"})
	if once[0] != again[0] || once[0] == other[0] {
		t.Errorf("ids %v, %v, %v", once, again, other)
	}
}
