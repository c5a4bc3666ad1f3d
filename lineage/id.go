package lineage

import (
	"bytes"
	"encoding/json"

	"github.com/google/uuid"
)

// ID identifies a node. It is a UUIDv5 of what the thing is, never of when or
// in which order it was heard of.
type ID = uuid.UUID

// Namespace is the UUIDv5 namespace of every Wellspring id.
var Namespace = uuid.MustParse("6f6ac1ae-7a0e-5d5c-9d3f-2b0f6f1f0e57")

// NewID returns the id of the thing of kind k that parts name. Anybody can
// recompute it: UUIDv5 over Namespace and the compact JSON array
// ["<kind>","<part>",…] in UTF-8, without HTML escaping.
//
// Which parts name a kind is fixed by the functions beside it (RunID,
// WellStateID, …): use those.
func NewID(k Kind, parts ...string) ID {
	var few [256]byte
	name := appendPart(append(few[:0], '['), string(k))
	for _, part := range parts {
		name = appendPart(append(name, ','), part)
	}
	return uuid.NewSHA1(Namespace, append(name, ']'))
}

// appendPart appends a string as JSON, without HTML escaping.
func appendPart(b []byte, s string) []byte {
	if plain(s) {
		return appendText(b, s)
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return append(b, bytes.TrimRight(text.Bytes(), "\n")...)
}

// RunID is the id of a run, by the robot's own run id.
func RunID(run string) ID { return NewID(KindRun, run) }

// PlanID is the id of an analysis, by the robot's own analysis id.
func PlanID(analysis string) ID { return NewID(KindPlan, analysis) }

// LabwareID is the id of labware whose physical identity nobody declared: it
// is known within its run only.
func LabwareID(run, labware string) ID { return NewID(KindLabware, run, labware) }

// PhysicalLabwareID is the id of labware whose identity was declared. It is the
// same in every run.
func PhysicalLabwareID(barcode string) ID { return NewID(KindLabware, "barcode", barcode) }

// WellStateID is the id of the content of a well from the command that made it
// until the next change. An empty command names what was in the well before
// anything was declared of it.
func WellStateID(run, labware, well, command string) ID {
	return NewID(KindWellState, run, labware, well, command)
}

// StepID is the id of the transformation that a command performed.
func StepID(run, command string) ID { return NewID(KindStep, run, command) }

// LiquidID is the id of a protocol's liquid. It is known within its run only:
// two protocols that both say "water" need not mean one bottle.
func LiquidID(run, liquid string) ID { return NewID(KindLot, "liquid", run, liquid) }

// LotID is the id of a reagent lot that was declared by name.
func LotID(name string) ID { return NewID(KindLot, "lot", name) }

// ExperimentID is the id of an experiment, by the name or UUID that people gave it.
func ExperimentID(name string) ID { return NewID(KindExperiment, ExperimentName(name)) }

// ExperimentName is the one way to write an experiment's name: a UUID in its
// usual form, anything else as it is.
func ExperimentName(name string) string {
	if id, err := uuid.Parse(name); err == nil {
		return id.String()
	}
	return name
}

// SampleID is the id of a received sample, by its barcode.
func SampleID(barcode string) ID { return NewID(KindSample, barcode) }
