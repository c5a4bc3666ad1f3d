// Package querytest is a small lab's history, written by hand, that tests of
// the ways out ask questions about.
//
// On the road of a fact it stands beside it: only tests import it.
//
// It refuses to be clever: every number in it can be checked in the head.
package querytest

import (
	"context"
	"testing"
	"time"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// The two runs. Both are an afternoon's; the second is the later one.
const (
	Dilution = "11111111-d111-4111-8111-111111111111"
	Assay    = "11111111-a222-4222-8222-222222222222"
)

// KnownAt is when the lab's runs came to be known.
var KnownAt = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

// Fill writes the whole history into a store:
//
//	Dilution, complete. Labware: 1 "stock plate" (A1 Dye 1000 µL, A2 Water 2000 µL),
//	2 "dilution plate", 3 and 4 both "spare".
//	  c3  100 µL Dye   → 2/A1          c4  100 µL Water → 2/A1   (½ Dye, ½ Water)
//	  c5   50 µL of it → 2/B1          c6  150 µL Water → 2/B1   (⅛ Dye, ⅞ Water)
//	  c7   10 µL Water → 2/C1, with the tip that touched 2/B1: carried over.
//	A reader measured 2/B1; 20 µL were drawn from it afterwards.
//
//	Assay, still running. Labware: 1 with the barcode PB-1, 2 "dilution plate".
//	  k2   80 µL Water → 1/A1          k3   20 µL of 2/A1, which nobody declared → 1/A1
//
//	A manifest: lot "LOT-7", which filled 1/A1 of Dilution; sample S-001; labware PB-1.
func Fill(t testing.TB, store graphstore.Store) {
	t.Helper()
	for i, projection := range []lineage.Projection{manifest(), dilution(), assay(), filledBy()} {
		if _, err := store.Apply(context.Background(), projection, KnownAt.Add(time.Duration(i)*time.Minute)); err != nil {
			t.Fatalf("fill %s: %v", projection.Owner, err)
		}
	}
}

func manifest() lineage.Projection {
	return lineage.Projection{Owner: "manifest:1", Nodes: []lineage.Node{
		{ID: lineage.LotID("LOT-7"), Kind: lineage.KindLot, Name: "LOT-7", Attributes: lineage.Attributes{}},
		{ID: lineage.SampleID("S-001"), Kind: lineage.KindSample, Name: "S-001", Attributes: lineage.Attributes{lineage.AttrBarcode: "S-001"}},
		{ID: lineage.PhysicalLabwareID("PB-1"), Kind: lineage.KindLabware, Name: "PB-1", Attributes: lineage.Attributes{lineage.AttrBarcode: "PB-1"}},
	}}
}

// filledBy is a declaration about a run that is known already.
func filledBy() lineage.Projection {
	return lineage.Projection{Owner: "manifest:2", Edges: []lineage.Edge{
		derived(lineage.WellStateID(Dilution, "stock", "A1", "c1"), lineage.LotID("LOT-7"), lineage.ID{}, 1000, 1, "loaded"),
	}}
}

func dilution() lineage.Projection {
	b := newRun(Dilution, "Serial dilution", "2026-03-02T09:00:00Z", lineage.Attributes{"status": "succeeded", "complete": true})
	b.labware("stock", "1", "stock plate")
	b.labware("dil", "2", "dilution plate")
	b.labware("spare1", "3", "spare")
	b.labware("spare2", "4", "spare")
	dye, water := b.liquid("0", "Dye"), b.liquid("1", "Water")

	dyeWell := b.load("c1", "stock", "A1", 1000, dye)
	waterWell := b.load("c2", "stock", "A2", 2000, water)
	a1 := b.state("c3", "dil", "A1", 100, nil, from{dyeWell, 100, 1})
	a1 = b.state("c4", "dil", "A1", 200, nil, from{a1, 100, 0.5}, from{waterWell, 100, 0.5})
	b1 := b.state("c5", "dil", "B1", 50, nil, from{a1, 50, 1})
	b1 = b.state("c6", "dil", "B1", 200, nil, from{b1, 50, 0.25}, from{waterWell, 150, 0.75})
	c1 := b.state("c7", "dil", "C1", 10, nil, from{waterWell, 10, 1})
	b.last(dyeWell, 900)
	b.last(waterWell, 1740)
	b.last(a1, 150)
	b.last(b1, 180)
	b.last(c1, 10)
	b.edge(lineage.Edge{SourceID: b1, TargetID: c1, RelationshipType: lineage.CarriedOver,
		TransformationID: lineage.StepID(Dilution, "c7"), Attributes: lineage.Attributes{lineage.AttrMechanism: "carry-over"}})

	measured := lineage.NewID(lineage.KindMeasurement, "reader-1", "B1")
	b.node(measured, lineage.KindMeasurement, "absorbance B1", lineage.Attributes{"value": 0.25})
	b.edge(lineage.Edge{SourceID: b1, TargetID: measured, RelationshipType: lineage.MeasuredFrom, Attributes: lineage.Attributes{}})
	b.dataset("findings", `[{"kind":"unused-liquid","detail":"-2 of \"Salt\" declared, never loaded"}]`, lineage.Attributes{"total": 1.0})
	b.dataset("features", `{"durationS":600,"massBalance":{"loaded":3000}}`, nil)
	return b.projection()
}

func assay() lineage.Projection {
	b := newRun(Assay, "Assay", "2026-03-02T10:00:00Z", lineage.Attributes{
		"status": "running", "complete": false, lineage.AttrIncomplete: []string{"run-not-ended"}})
	b.barcoded("plate", "PB-1", "1")
	b.labware("dil", "2", "dilution plate")
	water := b.liquid("7", "Water")
	waterWell := b.load("k1", "dil", "H12", 500, water)
	unknown := b.undeclared("dil", "A1", 20)
	a1 := b.state("k2", "plate", "A1", 80, nil, from{waterWell, 80, 1})
	a1 = b.state("k3", "plate", "A1", 100, []string{"undeclared-source", "uncertain-state"}, from{a1, 80, 0.8}, from{unknown, 20, 0.2})
	b.last(waterWell, 420)
	b.last(unknown, 0)
	b.last(a1, 100)
	return b.projection()
}
