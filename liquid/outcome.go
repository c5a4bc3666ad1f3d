package liquid

import "time"

// Epsilon is the volume in µL below which there is nothing: without such a
// limit float noise makes origins that never were.
const Epsilon = 1e-6

// Place is a well of a labware. An empty Well is an addressable area (Labware
// then holds its name) or nowhere (Labware empty): outside any well.
type Place struct {
	Labware string `json:"labware"`
	Well    string `json:"well"`
}

// StateKey names a well state. Command is the command that made it; "" is the
// undeclared content that was in the well from the start; "<id>/liquid" is the
// pure liquid which a loadLiquid added to a well that already held something.
// Run is set only for a state of an earlier run on shared labware.
type StateKey struct {
	Run     string
	Labware string
	Well    string
	Command string
}

// State is the content of one well from the command that made it until the
// next change of its composition.
type State struct {
	Key      StateKey
	Sequence int       // executed position of the command; -1 for undeclared content
	At       time.Time // device time of the command's start
	// VolumeUl is the volume of its parts together: what the well held once the
	// command had delivered, or, where a draw found a lack, just before it drew.
	// Of an undeclared source it is all that was found lacking, over the whole run.
	VolumeUl float64
	// Liquid is the id of the liquid, for a first state that loadLiquid made.
	Liquid string
	// Parts are the states it came from. A first state (a loaded liquid or
	// undeclared content) has none.
	Parts []Part
	// Origins are the first states in it, with their fractions, in order of key.
	Origins []Share
	// Incomplete holds the reasons why this may not be all of the truth, sorted: see Reason.
	Incomplete []Reason
}

// First reports whether s came from no other state: a loaded liquid or
// undeclared content.
func (s State) First() bool { return len(s.Parts) == 0 }

// Part is one contribution to a state: volume and fraction of the new content.
type Part struct {
	From      StateKey
	VolumeUl  float64
	Fraction  float64
	Mechanism Mechanism
}

// Share is the fraction of one first state in a content.
type Share struct {
	State    StateKey
	Fraction float64
}

// Mechanism says how liquid got into a state.
type Mechanism string

const (
	Remained   Mechanism = "remained"    // what the well held before
	Loaded     Mechanism = "loaded"      // declared by loadLiquid
	Undeclared Mechanism = "undeclared"  // found lacking
	Dispensed  Mechanism = "transfer"    // a dispense
	BlownOut   Mechanism = "blowout"     // a blow-out
	TipResidue Mechanism = "tip-residue" // a tip dropped into a well
)

// Reason is a word for why a state or an answer may be incomplete.
type Reason string

const (
	ReasonUndeclared Reason = "undeclared-source"     // content of unknown origin is in it
	ReasonShortLater Reason = "source-short-later"    // a well it was drawn from was found short afterwards
	ReasonUncertain  Reason = "uncertain-state"       // a failed command may have moved liquid here
	ReasonUnlikeTip  Reason = "unlike-liquids-in-tip" // two unlike liquids in one tip, dispensed in part
	ReasonNoGeometry Reason = "no-definition"         // no labware definition: nozzles act on the named well
	ReasonNoHeight   Reason = "no-height"             // the log can't tell air from liquid
)

// Transfer is what one delivering command brought from one source well to one
// target, all nozzles and parcels summed.
type Transfer struct {
	Command  string
	From, To Place
	VolumeUl float64
}

// Carry is a possibility: a tip that touched From went on to To.
type Carry struct {
	Command        string
	From, To       Place
	FromState      StateKey // the state that From had when the tip touched it
	ToState        StateKey // the state of To after the command
	ToStateUnknown bool     // To has no state (nothing was ever in it)
}

// WellOutcome is what a well held in the end.
type WellOutcome struct {
	VolumeUl float64
	State    StateKey // its last state
	Origins  []Share  // empty for an empty well
	// Ever are the first states of which a non-zero volume ever entered the
	// well, in order of key.
	Ever []StateKey
	// Incomplete holds the reasons why this may not be all of the truth, sorted.
	Incomplete []Reason
	// FoundShort: what it held when the run began was found short, in this run or in
	// a later one (Options.ShortLater).
	FoundShort bool
	// Features.
	Transfers      int       // delivering commands into it
	Draws          int       // aspirates out of it
	Mixes          int       // dispenses of its own content back into it
	TipChanges     int       // distinct tips that delivered into it, less one
	LastDispenseAt time.Time // zero: never
	UncertainSince string    // the failed command, if any
}

// Step is one executed command that did something to liquid or place.
type Step struct {
	Command   string
	Type      string // of the command
	Sequence  int
	StartedAt time.Time
	EndedAt   time.Time
	Pipette   string
	Kind      StepKind
	Reads     []StateKey // states it drew from or acted on
	Makes     []StateKey // states it made
	Places    []Place    // wells it acted on
	VolumeUl  float64    // all nozzles summed; 0 where it moved none
	Failed    bool
}

// StepKind is what a step does, in a scientist's words.
type StepKind string

const (
	StepLoad      StepKind = "load"      // declares a liquid
	StepDraw      StepKind = "draw"      // takes liquid up; makes a state only where liquid was found lacking
	StepDeliver   StepKind = "deliver"   // dispense, blow-out or dropped tip that changed a well
	StepMix       StepKind = "mix"       // gives a well's own content back to it
	StepDiscard   StepKind = "discard"   // into trash or outside
	StepMove      StepKind = "move"      // labware moved
	StepIncubate  StepKind = "incubate"  // waits, temperatures, shaking
	StepUncertain StepKind = "uncertain" // failed, and may have moved liquid
)

// Balance is the mass balance of a run in µL. Loaded + Inherited + Unknown =
// Wells + Tips + Trash, within Difference.
type Balance struct {
	Loaded     float64 `json:"loaded"`
	Inherited  float64 `json:"inherited,omitempty"` // in shared labware when the run began
	Unknown    float64 `json:"unknown"`
	Wells      float64 `json:"wells"`
	Tips       float64 `json:"tips"`
	Trash      float64 `json:"trash"`
	Difference float64 `json:"difference"`
}

// Finding is something that a person should know about a run.
type Finding struct {
	Kind    string  `json:"kind"` // one of the Finding… constants
	Command string  `json:"commandId,omitempty"`
	Labware string  `json:"labware,omitempty"`
	Well    string  `json:"well,omitempty"`
	Missing float64 `json:"missing,omitempty"` // µL
	Detail  string  `json:"detail,omitempty"`
}

// Outcome is everything the fold says about a run.
type Outcome struct {
	Wells     map[string]map[string]WellOutcome // by labware id, well
	States    []State                           // in order of sequence, labware, well
	Steps     []Step                            // in executed order
	Transfers []Transfer
	Carried   []Carry // the first time of each pair
	Balance   Balance
	Counts    map[string]int // succeeded, non-setup commands by type
	Unknown   map[string]int // command types the fold does not know
	Findings  []Finding
	// Labware by id, with what was learnt on the way.
	Labware map[string]LabwareOutcome
}

// LabwareOutcome is what the fold knows about a labware at the end.
type LabwareOutcome struct {
	LoadName, DefinitionURI, Label string
	Slots                          []string // where it stood, in order: "2", "module:<id>", "off-deck"
	HasDefinition                  bool
	Tiprack, Trash                 bool
	Capacity                       map[string]float64 // µL by well
}
