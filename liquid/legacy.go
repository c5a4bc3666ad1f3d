package liquid

import (
	"strconv"
	"strings"

	"wellspring/ot2"
)

// Robot software 6.0 and 6.1 logged what some Python protocols moved as custom
// commands with a sentence for people, and nothing else:
//
//	Aspirating 19.0 uL from A2 of dye container on 2 at 92.86 uL/sec
//	Dispensing 19.0 uL into A1 of plate on Magnetic Module GEN2 on 3 at 92.86 uL/sec
//	Blowing out at A1 of Opentrons Fixed Trash on 12
const (
	legacyAspirate = "command.ASPIRATE"
	legacyDispense = "command.DISPENSE"
	legacyBlowOut  = "command.BLOW_OUT"
	legacyAirGap   = "command.AIR_GAP"
)

// sentence is what a legacy command says.
type sentence struct {
	volume     float64
	well, name string // name of the labware, with the module it stands on
	slot       string
}

// readSentence reads a legacy sentence; ok is false where it has another form.
func readSentence(kind, text string) (s sentence, ok bool) {
	where, found := "", false
	switch kind {
	case legacyAspirate:
		where, found = s.readVolume(text, "Aspirating ", " from ")
	case legacyDispense:
		where, found = s.readVolume(text, "Dispensing ", " into ")
	case legacyBlowOut:
		where, found = strings.CutPrefix(text, "Blowing out at ")
	}
	if !found {
		return s, false
	}
	// A labware's name may hold any of these words: read from both ends.
	if i := strings.LastIndex(where, " at "); i >= 0 && kind != legacyBlowOut {
		where = where[:i]
	}
	var on string
	if s.well, on, found = strings.Cut(where, " of "); !found {
		return s, false
	}
	i := strings.LastIndex(on, " on ")
	if i < 0 {
		return s, false
	}
	s.name, s.slot = on[:i], strings.TrimSpace(on[i+len(" on "):])
	return s, s.well != "" && s.slot != ""
}

// readVolume reads "<verb><volume> uL<preposition>" and returns what follows.
func (s *sentence) readVolume(text, verb, preposition string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(text, verb)
	if !ok {
		return "", false
	}
	amount, rest, ok := strings.Cut(rest, preposition)
	if !ok {
		return "", false
	}
	number, _, _ := strings.Cut(strings.TrimSpace(amount), " ")
	volume, err := strconv.ParseFloat(number, 64)
	s.volume = volume
	return rest, err == nil
}

// custom plays a legacy command; every other custom command does nothing to liquid.
func (f *Folder) custom(c *ot2.Command) {
	switch c.Params.LegacyType {
	case legacyAspirate, legacyDispense, legacyBlowOut:
		p, at, ok := f.legacyTarget(c)
		if !ok {
			return
		}
		p.at = at
		switch c.Params.LegacyType {
		case legacyAspirate:
			f.aspirate(f.legacyCommand(c), p, at)
		case legacyDispense:
			f.dispense(f.legacyCommand(c), p, at)
		case legacyBlowOut:
			f.blowout(p, at)
		}
	case legacyAirGap:
		if p := f.holder(); p != nil {
			p.nextIn = true
		}
	}
}

// legacyCommand is the command with the volume of its sentence.
func (f *Folder) legacyCommand(c *ot2.Command) *ot2.Command {
	s, _ := readSentence(c.Params.LegacyType, c.Params.LegacyText)
	read := *c
	if read.Result.Volume == nil && read.Params.Volume == nil {
		read.Params.Volume = &s.volume
	}
	return &read
}

// legacyTarget is the pipette of a legacy command, the one that holds a tip,
// and where it stands: in the liquid, for no height was logged.
func (f *Folder) legacyTarget(c *ot2.Command) (p *pipette, at standing, ok bool) {
	s, ok := readSentence(c.Params.LegacyType, c.Params.LegacyText)
	if !ok {
		if c.Params.LegacyType == legacyAspirate || c.Params.LegacyType == legacyDispense || c.Params.LegacyType == legacyBlowOut {
			f.find(Finding{Kind: FindingLegacy, Detail: "a sentence of another form: " + c.Params.LegacyText})
		}
		return nil, at, false
	}
	lw := f.inSlot(s)
	if lw == nil {
		f.find(Finding{Kind: FindingLegacy, Well: s.well, Detail: "no labware of the run stands on " + s.slot + ": " + c.Params.LegacyText})
		return nil, at, false
	}
	if p = f.holder(); p == nil {
		p = f.equip("", "")
	}
	f.checkLabware(lw, s.well)
	return p, standing{in: lw, well: s.well, heightless: true}, true
}

// inSlot finds the labware of a sentence: by slot, among several by name.
func (f *Folder) inSlot(s sentence) *labware {
	var best *labware
	bestRank := -1
	for _, lw := range f.labware {
		if !lw.known || f.slotOf(lw.location) != s.slot {
			continue
		}
		rank := lw.answersTo(s.name)
		if rank > bestRank || rank == bestRank && lw.id < best.id {
			best, bestRank = lw, rank
		}
	}
	if best == nil && s.slot == trashSlot {
		return f.labwareOf(fixedTrash)
	}
	return best
}

// answersTo ranks how well a name, followed perhaps by a module, fits a labware.
func (lw *labware) answersTo(name string) int {
	names := []string{lw.label, lw.loadName}
	if lw.definition != nil {
		names = append(names, lw.definition.DisplayName)
	}
	rank := 0
	for _, n := range names {
		switch {
		case n == "":
		case n == name:
			rank = max(rank, 2)
		case strings.HasPrefix(name, n+" on "):
			rank = max(rank, 1)
		}
	}
	return rank
}

// holder is the pipette that holds a tip, the one that picked up last if both
// do; the only pipette where none does; else nil.
func (f *Folder) holder() *pipette {
	var best *pipette
	for _, p := range f.pipettes {
		if p.tipped && (best == nil || p.picked > best.picked || p.picked == best.picked && p.id < best.id) {
			best = p
		}
	}
	if best == nil && len(f.pipettes) == 1 {
		for _, p := range f.pipettes {
			best = p
		}
	}
	return best
}
