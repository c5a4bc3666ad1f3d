package bench

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// The techniques of Allotrope Simple Model documents that we read. A document
// is {"$asm.manifest": …, "<technique> aggregate document": {…}}; the members that
// we read are those of the plate-reader and liquid-handler schemas of 2024 and 2025.
const (
	asmPlateReader   = "plate reader"
	asmLiquidHandler = "liquid handler"
)

// asmDocument is an ASM document, opened as far as the measurements.
type asmDocument struct {
	groups     []asmGroup
	calculated []asmCalculated
	instrument string
	model      string
	software   string
}

// asmGroup is one "<technique> document": measurements made together.
type asmGroup struct {
	Analyst      word            `json:"analyst"`
	Measurements asmMeasurements `json:"measurement aggregate document"`
	place        string          // plate reader document[3]
}

type asmMeasurements struct {
	Documents many[asmMeasurement] `json:"measurement document"`
	Time      word                 `json:"measurement time"`
	Method    word                 `json:"analytical method identifier"`
	Data      word                 `json:"experimental data identifier"`
}

// asmMeasurement is one measurement document. What it measured stands under
// names that we don't know beforehand.
type asmMeasurement map[string]json.RawMessage

type asmSample struct {
	Well  word `json:"location identifier"`
	Plate word `json:"well plate identifier"`
	ID    word `json:"sample identifier"`
	Role  word `json:"sample role type"`

	SourceWell     word `json:"source well location identifier"`
	SourcePlate    word `json:"source well plate identifier"`
	SourceLocation word `json:"source location identifier"`
	TargetWell     word `json:"destination well location identifier"`
	TargetPlate    word `json:"destination well plate identifier"`
	TargetLocation word `json:"destination location identifier"`
}

type asmError struct {
	Text    word `json:"error"`
	Feature word `json:"error feature"`
}

type asmCalculated struct {
	ID      word            `json:"calculated data identifier"`
	Name    word            `json:"calculated data name"`
	Result  json.RawMessage `json:"calculated result"`
	Sources struct {
		Documents many[struct {
			ID word `json:"data source identifier"`
		}] `json:"data source document"`
	} `json:"data source aggregate document"`
}

// openASM opens a document of one technique.
func openASM(op, technique string, payload []byte) (asmDocument, error) {
	var d asmDocument
	var top map[string]json.RawMessage
	if err := unmarshal(op, payload, &top); err != nil {
		return d, err
	}
	name := technique + " aggregate document"
	if top[name] == nil {
		return d, fault(op, name, "is missing", "give an Allotrope Simple Model document of a "+technique)
	}
	var aggregate struct {
		Calculated struct {
			Documents many[asmCalculated] `json:"calculated data document"`
		} `json:"calculated data aggregate document"`
		Device struct {
			Serial word `json:"equipment serial number"`
			Device word `json:"device identifier"`
			Model  word `json:"model number"`
		} `json:"device system document"`
		System struct {
			Software word `json:"software name"`
			Version  word `json:"software version"`
		} `json:"data system document"`
	}
	if err := readMember(op, name, top[name], &aggregate); err != nil {
		return d, err
	}
	var members map[string]json.RawMessage
	if err := readMember(op, name, top[name], &members); err != nil {
		return d, err
	}
	list := technique + " document"
	var groups many[json.RawMessage]
	if err := readMember(op, list, members[list], &groups); err != nil {
		return d, err
	}
	for i, raw := range groups {
		g := asmGroup{place: list + "[" + strconv.Itoa(i) + "]"}
		if err := readMember(op, g.place, raw, &g); err != nil {
			return d, err
		}
		d.groups = append(d.groups, g)
	}
	d.calculated = aggregate.Calculated.Documents
	d.instrument = string(aggregate.Device.Serial.or(aggregate.Device.Device))
	d.model = string(aggregate.Device.Model)
	d.software = strings.TrimSpace(string(aggregate.System.Software + " " + aggregate.System.Version))
	return d, nil
}

// at is the place of a measurement document within its group.
func (g asmGroup) at(i int) string {
	return g.place + ", measurement document[" + strconv.Itoa(i) + "]"
}

// read reads a member of a measurement, which may be missing.
func (m asmMeasurement) read(op, place, name string, to any) error {
	return readMember(op, place+", "+name, m[name], to)
}

func (m asmMeasurement) text(name string) word {
	var t word
	if json.Unmarshal(m[name], &t) != nil {
		return ""
	}
	return t
}

// errors are what the instrument says went wrong with a measurement.
func (m asmMeasurement) errors(op, place string) ([]asmError, error) {
	var list struct {
		Documents many[asmError] `json:"error document"`
	}
	err := m.read(op, place, "error aggregate document", &list)
	return list.Documents, err
}

// moment is when a measurement was made; zero where the document doesn't say
// or says no zone.
func (m asmMeasurement) moment(g asmGroup) (time.Time, word) {
	said := m.text("measurement time").or(g.Measurements.Time)
	at, _ := parseMoment(string(said))
	return at, said
}
