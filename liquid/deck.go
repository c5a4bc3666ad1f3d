package liquid

import (
	"fmt"
	"slices"
	"strings"

	"wellspring/ot2"
)

// fixedTrash is the id of the trash that stands in slot 12 of every OT-2 and
// that no command loads.
const (
	fixedTrash = "fixedTrash"
	trashSlot  = "12"
)

// labware is one labware of the run, with its wells. Content stays with the id,
// wherever the labware goes.
type labware struct {
	id         string
	loadName   string
	uri        string
	label      string
	definition *ot2.Definition
	known      bool // a load or the run's summary tells of it
	rack       bool
	trash      bool
	location   ot2.Location
	slots      []string

	wells    map[string]*well
	reached  map[reach]*[heads]*well
	waiting  map[string][]*tip // tips put back, by place
	reported bool              // as unknown or undefined
}

// reach is a question that geometry answers; each is asked many times.
type reach struct {
	well   string
	layout layout
}

// labwareOf returns the labware with this id, which comes into being when it is
// first named.
func (f *Folder) labwareOf(id string) *labware {
	lw := f.labware[id]
	if lw == nil {
		lw = &labware{id: id, wells: map[string]*well{}, reached: map[reach]*[heads]*well{}}
		lw.trash = id == fixedTrash
		lw.known = lw.trash
		f.labware[id] = lw
	}
	return lw
}

// wellOf returns a well of a labware, which comes into being when it is first named.
func (lw *labware) wellOf(name string) *well {
	w := lw.wells[name]
	if w == nil {
		w = &well{in: lw, name: name, state: noState, source: noState}
		if lw.definition != nil {
			w.shape = lw.definition.Wells[name]
		}
		lw.wells[name] = w
	}
	return w
}

// wellAt returns a well that was named before, nil where there was none.
func (f *Folder) wellAt(p Place) *well {
	if lw := f.labware[p.Labware]; lw != nil {
		return lw.wells[p.Well]
	}
	return nil
}

// reach returns the well over which each active nozzle stands, nil for none.
func (lw *labware) reach(name string, l layout) *[heads]*well {
	key := reach{name, l}
	reached := lw.reached[key]
	if reached == nil {
		reached = new([heads]*well)
		for row, name := range over(lw.definition, name, l) {
			if name != "" {
				reached[row] = lw.wellOf(name)
			}
		}
		lw.reached[key] = reached
	}
	return reached
}

// define gives a labware its definition.
func (lw *labware) define(def *ot2.Definition) {
	if def == nil || def == lw.definition {
		return
	}
	lw.definition = def
	lw.uri = def.URI()
	lw.loadName = def.LoadName
	lw.rack = lw.rack || def.IsTiprack
	lw.trash = lw.id == fixedTrash || def.Format == "trash" || def.HasQuirk(fixedTrash)
	for name, w := range lw.wells {
		w.shape = def.Wells[name]
	}
	clear(lw.reached)
}

// move sets where a labware stands.
func (lw *labware) move(to ot2.Location) {
	lw.location = to
	if slot := slotName(to); slot != "" && (len(lw.slots) == 0 || lw.slots[len(lw.slots)-1] != slot) {
		lw.slots = append(lw.slots, slot)
	}
}

// slotName says in one word where something stands.
func slotName(l ot2.Location) string {
	switch {
	case l.OffDeck:
		return "off-deck"
	case l.Slot != "":
		return l.Slot
	case l.ModuleID != "":
		return "module:" + l.ModuleID
	case l.LabwareID != "":
		return "labware:" + l.LabwareID
	}
	return l.AddressableArea
}

// slotOf is the deck slot under a location, through modules and labware.
func (f *Folder) slotOf(l ot2.Location) string {
	for range heads { // more than any stack on a deck, should one be its own support
		switch {
		case l.ModuleID != "":
			l = f.modules[l.ModuleID]
		case l.LabwareID != "" && f.labware[l.LabwareID] != nil:
			l = f.labware[l.LabwareID].location
		default:
			return l.Slot
		}
	}
	return ""
}

// summarize registers what the run's own summary tells: ids for logs whose
// loads have none. Its locations are those at the end of the run.
func (f *Folder) summarize(run ot2.Run) {
	for _, m := range run.Modules {
		f.modules[m.ID] = m.Location
	}
	for _, p := range run.Pipettes {
		f.summaryPipettes = append(f.summaryPipettes, p)
		f.equip(p.ID, p.Name)
	}
	for _, l := range run.Labware {
		lw := f.labwareOf(l.ID)
		lw.known = true
		lw.loadName, lw.uri, lw.label = l.LoadName, l.DefinitionURI, l.DisplayName
		lw.location = l.Location
		lw.define(f.lookUp(lw.uri, lw.loadName))
		f.summaryLabware = append(f.summaryLabware, summaryLabware{Labware: l})
	}
}

