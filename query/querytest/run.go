package querytest

import (
	"maps"
	"slices"

	"wellspring/lineage"
)

// run builds the projection of one run as docs/graph.md has it.
type run struct {
	id       string
	sequence float64
	names    map[string]string // of labware
	nodes    map[lineage.ID]lineage.Node
	edges    []lineage.Edge
	held     map[string]lineage.ID
	origins  map[lineage.ID]map[lineage.ID]float64
}

// from is a part of a new state.
type from struct {
	state    lineage.ID
	volumeUl float64
	fraction float64
}

func newRun(id, name, startedAt string, attributes lineage.Attributes) *run {
	r := &run{id: id, names: map[string]string{}, nodes: map[lineage.ID]lineage.Node{},
		held: map[string]lineage.ID{}, origins: map[lineage.ID]map[lineage.ID]float64{}}
	attributes[lineage.AttrRun], attributes["startedAt"], attributes["protocolName"] = id, startedAt, name
	r.node(lineage.RunID(id), lineage.KindRun, name, attributes)
	robot := lineage.NewID(lineage.KindRobot, "OT2-1")
	r.node(robot, lineage.KindRobot, "OT2-1", lineage.Attributes{"serial": "OT2-1"})
	r.edge(lineage.Edge{SourceID: robot, TargetID: lineage.RunID(id), RelationshipType: lineage.PerformedBy, Attributes: lineage.Attributes{}})
	return r
}

func (r *run) node(id lineage.ID, kind lineage.Kind, name string, attributes lineage.Attributes) {
	r.nodes[id] = lineage.Node{ID: id, Kind: kind, Name: name, Attributes: attributes}
}

func (r *run) edge(edge lineage.Edge) { r.edges = append(r.edges, edge) }

func derived(target, source, step lineage.ID, volumeUl, fraction float64, mechanism string) lineage.Edge {
	return lineage.Edge{SourceID: source, TargetID: target, RelationshipType: lineage.DerivedFrom, TransformationID: step,
		Attributes: lineage.Attributes{lineage.AttrVolumeUl: volumeUl, lineage.AttrFraction: fraction, lineage.AttrMechanism: mechanism}}
}

func (r *run) uses(labware string, node lineage.ID, attributes lineage.Attributes) {
	attributes[lineage.AttrLabware] = labware
	r.held[labware] = node
	r.edge(lineage.Edge{SourceID: node, TargetID: lineage.RunID(r.id), RelationshipType: lineage.Used, Attributes: attributes})
}

func (r *run) labware(id, slot, label string) {
	node := lineage.LabwareID(r.id, id)
	r.node(node, lineage.KindLabware, label, lineage.Attributes{
		lineage.AttrRun: r.id, lineage.AttrLabware: id, "slot": slot, "label": label, "loadName": "plate_96_" + id})
	r.uses(id, node, lineage.Attributes{"slot": slot, "label": label})
	r.names[id] = label
}

func (r *run) barcoded(id, barcode, slot string) {
	node := lineage.PhysicalLabwareID(barcode)
	r.node(node, lineage.KindLabware, barcode, lineage.Attributes{lineage.AttrBarcode: barcode})
	r.uses(id, node, lineage.Attributes{"slot": slot})
	r.names[id] = barcode
}

func (r *run) liquid(id, name string) lineage.ID {
	node := lineage.LiquidID(r.id, id)
	r.node(node, lineage.KindLot, name, lineage.Attributes{lineage.AttrRun: r.id, "liquid": id})
	return node
}

func (r *run) load(command, labware, well string, volumeUl float64, lot lineage.ID) lineage.ID {
	state := r.state(command, labware, well, volumeUl, nil)
	r.edge(derived(state, lot, lineage.StepID(r.id, command), volumeUl, 1, "loaded"))
	return state
}

func (r *run) undeclared(labware, well string, volumeUl float64) lineage.ID {
	state := r.state("", labware, well, volumeUl, []string{"undeclared-source"})
	r.nodes[state].Attributes["undeclared"] = true
	r.nodes[state].Attributes[lineage.AttrSequence] = -1.0
	return state
}

// state adds the state that a command made. Without parts it is a first state.
func (r *run) state(command, labware, well string, volumeUl float64, incomplete []string, parts ...from) lineage.ID {
	id := lineage.WellStateID(r.id, labware, well, command)
	step := lineage.ID{}
	r.sequence++
	if command != "" {
		step = lineage.StepID(r.id, command)
		r.node(step, lineage.KindStep, "step "+command, lineage.Attributes{
			lineage.AttrRun: r.id, lineage.AttrCommand: command, lineage.AttrSequence: r.sequence})
		r.edge(lineage.Edge{SourceID: step, TargetID: id, RelationshipType: lineage.GeneratedBy, Attributes: lineage.Attributes{}})
	}
	shares := map[lineage.ID]float64{id: 1}
	if len(parts) > 0 {
		delete(shares, id)
	}
	for _, part := range parts {
		r.edge(derived(id, part.state, step, part.volumeUl, part.fraction, "transfer"))
		for origin, share := range r.origins[part.state] {
			shares[origin] += share * part.fraction
		}
	}
	r.origins[id] = shares
	attributes := lineage.Attributes{lineage.AttrRun: r.id, lineage.AttrLabware: labware, lineage.AttrWell: well,
		lineage.AttrCommand: command, lineage.AttrSequence: r.sequence, lineage.AttrVolumeUl: volumeUl}
	if incomplete != nil {
		attributes[lineage.AttrIncomplete] = incomplete
	}
	var ids []string
	var fractions []float64
	for _, origin := range slices.SortedFunc(maps.Keys(shares), func(a, b lineage.ID) int { return slices.Compare(a[:], b[:]) }) {
		ids, fractions = append(ids, origin.String()), append(fractions, shares[origin])
	}
	attributes[lineage.AttrOriginIDs], attributes[lineage.AttrOriginFractions] = ids, fractions
	r.node(id, lineage.KindWellState, r.names[labware]+" "+well, attributes)
	r.edge(lineage.Edge{SourceID: r.held[labware], TargetID: id, RelationshipType: lineage.HeldIn, Attributes: lineage.Attributes{lineage.AttrWell: well}})
	return id
}

func (r *run) last(state lineage.ID, endVolumeUl float64) {
	r.nodes[state].Attributes["last"] = true
	r.nodes[state].Attributes["endVolumeUl"] = endVolumeUl
}

func (r *run) dataset(what, content string, attributes lineage.Attributes) {
	all := lineage.Attributes{lineage.AttrRun: r.id, "what": what, "content": content}
	maps.Copy(all, attributes)
	r.node(lineage.NewID(lineage.KindDataset, r.id, what), lineage.KindDataset, what+" of "+r.id, all)
}

func (r *run) projection() lineage.Projection {
	p := lineage.Projection{Owner: lineage.RunOwner(r.id), Nodes: slices.Collect(maps.Values(r.nodes)), Edges: r.edges}
	p.Sort()
	return p
}
