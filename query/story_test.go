package query_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wellspring/etl"
	"wellspring/etl/statesqlite"
	"wellspring/examples"
	"wellspring/graphstore"
	graphsqlite "wellspring/graphstore/sqlite"
	"wellspring/ingest/intake"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/lineage"
	"wellspring/query"
)

// The runs of the examples' story.
const (
	stockRun = "6f6ea665-d740-47bb-9399-fba49ea8c402"
	assayRun = "5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab"
)

// story is the examples' story, told by the real pipeline over real engines.
type story struct {
	*query.Service
	t        testing.TB
	store    graphstore.Store
	journal  *journalsqlite.Journal
	pipeline *etl.Pipeline
	intake   *intake.Intake
}

// tell sends documents of the examples in, each once the one before is in the graph.
func tell(t testing.TB, names ...string) *story {
	t.Helper()
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	journal, err := journalsqlite.Open(dir, journalsqlite.Options{})
	must(err)
	states, err := statesqlite.Open(t.Context(), filepath.Join(dir, "state.db"))
	must(err)
	store, err := graphsqlite.Open(t.Context(), filepath.Join(dir, "graph.db"), graphsqlite.Options{})
	must(err)
	pipeline, err := etl.New(etl.Config{
		Journal: journal, DeadLetters: journal, Store: store, States: states, CodeVersion: "test",
		Metrics: etl.NewMetrics(prometheus.NewRegistry()), Logger: slog.New(slog.DiscardHandler),
	})
	must(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- pipeline.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		for _, err := range []error{<-ended, store.Close(context.Background()), states.Close(), journal.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	s := &story{query.New(store), t, store, journal, pipeline, intake.New(journal, intake.Options{})}
	s.tell(names...)
	return s
}

func (s *story) tell(names ...string) {
	s.t.Helper()
	for _, name := range names {
		payload, err := examples.Files.ReadFile(name)
		if err != nil {
			s.t.Fatal(err)
		}
		s.send(name, payload)
	}
}

func (s *story) send(name string, payload []byte) {
	s.t.Helper()
	receipts, err := s.intake.Accept(s.t.Context(), intake.Message{Door: "files", Name: name, Payload: payload})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	if _, err := s.pipeline.Wait(ctx, lineage.Owner(receipts[0].Subject), receipts[0].Position); err != nil {
		s.t.Fatal(err)
	}
	if err := s.pipeline.Quiet(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// lots is the story up to the reading.
func lots(t testing.TB) *story {
	return tell(t, examples.StockDilution, examples.AssayPlate, "manifests/lots.csv", "manifests/samples.csv", "plate-reader/AP-0001.csv")
}

func (s *story) well(selector string) query.Well {
	s.t.Helper()
	well, err := s.Well(s.t.Context(), selector, time.Time{})
	if err != nil {
		s.t.Fatal(err)
	}
	return well
}

func (s *story) trace(direction lineage.Direction, roots ...lineage.ID) query.Answer {
	s.t.Helper()
	answer, err := s.Trace(s.t.Context(), query.Ask{Roots: roots, Direction: direction})
	if err != nil {
		s.t.Fatal(err)
	}
	return answer
}

func TestAMeasurementInOneSentence(t *testing.T) {
	s := lots(t)
	well := s.well("plate:AP-0001/A2")
	if len(well.Measurements) != 1 {
		t.Fatalf("%d measurements of the well, want 1", len(well.Measurements))
	}
	answer := s.trace(lineage.Upstream, well.Measurements[0].ID)
	same(t, "sentence", "0.8098 absorbance at 595 nm, read 2026-11-23T13:53:40.650324Z in A2 of plate AP-0001: "+
		"90 % Bradford reagent (lot BRD-1188), 5 % BSA standard 2 mg/mL (lot BSA-0457), 5 % PBS buffer (lot PBS-2610-A).", answer.Sentence)
	same(t, "of the well", "200 µL in A2 of ASSAY PLATE [AP-0001]: "+
		"90 % Bradford reagent (lot BRD-1188), 5 % BSA standard 2 mg/mL (lot BSA-0457), 5 % PBS buffer (lot PBS-2610-A).",
		s.trace(lineage.Upstream, well.State.ID).Sentence)

	runs := map[string]bool{}
	for i, step := range answer.Steps {
		runs[step.Attributes[lineage.AttrRun].(string)] = true
		if i > 0 && step.Attributes[lineage.AttrAt].(string)[:19] < answer.Steps[i-1].Attributes[lineage.AttrAt].(string)[:19] {
			t.Errorf("%s comes after %s", step.Name, answer.Steps[i-1].Name)
		}
	}
	if len(runs) != 2 {
		t.Errorf("steps of %d runs, want both", len(runs))
	}
}

func TestConcentrationsFollowFractions(t *testing.T) {
	s := lots(t)
	near := func(where string, got []query.Concentration, want float64) {
		t.Helper()
		if len(got) != 1 || got[0].Unit != "mg/mL" || got[0].Value < want-1e-9 || got[0].Value > want+1e-9 {
			t.Errorf("%s: %v, want %v mg/mL", where, got, want)
		}
	}
	for _, liquid := range s.well("plate:AP-0001/A2").Liquids {
		if liquid.Name == "BSA-0457" {
			near("in the well", liquid.Concentrations, 0.1) // 5 % of 2 mg/mL
		} else if len(liquid.Concentrations) != 0 {
			t.Errorf("nobody said how much %s holds, and it is %v", liquid.Name, liquid.Concentrations)
		}
	}
	well := s.well("plate:AP-0001/A3")
	for _, item := range s.trace(lineage.Upstream, well.Measurements[0].ID).Items {
		if item.ID == lineage.LotID("BSA-0457") {
			near("in the ancestry", item.Concentrations, 0.05)
		} else if len(item.Concentrations) != 0 {
			t.Errorf("%s holds %v", item.Name, item.Concentrations)
		}
	}
	found := 0
	for _, item := range s.trace(lineage.Downstream, lineage.LotID("BSA-0457")).Items {
		if item.ID == well.State.ID || item.ID == well.Measurements[0].ID {
			found++
			near("in the impact", item.Concentrations, 0.05)
		}
	}
	if found != 2 {
		t.Errorf("%d of the well and its measurement in the impact", found)
	}
}

func TestAWellThatCameWithItsPlate(t *testing.T) {
	s := lots(t)
	was := s.well(stockRun + "/DP-0001/A2")
	is := s.well(assayRun + "/DP-0001/A2") // drawn from, never changed
	if is.Run != assayRun || !is.Inherited || was.Inherited || is.State.ID != was.State.ID {
		t.Errorf("run %s, inherited %v, state %s of %s", is.Run, is.Inherited, is.State.ID, was.State.ID)
	}
	same(t, "chain", was.States, is.States)
	if was.VolumeUl == nil || is.VolumeUl == nil || *was.VolumeUl != 100 || *is.VolumeUl != 80 {
		t.Errorf("it held %v, then %v: want 100, then 80 µL", was.VolumeUl, is.VolumeUl)
	}
	same(t, "the plate's well", is, s.well("plate:DP-0001/a02"))

	node, err := s.Resolve(t.Context(), assayRun+"/DP-0001/A2", time.Time{})
	if err != nil || node.ID != was.State.ID {
		t.Errorf("resolved to %s: %v", node.ID, err)
	}
	if _, err := s.Well(t.Context(), "plate:DP-0001/H12", time.Time{}); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("a well that never held anything: %v", err)
	}
	if _, err := s.Well(t.Context(), "plate:DP-0001", time.Time{}); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("a plate is no well: %v", err)
	}
}

func TestAWellAsItWasKnownThen(t *testing.T) {
	s := lots(t)
	then := time.Now()
	s.tell("manifests/corrections.csv")
	names := func(asOf time.Time) (all []string) {
		well, err := s.Well(t.Context(), "plate:AP-0001/A2", asOf)
		if err != nil {
			t.Fatal(err)
		}
		for _, liquid := range well.Liquids {
			all = append(all, liquid.Name)
		}
		return all
	}
	same(t, "before the correction", []string{"BRD-1188", "BSA-0457", "PBS-2610-A"}, names(then))
	same(t, "after it", []string{"BRD-1188", "BSA-0457", "PBS-2611-B"}, names(time.Time{}))
	if _, err := s.Run(t.Context(), assayRun, then.AddDate(-1, 0, 0)); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("a run that was not known then: %v", err)
	}
	if runs, err := s.Runs(t.Context(), "", 0, then.AddDate(-1, 0, 0)); err != nil || len(runs.Runs) != 0 {
		t.Errorf("%d runs were known then: %v", len(runs.Runs), err)
	}
}
