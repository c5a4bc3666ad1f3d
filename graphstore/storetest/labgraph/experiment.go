package labgraph

import (
	"math/rand/v2"

	"wellspring/lineage"
)

// Experiment makes experiment i.
//
// The dilution fills a plate with buffer and carries eight stocks through twelve
// columns, one part in ten each. The assay gives reagent and diluted stock to
// every well of a second plate and pools two of its rows. The reading measures
// that plate. Now and then an experiment repeats the one before with the same
// samples, starts a row from an earlier pool, or takes an earlier dilution plate.
//
// What a content is of is told by its first origins, over all experiments that it
// went through. So those before it are looked at as far as a chain of pools goes:
// two on average, and seldom ten.
func (l Lab) Experiment(i int) []lineage.Projection {
	c := l.choose(i)
	dilution, wells := l.dilution(i, c)
	if c.plateOf != i {
		_, wells = l.dilution(c.plateOf, l.choose(c.plateOf))
	}
	assay, _ := l.assay(i, c, wells)
	return []lineage.Projection{dilution, assay, l.reading(i)}
}

// pool is what a pool of an experiment holds.
func (l Lab) pool(i, pool int) content {
	c := l.choose(i)
	_, wells := l.dilution(c.plateOf, l.choose(c.plateOf))
	_, pools := l.assay(i, c, wells)
	return pools[pool]
}

// choices are what differs from one experiment to the next.
type choices struct {
	samplesOf int // the experiment whose samples it takes
	poolOf    int // the experiment whose pool the first row starts from; -1: none
	plateOf   int // the experiment whose dilution plate it assays
}

// within is how many experiments back a pool or a plate may come from.
const within = 50

func (l Lab) choose(i int) choices {
	random := rand.New(rand.NewPCG(l.Seed, uint64(i)))
	c := choices{samplesOf: i, poolOf: -1, plateOf: i}
	// Always the same draws, so that one choice does not move the others.
	again, pool, plate := random.IntN(10) == 0, random.IntN(3) == 0, random.IntN(5) == 0
	earlier := func() int { return i - 1 - random.IntN(max(1, min(i, within))) }
	fromPool, fromPlate := earlier(), earlier()
	if i == 0 {
		return c
	}
	if again {
		c.samplesOf = i - 1
	}
	if pool {
		c.poolOf = fromPool
	}
	if plate {
		c.plateOf = fromPlate
	}
	return c
}

// dilution makes the first run of an experiment, and what its plate holds then.
func (l Lab) dilution(i int, c choices) (lineage.Projection, []content) {
	b := l.newRun(l.DilutionRun(i), "dilution", i)
	plate := b.labware("plate", l.barcode("DP", i))
	reservoir, rack := b.labware("reservoir", ""), b.labware("rack", "")
	load := b.step("load", "load", 0)
	buffers := b.fill(reservoir, Columns, b.lot(l.lotName("buffer", i)), load)

	stocks := make([]content, Rows)
	loadStocks := b.step("load", "load-stocks", 0)
	for r := range stocks {
		sample := b.add(lineage.Node{ID: l.Sample(c.samplesOf, r), Kind: lineage.KindSample, Name: l.barcode("S", c.samplesOf*Rows+r),
			Attributes: lineage.Attributes{lineage.AttrBarcode: l.barcode("S", c.samplesOf*Rows+r)}})
		if r == 0 && c.poolOf >= 0 {
			stocks[r] = b.taken(rack, r, l.pool(c.poolOf, i%Pools), loadStocks)
			continue
		}
		stocks[r] = b.first(rack, r, sample, loadStocks)
	}

	wells := make([]content, Wells)
	for w := range wells {
		wells[w] = b.transfer(plate, w, command("buffer", w), 180, 180, content{}, buffers[w/Rows])
	}
	for w := range wells {
		source := stocks[w%Rows]
		if w >= Rows {
			source = wells[w-Rows]
		}
		wells[w] = b.transfer(plate, w, command("dilute", w), 20, 200, wells[w], source)
	}
	return b.Projection, wells
}

// assay makes the second run of an experiment, of a dilution plate's wells, and what
// its pools hold then.
func (l Lab) assay(i int, c choices, diluted []content) (lineage.Projection, []content) {
	b := l.newRun(l.AssayRun(i), "assay", i)
	plate := b.labware("assay", l.barcode("AP", i))
	reservoir, rack := b.labware("reagent", ""), b.labware("pools", "")
	b.uses(lineage.PhysicalLabwareID(l.barcode("DP", c.plateOf)))
	reagents := b.fill(reservoir, Columns, b.lot(l.lotName("reagent", i)), b.step("load", "load", 0))

	wells := make([]content, Wells)
	for w := range wells {
		wells[w] = b.transfer(plate, w, command("reagent", w), 90, 90, content{}, reagents[w/Rows])
	}
	for w := range wells {
		wells[w] = b.transfer(plate, w, command("sample", w), 10, 100, wells[w], diluted[w])
	}
	pools := make([]content, Pools)
	for pool := range pools {
		for n := range wellsOfPool {
			pools[pool] = b.transfer(rack, pool, command(poolStep(pool), n), 5, 5*float64(n+1), pools[pool], wells[n*Rows+pool])
		}
	}
	return b.Projection, pools
}

func (l Lab) reading(i int) lineage.Projection {
	b := builder{Projection: lineage.Projection{Owner: lineage.Owner("reading:" + l.barcode("AP", i))}}
	document := b.add(lineage.Node{ID: lineage.NewID(lineage.KindDataset, string(b.Owner)), Kind: lineage.KindDataset, Name: l.barcode("AP", i) + ".json",
		Attributes: lineage.Attributes{"what": "reading", lineage.AttrBarcode: l.barcode("AP", i)}})
	random := rand.New(rand.NewPCG(l.Seed+1, uint64(i)))
	for w := range Wells {
		m := b.add(lineage.Node{ID: l.Measurement(i, w), Kind: lineage.KindMeasurement, Name: "absorbance " + WellName(w),
			Attributes: lineage.Attributes{lineage.AttrBarcode: l.barcode("AP", i), lineage.AttrWell: WellName(w), "value": random.Float64(), "unit": "AU"}})
		b.link(m, lineage.MeasuredFrom, l.AssayWell(i, w), lineage.ID{}, nil)
		b.link(m, lineage.DerivedFrom, document, lineage.ID{}, nil)
	}
	return b.Projection
}
