package liquid

import (
	"fmt"

	"wellspring/ot2"
)

// The kinds of findings.
const (
	FindingUnderflow      = "underflow"             // a well that never held anything else was drawn from: an undeclared liquid
	FindingOverdraw       = "overdraw"              // more was drawn than a well held: undeclared liquid, or air
	FindingOverflow       = "overflow"              // a well got more than it can hold
	FindingUncertain      = "uncertain"             // a failed command may have moved liquid here
	FindingUnlike         = "unlike-liquids-in-tip" // dispensed in part: last in first out is one bound, full mixing the other
	FindingShortTip       = "dispense-short"        // the tip held less than was to be dispensed
	FindingOutside        = "outside"               // a nozzle stood over no well
	FindingTipLost        = "tip-lost"              // a tip was still on at a pick-up
	FindingUnknownLabware = "unknown-labware"       // named before it was loaded, or never loaded
	FindingUnknownWell    = "unknown-well"          // not in the labware's definition
	FindingUnknownPipette = "unknown-pipette"       // never loaded
	FindingNoDefinition   = "no-definition"         // all nozzles act on the named well
	FindingNoHeight       = "no-height"             // the log never says a height: air can't be told from liquid
	FindingInvalidVolume  = "invalid-volume"        // negative, endless or no number
	FindingDeclaredAgain  = "declared-again"        // a liquid was declared in a well that held an earlier run's content
	FindingLegacy         = "legacy-unreadable"     // a legacy sentence that names no labware of the run
)

// find notes a finding of the command at hand.
func (f *Folder) find(finding Finding) {
	finding.Command = f.command.ID
	f.findings = append(f.findings, finding)
}

// checkLabware says once a labware whether it is unknown or undefined, and
// of each command whose well is none.
func (f *Folder) checkLabware(lw *labware, wellName string) {
	if lw.definition != nil {
		if _, ok := lw.definition.Wells[wellName]; !ok {
			f.find(Finding{Kind: FindingUnknownWell, Labware: lw.id, Well: wellName, Detail: "the definition has no such well: all nozzles act on it"})
		}
		return
	}
	if lw.reported || lw.trash {
		return
	}
	lw.reported = true
	if !lw.known {
		f.find(Finding{Kind: FindingUnknownLabware, Labware: lw.id, Detail: "no load before this command and no summary names it"})
	}
	f.find(Finding{Kind: FindingNoDefinition, Labware: lw.id, Detail: "no definition anywhere: all nozzles act on the named well, and heights from the bottom are not known"})
}

// checkCapacity says when a well got more than it can hold.
func (f *Folder) checkCapacity(w *well) {
	if limit := w.shape.CapacityUl; limit > 0 && w.volume > limit+Epsilon {
		f.find(Finding{
			Kind: FindingOverflow, Labware: w.in.id, Well: w.name,
			Detail: fmt.Sprintf("holds %.6g of at most %.6g µL", w.volume, limit),
		})
	}
}

// checkHeld says when a tip holds less than is to be dispensed.
func (f *Folder) checkHeld(p *pipette, volume float64) {
	for row, t := range p.tips {
		if !p.acts(row) {
			continue
		}
		if missing := volume - t.volume(); missing > Epsilon {
			f.find(Finding{Kind: FindingShortTip, Missing: missing, Detail: "a tip held less than was to be dispensed: it gave what it held"})
			return
		}
	}
}

// findOutside says, once a command, that a nozzle stood over no well.
func (f *Folder) findOutside(at standing) {
	if n := len(f.findings); n > 0 && f.findings[n-1].Kind == FindingOutside && f.findings[n-1].Command == f.command.ID {
		return
	}
	finding := Finding{Kind: FindingOutside, Well: at.well, Detail: "a nozzle stood over no well"}
	if at.in != nil {
		finding.Labware = at.in.id
	}
	f.find(finding)
}

// reportUnlike says that a column of unlike liquids was cut in two.
func (f *Folder) reportUnlike(at standing) {
	if !f.unlike {
		return
	}
	f.unlike = false
	finding := Finding{Kind: FindingUnlike, Well: at.well, Detail: "two unlike liquids in one tip were dispensed in part: the numbers are last in, first out"}
	if at.in != nil {
		finding.Labware = at.in.id
	}
	f.find(finding)
}

// fail makes the targets of a failed command uncertain: it may have moved
// something, but moved nothing in the numbers.
func (f *Folder) fail(c *ot2.Command) {
	var p *pipette
	var at standing
	switch c.Type {
	case "aspirate", "aspirateWhileTracking", "dispense", "dispenseWhileTracking", "blowout", "dropTip":
		p = f.pipetteOf(c)
		before := p.at
		at = f.standAt(p, c)
		p.at = before // it failed: where it stands is not known better than before
	case "aspirateInPlace", "dispenseInPlace", "blowOutInPlace", "dropTipInPlace",
		"unsafe/blowOutInPlace", "unsafe/dropTipInPlace":
		p = f.pipetteOf(c)
		at = p.at
	case "custom":
		var ok bool
		if p, at, ok = f.legacyTarget(c); !ok {
			return
		}
	default:
		return
	}
	f.step.kind, f.step.failed = StepUncertain, true
	for row, t := range p.tips {
		if !p.acts(row) {
			continue
		}
		t.why |= uncertain
		for _, held := range t.parcels {
			if !held.air() {
				f.step.reads = append(f.step.reads, held.state)
			}
		}
	}
	if !at.overWell() || at.in.trash || at.in.rack {
		return
	}
	reached := at.in.reach(at.well, p.layout)
	for row, w := range reached {
		if w == nil || p.tipped && !p.acts(row) {
			continue
		}
		f.doubt(w)
	}
}

// doubt makes a well uncertain from the command at hand on.
func (f *Folder) doubt(w *well) {
	if len(f.step.places) > 0 && f.step.places[len(f.step.places)-1] == w.place() {
		return // several nozzles in one well
	}
	f.step.places = append(f.step.places, w.place())
	f.find(Finding{Kind: FindingUncertain, Labware: w.in.id, Well: w.name, Detail: "a failed command may have moved liquid here"})
	w.why |= uncertain
	if w.uncertainSince == "" {
		w.uncertainSince = f.command.ID
	}
	if w.state != noState {
		f.states[w.state].shown |= uncertain
		f.step.reads = append(f.step.reads, w.state)
	}
}
