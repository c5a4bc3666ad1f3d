package storetest

import (
	"testing"

	"wellspring/graphstore"
	"wellspring/lineage"
)

func sharedStays(t *testing.T, s graphstore.Store) {
	robot := node(lineage.KindRobot, "OT2CEP20240101")
	runA, runB := node(lineage.KindRun, "a"), node(lineage.KindRun, "b")
	byA, byB := edge(runA, lineage.PerformedBy, robot), edge(runB, lineage.PerformedBy, robot)

	apply(t, s, part(ownerA, []lineage.Node{robot, runA}, byA), at(1), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})
	apply(t, s, part(ownerB, []lineage.Node{robot, runB}, byB), at(2), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})
	same(t, "the robot is one, known since the first", created(at(1), robot), nodesAt(t, s, now, robot.ID))
	same(t, "both runs are at it", append(createdEdges(at(1), byA), createdEdges(at(2), byB)...), inTimeOrder(edgesOf(t, s, robot.ID)))

	apply(t, s, part(ownerA, nil), at(3), lineage.Applied{NodesRetracted: 2, EdgesRetracted: 1})
	same(t, "the robot stays", created(at(1), robot), nodesAt(t, s, now, robot.ID, runA.ID))
	same(t, "the other's part is untouched", 2, len(owned(t, s, ownerB).Nodes))

	apply(t, s, part(ownerB, nil), at(4), lineage.Applied{NodesRetracted: 2, EdgesRetracted: 1})
	same(t, "the last let go", nil, nodesAt(t, s, now, robot.ID))
	same(t, "but it was there", created(at(1), robot), nodesAt(t, s, at(3), robot.ID))
}

func sharedEdge(t *testing.T, s graphstore.Store) {
	experiment, run := node(lineage.KindExperiment, "e"), node(lineage.KindRun, "r")
	member := edge(run, lineage.PartOf, experiment, lineage.Attributes{"as": "pilot"})
	both := []lineage.Node{experiment, run}
	apply(t, s, part(ownerA, both, member), at(1), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})
	apply(t, s, part(ownerB, both, member), at(2), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})
	same(t, "one edge", createdEdges(at(1), member), edgesOf(t, s, run.ID))
	same(t, "a limit counts it once", false, edgesCut(t, s, run.ID, 1))
	same(t, "a traversal shows it once", createdEdges(at(1), member), traverse(t, s, lineage.Traversal{
		Roots: []lineage.ID{run.ID}, Direction: lineage.Upstream, Types: []lineage.RelationshipType{lineage.PartOf},
	}).Edges)

	apply(t, s, part(ownerA, nil), at(3), lineage.Applied{NodesRetracted: 2, EdgesRetracted: 1})
	same(t, "the edge stays", createdEdges(at(1), member), edgesOf(t, s, run.ID))
	same(t, "the other's part", part(ownerB, sorted(created(at(1), both...)), createdEdges(at(1), member)...), owned(t, s, ownerB))
	apply(t, s, part(ownerB, both), at(4), lineage.Applied{EdgesRetracted: 1})
	same(t, "the last let go", nil, edgesOf(t, s, run.ID))
	same(t, "revisions at the run", 2, len(history(t, s, run.ID)))
}

func sharedConflict(t *testing.T, s graphstore.Store) {
	lot := node(lineage.KindLot, "lot", lineage.Attributes{"vendor": "one"})
	other := lot
	other.Attributes = lineage.Attributes{"vendor": "two"}
	mine := node(lineage.KindWellState, "mine")
	apply(t, s, part(ownerA, []lineage.Node{lot}), at(1), lineage.Applied{NodesAdded: 1})

	refuse(t, s, part(ownerB, []lineage.Node{mine, other}, derived(mine, other)), at(2), lineage.ErrorConflict, lot.ID.String())
	same(t, "nothing half written", created(at(1), lot), nodesAt(t, s, now, mine.ID, lot.ID))
	same(t, "no edge either", nil, edgesOf(t, s, lot.ID))

	apply(t, s, part(ownerB, []lineage.Node{lot}), at(3), lineage.Applied{NodesAdded: 1})
	refuse(t, s, part(ownerA, []lineage.Node{other}), at(4), lineage.ErrorConflict, lot.ID.String())
	same(t, "unchanged", created(at(1), lot), nodesAt(t, s, now, lot.ID))

	// Once it is one owner's alone, that owner may correct it.
	apply(t, s, part(ownerB, nil), at(5), lineage.Applied{NodesRetracted: 1})
	apply(t, s, part(ownerA, []lineage.Node{other}), at(6), lineage.Applied{NodesChanged: 1})
	same(t, "corrected", created(at(6), other), nodesAt(t, s, now, lot.ID))
}

func sharedEdgeConflict(t *testing.T, s graphstore.Store) {
	experiment, run := node(lineage.KindExperiment, "e"), node(lineage.KindRun, "r")
	both := []lineage.Node{experiment, run}
	member := edge(run, lineage.PartOf, experiment, lineage.Attributes{"as": "pilot"})
	other := edge(run, lineage.PartOf, experiment, lineage.Attributes{"as": "repeat"})
	apply(t, s, part(ownerA, both, member), at(1), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})
	refuse(t, s, part(ownerB, both, other), at(2), lineage.ErrorConflict, run.ID.String())

	// An edge by another transformation is another edge.
	other.TransformationID = lineage.StepID("b", "1")
	apply(t, s, part(ownerB, both, other), at(3), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})
	same(t, "two edges", 2, len(edgesOf(t, s, run.ID)))
}

// edgeHoldsEnds is a plate that two runs used: the second run's states derive
// from the first's. When the first is folded anew and its last state is gone,
// the second's part stands as it was until it is folded anew too.
func edgeHoldsEnds(t *testing.T, s graphstore.Store) {
	lot, last, first := node(lineage.KindLot, "lot"), node(lineage.KindWellState, "last of a"), node(lineage.KindWellState, "first of b")
	apply(t, s, part(ownerA, []lineage.Node{lot, last}, derived(last, lot)), at(1), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})
	joined := part(ownerB, []lineage.Node{first}, derived(first, last))
	apply(t, s, joined, at(2), lineage.Applied{NodesAdded: 1, EdgesAdded: 1})

	apply(t, s, part(ownerA, []lineage.Node{lot}), at(3), lineage.Applied{NodesRetracted: 1, EdgesRetracted: 1})
	same(t, "the edge holds its end", created(at(1), last), nodesAt(t, s, now, last.ID))
	same(t, "the second run's edge", createdEdges(at(2), derived(first, last)), edgesOf(t, s, last.ID))
	same(t, "it is no longer the first run's", created(at(1), lot), owned(t, s, ownerA).Nodes)
	apply(t, s, joined, at(4), lineage.Applied{})

	// Nobody names its content any more: who names it again may say another.
	renamed := last
	renamed.Name = "last of a, corrected"
	apply(t, s, part(ownerA, []lineage.Node{lot, renamed}), at(5), lineage.Applied{NodesAdded: 1})
	same(t, "taken up again", created(at(5), renamed), nodesAt(t, s, now, last.ID))
	apply(t, s, part(ownerA, []lineage.Node{lot}), at(6), lineage.Applied{NodesRetracted: 1})

	apply(t, s, part(ownerB, []lineage.Node{first}), at(7), lineage.Applied{EdgesRetracted: 1})
	same(t, "let go with the edge", nil, nodesAt(t, s, now, last.ID))
	same(t, "but it was there", created(at(5), renamed), nodesAt(t, s, at(6), last.ID))
}
