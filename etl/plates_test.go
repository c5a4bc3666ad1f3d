package etl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"wellspring/ingest"
	"wellspring/lineage"
	"wellspring/query"
)

// byHand is a run by hand: steps at a minute of the day, as JSON.
func byHand(id string, minute int, steps ...string) ingest.Envelope {
	return document(ingest.TypeSteps, "run:"+id, []byte(fmt.Sprintf(`{"id": %q, "by": "ada", "started_at": %q, "steps": [%s]}`,
		id, written.Add(time.Duration(minute)*time.Minute).Format(time.RFC3339), strings.Join(steps, ","))))
}

func fill(well, lot string, volume float64) string {
	return fmt.Sprintf(`{"do": "fill", "to": %q, "lot": %q, "volume_ul": %g}`, well, lot, volume)
}

func transfer(from, to string, volume float64) string {
	return fmt.Sprintf(`{"do": "transfer", "from": %q, "to": %q, "volume_ul": %g}`, from, to, volume)
}

// lots are the shares of each lot in the last state of a well in a run.
func (l *lab) lots(run, well string) map[string]float64 {
	l.t.Helper()
	labware, name, _ := strings.Cut(well, "/")
	shares := map[string]float64{}
	for _, n := range l.owned(lineage.RunOwner(run)).Nodes {
		if n.Kind != lineage.KindWellState || n.Attributes["labware"] != labware || n.Attributes["well"] != name || n.Attributes["last"] != true {
			continue
		}
		ids, _ := n.Attributes[lineage.AttrOriginIDs].([]string)
		fractions, _ := n.Attributes[lineage.AttrOriginFractions].([]float64)
		for i, text := range ids {
			id, err := uuid.Parse(text)
			if err != nil {
				l.t.Fatal(err)
			}
			edges, _, err := l.store.Edges(l.t.Context(), id, 1000, time.Time{})
			if err != nil {
				l.t.Fatal(err)
			}
			for _, e := range edges {
				if e.TargetID != id || e.RelationshipType != lineage.DerivedFrom || e.Attributes["declaredIn"] == nil {
					continue
				}
				nodes, err := l.store.Nodes(l.t.Context(), []lineage.ID{e.SourceID}, time.Time{})
				if err != nil {
					l.t.Fatal(err)
				}
				shares[nodes[0].Name] += fractions[i]
			}
		}
	}
	return shares
}

// findings are the kinds of findings of a run.
func (l *lab) findings(run string) []string {
	l.t.Helper()
	for _, n := range l.owned(lineage.RunOwner(run)).Nodes {
		if n.Attributes["what"] == "findings" {
			kinds, _ := n.Attributes["kinds"].([]string)
			return kinds
		}
	}
	return nil
}

func TestLiquidGoesFromRunToRun(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	// Told backwards: each run is derived again when the one before it comes.
	l.tell(byHand("c", 60, transfer("P-0002/A1", "P-0003/A1", 10)))
	l.tell(byHand("b", 30, fill("P-0002/A1", "LOT-2", 30), transfer("P-0001/A1", "P-0002/A1", 10)))
	l.tell(byHand("a", 0, fill("P-0001/A1", "LOT-1", 100)))
	if diff := cmp.Diff(map[string]float64{"LOT-1": 0.25, "LOT-2": 0.75}, l.lots("c", "P-0003/A1")); diff != "" {
		t.Errorf("the last well (-want +got):\n%s", diff)
	}
	l.tell(document(ingest.TypeManifest, "manifest:1", []byte(`{"by": "bob", "reason": "pipette out of calibration", "at": "2026-03-02T08:00:00Z",
		"declarations": [{"run": "b", "command": "`+l.command("b", "aspirate", "P-0001/A1")+`", "volume_ul": 30},
			{"run": "b", "command": "`+l.command("b", "dispense", "P-0002/A1")+`", "volume_ul": 30}]}`)))
	if diff := cmp.Diff(map[string]float64{"LOT-1": 0.5, "LOT-2": 0.5}, l.lots("c", "P-0003/A1")); diff != "" {
		t.Errorf("the last well after the correction (-want +got):\n%s", diff)
	}
}

// reasons say why the last state of a well in a run is incomplete.
func (l *lab) reasons(run, well string) []string {
	l.t.Helper()
	labware, name, _ := strings.Cut(well, "/")
	for _, n := range l.owned(lineage.RunOwner(run)).Nodes {
		if n.Kind == lineage.KindWellState && n.Attributes["labware"] == labware && n.Attributes["well"] == name && n.Attributes["last"] == true {
			incomplete, _ := n.Attributes[lineage.AttrIncomplete].([]string)
			return incomplete
		}
	}
	l.t.Fatalf("run %s has nothing in %s", run, well)
	return nil
}

