// Package labgraph makes the lineage of a laboratory of any size: plates,
// dilution series, pools that later experiments start from, plates that later
// runs take up again, and lots that everything comes from.
//
// On the road of a fact it takes the place of etl: stores are measured and
// compared with what it makes.
//
// It refuses chance: a seed and a number name an experiment for ever, so one
// can be made without those before it.
package labgraph

import (
	"fmt"
	"iter"
	"time"

	"wellspring/lineage"
)

// Lab is a laboratory. The zero value is one.
type Lab struct {
	Seed uint64
}

// The size of an experiment: a dilution, an assay and a reading, each an owner.
const (
	Rows, Columns = 8, 12
	Wells         = Rows * Columns
	Pools         = 2
	wellsOfPool   = Columns // a row of the assay plate

	// NodesOf is how many nodes an experiment has of its own; what it shares with
	// others comes on top.
	NodesOf       = dilutionNodes + assayNodes + readingNodes
	dilutionNodes = 1 + 3 + 2 + Columns + Rows + 4*Wells
	assayNodes    = 1 + 3 + 1 + Columns + 4*Wells + Pools*2*wellsOfPool
	readingNodes  = 1 + Wells
)

// ExperimentsFor is how many experiments a graph of about that many nodes has,
// at least one.
func ExperimentsFor(nodes int) int { return max(1, (nodes+NodesOf/2)/NodesOf) }

// Projections makes the first experiments, in order: an edge ends at nodes of
// projections that came before, or of its own.
func (l Lab) Projections(experiments int) iter.Seq[lineage.Projection] {
	return func(yield func(lineage.Projection) bool) {
		for i := range experiments {
			for _, p := range l.Experiment(i) {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// At is when the store came to know experiment i.
func At(i int) time.Time {
	return time.Date(2026, time.January, 5, 8, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Minute)
}

// lotLasts is how many experiments a lot of buffer or reagent is used for.
const lotLasts = 100

// BufferLot is the lot that experiment i dilutes with. It lasts for a hundred
// experiments, and whatever comes from their pools.
func (l Lab) BufferLot(i int) lineage.ID { return lineage.LotID(l.lotName("buffer", i)) }

// ReagentLot is the lot whose reagent experiment i adds to every well.
func (l Lab) ReagentLot(i int) lineage.ID { return lineage.LotID(l.lotName("reagent", i)) }

func (l Lab) lotName(what string, i int) string {
	return fmt.Sprintf("%s-%d-%04d", what, l.Seed, i/lotLasts)
}

// Sample is the sample that row r of experiment i starts from, unless it starts
// from an earlier pool, or repeats another experiment.
func (l Lab) Sample(i, r int) lineage.ID { return lineage.SampleID(l.barcode("S", i*Rows+r)) }

// Measurement is what was read of a well (0 to Wells-1) in experiment i.
func (l Lab) Measurement(i, well int) lineage.ID {
	return lineage.NewID(lineage.KindMeasurement, l.barcode("AP", i), WellName(well), "absorbance")
}

// AssayWell is the last state of a well of experiment i's assay plate.
func (l Lab) AssayWell(i, well int) lineage.ID {
	return lineage.WellStateID(l.AssayRun(i), "assay", WellName(well), command("sample", well))
}

// DilutedWell is the last state of a well of experiment i's dilution plate.
func (l Lab) DilutedWell(i, well int) lineage.ID {
	return lineage.WellStateID(l.DilutionRun(i), "plate", WellName(well), command("dilute", well))
}

// Pool is the last state of a pool of experiment i.
func (l Lab) Pool(i, pool int) lineage.ID {
	return lineage.WellStateID(l.AssayRun(i), "pools", WellName(pool), command(poolStep(pool), wellsOfPool-1))
}

// AssayRun is the robot's id of experiment i's assay.
func (l Lab) AssayRun(i int) string { return fmt.Sprintf("assay-%d-%06d", l.Seed, i) }

// DilutionRun is the robot's id of experiment i's dilution.
func (l Lab) DilutionRun(i int) string { return fmt.Sprintf("dilution-%d-%06d", l.Seed, i) }

func (l Lab) barcode(prefix string, n int) string {
	return fmt.Sprintf("%s-%d-%07d", prefix, l.Seed, n)
}

func poolStep(pool int) string { return fmt.Sprintf("pool-%d", pool) }

func command(what string, n int) string { return fmt.Sprintf("%s-%03d", what, n) }

// WellName names wells column by column, as a robot goes: A1, B1, … H12.
func WellName(well int) string { return fmt.Sprintf("%c%d", 'A'+well%Rows, well/Rows+1) }
