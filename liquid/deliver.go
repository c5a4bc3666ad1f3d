package liquid

import (
	"slices"

	"wellspring/ot2"
)

// sink is where what leaves a tip goes that does not get into a well.
type sink struct {
	place   Place
	outside bool // not even into trash
}

// sinkOf is where a nozzle over no well delivers to.
func (s standing) sinkOf() sink {
	switch {
	case s.area != "":
		return sink{place: Place{Labware: s.area}}
	case s.in != nil && s.in.trash:
		return sink{place: Place{Labware: s.in.id, Well: s.well}}
	}
	return sink{outside: true}
}

// dispense takes volume µL out of every tip, the parcel that came last first.
func (f *Folder) dispense(c *ot2.Command, p *pipette, at standing) {
	f.ready(p)
	volume := f.volumeOf(c)
	f.checkHeld(p, volume)
	f.deliver(p, at, volume, Dispensed)
}

// blowout empties every tip.
func (f *Folder) blowout(p *pipette, at standing) { f.deliver(p, at, everything, BlownOut) }

// deliver takes up to volume µL out of every tip into the wells below, or into
// trash, or outside.
func (f *Folder) deliver(p *pipette, at standing, volume float64, mechanism Mechanism) {
	out := f.out[:0]
	var targets [heads]*well
	if at.overWell() && !at.in.trash {
		targets = *at.in.reach(at.well, p.layout)
	}
	for row, t := range p.tips {
		if p.acts(row) {
			out = f.pop(out, row, t, volume)
		}
	}
	f.out = out
	edges := len(f.transfers)
	for _, o := range out {
		if o.air() {
			continue
		}
		if w := targets[o.row]; w != nil {
			f.transfer(edges, o, w.place())
			continue
		}
		to := at.sinkOf()
		f.transfer(edges, o, to.place)
		f.balance.Trash += o.volume
		f.discard(o, to)
		if to.outside {
			f.findOutside(at)
		}
	}
	var poured [heads]*well
	for row, w := range targets {
		if w == nil || !p.acts(row) || slices.Contains(poured[:row], w) {
			continue
		}
		poured[row] = w
		f.pour(w, out, &targets, mechanism)
	}
	for row, w := range targets {
		if w == nil || !p.acts(row) {
			continue
		}
		liquid := slices.ContainsFunc(out, func(o taken) bool { return o.row == row && !o.air() })
		if liquid {
			w.deliveredBy(p.tips[row])
		}
		switch {
		case !at.above:
			f.touch(p.tips[row], w, f.transfers[edges:])
		case liquid:
			f.carry(p.tips[row], w, f.transfers[edges:])
		}
	}
	f.reportUnlike(at)
}

// pour puts the parcels of the nozzles over a well into it. Content that comes
// back to the state it was drawn from, with nothing foreign, is mixing: it
// makes no new state.
func (f *Folder) pour(w *well, out []taken, targets *[heads]*well, mechanism Mechanism) {
	incoming, why, total := f.incoming[:0], reasons(0), 0.0
	for _, o := range out {
		if o.air() || targets[o.row] != w {
			continue
		}
		total += o.volume
		why |= o.why
		if i := slices.IndexFunc(incoming, func(p part) bool { return p.from == o.state }); i >= 0 {
			incoming[i].volume += o.volume
		} else {
			incoming = append(incoming, part{o.state, o.volume, mechanism})
		}
	}
	f.incoming = incoming
	if total == 0 {
		return
	}
	for _, in := range incoming {
		f.step.reads = append(f.step.reads, in.from)
	}
	f.step.places = append(f.step.places, w.place())
	f.step.volume += total
	w.lastDispense = f.command.StartedAt

	if len(incoming) == 1 && incoming[0].from == w.state {
		w.volume += total
		w.mixes++
		// What befell the tip meanwhile befalls the well.
		f.states[w.state].shown |= why &^ f.states[w.state].why
		w.why |= why &^ f.states[w.state].why
		if f.step.kind != StepDeliver {
			f.step.kind = StepMix
		}
	} else {
		if w.volume > 0 {
			f.step.reads = append(f.step.reads, w.state)
		}
		f.add(w, incoming, why)
		w.held = true
		w.transfers++
		f.step.kind = StepDeliver
	}
	f.checkCapacity(w)
}

// discard notes a parcel that left the wells for good.
func (f *Folder) discard(o taken, to sink) {
	if f.step.kind == "" {
		f.step.kind = StepDiscard
	}
	f.step.reads = append(f.step.reads, o.state)
	f.step.volume += o.volume
	if !slices.Contains(f.step.places, to.place) {
		f.step.places = append(f.step.places, to.place)
	}
}

// transfer adds to the edge between two places; the command's edges begin at first.
func (f *Folder) transfer(first int, o taken, to Place) {
	from := o.from.place()
	for i := first; i < len(f.transfers); i++ {
		if t := &f.transfers[i]; t.From == from && t.To == to {
			t.VolumeUl += o.volume
			return
		}
	}
	f.transfers = append(f.transfers, Transfer{Command: f.command.ID, From: from, To: to, VolumeUl: o.volume})
}

// deliveredBy notes that a tip delivered into the well.
func (w *well) deliveredBy(t *tip) {
	if i, found := slices.BinarySearch(w.tips, t.serial); !found {
		w.tips = slices.Insert(w.tips, i, t.serial)
	}
}

// dropTip lets go of every tip: back into its rack with all it holds, or its
// rest into trash or wells.
func (f *Folder) dropTip(p *pipette, at standing) {
	if at.overWell() && at.in.rack {
		f.returnTips(p, at)
		return
	}
	f.deliver(p, at, everything, TipResidue)
	f.letGo(p)
}

// returnTips puts the tips back into the rack, where they wait for the next pick-up.
func (f *Folder) returnTips(p *pipette, at standing) {
	for row, place := range at.in.reach(at.well, p.layout) {
		if place == nil || !p.acts(row) {
			continue
		}
		if at.in.waiting == nil {
			at.in.waiting = map[string][]*tip{}
		}
		at.in.waiting[place.name] = append(at.in.waiting[place.name], p.tips[row])
		p.tips[row] = nil
	}
	f.letGo(p)
}

// letGo lets go of tips that are on no active nozzle, or over no place of the rack.
func (f *Folder) letGo(p *pipette) {
	for row, t := range p.tips {
		if t != nil {
			f.balance.Trash += t.liquid()
			p.tips[row] = nil
		}
	}
	p.tipped = false
}

// loadLiquid declares what is in wells.
func (f *Folder) loadLiquid(c *ot2.Command) {
	if c.Params.LiquidID == emptyLiquid {
		return
	}
	lw := f.labwareOf(c.Params.LabwareID)
	names := f.names[:0]
	for name := range c.Params.VolumeByWell {
		names = append(names, name)
	}
	slices.Sort(names)
	f.names = names
	for _, name := range names {
		volume := f.plausible(c.Params.VolumeByWell[name])
		if volume <= Epsilon {
			continue
		}
		f.checkLabware(lw, name)
		w := lw.wellOf(name)
		f.load(w, c.Params.LiquidID, volume)
		f.step.kind = StepLoad
		f.step.places = append(f.step.places, w.place())
		f.step.volume += volume
	}
}

// emptyLiquid is the liquid id that says a well is empty.
const emptyLiquid = "EMPTY"
