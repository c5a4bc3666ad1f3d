package liquid

import "wellspring/ot2"

// pipette is one pipette: its head, its tips and where it stands.
type pipette struct {
	id     string
	rows   int8
	layout layout
	tips   [heads]*tip
	tipped bool // there was a pick-up, or an aspirate or dispense without one
	at     standing
	nextIn bool // the next aspirate is air: a legacy air gap was announced
	picked int  // when it picked up last, executed position
}

// standing is where a pipette stands. None of well and area: nowhere known.
type standing struct {
	in         *labware
	well       string
	area       string
	above      bool // above the top of the well
	heightless bool
}

func (s standing) overWell() bool { return s.in != nil }

// equip makes a pipette known. A second load of one id changes nothing but its head.
func (f *Folder) equip(id, name string) *pipette {
	p := f.pipettes[id]
	if p == nil {
		p = &pipette{id: id, rows: 1, layout: full(1)}
		f.pipettes[id] = p
	}
	if rows := headRows(name); name != "" && rows != p.rows {
		p.rows, p.layout = rows, full(rows)
	}
	return p
}

// loadPipette learns a pipette's id and head. A name that the load does not say
// is known from the summary already.
func (f *Folder) loadPipette(c *ot2.Command) {
	id, name := c.Result.PipetteID, c.Params.PipetteName
	if id == "" {
		id = c.Params.PipetteID
	}
	for _, p := range f.summaryPipettes {
		if id == "" && p.Mount == c.Params.Mount {
			id = p.ID
		}
	}
	f.equip(id, name)
}

// pipetteOf returns the pipette of a command.
func (f *Folder) pipetteOf(c *ot2.Command) *pipette {
	p := f.pipettes[c.Params.PipetteID]
	if p == nil {
		f.find(Finding{Kind: FindingUnknownPipette, Detail: "pipette " + c.Params.PipetteID + " was never loaded: taken for a single channel"})
		p = f.equip(c.Params.PipetteID, "")
	}
	return p
}

// ready gives fresh tips to a head that moves liquid without a pick-up before.
func (f *Folder) ready(p *pipette) {
	if p.tipped {
		return
	}
	p.tipped = true
	for row := range p.tips {
		if p.layout.has(row) {
			p.tips[row] = f.freshTip()
		}
	}
}

func (f *Folder) freshTip() *tip {
	f.serial++
	return &tip{serial: f.serial, touchedState: noState}
}

// acts reports whether the nozzle of a row does something: it is active and
// has a tip.
func (p *pipette) acts(row int) bool { return p.tips[row] != nil && p.layout.has(row) }

// stand sends a pipette to a well and returns where it stands now.
func (f *Folder) stand(p *pipette, labwareID, wellName string, l *ot2.WellLocation) standing {
	lw := f.labwareOf(labwareID)
	f.checkLabware(lw, wellName)
	depth := float64(unknownDepth)
	if lw.definition != nil {
		if shape, known := lw.definition.Wells[wellName]; known {
			depth = shape.Depth
		}
	}
	p.at = standing{in: lw, well: wellName, above: above(l, depth), heightless: heightUnsaid(l)}
	return p.at
}

// standAt is stand for a command that names a well.
func (f *Folder) standAt(p *pipette, c *ot2.Command) standing {
	if l := c.Params.WellLocation; l != nil && c.Params.WellName != "" && !heightUnsaid(l) && l.Origin != "default" {
		f.heights = true
	}
	return f.stand(p, c.Params.LabwareID, c.Params.WellName, c.Params.WellLocation)
}

// pickUpTip gives a tip to every active nozzle over a place of the rack.
func (f *Folder) pickUpTip(c *ot2.Command) {
	p := f.pipetteOf(c)
	at := f.stand(p, c.Params.LabwareID, c.Params.WellName, c.Params.WellLocation)
	f.discardTips(p)
	p.tipped, p.picked = true, f.sequence
	at.in.rack = true
	reached := at.in.reach(at.well, p.layout)
	for row, place := range reached {
		if place == nil {
			continue
		}
		if waiting := at.in.waiting[place.name]; len(waiting) > 0 {
			p.tips[row], at.in.waiting[place.name] = waiting[0], waiting[1:]
		} else {
			p.tips[row] = f.freshTip()
		}
	}
}

// discardTips puts the tips that are still on, with their content, into the trash.
func (f *Folder) discardTips(p *pipette) {
	for row, t := range p.tips {
		if t == nil {
			continue
		}
		if rest := t.liquid(); rest > 0 {
			f.balance.Trash += rest
			f.find(Finding{Kind: FindingTipLost, Detail: "a tip was still on at a pick-up: it and its content count as trash", Missing: rest})
		}
		p.tips[row] = nil
	}
	p.tipped = false
}
