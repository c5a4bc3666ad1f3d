package query_test

import (
	"testing"
	"time"

	"wellspring/graphstore/storetest"
	"wellspring/lineage"
	"wellspring/query"
	"wellspring/query/querytest"
)

func TestWell(t *testing.T) {
	s := lab(t)
	well, err := s.Well(t.Context(), "run:11111111-d/2/b1", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if well.Run != querytest.Dilution || well.Well != "B1" || well.Labware.Name != "dilution plate" {
		t.Errorf("it is %s %s %s", well.Run, well.Labware.Name, well.Well)
	}
	var chain []string
	for _, state := range well.States {
		chain = append(chain, state.Attributes[lineage.AttrCommand].(string))
	}
	same(t, "chain", []string{"c5", "c6"}, chain)
	if well.VolumeUl == nil || *well.VolumeUl != 180 {
		t.Errorf("volume %v, want 180: 20 were drawn", well.VolumeUl)
	}
	type share struct {
		name               string
		fraction, volumeUl float64
		lots               int
	}
	var shares, liquids []share
	for _, s := range well.Shares {
		shares = append(shares, share{s.Name, s.Fraction, *s.VolumeUl, len(s.Lots)})
	}
	for _, l := range well.Liquids {
		liquids = append(liquids, share{l.Name, l.Fraction, *l.VolumeUl, len(l.Lots)})
	}
	// The declared lot is the better name for what the protocol called Dye.
	want := []share{{"Water", 0.875, 157.5, 1}, {"LOT-7", 0.125, 22.5, 2}}
	if len(shares) != 2 || shares[0] != want[0] || shares[1] != want[1] {
		t.Errorf("shares %v, want %v", shares, want)
	}
	if len(liquids) != 2 || liquids[0] != want[0] || liquids[1] != want[1] {
		t.Errorf("liquids %v, want %v", liquids, want)
	}
	if !well.Complete || well.Uncertain || len(well.Reasons) != 0 {
		t.Errorf("complete %v, uncertain %v, reasons %v", well.Complete, well.Uncertain, well.Reasons)
	}
}

func TestWellOfUnknownContent(t *testing.T) {
	s := lab(t)
	well, err := s.Well(t.Context(), "latest/PB-1/A1", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if !well.Uncertain || well.Complete || !well.Shares[1].Undeclared || well.Shares[1].Name != "undeclared" {
		t.Errorf("uncertain %v, complete %v, shares %+v", well.Uncertain, well.Complete, well.Shares)
	}
	same(t, "reasons", []string{"run-not-ended", "uncertain-state", "undeclared-source"}, well.Reasons)

	if _, err := s.Well(t.Context(), "latest/PB-1/H1", time.Time{}); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("a well that never held anything: %v", err)
	}
}

func TestRun(t *testing.T) {
	s := lab(t)
	run, err := s.Run(t.Context(), querytest.Dilution, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	names := func(nodes []lineage.Node) (all []string) {
		for _, node := range nodes {
			all = append(all, node.Name)
		}
		return all
	}
	same(t, "labware", []string{"stock plate", "dilution plate", "spare", "spare"}, names(run.Labware))
	same(t, "liquids", []string{"Dye", "Water"}, names(run.Liquids))
	same(t, "agents", []string{"OT2-1"}, names(run.Agents))
	same(t, "findings", []query.Finding{{Kind: "unused-liquid", Detail: `-2 of "Salt" declared, never loaded`}}, run.Findings)
	if string(run.Features) != `{"durationS":600,"massBalance":{"loaded":3000}}` || run.FindingsTotal != 1 || !run.Complete {
		t.Errorf("features %s, findings %d, complete %v", run.Features, run.FindingsTotal, run.Complete)
	}

	running, err := s.Run(t.Context(), "latest", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "reasons", []string{"run-not-ended"}, running.Reasons)

	if _, err := s.Run(t.Context(), "lot:Dye", time.Time{}); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("a lot is no run: %v", err)
	}
}

func TestRunsNodeAndHistory(t *testing.T) {
	store := storetest.NewModel()
	querytest.Fill(t, store)
	s := query.New(store)

	first, err := s.Runs(t.Context(), "", 1, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Runs(t.Context(), first.Next, 1, time.Time{})
	if err != nil || len(first.Runs) != 1 || len(second.Runs) != 1 || first.Runs[0].ID == second.Runs[0].ID || second.Next != "" {
		t.Errorf("pages %+v, %+v (%v)", first, second, err)
	}

	part, err := s.RunGraph(t.Context(), querytest.Dilution, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	owned, err := store.Owned(t.Context(), lineage.RunOwner(querytest.Dilution))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "graph", query.Part{Owner: owned.Owner, Nodes: owned.Nodes, Edges: owned.Edges}, part)

	id := lineage.WellStateID(querytest.Dilution, "stock", "A1", "c1")
	node, err := s.Node(t.Context(), id, querytest.KnownAt.AddDate(1, 0, 0))
	if err != nil || node.Node.ID != id || node.Truncated || len(node.Edges) != 5 {
		t.Errorf("node %+v (%v)", node, err)
	}
	revisions, err := s.History(t.Context(), id)
	if err != nil || len(revisions) != 6 {
		t.Errorf("%d revisions, want the node and its five edges (%v)", len(revisions), err)
	}
	if _, err := s.History(t.Context(), lineage.ID{9}); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("history of nothing: %v", err)
	}
}
