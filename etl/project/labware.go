package project

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"wellspring/lineage"
	"wellspring/liquid"
	"wellspring/ot2"
)

// labware adds every plate, rack, reservoir and trash of the run. What the run
// says about labware stands on its edge; the node of labware whose identity is
// declared is shared by many runs, and holds that identity alone.
func (b *builder) labware() {
	definitions, offsets := b.definitions(), b.offsets()
	for _, id := range slices.Sorted(maps.Keys(b.outcome.Labware)) {
		lw := b.outcome.Labware[id]
		b.labels[id] = label(id, lw, definitions[id])
		slot := ""
		if len(lw.Slots) > 0 {
			slot = lw.Slots[0]
		}
		here := attributes{}.text(lineage.AttrLabware, id).text("label", lw.Label).text("slot", slot).texts("slots", lw.Slots).
			text("offset", strings.Join(offsets[id], "; "))
		what := attributes{}.
			text("loadName", lw.LoadName).
			text("definitionUri", lw.DefinitionURI).
			text("category", category(lw, definitions[id]))
		if d := definitions[id]; d != nil && len(d.Ordering) > 0 {
			what.count("columns", len(d.Ordering)).count("rows", len(d.Ordering[0])).texts("wells", irregularWells(d))
		}
		if b.options.Declared.Barcodes[id] != "" {
			maps.Copy(here, what)
			b.physical(id)
		} else {
			maps.Copy(what, here)
			b.node(b.labwareID(id), lineage.KindLabware, b.labels[id], what.text(lineage.AttrRun, b.key))
		}
		b.edge(b.activityID(), lineage.Used, b.labwareID(id), lineage.ID{}, here)
	}
}

// irregularWells says where each well is and how wide it is open, where that is
// no grid of like wells: "A1 13.88 67.75 14.9", in mm from the front left corner
// to the centre, and the diameter; of a rectangle, both sides. Of a grid it is nil:
// rows and columns say it all.
func irregularWells(d *ot2.Definition) []string {
	if len(d.Ordering[0]) == 0 {
		return nil
	}
	regular := true
	first := d.Wells[d.Ordering[0][0]]
	var wells []string
	for _, column := range d.Ordering {
		regular = regular && len(column) == len(d.Ordering[0])
		for _, name := range column {
			well, there := d.Wells[name]
			if !there {
				return nil
			}
			regular = regular && well.Shape == first.Shape && well.Diameter == first.Diameter &&
				well.XDimension == first.XDimension && well.YDimension == first.YDimension
			place := fmt.Sprintf("%s %g %g", name, well.X, well.Y)
			if well.Diameter > 0 {
				place += fmt.Sprintf(" %g", well.Diameter)
			} else {
				place += fmt.Sprintf(" %g %g", well.XDimension, well.YDimension)
			}
			wells = append(wells, place)
		}
	}
	if regular {
		return nil
	}
	return wells
}

// physical adds the node of labware whose identity is declared.
func (b *builder) physical(labware string) {
	node := PhysicalLabware(b.options.Declared.Barcodes[labware])
	b.node(node.ID, node.Kind, node.Name, attributes(node.Attributes))
}

// labwareID is the one place that says which node a labware id of the run is.
func (b *builder) labwareID(labware string) lineage.ID {
	if barcode := b.options.Declared.Barcodes[labware]; barcode != "" {
		return lineage.PhysicalLabwareID(barcode)
	}
	return lineage.LabwareID(b.key, labware)
}

// held returns the node of the labware that a state is in, and adds a bare one
// for labware that the run never introduced.
func (b *builder) held(labware string) lineage.ID {
	id := b.labwareID(labware)
	if _, introduced := b.outcome.Labware[labware]; !introduced {
		b.node(id, lineage.KindLabware, labware, attributes{}.text(lineage.AttrRun, b.key).text(lineage.AttrLabware, labware))
		b.edge(b.activityID(), lineage.Used, id, lineage.ID{}, attributes{}.text(lineage.AttrLabware, labware))
	}
	return id
}

// definitions finds each labware's definition: the one that its load carried,
// else the one that is known by name.
func (b *builder) definitions() map[string]*ot2.Definition {
	found := map[string]*ot2.Definition{}
	for _, c := range b.run.Commands {
		if d := c.Result.Definition; d != nil {
			found[cmp.Or(c.Result.LabwareID, c.Params.LabwareID)] = d
		}
	}
	if b.options.Definitions == nil {
		return found
	}
	for id, lw := range b.outcome.Labware {
		if found[id] != nil {
			continue
		}
		if lw.DefinitionURI != "" {
			found[id] = b.options.Definitions.Definition(lw.DefinitionURI)
		} else if lw.LoadName != "" {
			found[id] = b.options.Definitions.Definition("/" + lw.LoadName + "/")
		}
	}
	return found
}

// offsets writes how far each labware was calibrated off its places, in mm: one
// text a place, in the order in which it stood there.
func (b *builder) offsets() map[string][]string {
	vectors := make(map[string]string, len(b.run.Offsets))
	for _, o := range b.run.Offsets {
		mm := make([]string, len(o.Vector))
		for i, v := range o.Vector {
			mm[i] = strconv.FormatFloat(math.Round(v*1000)/1000+0, 'f', -1, 64) // + 0: -0 is 0
		}
		vectors[o.ID] = strings.Join(mm, ", ") + " mm"
	}
	found := map[string][]string{}
	for _, lw := range b.run.Labware {
		if vector := vectors[lw.OffsetID]; vector != "" {
			found[lw.ID] = []string{vector}
		}
	}
	for _, c := range liquid.Ordered(b.run) {
		id := cmp.Or(c.Result.LabwareID, c.Params.LabwareID)
		if c.Status != ot2.StatusSucceeded || id == "" {
			continue
		}
		vector := vectors[c.Result.OffsetID]
		switch c.Type {
		case "loadLabware", "reloadLabware":
			if vector != "" || c.HasResult { // loaded anew: what held before is past
				found[id] = nil
			}
		case "moveLabware":
		default:
			continue
		}
		if vector != "" && !slices.Contains(found[id], vector) {
			found[id] = append(found[id], vector)
		}
	}
	return found
}

func category(lw liquid.LabwareOutcome, d *ot2.Definition) string {
	switch {
	case d != nil && d.DisplayCategory != "":
		return d.DisplayCategory
	case lw.Tiprack:
		return "tipRack"
	case lw.Trash:
		return "trash"
	}
	return ""
}

func label(id string, lw liquid.LabwareOutcome, d *ot2.Definition) string {
	display := ""
	if d != nil {
		display = d.DisplayName
	}
	return cmp.Or(strings.TrimSpace(lw.Label), display, lw.LoadName, id)
}

// place is a well for people: "dilution plate A1".
func (b *builder) place(labware, well string) string {
	return strings.TrimSpace(cmp.Or(b.labels[labware], labware) + " " + well)
}
