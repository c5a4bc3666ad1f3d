package etl_test

import (
	"fmt"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"pgregory.net/rapid"

	"wellspring/ingest"
	"wellspring/lineage"
)

// document is an envelope of a kind and an owner.
func document(kind, owner string, text []byte) ingest.Envelope {
	event := cloudevents.New()
	event.SetID(owner)
	event.SetSource("/test")
	event.SetType(kind)
	event.SetSubject(owner)
	if err := event.SetData(cloudevents.ApplicationJSON, text); err != nil {
		panic(err)
	}
	return ingest.Envelope{Event: event, Observed: written, Hash: owner, Door: "test"}
}

// The two runs of the assay share the dilution plate DP-0001.
const (
	stockRun = "6f6ea665-d740-47bb-9399-fba49ea8c402"
	assayRun = "5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab"
)

// story is everything that is known of the assay.
func story(t testing.TB) map[string]ingest.Envelope {
	return map[string]ingest.Envelope{
		"stock": document(ingest.TypeRun, "run:"+stockRun, example(t, "runs/stock_dilution.json")),
		"assay": document(ingest.TypeRun, "run:"+assayRun, example(t, "runs/assay_plate.json")),
		"plan":  document(ingest.TypePlan, "plan:500ae3ab-f869-4bfd-a13f-f7cffeade3b5", example(t, "analyses/assay_plate.json")),
		"manifest": document(ingest.TypeManifest, "manifest:1", []byte(`{"by": "ada", "at": "2026-11-23T08:00:00Z", "declarations": [
			{"run": "`+stockRun+`", "liquid": "BSA standard 2 mg/mL", "lot": "BSA-0457", "concentration": 2, "unit": "mg/mL", "expires": "2027-01-31"},
			{"run": "`+stockRun+`", "labware": "TR-0001", "well": "B1", "sample": "LY-0001"},
			{"plate": "TR-0001", "well": "C1", "sample": "LY-0002"}
		]}`)),
		"correction": document(ingest.TypeManifest, "manifest:2", []byte(`{"by": "bob", "reason": "misread the label", "at": "2026-11-24T08:00:00Z", "declarations": [
			{"run": "`+stockRun+`", "liquid": "BSA standard 2 mg/mL", "lot": "BSA-0460"}
		]}`)),
		"reading": document(ingest.TypeReading, "measurement:1", []byte(
			"plate,well,read_at,absorbance\n"+
				"AP-0001,A1,2026-11-23T13:53:40Z,0.75\n"+
				"DP-0001,A1,2026-11-23T10:53:40Z,0.25\n"+
				"XX-9999,A1,2026-11-23T13:53:40Z,0.5\n")),
		"experiments": document(ingest.TypeManifest, "manifest:3", []byte(`{"by": "ada", "at": "2026-11-23T08:30:00Z", "declarations": [
			{"run": "`+stockRun+`", "experiment": "EXP-1", "experiment_title": "Stocks"},
			{"run": "`+assayRun+`", "slot": "2", "experiment": "EXP-2"},
			{"plate": "DP-0001", "experiment": "0B0C5F3E-8C1C-4B7A-9A39-0C5E3D6D9B10", "experiment_title": "Dilutions"},
			{"reading": "measurement:1", "experiment": "EXP-1"}
		]}`)),
		"moved": document(ingest.TypeManifest, "manifest:4", []byte(`{"by": "bob", "reason": "another experiment", "at": "2026-11-24T09:00:00Z", "declarations": [
			{"run": "`+stockRun+`", "experiment": "EXP-3"},
			{"plate": "DP-0001", "experiment": "0b0c5f3e-8c1c-4b7a-9a39-0c5e3d6d9b10", "withdrawn": true}
		]}`)),
	}
}

// tell brings envelopes in and waits until all is derived.
func (l *lab) tell(envelopes ...ingest.Envelope) {
	l.t.Helper()
	if _, err := l.journal.Append(l.t.Context(), envelopes...); err != nil {
		l.t.Fatal(err)
	}
	l.quiet()
}

