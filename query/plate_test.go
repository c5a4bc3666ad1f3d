package query_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	graphsqlite "wellspring/graphstore/sqlite"
	"wellspring/lineage"
	"wellspring/query"
)

// A plate says of each of its wells what is answered when one asks for the well alone.
func TestAPlateSaysWhatItsWellsSay(t *testing.T) {
	s := lots(t)
	for _, test := range []struct {
		selector, run, labware string
		wells, runs            int
	}{
		{"plate:AP-0001", assayRun, "AP-0001", 64, 1},
		{"plate:DP-0001", assayRun, "DP-0001", 56, 2},
		{stockRun + "/DP-0001", stockRun, "DP-0001", 56, 2},
		{stockRun + "/TR-0001", stockRun, "TR-0001", 7, 1},
	} {
		t.Run(test.selector, func(t *testing.T) {
			plate, err := s.Plate(t.Context(), test.selector, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			if len(plate.Wells) != test.wells || len(plate.Runs) != test.runs || !plate.Complete {
				t.Errorf("%d wells, %d runs, complete %v %v; want %d wells, %d runs", len(plate.Wells), len(plate.Runs), plate.Complete, plate.Reasons, test.wells, test.runs)
			}
			for _, got := range plate.Wells {
				well := s.well(query.JoinSelector(test.run, test.labware, got.Well))
				want := query.PlateWell{Well: well.Well, State: well.State, Inherited: well.Inherited, VolumeUl: well.VolumeUl,
					Liquids: well.Liquids, Measurements: well.Measurements}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: well (-) and plate (+): %s", got.Well, diff)
				}
			}
		})
	}
	for _, wrong := range []string{"lot:PBS-2610-A", assayRun, "plate:nothing", assayRun + "/99"} {
		if _, err := s.Plate(t.Context(), wrong, time.Time{}); err == nil {
			t.Errorf("%s is a plate", wrong)
		}
	}
}

func TestSuggestions(t *testing.T) {
	s := lots(t)
	for typed, want := range map[string][]string{
		"ap-0":      {"plate:AP-0001"},
		"AP-0001":   {"plate:AP-0001"},
		"lot:pbs":   {"lot:PBS buffer", "lot:PBS-2610-A"},
		"5a6cd99d":  {"run:" + assayRun},
		"%":         {},
		"":          {},
		"zzz-never": {},
	} {
		answer, err := s.Suggest(t.Context(), typed, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, one := range answer.Suggestions {
			got = append(got, one.Selector)
			nodes, err := s.ResolveAll(t.Context(), one.Selector, time.Time{})
			if err != nil || !slices.ContainsFunc(nodes, func(n lineage.Node) bool { return n.ID == one.Node.ID }) {
				t.Errorf("%q suggests %s, which names %v (%v)", typed, one.Selector, nodes, err)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", typed, diff)
		}
	}
	runs, err := s.RunsNamed(t.Context(), []string{stockRun, assayRun, "unheard-of"})
	if err != nil || len(runs) != 2 || query.SelectorOf(runs[0]) != "run:"+assayRun {
		t.Errorf("the newest run is not the first of %v (%v)", runs, err)
	}
}

// A name's beginning finds it among more than is looked through.
func TestSuggestionsAmongMany(t *testing.T) {
	store, err := graphsqlite.Open(t.Context(), filepath.Join(t.TempDir(), "graph.db"), graphsqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close(context.Background()) })
	lots := lineage.Projection{Owner: "manifest:many"}
	for n := range 3000 {
		name := fmt.Sprintf("LOT-%05d", n)
		lots.Nodes = append(lots.Nodes, lineage.Node{ID: lineage.NewID(lineage.KindLot, name), Kind: lineage.KindLot, Name: name, Attributes: lineage.Attributes{}})
	}
	if _, err := store.Apply(t.Context(), lots, time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	s := query.New(store)
	for typed, want := range map[string]int{"LOT-02999": 1, "lot-0299": 10, "lot:LOT-02998": 1, "02997": 0} {
		found, err := s.Suggest(t.Context(), typed, 50)
		if err != nil || len(found.Suggestions) != want || !found.Partial {
			t.Errorf("%q: %d suggestions, want %d, of more than were looked through (%v)", typed, len(found.Suggestions), want, err)
		}
	}
}