// What a later run finds short was short before: whatever an earlier run drew from
// it is incomplete, until a correction says that nothing was lacking.
func TestAWellFoundShortByALaterRun(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	a := byHand("a", 0, fill("P-0001/A1", "LOT-1", 50), transfer("P-0001/A1", "P-0002/A1", 20))
	b := byHand("b", 30, transfer("P-0002/A1", "P-0004/A1", 5), transfer("P-0001/A1", "P-0004/B1", 5))
	c := byHand("c", 60, transfer("P-0001/A1", "P-0003/A1", 60))
	l.tell(a, b)
	if got := l.reasons("a", "P-0002/A1"); len(got) > 0 {
		t.Fatalf("before anything was found short: %v", got)
	}
	l.tell(c)
	for place, run := range map[string]string{"P-0002/A1": "a", "P-0004/A1": "b", "P-0004/B1": "b"} {
		if got := l.reasons(run, place); !slices.Contains(got, "source-short-later") {
			t.Errorf("%s of run %s: %v, want source-short-later", place, run, got)
		}
	}
	state := l.owned(lineage.RunOwner("b")).Nodes
	state = slices.DeleteFunc(state, func(n lineage.Node) bool {
		return n.Kind != lineage.KindWellState || n.Attributes["labware"] != "P-0004"
	})
	answer, err := query.New(l.store).Trace(t.Context(), query.Ask{Roots: []lineage.ID{state[0].ID}, Direction: lineage.Upstream})
	if err != nil || answer.Complete || !slices.Contains(answer.Reasons, "source-short-later") {
		t.Errorf("the ancestry of run b's content: complete %v by %v, %v", answer.Complete, answer.Reasons, err)
	}
	summary, err := query.New(l.store).Summarize(t.Context(), query.SummaryAsk{Selector: "lot:LOT-1"})
	if err != nil || summary.Complete || !slices.Contains(summary.Reasons, "source-short-later") {
		t.Errorf("the impact of LOT-1: complete %v by %v, %v", summary.Complete, summary.Reasons, err)
	}

	l.tell(document(ingest.TypeManifest, "manifest:1", []byte(`{"by": "bob", "reason": "misread", "at": "2026-03-02T08:00:00Z",
		"declarations": [{"run": "c", "command": "`+l.command("c", "aspirate", "P-0001/A1")+`", "volume_ul": 6},
			{"run": "c", "command": "`+l.command("c", "dispense", "P-0003/A1")+`", "volume_ul": 6}]}`)))
	for place, run := range map[string]string{"P-0002/A1": "a", "P-0004/A1": "b", "P-0004/B1": "b", "P-0003/A1": "c"} {
		if got := l.reasons(run, place); slices.Contains(got, "source-short-later") {
			t.Errorf("%s of run %s after the correction: %v", place, run, got)
		}
	}
}

// An emptied well keeps no reason that was its content's.
func TestWhatWasInAnEmptiedWellIsNoReason(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	l.tell(byHand("a", 0, transfer("P-0001/A1", "P-0002/A1", 20)), byHand("b", 30, fill("P-0001/A1", "LOT-1", 50), transfer("P-0001/A1", "P-0003/A1", 10)))
	if got := l.reasons("a", "P-0002/A1"); !slices.Contains(got, "undeclared-source") {
		t.Errorf("of the undeclared content: %v", got)
	}
	if got := l.reasons("b", "P-0003/A1"); len(got) > 0 {
		t.Errorf("of what was filled in afterwards: %v", got)
	}
}

// command is the first step of a type at a well.
func (l *lab) command(run, typ, well string) string {
	l.t.Helper()
	for _, node := range l.owned(lineage.RunOwner(run)).Nodes {
		places, _ := node.Attributes["places"].([]string)
		if node.Kind == lineage.KindStep && node.Attributes["type"] == typ && slices.Contains(places, well) {
			id, _ := node.Attributes["command"].(string)
			return id
		}
	}
	l.t.Fatalf("run %s has no %s at %s", run, typ, well)
	return ""
}

func TestTwoRunsThatHadOnePlateAtOneTime(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	during := func(id string, from, to int) ingest.Envelope {
		at := func(minute int) string { return written.Add(time.Duration(minute) * time.Minute).Format(time.RFC3339) }
		return document(ingest.TypeSteps, "run:"+id, []byte(fmt.Sprintf(`{"id": %q, "steps": [
			{"do": "fill", "to": "P-0001/A1", "lot": %q, "volume_ul": 10, "at": %q},
			{"do": "fill", "to": "P-0001/A2", "lot": %q, "volume_ul": 10, "at": %q}]}`, id, "LOT-"+id, at(from), "LOT-"+id, at(to))))
	}
	l.tell(during("a", 0, 30))
	if kinds := l.findings("a"); slices.Contains(kinds, "plate-claimed-twice") {
		t.Fatalf("findings of a run alone: %v", kinds)
	}
	l.tell(during("b", 15, 45))
	for _, run := range []string{"a", "b"} {
		if kinds := l.findings(run); !slices.Contains(kinds, "plate-claimed-twice") {
			t.Errorf("findings of %s: %v, want plate-claimed-twice", run, kinds)
		}
	}
	if diff := cmp.Diff(map[string]float64{"LOT-b": 1}, l.lots("b", "P-0001/A1")); diff != "" {
		t.Errorf("b inherits from a run that was not over (-want +got):\n%s", diff)
	}
}