func (l *lab) quiet() {
	l.t.Helper()
	if err := l.pipeline.Quiet(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	if letters := l.letters(); len(letters) > 0 {
		l.t.Fatalf("a dead letter: %s: %s", letters[0].Stage, letters[0].Error)
	}
}

// parts are the current parts of the graph of all owners in the story.
func (l *lab) parts(envelopes map[string]ingest.Envelope) map[string]lineage.Projection {
	l.t.Helper()
	parts := map[string]lineage.Projection{}
	for name, e := range envelopes {
		parts[name] = l.owned(lineage.Owner(e.Event.Subject()))
	}
	return parts
}

func edges(p lineage.Projection, typ lineage.RelationshipType, fits func(lineage.Edge) bool) (n int) {
	for _, e := range p.Edges {
		if e.RelationshipType == typ && fits(e) {
			n++
		}
	}
	return n
}

func TestAPlateIsKnownAgainInTheNextRun(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	all := story(t)
	l.tell(all["assay"]) // the later one first
	l.tell(all["stock"])
	stock, assay := l.owned(lineage.RunOwner(stockRun)), l.owned(lineage.RunOwner(assayRun))
	states := map[lineage.ID]bool{}
	for _, n := range stock.Nodes {
		if n.Kind == lineage.KindWellState {
			states[n.ID] = true
		}
	}
	if n := edges(assay, lineage.DerivedFrom, func(e lineage.Edge) bool { return states[e.SourceID] }); n == 0 {
		t.Error("no state of the assay is derived from the dilution plate's states in the run before")
	}
	plate := lineage.PhysicalLabwareID("DP-0001")
	for _, p := range []lineage.Projection{stock, assay} {
		if n := edges(p, lineage.Used, func(e lineage.Edge) bool { return e.SourceID == plate }); n != 1 {
			t.Errorf("%s used DP-0001 %d times, want once", p.Owner, n)
		}
	}
}

func TestWhatWasDeclaredHangsOnTheFirstStates(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	all := story(t)
	l.tell(all["stock"])
	l.tell(all["manifest"])
	stock := l.owned(lineage.RunOwner(stockRun))
	count := func(id lineage.ID) int {
		return edges(l.owned(lineage.RunOwner(stockRun)), lineage.DerivedFrom, func(e lineage.Edge) bool { return e.SourceID == id })
	}
	for name, id := range map[string]lineage.ID{"lot": lineage.LotID("BSA-0457"), "sample by run": lineage.SampleID("LY-0001"), "sample by barcode": lineage.SampleID("LY-0002")} {
		if count(id) != 1 {
			t.Errorf("%s: %d first states, want 1", name, count(id))
		}
	}
	l.tell(all["correction"])
	if was, is := count(lineage.LotID("BSA-0457")), count(lineage.LotID("BSA-0460")); was != 0 || is != 1 {
		t.Errorf("after the correction: %d of the old lot, %d of the new, want 0 and 1", was, is)
	}
	changed := 0
	for _, n := range l.owned(lineage.RunOwner(stockRun)).Nodes {
		for _, old := range stock.Nodes {
			if n.Kind == lineage.KindWellState && old.ID == n.ID && !old.CreatedAt.Equal(n.CreatedAt) {
				changed++
			}
		}
	}
	if changed != 0 {
		t.Errorf("the correction touched %d states, want none", changed)
	}
}

func TestAReadingJoinsTheStateOfItsTime(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	all := story(t)
	l.tell(all["reading"])
	l.tell(all["assay"])
	l.tell(all["stock"])
	reading := l.owned("measurement:1")
	var from []lineage.ID
	for _, e := range reading.Edges {
		if e.RelationshipType == lineage.MeasuredFrom {
			from = append(from, e.SourceID)
		}
	}
	nodes, err := l.store.Nodes(t.Context(), from, time.Time{})
	if err != nil || len(nodes) != 2 {
		t.Fatalf("%d states measured, %v, want two: of the assay plate, and of the dilution plate before the assay", len(nodes), err)
	}
	runs := map[any]bool{}
	for _, n := range nodes {
		runs[n.Attributes[lineage.AttrRun]] = true
	}
	if !runs[stockRun] || !runs[assayRun] {
		t.Errorf("states of %v, want one of each run", runs)
	}
	for _, n := range reading.Nodes {
		if n.Attributes["what"] == "findings" && n.Attributes["total"] != 1.0 {
			t.Errorf("findings %v, want one about the plate that nobody knows", n.Attributes["content"])
		}
	}
}

func TestARunFindsItsPlan(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	all := story(t)
	l.tell(all["assay"])
	l.tell(all["plan"])
	if n := edges(l.owned(lineage.RunOwner(assayRun)), lineage.PlannedBy, func(lineage.Edge) bool { return true }); n != 1 {
		t.Errorf("%d plans, want 1", n)
	}
}

// Whatever order the lab's documents come in, the graph is one.
func TestAnyOrderOfTheStoryEndsInTheSameGraph(t *testing.T) {
	all := story(t)
	names := []string{"stock", "assay", "plan", "manifest", "correction", "reading", "experiments", "moved"}
	clean := newLab(t, nil)
	clean.start()
	for _, name := range names {
		clean.tell(all[name])
	}
	want := clean.parts(all)
	rapid.Check(t, func(rt *rapid.T) {
		order := append([]string(nil), names...)
		shuffle(rt, order)
		l := openLab(t, nil)
		defer l.close()
		l.start()
		for _, name := range order {
			if _, err := l.journal.Append(t.Context(), all[name]); err != nil {
				rt.Fatal(err)
			}
			switch rapid.IntRange(0, 3).Draw(rt, "then") {
			case 0:
				l.restart()
			case 1:
				l.quiet()
			}
		}
		l.quiet()
		got := l.parts(all)
		for _, name := range names {
			same(rt, want[name], got[name])
		}
		if rt.Failed() {
			rt.Log(fmt.Sprint(order))
		}
	})
}
