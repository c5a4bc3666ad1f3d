// Package storetest is the one suite that every graph store passes, and the
// model that they are compared with.
//
// On the road of a fact it stands beside graphstore: it says in cases what the
// interface says in words.
//
// It refuses to know an engine: a case uses nothing but graphstore.Store.
package storetest

import (
	"testing"

	"wellspring/graphstore"
)

// Exception excuses an engine from a case, by the case's name and with a
// reason that holds for good.
type Exception struct {
	Case   string
	Reason string
}

// Run runs every case against a store of its own. Open returns an empty store
// that nobody else uses until the case has ended, and closes it by t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) graphstore.Store, exceptions ...Exception) {
	excused := make(map[string]string, len(exceptions))
	for _, e := range exceptions {
		if e.Reason == "" {
			t.Fatalf("exception from %s without a reason", e.Case)
		}
		excused[e.Case] = e.Reason
	}
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			if reason, ok := excused[c.name]; ok {
				t.Skipf("this engine is excused: %s", reason)
			}
			c.run(t, open(t))
		})
		delete(excused, c.name)
	}
	for name := range excused {
		t.Errorf("exception from %s, which is no case", name)
	}
}

type testCase struct {
	name string
	run  func(*testing.T, graphstore.Store)
}

func cases() []testCase {
	return []testCase{
		{"Apply/adds", applyAdds},
		{"Apply/twice writes nothing", applyTwice},
		{"Apply/grows", applyGrows},
		{"Apply/changes content, keeps identity", applyChanges},
		{"Apply/retracts what is gone", applyRetracts},
		{"Apply/an empty projection retracts the owner", applyEmpty},
		{"Apply/comes back after retraction", applyAgain},
		{"Apply/leaves its argument alone", applyPure},
		{"Apply/refuses what is invalid", applyInvalid},
		{"Apply/refuses an edge to nowhere", applyMissingEnd},
		{"Apply/many elements at once", applyMany},
		{"Amend/ends where apply ends", amendEndsLikeApply},
		{"Amend/refuses what apply refuses", amendRefuses},
		{"Amend/many at once", amendAtOnce},
		{"Shared/stays until the last lets go", sharedStays},
		{"Shared/edges too", sharedEdge},
		{"Shared/another content is a conflict", sharedConflict},
		{"Shared/another content of an edge is a conflict", sharedEdgeConflict},
		{"Shared/an edge holds its ends", edgeHoldsEnds},
		{"Attributes/come back unchanged", attributesRoundTrip},
		{"Read/owned", readOwned},
		{"Read/owners", readOwners},
		{"Read/nodes", readNodes},
		{"Read/edges", readEdges},
		{"Read/history", readHistory},
		{"Holders/of first states", holdersOfFirsts},
		{"Holders/follow what contents say", holdersFollow},
		{"AsOf/edges", asOfEdges},
		{"AsOf/find", asOfFind},
		{"AsOf/find in pages", asOfFindPages},
		{"AsOf/times that go back", asOfTimesGoBack},
		{"AsOf/bounds", asOfBounds},
		{"Find/by kind, name and attributes", findBy},
		{"Find/pages stay valid under writes", findPages},
		{"Find/refuses what is invalid", findInvalid},
		{"Traverse/both directions", traverseDirections},
		{"Traverse/types", traverseTypes},
		{"Traverse/depth", traverseDepth},
		{"Traverse/bound on nodes", traverseNodes},
		{"Traverse/several roots", traverseRoots},
		{"Traverse/cycles end", traverseCycle},
		{"Traverse/a ladder of 2^40 paths", traverseLadder},
		{"Traverse/a hub of 20,000", traverseHub},
		{"Traverse/as of a time", traverseAsOf},
		{"Traverse/refuses what is invalid", traverseInvalid},
		{"Context/cancelled", contextCancelled},
		{"Concurrent/many owners share nodes", concurrentOwners},
		{"Concurrent/reads are of one Apply", readsAreWhole},
		{"Random/same answers as the model", randomHistories},
	}
}
