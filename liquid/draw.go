package liquid

import (
	"math"

	"wellspring/ot2"
)

// aspirate draws into every tip of the head: liquid where it stands in a well,
// air anywhere else.
func (f *Folder) aspirate(c *ot2.Command, p *pipette, at standing) {
	f.ready(p)
	volume := f.volumeOf(c)
	announced := p.nextIn
	p.nextIn = false
	if announced || !at.overWell() || at.above {
		f.drawAir(p, volume)
		return
	}
	reached := at.in.reach(at.well, p.layout)
	var done [heads]bool
	for row := range done {
		if done[row] || !p.acts(row) {
			continue
		}
		w := reached[row]
		if w == nil {
			f.findOutside(at)
			p.tips[row].push(parcel{volume: volume, state: noState})
			continue
		}
		// Nozzles in one well draw together, from one mixture.
		together := f.rows[:0]
		for other := row; other < heads; other++ {
			if p.acts(other) && reached[other] == w {
				done[other] = true
				together = append(together, other)
			}
		}
		f.rows = together
		f.draw(p, w, together, volume, at.heightless)
	}
}

// drawAir puts a parcel of air into every tip.
func (f *Folder) drawAir(p *pipette, volume float64) {
	if volume <= Epsilon {
		return
	}
	for row, t := range p.tips {
		if p.acts(row) {
			t.push(parcel{volume: volume, state: noState})
		}
	}
}

// draw takes volume µL out of a well into each of the tips. What the well
// lacks enters it first, from its undeclared source.
func (f *Folder) draw(p *pipette, w *well, rows []int, volume float64, heightUnsaid bool) {
	wanted := volume * float64(len(rows))
	if wanted > Epsilon {
		if missing := wanted - w.volume; missing > Epsilon {
			f.lack(w, missing)
		}
		if math.Abs(w.volume-wanted) <= Epsilon {
			volume, w.volume = w.volume/float64(len(rows)), 0
		} else {
			w.volume -= wanted
		}
		why := f.reasonsIn(w)
		if heightUnsaid {
			why |= heightless
		}
		for _, row := range rows {
			p.tips[row].push(parcel{volume: volume, state: w.state, from: w, why: why})
		}
		w.why |= why & heightless
		w.draws++
		f.step.kind = StepDraw
		f.step.reads = append(f.step.reads, w.state)
		f.step.places = append(f.step.places, w.place())
		f.step.volume += volume * float64(len(rows))
	}
	for _, row := range rows {
		f.touch(p.tips[row], w, nil)
	}
}

// airGap draws air wherever the head stands.
func (f *Folder) airGap(c *ot2.Command, p *pipette) {
	f.ready(p)
	f.drawAir(p, f.volumeOf(c))
}

// volumeOf is a command's volume in µL per nozzle: what it did, else what it
// was told to do.
func (f *Folder) volumeOf(c *ot2.Command) float64 {
	volume := c.Result.Volume
	if volume == nil {
		volume = c.Params.Volume
	}
	if volume == nil {
		return 0
	}
	return f.plausible(*volume)
}

// plausible is the volume itself, or 0 with a finding where it is none.
func (f *Folder) plausible(volume float64) float64 {
	if volume >= 0 && volume <= maxVolume {
		return volume
	}
	f.find(Finding{Kind: FindingInvalidVolume, Detail: "a volume that is negative, endless or no number moves nothing"})
	return 0
}

// maxVolume in µL is more than any deck holds, and small enough that sums of it
// stay exact to Epsilon.
const maxVolume = 1e9
