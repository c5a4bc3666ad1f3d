package labgraph

import (
	"fmt"

	"wellspring/lineage"
)

// Hub is one lot and that many wells that each got some of it.
func Hub(wells int) lineage.Projection {
	b := builder{Projection: lineage.Projection{Owner: "run:hub"}}
	lot := b.lot("hub")
	for i := range wells {
		b.link(b.well("hub", i), lineage.DerivedFrom, lot, lineage.ID{}, nil)
	}
	return b.Projection
}

// HubLot is the middle of a Hub.
func HubLot() lineage.ID { return lineage.LotID("hub") }

// HubWell is one of the wells around it.
func HubWell(well int) lineage.ID { return wellOf("hub", well) }

// Ladder is two rows of wells, each well made of both wells of the rung before:
// between its ends are 2^(rungs-1) paths.
func Ladder(rungs int) lineage.Projection {
	b := builder{Projection: lineage.Projection{Owner: "run:ladder"}}
	for i := range 2 * rungs {
		well := b.well("ladder", i)
		if rung := i / 2; rung > 0 {
			b.link(well, lineage.DerivedFrom, LadderWell(rung-1, 0), lineage.ID{}, nil)
			b.link(well, lineage.DerivedFrom, LadderWell(rung-1, 1), lineage.ID{}, nil)
		}
	}
	return b.Projection
}

// LadderWell is the well on one side (0 or 1) of a rung.
func LadderWell(rung, side int) lineage.ID { return wellOf("ladder", 2*rung+side) }

func wellOf(run string, i int) lineage.ID {
	return lineage.WellStateID(run, "plate", "A1", fmt.Sprint(i))
}

func (b *builder) well(run string, i int) lineage.ID {
	return b.add(lineage.Node{ID: wellOf(run, i), Kind: lineage.KindWellState, Name: fmt.Sprintf("%s %d", run, i),
		Attributes: lineage.Attributes{lineage.AttrRun: run, lineage.AttrVolumeUl: 100.0}})
}
