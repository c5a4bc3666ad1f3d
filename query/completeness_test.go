package query_test

import (
	"testing"
	"time"

	"wellspring/graphstore/storetest"
	"wellspring/lineage"
	"wellspring/query"
)

// TestWhatIsCompleteHasNoReasons, and says so by an empty list: null would mean not known.
func TestWhatIsCompleteHasNoReasons(t *testing.T) {
	store := storetest.NewModel()
	lot := lineage.Node{ID: lineage.ID{1}, Kind: lineage.KindLot, Name: "PBS"}
	if _, err := store.Apply(t.Context(), lineage.Projection{Owner: "o", Nodes: []lineage.Node{lot}}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	answer := trace(t, query.New(store), query.Ask{Roots: []lineage.ID{lot.ID}, Direction: lineage.Downstream})
	if !answer.Complete || answer.Reasons == nil || len(answer.Reasons) > 0 {
		t.Errorf("complete %v, reasons %#v", answer.Complete, answer.Reasons)
	}
}
