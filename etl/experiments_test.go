package etl_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/ingest"
	"wellspring/lineage"
	"wellspring/query"
)

const dilutions = "0b0c5f3e-8c1c-4b7a-9a39-0c5e3d6d9b10"

// names are those of nodes, with their titles.
func names(nodes []lineage.Node) []string {
	found := []string{}
	for _, n := range nodes {
		name := n.Name
		if title, _ := n.Attributes["title"].(string); title != "" {
			name += ", " + title
		}
		found = append(found, name)
	}
	return found
}

// touched are the experiments that a thing touches.
func (l *lab) touched(selector string, asOf time.Time) []string {
	l.t.Helper()
	summary, err := query.New(l.store).Summarize(l.t.Context(), query.SummaryAsk{Selector: selector, AsOf: asOf})
	if err != nil {
		l.t.Fatal(err)
	}
	found := []string{}
	for _, e := range summary.Affected.Experiments {
		found = append(found, e.Name)
	}
	slices.Sort(found)
	return found
}

func TestWhatExperimentsALotTouches(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	all := story(t)
	l.tell(all["experiments"], all["stock"], all["assay"], all["reading"], all["manifest"])
	// The standard is in the stock run, in both plates, and in what was read.
	want := []string{dilutions + " (Dilutions)", "EXP-1 (Stocks)", "EXP-2"}
	if diff := cmp.Diff(want, l.touched("lot:BSA-0457", time.Time{})); diff != "" {
		t.Errorf("the standard touches (-want +got):\n%s", diff)
	}

	service := query.New(l.store)
	for _, selector := range []string{"experiment:EXP-1", "experiment:" + dilutions, lineage.ExperimentID("EXP-2").String(), dilutions} {
		node, err := service.Resolve(t.Context(), selector, time.Time{})
		if err != nil || node.Kind != lineage.KindExperiment {
			t.Errorf("%s: %s %s, %v", selector, node.Kind, node.Name, err)
		}
		start, err := service.Start(t.Context(), selector, query.Span{}, time.Time{})
		if err != nil || len(start.Roots) == 0 {
			t.Errorf("%s has %d contents, %v", selector, len(start.Roots), err)
		}
	}
	if _, err := service.Resolve(t.Context(), "experiment:EXP-9", time.Time{}); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("an experiment that nobody declared: %v", err)
	}

	before := l.now()
	l.tell(all["moved"])
	if diff := cmp.Diff([]string{"EXP-1", "EXP-2", "EXP-3"}, l.touched("lot:BSA-0457", time.Time{})); diff != "" {
		t.Errorf("after the correction (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, l.touched("lot:BSA-0457", before)); diff != "" {
		t.Errorf("as it was known before the correction (-want +got):\n%s", diff)
	}
	start, err := service.Start(t.Context(), "experiment:EXP-1", query.Span{}, before)
	if err != nil || len(start.Roots) < 2 {
		t.Errorf("EXP-1 had %d contents before the correction, %v", len(start.Roots), err)
	}
}

func TestAnAncestryNamesExperiments(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	all := story(t)
	l.tell(all["stock"], all["assay"], all["reading"], all["experiments"])
	service := query.New(l.store)
	for _, n := range l.owned("measurement:1").Nodes {
		if n.Kind != lineage.KindMeasurement {
			continue
		}
		answer, err := service.Trace(t.Context(), query.Ask{Roots: []lineage.ID{n.ID}, Direction: lineage.Upstream, Depth: lineage.MaxDepth})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]string{
			"AP-0001": {dilutions + ", Dilutions", "EXP-1, Stocks", "EXP-2"},
			"DP-0001": {dilutions + ", Dilutions", "EXP-1, Stocks"},
			"XX-9999": {"EXP-1"}, // of the reading alone
		}[n.Attributes["plate"].(string)]
		if diff := cmp.Diff(want, names(answer.Experiments)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", n.Name, diff)
		}
	}
}

// now is a time after all that the graph knows, and before whatever it hears next.
func (l *lab) now() time.Time {
	l.t.Helper()
	records, err := l.journal.Read(l.t.Context(), "", 1000)
	if err != nil || len(records) == 0 {
		l.t.Fatalf("%d records, %v", len(records), err)
	}
	return records[len(records)-1].AppendedAt
}

func TestWhatIsSaidOfAnExperimentMustFit(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	all := story(t)
	l.tell(all["stock"], document(ingest.TypeManifest, "manifest:9", []byte(`{"declarations": [{"run": "`+stockRun+`", "labware": "no such plate", "experiment": "EXP-1"}]}`)))
	if found := l.findings(stockRun); !slices.Contains(found, "declaration-unmatched") {
		t.Errorf("found %v, want a declaration that fits nothing", found)
	}
}

// What acted is expanded as it was known then: what came later is not among it.
func TestWhatARunMadeAsItWasKnown(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	l.tell(story(t)["stock"])
	before := l.now()
	software := ""
	for _, n := range l.owned(lineage.RunOwner(stockRun)).Nodes {
		if n.Kind == lineage.KindSoftware {
			software = "software:" + n.Attributes["version"].(string)
		}
	}
	other := "00000000-aaaa-4aaa-8aaa-000000000000"
	l.bring(edited(t, "runs/stock_dilution.json", func(document map[string]any, commands []map[string]any) []map[string]any {
		document["id"] = other
		return commands
	}))
	service := query.New(l.store)
	selectors := []string{"run:" + stockRun}
	if software != "" {
		selectors = append(selectors, software)
	}
	for _, n := range l.owned(lineage.RunOwner(stockRun)).Nodes {
		switch n.Kind {
		case lineage.KindProtocol:
			selectors = append(selectors, "protocol:"+n.Name)
		case lineage.KindRobot:
			selectors = append(selectors, "robot:"+n.Name)
		}
	}
	if len(selectors) < 2 {
		t.Fatal("the run has no actor that another could share")
	}
	for i, selector := range selectors {
		now, err := service.Start(t.Context(), selector, query.Span{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		then, err := service.Start(t.Context(), selector, query.Span{}, before)
		if err != nil {
			t.Fatal(err)
		}
		if shared := i > 0; len(then.Roots) == 0 || shared != (len(now.Roots) == 2*len(then.Roots)) || !shared && len(now.Roots) != len(then.Roots) {
			t.Errorf("%s made %d contents then, %d by now", selector, len(then.Roots), len(now.Roots))
		}
		if _, err := service.Start(t.Context(), selector, query.Span{}, before.Add(-time.Hour)); lineage.KindOf(err) != lineage.ErrorNotFound {
			t.Errorf("%s before anything was known: %v", selector, err)
		}
		summary, err := service.Summarize(t.Context(), query.SummaryAsk{Selector: selector, AsOf: before})
		if err != nil || summary.Affected.Counts.Runs != 1 || summary.Starts != len(then.Roots) {
			t.Errorf("%s touched %d runs then, from %d contents, %v", selector, summary.Affected.Counts.Runs, summary.Starts, err)
		}
	}
	if _, err := service.Start(t.Context(), "run:"+other, query.Span{}, before); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("the other run before it was known: %v", err)
	}
}
