package declared

import (
	"cmp"
	"slices"
	"strings"

	"wellspring/etl/benchindex"
	"wellspring/liquid"
	"wellspring/ot2"
)

// Fill says which lot or sample a first state is. With neither it says the
// concentration of the protocol's liquid there.
type Fill struct {
	State  liquid.StateKey
	Lot    string
	Sample string
	Said   benchindex.Declared
}

// about is what in the run a declaration of contents is about: a well of it, or
// a liquid.
type about struct{ labware, well, liquid string }

// contents resolves declarations to wells and liquids of a run.
type contents struct {
	run     ot2.Run
	outcome liquid.Outcome
	deck    deck
	pasts   map[string]benchindex.Past
	holds   map[about]benchindex.Declared
	found   []liquid.Finding
	fills   []Fill
}

// Fills finds the first states that were declared to be a lot or a sample. Pasts
// tells, by barcode, what was in plates before the run: a well that came filled
// was filled in another run.
func Fills(run ot2.Run, outcome liquid.Outcome, barcodes map[string]string, aboutRun []benchindex.Declared, pasts map[string]benchindex.Past) ([]Fill, []liquid.Finding) {
	c := &contents{
		run: run, outcome: outcome, deck: deck{outcome.Labware, barcodes}, pasts: pasts,
		holds: map[about]benchindex.Declared{},
	}
	c.listen(aboutRun)
	c.draw()
	return c.fills, c.found
}

// listen takes every declaration in the order in which they were said: of two
// about one thing the later one holds.
func (c *contents) listen(aboutRun []benchindex.Declared) {
	type heard struct {
		benchindex.Declared
		labware string // where the plate is known already
	}
	var all []heard
	for _, d := range aboutRun {
		all = append(all, heard{Declared: d})
	}
	for id, barcode := range c.deck.barcodes {
		for _, d := range c.pasts[barcode].Declared {
			if d.Target.Run != "" || d.Target.Well == "" {
				continue
			}
			if _, filled := c.pasts[barcode].Contents[well(d.Target.Well)]; !filled {
				all = append(all, heard{d, id})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b heard) int { return cmp.Or(a.Declared.Compare(b.Declared), cmp.Compare(a.labware, b.labware)) })
	for _, h := range all {
		switch target, ok := c.resolve(h.Declared, h.labware); {
		case !ok:
		case h.Withdrawn:
			delete(c.holds, target)
		default:
			c.holds[target] = h.Declared
		}
	}
}

// resolve finds what in the run a declaration of contents is about.
func (c *contents) resolve(d benchindex.Declared, labware string) (target about, ok bool) {
	t := d.Target
	switch {
	case t.Command != "" || d.Lot == "" && d.Sample == "" && d.Conc == nil && !d.Withdrawn:
		return about{}, false
	case t.Liquid != "":
		id, wrong := c.liquid(d)
		if wrong != nil {
			c.found = append(c.found, *wrong)
		}
		return about{liquid: id}, wrong == nil
	case t.Well == "":
		return about{}, false // about the labware itself: see Identify
	case labware == "":
		id, wrong := c.deck.one(d, cmp.Or(t.Labware, t.Barcode))
		if wrong != nil {
			c.found = append(c.found, *wrong)
			return about{}, false
		}
		if past, filled := c.pasts[c.deck.barcodes[id]]; filled {
			if content, came := past.Contents[well(t.Well)]; came {
				c.found = append(c.found, *unmatched(d, "the well came filled, by run "+content.State.Run+": declare it there, or by the plate's barcode"))
				return about{}, false
			}
		}
		labware = id
	}
	return about{labware: labware, well: well(t.Well)}, true
}

// liquid finds the liquid of the protocol that a declaration names.
func (c *contents) liquid(d benchindex.Declared) (id string, wrong *liquid.Finding) {
	var named []string
	for _, l := range c.run.Liquids {
		if l.ID == d.Target.Liquid {
			return l.ID, nil
		}
		if strings.EqualFold(strings.TrimSpace(l.DisplayName), strings.TrimSpace(d.Target.Liquid)) {
			named = append(named, l.ID)
		}
	}
	if len(named) == 1 {
		return named[0], nil
	}
	for _, s := range c.outcome.States {
		if s.Liquid != "" && s.Liquid == d.Target.Liquid {
			return s.Liquid, nil // loaded, and not in the run's list
		}
	}
	if len(named) == 0 {
		return "", unmatched(d, "the run has no liquid "+d.Target.Liquid)
	}
	return "", ambiguous(d, "the run has more than one liquid "+d.Target.Liquid+": name it by its id")
}

// draw finds the states that each declaration holds of.
func (c *contents) draw() {
	loads := map[liquid.Place]int{}
	for _, s := range c.outcome.States {
		if s.First() && s.Liquid != "" {
			loads[liquid.Place{Labware: s.Key.Labware, Well: s.Key.Well}]++
		}
	}
	met := map[about]bool{}
	for _, s := range c.outcome.States {
		if !s.First() {
			continue
		}
		inWell, of := about{labware: s.Key.Labware, well: s.Key.Well}, about{liquid: s.Liquid}
		said, holds := c.holds[inWell]
		if holds {
			met[inWell] = true
			holds = s.Liquid == "" || loads[liquid.Place{Labware: s.Key.Labware, Well: s.Key.Well}] == 1
			if !holds {
				c.found = append(c.found, *ambiguous(said, "more than one liquid was loaded into "+s.Key.Well+": name the liquid"))
			}
		}
		if !holds && s.Liquid != "" {
			said, holds = c.holds[of]
			met[of] = met[of] || holds
		}
		if holds {
			c.fill(s, said)
		}
	}
	c.unmet(met)
}

func (c *contents) fill(s liquid.State, said benchindex.Declared) {
	if said.Lot == "" && said.Sample == "" && s.Liquid == "" {
		c.found = append(c.found, *unmatched(said, "nobody says what is in "+s.Key.Well+": name the lot or the sample"))
		return
	}
	c.fills = append(c.fills, Fill{State: s.Key, Lot: said.Lot, Sample: said.Sample, Said: said})
}

// unmet finds declarations about wells that the run names, and never drew from
// or loaded. What is declared of a plate by its barcode may well lie in wells
// that no run touched.
func (c *contents) unmet(met map[about]bool) {
	for target, d := range c.holds {
		if !met[target] && d.Target.Run != "" {
			c.found = append(c.found, *unmatched(d, "the run never loaded or drew what it is about"))
		}
	}
	slices.SortFunc(c.found, func(a, b liquid.Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Detail, b.Detail))
	})
	c.found = slices.Compact(c.found)
}

// well writes a well as labware definitions do: a1 and A01 are A1.
func well(name string) string {
	upper := strings.ToUpper(strings.TrimSpace(name))
	row := strings.TrimRight(upper, "0123456789")
	column := strings.TrimLeft(upper[len(row):], "0")
	if row == "" || column == "" {
		return upper
	}
	return row + column
}
