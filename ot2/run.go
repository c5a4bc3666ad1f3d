package ot2

import (
	"encoding/json"
	"time"
)

// Shape is one of the forms in which a run or an analysis is written down.
type Shape string

const (
	ShapeAppDownload Shape = "app-download" // {data: {run}, commands: {data, meta, links}}, also the recorded robot server's export
	ShapeFlat        Shape = "flat-log"     // run fields and commands[] side by side, robot serial
	ShapeAnalysis    Shape = "analysis"     // {id, status, commands[], labware[], …}, also as {data: {…}}
	ShapeSigned      Shape = "signed-log"   // of 2026: signedBy, logPeriodId, headers
	ShapeHTTP        Shape = "robot-http"   // one answer of the robot's HTTP API: a run, a page of commands, one command
	// ShapeFragment is Wellspring's own form for a piece of a run that is under
	// way: {"runId": "…", "run": {header}, "commands": [command, …]}. runId and
	// one of the two others are there; header and commands are as the robot's HTTP
	// API writes them, a command as an object or as its JSON text.
	ShapeFragment Shape = "fragment"
)

// Document is what one payload says.
type Document struct {
	Shape Shape
	Run   Run
}

// Run is one execution of a protocol, or (Plan) one analysis of it. Every field
// may be missing: unknown is the zero value. A Run may be a fragment, such as
// one command of a running run; Merge joins fragments.
type Run struct {
	ID          string
	Plan        bool      // an analysis: planned, not executed
	Status      string    // idle, running, paused, …, succeeded, failed, stopped; of an analysis completed
	Result      string    // of an analysis: ok, not-ok
	Current     bool      // the robot still holds it as its current run
	CreatedAt   time.Time // the device's clock
	StartedAt   time.Time
	CompletedAt time.Time

	ProtocolID   string
	ProtocolName string
	RobotSerial  string
	RobotName    string
	Software     string // version of the robot software

	Pipettes   []Pipette
	Labware    []Labware
	Modules    []Module
	Liquids    []Liquid
	Offsets    []LabwareOffset
	Parameters []Parameter
	Actions    []Action
	Errors     []Error

	// Commands in the order of the list. Executed order is package liquid's concern.
	Commands []Command
	// CommandsTotal is how many commands the source says there are, -1 when it doesn't say.
	CommandsTotal int

	// Gaps are what a reader of the robot knows to be missing, for good. Empty
	// where one record has the whole run.
	Gaps []Gap `json:",omitempty"`

	// Redacted names the places from which secrets or personal data were taken.
	Redacted []string
}

// Gap is a part of a run that nobody can read any more.
type Gap struct {
	Kind   string // deleted, lost, hole
	Detail string // for a person: what is missing, and why
}

// Ended reports whether the run has a final status.
func (r Run) Ended() bool {
	switch r.Status {
	case "succeeded", "failed", "stopped", "completed":
		return true
	}
	return false
}

// Pipette is one that a run or an analysis loaded.
type Pipette struct {
	ID, Name, Mount, Serial string
}

// Labware is one plate, rack, reservoir or the like that a run loaded; ID is
// unique in its run only.
type Labware struct {
	ID, LoadName, DefinitionURI, DisplayName string
	Location                                 Location
	OffsetID                                 string
}

// Location is where labware stands. At most one of Slot, ModuleID, LabwareID
// and AddressableArea is set; none and not OffDeck means unknown.
type Location struct {
	Slot            string
	ModuleID        string
	LabwareID       string // on top of other labware
	AddressableArea string
	OffDeck         bool
}

// Module is hardware on the deck: heater-shaker, thermocycler, magnet, …
type Module struct {
	ID, Model, Serial string
	Location          Location
}

// LabwareOffset is how far a kind of labware stands off its place on this robot,
// as somebody measured it ("labware position check"). It counts for labware whose
// load, move or summary names its ID.
type LabwareOffset struct {
	ID, DefinitionURI string
	Location          Location
	Vector            [3]float64 // x, y, z in mm
}

// Liquid is one that a protocol declares.
type Liquid struct {
	ID, DisplayName, Description string
}

// Parameter is a run-time parameter with the value it had.
type Parameter struct {
	Name  string
	Value json.RawMessage
}

// Action is what somebody told the robot to do with the run.
type Action struct {
	ID, Type  string // play, pause, stop, …
	CreatedAt time.Time
}

// Error is one that the robot reports, of a run or of a command.
type Error struct {
	ID, Type, Code, Detail string
	CreatedAt              time.Time
}

// Command statuses.
const (
	StatusQueued    = "queued"
	StatusRunning   = "running"
	StatusSucceeded = "succeeded"
	StatusFailed    = "failed"
)

// Command is one command of a run. Params and Result hold what Wellspring
// reads; RawParams and RawResult hold all that was said, compact.
type Command struct {
	ID          string
	Key         string // the same in the analysis and in the run
	Type        string
	Intent      string // setup, protocol, fixit
	Status      string
	CreatedAt   time.Time
	StartedAt   time.Time // zero: never started
	CompletedAt time.Time
	Params      Params
	Result      Result
	HasResult   bool // a result object was there, even an empty one
	Error       *Error
	// FailedCommandID: this command is part of the recovery from that one.
	FailedCommandID string

	RawParams json.RawMessage
	RawResult json.RawMessage // without labware definitions, which are in Result.Definition
}

// Origin of a well location.
const (
	OriginTop      = "top"
	OriginBottom   = "bottom"
	OriginCenter   = "center"
	OriginMeniscus = "meniscus"
)

// WellLocation is a point in or over a well. Offsets in mm.
type WellLocation struct {
	Origin  string
	OffsetZ float64
}

// Params are the parameters that Wellspring reads, over all command types.
// A pointer is nil where the command does not say.
type Params struct {
	PipetteID, LabwareID, ModuleID, LiquidID string
	WellName                                 string
	WellLocation                             *WellLocation
	Volume                                   *float64 // µL per nozzle
	PushOut                                  *float64 // µL
	VolumeByWell                             map[string]float64

	// loadLabware, loadPipette, loadModule, moveLabware
	LoadName, Namespace, DisplayName string
	Version                          int
	PipetteName, Mount, Model        string
	Location, NewLocation            *Location

	AddressableAreaName string
	Nozzles             *NozzleLayout
	Seconds             *float64 // waitForDuration
	Celsius             *float64
	Message             string // comment, waitForResume

	LegacyType, LegacyText string // custom: command.ASPIRATE, "Aspirating 19.0 uL …"
}

// NozzleLayout is what configureNozzleLayout asks for.
type NozzleLayout struct {
	Style                                     string // ALL, SINGLE, ROW, COLUMN, QUADRANT
	PrimaryNozzle, FrontRight, BackLeftNozzle string
}

// Result is what Wellspring reads of a command's result.
type Result struct {
	PipetteID, LabwareID, ModuleID string
	Serial                         string // loadModule
	OffsetID                       string // loadLabware, reloadLabware, moveLabware: the LabwareOffset that counts from here on
	Volume                         *float64
	Definition                     *Definition // loadLabware, reloadLabware
	Position                       *[3]float64 // mm, deck coordinates
}