// The index is made again from the journal when its file is gone.
func TestALostIndexIsMadeAgain(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	envelopes := map[string]ingest.Envelope{
		"b": byHand("b", 30, transfer("P-0001/A1", "P-0002/A1", 10)),
		"a": byHand("a", 0, fill("P-0001/A1", "LOT-1", 100)),
	}
	l.tell(envelopes["b"], envelopes["a"])
	want := l.parts(envelopes)
	l.halt()
	if err := l.states.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"state.db", "state.db-wal", "state.db-shm"} {
		if err := os.Remove(filepath.Join(l.dir, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	l.openStates()
	l.build()
	l.start()
	l.quiet()
	got := l.parts(envelopes)
	for name := range envelopes {
		same(t, want[name], got[name])
	}
	c := byHand("c", 60, transfer("P-0001/A1", "P-0003/A1", 10))
	l.tell(c)
	if diff := cmp.Diff(map[string]float64{"LOT-1": 1}, l.lots("c", "P-0003/A1")); diff != "" {
		t.Errorf("a run after the loss (-want +got):\n%s", diff)
	}
}

func TestWhatMightBeTheSamePlateIsSuggestedOnly(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	anonymous := func(id, source string) ingest.Envelope {
		text := strings.ReplaceAll(string(example(t, "runs/"+source+".json")), " [DP-0001]", "")
		return document(ingest.TypeRun, "run:"+id, []byte(text))
	}
	l.tell(anonymous(stockRun, "stock_dilution"), anonymous(assayRun, "assay_plate"))
	candidates, err := l.states.Bench().Candidates(t.Context(), assayRun)
	if err != nil {
		t.Fatal(err)
	}
	if len(candidates) == 0 || candidates[0].EarlierRun != stockRun || candidates[0].Slot != "1" {
		t.Errorf("candidates %+v, want the dilution plate in slot 1 of the run before", candidates)
	}
	if n := edges(l.owned(lineage.RunOwner(assayRun)), lineage.Used, func(e lineage.Edge) bool { return e.SourceID == lineage.PhysicalLabwareID("DP-0001") }); n != 0 {
		t.Error("it was taken for the same plate, and nobody said so")
	}
}

// However the histories of several plates over several runs arrive, with what is
// declared about them, the graph is one.
func TestAnyOrderOfDependentRunsEndsInTheSameGraph(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		wells := []string{"P-0001/A1", "P-0001/A2", "P-0002/A1", "P-0003/A1"}
		all := map[string]ingest.Envelope{}
		for i := range rapid.IntRange(2, 5).Draw(rt, "runs") {
			id := string(rune('a' + i))
			var steps []string
			for range rapid.IntRange(1, 3).Draw(rt, "steps") {
				to := rapid.SampledFrom(wells).Draw(rt, "to")
				from := rapid.SampledFrom(wells).Draw(rt, "from")
				if from == to {
					steps = append(steps, fill(to, "LOT-"+id, 50))
				} else {
					steps = append(steps, transfer(from, to, 10))
				}
			}
			all[id] = byHand(id, 30*i, steps...)
		}
		all["manifest"] = document(ingest.TypeManifest, "manifest:1", []byte(
			`{"at": "2026-03-02T08:00:00Z", "declarations": [{"plate": "P-0001", "well": "A2", "sample": "S-1"}]}`))
		all["correction"] = document(ingest.TypeManifest, "manifest:2", []byte(
			`{"at": "2026-03-03T08:00:00Z", "declarations": [{"plate": "P-0001", "well": "A2", "sample": "S-2"}, {"run": "b", "labware": "P-0003", "barcode": "P-0009"}]}`))
		all["volume"] = document(ingest.TypeManifest, "manifest:3", []byte(
			`{"at": "2026-03-03T09:00:00Z", "declarations": [{"plate": "P-0002", "experiment": "EXP-1"}, {"run": "a", "experiment": "EXP-1"},
				{"run": "a", "command": "`+rapid.SampledFrom([]string{"#0/0/aspirate", "#0/0/dispense", "#0/0/loadLiquid", "#0/1/aspirate"}).Draw(rt, "command")+`", "volume_ul": 35}]}`))
		all["reading"] = document(ingest.TypeReading, "measurement:1", []byte(
			"plate,well,read_at,absorbance\nP-0001,A1,2026-03-01T09:10:00Z,0.75\nP-0001,A2,2026-03-01T23:00:00Z,0.5\nP-0009,A1,2026-03-01T23:00:00Z,0.25\n"))
		names := make([]string, 0, len(all))
		for name := range all {
			names = append(names, name)
		}
		slices.Sort(names)
		var want map[string]lineage.Projection
		for range 2 {
			l := openLab(t, nil)
			l.start()
			for _, name := range names {
				if _, err := l.journal.Append(t.Context(), all[name]); err != nil {
					rt.Fatal(err)
				}
				if rapid.IntRange(0, 3).Draw(rt, "then") == 0 {
					l.restart()
				}
			}
			l.quiet()
			got := l.parts(all)
			l.close()
			for name := range want {
				same(rt, want[name], got[name])
			}
			want = got
			shuffle(rt, names)
		}
	})
}