// summaryLabware is a labware of the summary, and whether a load without an id
// of its own took it: among the set-up commands, and in the protocol.
type summaryLabware struct {
	ot2.Labware
	taken [2]bool
}

// lookUp asks for a definition, by URI or at least by load name.
func (f *Folder) lookUp(uri, loadName string) *ot2.Definition {
	if f.options.Definitions == nil {
		return nil
	}
	if uri != "" {
		if def := f.options.Definitions.Definition(uri); def != nil {
			return def
		}
		if parts := strings.Split(uri, "/"); loadName == "" && len(parts) == 3 {
			loadName = parts[1]
		}
	}
	if loadName == "" {
		return nil
	}
	return f.options.Definitions.Definition("/" + loadName + "/")
}

// loadLabware learns a labware's id, definition and place.
func (f *Folder) loadLabware(c *ot2.Command) {
	id := c.Result.LabwareID
	if id == "" {
		id = c.Params.LabwareID
	}
	if id == "" {
		id = f.summaryLabwareID(c)
	}
	if id == "" {
		f.find(Finding{Kind: FindingUnknownLabware, Detail: "a load of " + c.Params.LoadName + " names no labware id, nor does the run"})
		return
	}
	lw := f.labwareOf(id)
	lw.known = true
	if c.Params.LoadName != "" {
		lw.loadName = c.Params.LoadName
		if c.Params.Namespace != "" {
			lw.uri = fmt.Sprintf("%s/%s/%d", c.Params.Namespace, c.Params.LoadName, c.Params.Version)
		}
	}
	if c.Params.DisplayName != "" {
		lw.label = c.Params.DisplayName
	}
	if def := c.Result.Definition; def != nil {
		lw.define(def)
	} else if lw.definition == nil {
		lw.define(f.lookUp(lw.uri, lw.loadName))
	}
	if c.Params.Location != nil {
		lw.move(*c.Params.Location)
	}
}

// summaryLabwareID finds the id of a load in the run's summary: of the same
// load name, in the same place first.
func (f *Folder) summaryLabwareID(c *ot2.Command) string {
	phase := 0
	if c.Intent == intentSetup {
		phase = 1
	}
	fits := func(here bool) func(summaryLabware) bool {
		return func(l summaryLabware) bool {
			same := l.LoadName == c.Params.LoadName || strings.Contains(l.DefinitionURI, "/"+c.Params.LoadName+"/")
			return same && !l.taken[phase] && (!here || c.Params.Location != nil && l.Location == *c.Params.Location)
		}
	}
	i := slices.IndexFunc(f.summaryLabware, fits(true))
	if i < 0 {
		i = slices.IndexFunc(f.summaryLabware, fits(false))
	}
	if i < 0 {
		return ""
	}
	f.summaryLabware[i].taken[phase] = true
	return f.summaryLabware[i].ID
}

// moveLabware changes a labware's place; what it holds comes along.
func (f *Folder) moveLabware(c *ot2.Command) {
	lw := f.labwareOf(c.Params.LabwareID)
	if c.Params.NewLocation != nil {
		lw.move(*c.Params.NewLocation)
	}
	f.step.kind = StepMove
	f.step.places = append(f.step.places, Place{Labware: lw.id})
	f.readContents(lw)
}

// loadModule learns where a module stands.
func (f *Folder) loadModule(c *ot2.Command) {
	id := c.Result.ModuleID
	if id == "" {
		id = c.Params.ModuleID
	}
	if id != "" && c.Params.Location != nil {
		f.modules[id] = *c.Params.Location
	}
}

// readContents notes the states that stand in a labware as read by the step.
func (f *Folder) readContents(lw *labware) {
	start := len(f.step.reads)
	for _, w := range lw.wells {
		if w.volume > 0 {
			f.step.reads = append(f.step.reads, w.state)
		}
	}
	slices.Sort(f.step.reads[start:])
}

// incubate is a step of a module on what stands on it, on one labware, or of time on all.
func (f *Folder) incubate(c *ot2.Command) {
	f.step.kind = StepIncubate
	if c.Params.ModuleID == "" && c.Params.LabwareID == "" {
		return
	}
	var on []*labware
	for _, lw := range f.labware {
		if lw.id == c.Params.LabwareID || c.Params.ModuleID != "" && f.standsOn(lw, c.Params.ModuleID) {
			on = append(on, lw)
		}
	}
	slices.SortFunc(on, func(a, b *labware) int { return strings.Compare(a.id, b.id) })
	for _, lw := range on {
		f.step.places = append(f.step.places, Place{Labware: lw.id})
		f.readContents(lw)
	}
}

// standsOn reports whether a labware stands on a module, directly or on other labware.
func (f *Folder) standsOn(lw *labware, module string) bool {
	for range heads {
		if lw == nil {
			return false
		}
		if lw.location.ModuleID == module {
			return true
		}
		lw = f.labware[lw.location.LabwareID]
	}
	return false
}
