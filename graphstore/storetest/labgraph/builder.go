package labgraph

import (
	"slices"

	"wellspring/lineage"
)

// builder puts a projection together, in the shape that etl gives real runs.
type builder struct {
	lineage.Projection
	run     string
	runID   lineage.ID
	pipette lineage.ID
	steps   int
}

// robots is how many a lab has, each with one pipette.
const robots = 4

// newRun begins the projection of a run.
func (l Lab) newRun(run, protocol string, i int) *builder {
	b := &builder{Projection: lineage.Projection{Owner: lineage.RunOwner(run)}, run: run}
	b.runID = b.add(lineage.Node{ID: lineage.RunID(run), Kind: lineage.KindRun, Name: run, Attributes: lineage.Attributes{
		lineage.AttrRun: run, "status": "succeeded", "protocolName": protocol, "complete": true,
		"startedAt": At(i).Format("2006-01-02T15:04:05Z"),
	}})
	acts := func(kind lineage.Kind, name string) lineage.ID {
		id := b.add(lineage.Node{ID: lineage.NewID(kind, name), Kind: kind, Name: name})
		b.link(b.runID, lineage.PerformedBy, id, lineage.ID{}, nil)
		return id
	}
	acts(lineage.KindRobot, l.barcode("OT2", i%robots))
	acts(lineage.KindSoftware, "opentrons 8.8.2")
	b.pipette = acts(lineage.KindPipette, l.barcode("P300", i%robots))
	b.uses(b.add(lineage.Node{ID: lineage.NewID(lineage.KindProtocol, protocol), Kind: lineage.KindProtocol, Name: protocol}))
	return b
}

func (b *builder) add(n lineage.Node) lineage.ID {
	b.Nodes = append(b.Nodes, n)
	return n.ID
}

func (b *builder) link(target lineage.ID, typ lineage.RelationshipType, source, step lineage.ID, attributes lineage.Attributes) {
	b.Edges = append(b.Edges, lineage.Edge{
		SourceID: source, TargetID: target, RelationshipType: typ, TransformationID: step, Attributes: attributes,
	})
}

func (b *builder) uses(thing lineage.ID) {
	b.link(b.runID, lineage.Used, thing, lineage.ID{}, nil)
}

func (b *builder) lot(name string) lineage.ID {
	return b.add(lineage.Node{ID: lineage.LotID(name), Kind: lineage.KindLot, Name: name})
}

// ware is labware on the deck.
type ware struct {
	id   lineage.ID
	name string
}

// labware is known in every run if it has a barcode.
func (b *builder) labware(name, barcode string) ware {
	n := lineage.Node{ID: lineage.LabwareID(b.run, name), Kind: lineage.KindLabware, Name: name,
		Attributes: lineage.Attributes{lineage.AttrRun: b.run, lineage.AttrLabware: name}}
	if barcode != "" {
		n.ID, n.Name, n.Attributes = lineage.PhysicalLabwareID(barcode), barcode, lineage.Attributes{lineage.AttrBarcode: barcode}
	}
	b.uses(b.add(n))
	return ware{n.ID, name}
}

func (b *builder) step(kind, command string, volume float64) lineage.ID {
	sequence := lineage.Attributes{lineage.AttrSequence: float64(b.steps)}
	step := b.add(lineage.Node{ID: lineage.StepID(b.run, command), Kind: lineage.KindStep, Name: kind, Attributes: lineage.Attributes{
		lineage.AttrRun: b.run, lineage.AttrCommand: command, "kind": kind,
		lineage.AttrSequence: float64(b.steps), lineage.AttrVolumeUl: volume,
	}})
	b.steps++
	b.link(step, lineage.PartOf, b.runID, lineage.ID{}, sequence)
	b.link(step, lineage.PerformedBy, b.pipette, lineage.ID{}, nil)
	return step
}

// content is a well state with the shares of the first states in it.
type content struct {
	state   lineage.ID
	volume  float64 // µL
	origins map[lineage.ID]float64
}

// fill loads wells of labware with a lot.
func (b *builder) fill(w ware, wells int, lot, step lineage.ID) []content {
	filled := make([]content, wells)
	for i := range filled {
		filled[i] = b.first(w, i, lot, step)
	}
	return filled
}

// first makes the first state of a well, which comes from a lot or a sample.
func (b *builder) first(w ware, well int, source, step lineage.ID) content {
	origin := lineage.WellStateID(b.run, w.name, WellName(well), command("load", well))
	return b.taken(w, well, content{state: source, origins: map[lineage.ID]float64{origin: 1}}, step)
}

// taken makes the first state that a well has in a run, of what there was before.
func (b *builder) taken(w ware, well int, before content, step lineage.ID) content {
	const volume = 10_000
	c := content{state: lineage.WellStateID(b.run, w.name, WellName(well), command("load", well)), volume: volume, origins: before.origins}
	b.state(w, well, command("load", well), c)
	b.link(c.state, lineage.DerivedFrom, before.state, step, lineage.Attributes{
		lineage.AttrMechanism: "loaded", lineage.AttrFraction: 1.0, lineage.AttrVolumeUl: float64(volume),
	})
	return c
}

// state adds the node of a well state.
func (b *builder) state(w ware, well int, command string, c content) {
	ids := make([]lineage.ID, 0, len(c.origins))
	for id := range c.origins {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b lineage.ID) int { return slices.Compare(a[:], b[:]) })
	names, fractions := make([]string, len(ids)), make([]float64, len(ids))
	for i, id := range ids {
		names[i], fractions[i] = id.String(), c.origins[id]
	}
	b.add(lineage.Node{ID: c.state, Kind: lineage.KindWellState, Name: WellName(well), Attributes: lineage.Attributes{
		lineage.AttrRun: b.run, lineage.AttrLabware: w.name, lineage.AttrWell: WellName(well),
		lineage.AttrCommand: command, lineage.AttrSequence: float64(b.steps), lineage.AttrVolumeUl: c.volume,
		lineage.AttrOriginIDs: names, lineage.AttrOriginFractions: fractions,
	}})
	b.link(c.state, lineage.HeldIn, w.id, lineage.ID{}, lineage.Attributes{lineage.AttrWell: WellName(well)})
}

// transfer brings a volume from a source into a well, which then holds a total,
// and returns what is in it. A well without a state was empty.
func (b *builder) transfer(w ware, well int, command string, volume, total float64, before, source content) content {
	step := b.step("transfer", command, volume)
	after := content{
		state:   lineage.WellStateID(b.run, w.name, WellName(well), command),
		volume:  total,
		origins: map[lineage.ID]float64{},
	}
	came := volume / total
	for id, share := range source.origins {
		after.origins[id] += share * came
	}
	for id, share := range before.origins {
		after.origins[id] += share * (1 - came)
	}
	b.state(w, well, command, after)
	b.link(after.state, lineage.GeneratedBy, step, lineage.ID{}, nil)
	b.link(step, lineage.Used, source.state, lineage.ID{}, nil)
	b.link(after.state, lineage.DerivedFrom, source.state, step, lineage.Attributes{
		lineage.AttrMechanism: "transfer", lineage.AttrFraction: came, lineage.AttrVolumeUl: volume,
	})
	if before.origins != nil {
		b.link(after.state, lineage.DerivedFrom, before.state, step, lineage.Attributes{
			lineage.AttrMechanism: "remained", lineage.AttrFraction: 1 - came, lineage.AttrVolumeUl: total - volume,
		})
	}
	return after
}
