package labgraph_test

import (
	"maps"
	"reflect"
	"testing"

	"github.com/google/uuid"

	"wellspring/graphstore"
	"wellspring/graphstore/storetest"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/lineage"
)

const experiments = 6

func TestAnyStoreTakesIt(t *testing.T) {
	lab := labgraph.Lab{Seed: 7}
	model := storetest.NewModel()
	for p := range lab.Projections(experiments) {
		if err := graphstore.Check(p, labgraph.At(0)); err != nil {
			t.Fatal(err)
		}
		applied, err := model.Apply(t.Context(), p, labgraph.At(0))
		if err != nil {
			t.Fatal(err)
		}
		if applied.NodesAdded != len(p.Nodes) || applied.EdgesAdded != len(p.Edges) {
			t.Errorf("%s: applied %+v", p.Owner, applied)
		}
	}
}

func TestAnExperimentIsTheSameForEver(t *testing.T) {
	lab := labgraph.Lab{Seed: 7}
	var inOrder []lineage.Projection
	for p := range lab.Projections(experiments) {
		inOrder = append(inOrder, p)
	}
	if !reflect.DeepEqual(inOrder[3*4:3*5], lab.Experiment(4)) {
		t.Error("experiment 4 alone is another than in order")
	}
	if reflect.DeepEqual(lab.Experiment(4), (labgraph.Lab{Seed: 8}).Experiment(4)) {
		t.Error("another seed makes the same experiment")
	}
}

// TestShape holds the graph against what it claims to be, and its ids against
// its nodes.
func TestShape(t *testing.T) {
	lab := labgraph.Lab{Seed: 7}
	nodes, own := map[lineage.ID]lineage.Node{}, map[lineage.ID]bool{}
	sources := map[lineage.ID][]lineage.Edge{}
	for p := range lab.Projections(experiments) {
		for _, n := range p.Nodes {
			nodes[n.ID] = n
			switch n.Kind {
			case lineage.KindSample, lineage.KindLot, lineage.KindRobot, lineage.KindPipette, lineage.KindSoftware, lineage.KindProtocol:
			default:
				own[n.ID] = true
			}
		}
		for _, e := range p.Edges {
			sources[e.TargetID] = append(sources[e.TargetID], e)
		}
	}
	if len(own) != experiments*labgraph.NodesOf {
		t.Errorf("%d nodes of %d experiments, want %d each", len(own), experiments, labgraph.NodesOf)
	}
	for what, id := range map[string]lineage.ID{
		"buffer": lab.BufferLot(5), "reagent": lab.ReagentLot(5), "measurement": lab.Measurement(5, 95), "assay": lab.AssayWell(5, 95),
		"diluted": lab.DilutedWell(5, 95), "pool": lab.Pool(5, labgraph.Pools-1), "sample": lab.Sample(0, 7),
		"run": lineage.RunID(lab.AssayRun(5)), "dilution": lineage.RunID(lab.DilutionRun(5)),
	} {
		if _, ok := nodes[id]; !ok {
			t.Errorf("there is no node with the id of %s", what)
		}
	}
	for id, n := range nodes {
		if n.Kind != lineage.KindWellState {
			continue
		}
		fractions := 0.0
		for _, e := range sources[id] {
			if e.RelationshipType == lineage.DerivedFrom {
				fractions += e.Attributes[lineage.AttrFraction].(float64)
			}
		}
		origins := 0.0
		for _, share := range n.Attributes[lineage.AttrOriginFractions].([]float64) {
			origins += share
		}
		if diff := fractions - 1; diff > 1e-9 || diff < -1e-9 || origins-1 > 1e-9 || origins-1 < -1e-9 {
			t.Fatalf("%s: fractions sum to %v, origins to %v", n.Name, fractions, origins)
		}
	}
}

// TestOriginsTellTheAncestry holds what states say of their origins against what
// following the edges finds.
func TestOriginsTellTheAncestry(t *testing.T) {
	lab := labgraph.Lab{Seed: 7}
	nodes, sources := map[lineage.ID]lineage.Node{}, map[lineage.ID][]lineage.ID{}
	for p := range lab.Projections(40) { // some of which begin with pools of such as begin with pools
		for _, n := range p.Nodes {
			nodes[n.ID] = n
		}
		for _, e := range p.Edges {
			if e.RelationshipType == lineage.DerivedFrom {
				sources[e.TargetID] = append(sources[e.TargetID], e.SourceID)
			}
		}
	}
	reached := map[lineage.ID]map[lineage.ID]bool{}
	var ancestry func(lineage.ID) map[lineage.ID]bool
	ancestry = func(id lineage.ID) map[lineage.ID]bool {
		if all := reached[id]; all != nil {
			return all
		}
		all := map[lineage.ID]bool{}
		for _, source := range sources[id] {
			if nodes[source].Kind == lineage.KindWellState {
				maps.Copy(all, ancestry(source))
			} else {
				all[source] = true
			}
		}
		reached[id] = all
		return all
	}
	for id, n := range nodes {
		if n.Kind != lineage.KindWellState {
			continue
		}
		told := map[lineage.ID]bool{}
		for _, text := range n.Attributes[lineage.AttrOriginIDs].([]string) {
			for _, stock := range sources[uuid.MustParse(text)] {
				told[stock] = true
			}
		}
		if want := ancestry(id); !maps.Equal(told, want) {
			t.Fatalf("%s %s: its origins are of %d lots and samples, its ancestry of %d", n.Attributes[lineage.AttrRun], n.Name, len(told), len(want))
		}
	}
}

func TestExperimentsFor(t *testing.T) {
	for nodes, want := range map[int]int{0: 1, 1: 1, 1_000_000: 1_000_000 / labgraph.NodesOf} {
		if got := labgraph.ExperimentsFor(nodes); got < want || got > want+1 {
			t.Errorf("%d nodes: %d experiments, want about %d", nodes, got, want)
		}
	}
}
