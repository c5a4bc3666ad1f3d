package liquid

import (
	"slices"
	"strings"
	"time"

	"wellspring/ot2"
)

// Options of a fold.
type Options struct {
	// Definitions is asked for labware whose log carries no definition. May be nil.
	Definitions ot2.Definitions
	// Initial is the content of shared labware when the run began, by place:
	// see Outcome.Handover. Content of volume 0 is a well that was emptied.
	Initial map[Place]Content
	// ShortLater are wells that a later run found short: see WellOutcome.FoundShort.
	// What was drawn from what they held last is incomplete.
	ShortLater map[Place]bool
}

// Fold plays the run's commands in executed order.
func Fold(run ot2.Run, options Options) Outcome {
	f := New(run, options)
	for _, c := range Ordered(run) {
		f.Apply(c)
	}
	return f.Outcome()
}

// Folder plays commands one by one. It is not safe for concurrent use.
type Folder struct {
	options  Options
	ended    bool // the run: what still runs was cut off
	command  *ot2.Command
	sequence int // of the command at hand
	seen     map[string]bool

	labware  map[string]*labware
	pipettes map[string]*pipette
	modules  map[string]ot2.Location
	serial   int32 // of the last tip

	summaryPipettes []ot2.Pipette
	summaryLabware  []summaryLabware

	states    []state
	steps     []step
	transfers []Transfer
	carried   []carry
	pairs     map[[2]*well]bool
	balance   Balance // Wells and Tips are summed in the end
	counts    map[string]int
	unknown   map[string]int
	findings  []Finding
	heights   bool // some command said a height
	unlike    bool // the command at hand cut a column of unlike liquids

	keepShares arena[share]
	keepParts  arena[part]
	keepStates arena[stateID]
	keepPlaces arena[Place]

	// Scratch of the command at hand.
	step                step
	shares, spareShares []share
	parts, incoming     []part
	out                 []taken
	rows                []int
	names               []string
}

// step is a Step as the fold keeps it.
type step struct {
	command, typ, pipette string
	sequence              int
	started, ended        time.Time
	kind                  StepKind
	reads, makes          []stateID
	places                []Place
	volume                float64
	failed                bool
}

// New starts the fold of a run: of what its summary tells and of what the
// labware it shares held before. The run's commands are not played.
func New(run ot2.Run, options Options) *Folder {
	f := &Folder{
		options: options, ended: run.Ended(), command: &ot2.Command{}, seen: map[string]bool{},
		labware: map[string]*labware{}, pipettes: map[string]*pipette{}, modules: map[string]ot2.Location{},
		pairs: map[[2]*well]bool{}, counts: map[string]int{}, unknown: map[string]int{},
	}
	f.summarize(run)
	f.inherit(options.Initial)
	return f
}

const intentSetup = "setup"

// Apply plays the next command in executed order. One that never ran, that
// still runs, or that was played already does nothing.
func (f *Folder) Apply(c *ot2.Command) {
	succeeded := c.Status == ot2.StatusSucceeded
	failed := c.Status == ot2.StatusFailed || c.Status == ot2.StatusRunning && f.ended
	if !(succeeded || failed) || !f.first(c) {
		return
	}
	f.command = c
	f.step = step{reads: f.step.reads[:0], makes: f.step.makes[:0], places: f.step.places[:0]}
	switch setup := c.Intent == intentSetup; {
	case succeeded && setup:
		f.learn(c)
	case succeeded:
		f.counts[c.Type]++
		f.play(c)
	case !setup:
		f.fail(c)
	}
	f.keepStep(c)
	f.sequence++
}

// first reports whether the command was not played before.
func (f *Folder) first(c *ot2.Command) bool {
	if c.ID == "" {
		return true
	}
	if f.seen[c.ID] {
		return false
	}
	f.seen[c.ID] = true
	return true
}

// learn takes from a load what it tells of ids, definitions and places. It
// reports whether the command was a load.
func (f *Folder) learn(c *ot2.Command) bool {
	switch c.Type {
	case "loadLabware", "reloadLabware":
		f.loadLabware(c)
	case "loadPipette":
		f.loadPipette(c)
	case "loadModule":
		f.loadModule(c)
	default:
		return false
	}
	return true
}

// play does what a command did.
func (f *Folder) play(c *ot2.Command) {
	if f.learn(c) {
		return
	}
	switch c.Type {
	case "loadLiquid":
		f.loadLiquid(c)
	case "moveLabware":
		f.moveLabware(c)
	case "custom":
		f.custom(c)
	default:
		if !f.pipetting(c) && !f.modular(c) && !idle[c.Type] {
			f.unknown[c.Type]++
		}
	}
}

