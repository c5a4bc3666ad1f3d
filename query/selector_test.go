package query_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"wellspring/graphstore/storetest"
	"wellspring/lineage"
	"wellspring/query"
	"wellspring/query/querytest"
)

func TestResolve(t *testing.T) {
	s := lab(t)
	last := lineage.WellStateID(querytest.Dilution, "dil", "B1", "c6")
	for selector, want := range map[string]lineage.ID{
		last.String():               last,
		querytest.Dilution:          lineage.RunID(querytest.Dilution),
		"run:" + querytest.Dilution: lineage.RunID(querytest.Dilution),
		"run:11111111-d":            lineage.RunID(querytest.Dilution),
		"latest":                    lineage.RunID(querytest.Assay),
		"run:latest":                lineage.RunID(querytest.Assay),
		"lot:LOT-7":                 lineage.LotID("LOT-7"),
		"lot:Dye":                   lineage.LiquidID(querytest.Dilution, "0"),
		"sample:S-001":              lineage.SampleID("S-001"),
		"plate:PB-1":                lineage.PhysicalLabwareID("PB-1"),
		"11111111-d/dil":            lineage.LabwareID(querytest.Dilution, "dil"),
		"run:11111111-d/2":          lineage.LabwareID(querytest.Dilution, "dil"),
		"latest/PB-1":               lineage.PhysicalLabwareID("PB-1"),
		"latest/PB-1/A1":            lineage.WellStateID(querytest.Assay, "plate", "A1", "k3"),
		"latest/dil/A1":             lineage.WellStateID(querytest.Assay, "dil", "A1", ""),
		querytest.Dilution + "/Dilution Plate/b01":        last,
		querytest.Dilution + "/plate_96_dil/B1":           last,
		query.JoinSelector(querytest.Dilution, "2", "B1"): last,
	} {
		node, err := s.Resolve(t.Context(), selector, time.Time{})
		if err != nil || node.ID != want {
			t.Errorf("%s is %s %q, want %s (%v)", selector, node.Kind, node.Name, want, err)
		}
	}
}

func TestResolveSaysWhatIsWrong(t *testing.T) {
	s := lab(t)
	for _, tt := range []struct {
		selector string
		kind     lineage.ErrorKind
		says     string // in the error's text
		nodes    int    // candidates
	}{
		{"", lineage.ErrorInvalid, "use a UUID", 0},
		{"lot:", lineage.ErrorInvalid, "something after lot:", 0},
		{"a/b/c/d", lineage.ErrorInvalid, "%2F", 0},
		{"latest//A1", lineage.ErrorInvalid, "RUN/LABWARE", 0},
		{"lot:\x00", lineage.ErrorInvalid, "control characters", 0},
		{strings.Repeat("x", query.MaxSelector+1), lineage.ErrorInvalid, "1024", 0},
		{"lot:Water", lineage.ErrorAmbiguous, "2 things", 2},
		{"run:11111111", lineage.ErrorAmbiguous, "started 2026", 2},
		{"latest/spare", lineage.ErrorNotFound, "1: PB-1", 0},
		{querytest.Dilution + "/spare", lineage.ErrorAmbiguous, "slot 4", 2},
		{querytest.Dilution + "/spare/A1", lineage.ErrorAmbiguous, "slot 3", 2},
		{querytest.Dilution + "/dilution/A1", lineage.ErrorNotFound, "did you mean dilution plate", 1},
		{querytest.Dilution + "/2/H12", lineage.ErrorNotFound, "nothing was ever in that well", 0},
		{"lot:dye", lineage.ErrorNotFound, "did you mean Dye", 1},
		{"sample:s001", lineage.ErrorNotFound, "did you mean S-001", 1},
		{"plate:PB1", lineage.ErrorNotFound, "did you mean PB-1", 1},
		{"1111", lineage.ErrorNotFound, "did you mean Assay, Serial dilution", 2},
		{"00000000-0000-0000-0000-000000000000", lineage.ErrorNotFound, "no node and no run", 0},
	} {
		node, err := s.Resolve(t.Context(), tt.selector, time.Time{})
		if lineage.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%.40q is %v %v, want %s with %q", tt.selector, node.ID, err, tt.kind, tt.says)
			continue
		}
		var candidates *query.Candidates
		found := 0
		if errors.As(err, &candidates) {
			found = len(candidates.Nodes)
		}
		if found != tt.nodes {
			t.Errorf("%.40q names %d candidates, want %d: %v", tt.selector, found, tt.nodes, err)
		}
	}
}

func TestResolveAll(t *testing.T) {
	s := lab(t)
	for selector, want := range map[string]int{"lot:Water": 2, "lot:Dye": 1, "lot:LOT-7": 1, "latest": 1} {
		nodes, err := s.ResolveAll(t.Context(), selector, time.Time{})
		if err != nil || len(nodes) != want {
			t.Errorf("%s gives %d nodes, want %d (%v)", selector, len(nodes), want, err)
		}
	}
	if _, err := s.ResolveAll(t.Context(), querytest.Dilution+"/spare", time.Time{}); lineage.KindOf(err) != lineage.ErrorAmbiguous {
		t.Errorf("two plates of one name: %v", err)
	}
}

func TestResolveInAnEmptyGraph(t *testing.T) {
	s := query.New(storetest.NewModel())
	if _, err := s.Resolve(t.Context(), "latest", time.Time{}); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("latest: %v", err)
	}
}

func FuzzResolve(f *testing.F) {
	for _, seed := range []string{"", "latest", "run:latest/2/A1", "lot:Water", "a/b/c", "%2F%", "run:", "lot:lot:", "\xff", "11111111/2/%41", "plate:PB-1/A1", "plate:/A1"} {
		f.Add(seed)
	}
	store := storetest.NewModel()
	querytest.Fill(f, store)
	s := query.New(store)
	f.Fuzz(func(t *testing.T, selector string) {
		node, err := s.Resolve(t.Context(), selector, time.Time{})
		if err == nil && node.ID == (lineage.ID{}) {
			t.Fatalf("%q is the nil node", selector)
		}
		switch lineage.KindOf(err) {
		case "", lineage.ErrorInvalid, lineage.ErrorNotFound, lineage.ErrorAmbiguous:
		default:
			t.Fatalf("%q: %v", selector, err)
		}
	})
}

func FuzzJoinSelector(f *testing.F) {
	f.Add("dilution plate", "A1")
	f.Add("50% plate/2", "A1")
	store := storetest.NewModel()
	querytest.Fill(f, store)
	s := query.New(store)
	f.Fuzz(func(t *testing.T, labware, well string) {
		selector := query.JoinSelector("latest", labware, well)
		if strings.Count(selector, "/") != 2 {
			t.Fatalf("%q has another number of parts", selector)
		}
		state, joined := s.Resolve(t.Context(), selector, time.Time{})
		held, apart := s.Well(t.Context(), selector, time.Time{})
		if lineage.KindOf(joined) == lineage.ErrorInvalid { // too long, control characters, blank
			return
		}
		if (joined == nil) != (apart == nil) || state.ID != held.State.ID {
			t.Fatalf("%q: resolved %v, well %v", selector, joined, apart)
		}
	})
}
