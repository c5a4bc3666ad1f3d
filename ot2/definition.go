package ot2

import "fmt"

// Definition is an Opentrons labware definition (schema 2 and 3), as far as
// Wellspring needs it. Lengths in mm, volumes in µL.
type Definition struct {
	Namespace, LoadName string
	Version             int
	DisplayName         string
	DisplayCategory     string // wellPlate, reservoir, tubeRack, tipRack, trash, …
	Format              string // 96Standard, 384Standard, trough, irregular, trash
	Quirks              []string
	IsTiprack           bool
	Ordering            [][]string // columns, each back to front
	Wells               map[string]Well
	// Content is the SHA-256 of the definition's canonical JSON, hex.
	Content string
}

// Well is the geometry of one well: its opening and depth, and where its
// centre stands from the labware's front left corner.
type Well struct {
	Shape      string  // circular, rectangular
	X, Y, Z    float64 // centre (x, y) and bottom (z)
	Depth      float64
	Diameter   float64 // circular
	XDimension float64 // rectangular
	YDimension float64
	CapacityUl float64 // totalLiquidVolume
}

// URI names a definition: namespace/loadName/version.
func (d *Definition) URI() string {
	return fmt.Sprintf("%s/%s/%d", d.Namespace, d.LoadName, d.Version)
}

// HasQuirk reports whether the definition has the quirk.
func (d *Definition) HasQuirk(quirk string) bool {
	for _, q := range d.Quirks {
		if q == quirk {
			return true
		}
	}
	return false
}

// Definitions finds labware definitions for logs that carry none.
type Definitions interface {
	// Definition returns the one with this URI (namespace/loadName/version), or
	// nil. Where only a load name is known, namespace and version are empty: "/loadName/".
	Definition(uri string) *Definition
}