// pipetting plays the commands of a pipette. It reports whether c was one.
func (f *Folder) pipetting(c *ot2.Command) bool {
	switch c.Type {
	case "aspirate", "aspirateWhileTracking":
		p := f.pipetteOf(c)
		f.aspirate(c, p, f.standAt(p, c))
	case "aspirateInPlace":
		p := f.pipetteOf(c)
		f.aspirate(c, p, p.at)
	case "airGapInPlace":
		f.airGap(c, f.pipetteOf(c))
	case "dispense", "dispenseWhileTracking":
		p := f.pipetteOf(c)
		f.dispense(c, p, f.standAt(p, c))
	case "dispenseInPlace":
		p := f.pipetteOf(c)
		f.dispense(c, p, p.at)
	case "blowout":
		p := f.pipetteOf(c)
		f.blowout(p, f.standAt(p, c))
	case "blowOutInPlace", "unsafe/blowOutInPlace":
		p := f.pipetteOf(c)
		f.blowout(p, p.at)
	case "pickUpTip":
		f.pickUpTip(c)
	case "dropTip":
		p := f.pipetteOf(c)
		f.dropTip(p, f.stand(p, c.Params.LabwareID, c.Params.WellName, c.Params.WellLocation))
	case "dropTipInPlace", "unsafe/dropTipInPlace":
		p := f.pipetteOf(c)
		f.dropTip(p, p.at)
	case "moveToWell", "touchTip", "liquidProbe", "tryLiquidProbe":
		f.standAt(f.pipetteOf(c), c)
	case "moveToAddressableArea", "moveToAddressableAreaForDropTip":
		f.pipetteOf(c).at = standing{area: c.Params.AddressableAreaName}
	case "moveToCoordinates":
		f.pipetteOf(c).at = standing{}
	case "configureNozzleLayout":
		p := f.pipetteOf(c)
		p.layout = configure(c.Params.Nozzles, p.rows)
	default:
		return false
	}
	f.step.pipette = c.Params.PipetteID
	return true
}

// modular notes what acts on liquid without moving it: time, heat, shaking,
// magnets. It reports whether c was a command of a module, a wait, or done by
// others to whole labware ("labware/centrifuge").
func (f *Folder) modular(c *ot2.Command) bool {
	module, action, found := strings.Cut(c.Type, "/")
	switch module {
	case "waitForDuration", "labware":
	case "temperatureModule", "thermocycler", "heaterShaker", "magneticModule":
		if !found {
			return false
		}
		if strings.HasSuffix(action, "Lid") || strings.HasSuffix(action, "LabwareLatch") {
			return true // opens or closes, no more
		}
	default:
		return false
	}
	f.incubate(c)
	return true
}

// idle are the commands that are known and do nothing to liquid, tips or place.
var idle = map[string]bool{
	"home": true, "comment": true, "waitForResume": true, "pause": true, "delay": true, "setStatusBar": true,
	"setRailLights": true, "moveRelative": true, "savePosition": true, "retractAxis": true, "prepareToAspirate": true,
	"configureForVolume": true, "loadLid": true, "loadLidStack": true, "verifyTipPresence": true, "getTipPresence": true,
	"getNextTip": true, "loadLiquidClass": true, "captureImage": true, "createTimer": true, "waitForTasks": true, "identifyModule": true,
	"setTipState": true, "calibration/calibratePipette": true, "calibration/calibrateModule": true, "calibration/moveToMaintenancePosition": true,
	"unsafe/engageAxes": true, "unsafe/updatePositionEstimators": true,
}

// keepStep keeps the step at hand, if the command was one.
func (f *Folder) keepStep(c *ot2.Command) {
	s := f.step
	if s.kind == "" {
		return
	}
	s.command, s.typ, s.sequence = c.ID, c.Type, f.sequence
	s.started, s.ended = c.StartedAt, c.CompletedAt
	s.reads = f.keepStates.keep(distinct(s.reads))
	s.makes = f.keepStates.keep(s.makes)
	s.places = f.keepPlaces.keep(s.places)
	f.steps = append(f.steps, s)
}

// distinct drops repetitions in place; the order stays.
func distinct(ids []stateID) []stateID {
	kept := ids[:0]
	for _, id := range ids {
		if !slices.Contains(kept, id) {
			kept = append(kept, id)
		}
	}
	return kept
}
