package bench

import (
	"fmt"
	"strings"

	"wellspring/lineage"
)

// Dimension says what a concentration counts. Values of one dimension can be
// compared and added, those of two can't: mg/mL becomes mM only with a molar mass,
// and nobody guesses one.
type Dimension string

// The dimensions, each with the unit that its values are brought to.
const (
	DimensionMolar    Dimension = "molar"    // mol/L
	DimensionMass     Dimension = "mass"     // g/L; also % w/v, 10 g/L
	DimensionPercent  Dimension = "percent"  // %, of what nobody said
	DimensionVolume   Dimension = "volume"   // % v/v
	DimensionActivity Dimension = "activity" // U/L, enzyme units
	DimensionIU       Dimension = "iu"       // IU/L, international units: each substance has its own
	DimensionCopies   Dimension = "copies"   // copies/L
	DimensionCells    Dimension = "cells"    // cells/L
	DimensionCFU      Dimension = "cfu"      // colony-forming units/L
	DimensionPFU      Dimension = "pfu"      // plaque-forming units/L
	DimensionFold     Dimension = "fold"     // x: 10x buffer
)

// unit is one unit: factor × value is the value in the dimension's own unit.
type unit struct {
	dimension Dimension
	factor    float64
}

// whole are units that are no quotient.
var whole = map[string]unit{
	"M": {DimensionMolar, 1}, "mM": {DimensionMolar, 1e-3}, "uM": {DimensionMolar, 1e-6},
	"nM": {DimensionMolar, 1e-9}, "pM": {DimensionMolar, 1e-12}, "fM": {DimensionMolar, 1e-15},
	"%": {DimensionPercent, 1}, "percent": {DimensionPercent, 1},
	"%w/v": {DimensionMass, 10}, "%(w/v)": {DimensionMass, 10},
	"%v/v": {DimensionVolume, 1}, "%(v/v)": {DimensionVolume, 1},
	"x": {DimensionFold, 1}, "X": {DimensionFold, 1}, "×": {DimensionFold, 1},
}

// amounts are what stands over the stroke of a quotient.
var amounts = map[string]unit{
	"mol": {DimensionMolar, 1}, "mmol": {DimensionMolar, 1e-3}, "umol": {DimensionMolar, 1e-6},
	"nmol": {DimensionMolar, 1e-9}, "pmol": {DimensionMolar, 1e-12}, "fmol": {DimensionMolar, 1e-15}, "amol": {DimensionMolar, 1e-18},
	"kg": {DimensionMass, 1e3}, "g": {DimensionMass, 1}, "mg": {DimensionMass, 1e-3}, "ug": {DimensionMass, 1e-6},
	"ng": {DimensionMass, 1e-9}, "pg": {DimensionMass, 1e-12}, "fg": {DimensionMass, 1e-15},
	"U": {DimensionActivity, 1}, "mU": {DimensionActivity, 1e-3}, "kU": {DimensionActivity, 1e3}, "units": {DimensionActivity, 1},
	"IU": {DimensionIU, 1}, "mIU": {DimensionIU, 1e-3}, "kIU": {DimensionIU, 1e3},
	"copies": {DimensionCopies, 1}, "copy": {DimensionCopies, 1}, "cp": {DimensionCopies, 1},
	"cells": {DimensionCells, 1}, "cell": {DimensionCells, 1},
	"CFU": {DimensionCFU, 1}, "cfu": {DimensionCFU, 1},
	"PFU": {DimensionPFU, 1}, "pfu": {DimensionPFU, 1},
}

// perLitre are the volumes under the stroke, by how many make a litre. Their
// case does not matter: ml and mL are one.
var perLitre = map[string]float64{"l": 1, "dl": 10, "ml": 1e3, "ul": 1e6, "nl": 1e9}

// plainUnit writes a unit in one way: no spaces, u for micro (U+00B5 and U+03BC).
var plainUnit = strings.NewReplacer(" ", "", "\u00a0", "", "µ", "u", "μ", "u")

func parseUnit(text string) (unit, bool) {
	plain := plainUnit.Replace(text)
	if u, ok := whole[plain]; ok {
		return u, true
	}
	amount, volume, ok := strings.Cut(plain, "/")
	if !ok {
		return unit{}, false
	}
	u, known := amounts[amount]
	times, volumeKnown := perLitre[strings.ToLower(volume)]
	if !known || !volumeKnown {
		return unit{}, false
	}
	u.factor *= times
	return u, true
}

// unitHint lists examples of what parseUnit knows.
const unitHint = "use a unit such as mM, nM, pmol/µL, mg/mL, ng/µL, %, % w/v, % v/v, U/mL, IU/mL, copies/µL, cells/mL, CFU/mL, PFU/mL or x"

// Dimension returns the dimension of the unit, or "" for a unit that is none.
func (c Concentration) Dimension() Dimension {
	u, _ := parseUnit(c.Unit)
	return u.dimension
}

// In returns the concentration in another unit of its dimension. The error is
// of lineage.ErrorInvalid and says which units don't fit.
func (c Concentration) In(to string) (Concentration, error) {
	const op = "convert concentration"
	from, ok := parseUnit(c.Unit)
	if !ok {
		return c, lineage.Invalid(op, fmt.Sprintf("unit %q", c.Unit), unitHint)
	}
	target, ok := parseUnit(to)
	if !ok {
		return c, lineage.Invalid(op, fmt.Sprintf("unit %q", to), unitHint)
	}
	if from.dimension != target.dimension {
		return c, fault(op, c.Unit+" to "+to, fmt.Sprintf("%s and %s are different things", from.dimension, target.dimension),
			"convert inside one dimension only")
	}
	if from.factor != target.factor {
		c.Value = c.Value * from.factor / target.factor
	}
	c.Unit = to
	return c, nil
}

// BaseUnit is the unit that values of a dimension are brought to.
func (d Dimension) BaseUnit() string {
	switch d {
	case DimensionMolar:
		return "mol/L"
	case DimensionMass:
		return "g/L"
	case DimensionPercent:
		return "%"
	case DimensionVolume:
		return "% v/v"
	case DimensionActivity:
		return "U/L"
	case DimensionIU:
		return "IU/L"
	case DimensionCopies:
		return "copies/L"
	case DimensionCells:
		return "cells/L"
	case DimensionCFU:
		return "CFU/L"
	case DimensionPFU:
		return "PFU/L"
	case DimensionFold:
		return "x"
	}
	return ""
}

// Dimensions lists every dimension.
func Dimensions() []Dimension {
	return []Dimension{DimensionMolar, DimensionMass, DimensionPercent, DimensionVolume, DimensionActivity, DimensionIU,
		DimensionCopies, DimensionCells, DimensionCFU, DimensionPFU, DimensionFold}
}

// microlitres is a volume in a unit of volume as µL.
func microlitres(value float64, unit string) (float64, bool) {
	times, ok := perLitre[strings.ToLower(plainUnit.Replace(unit))]
	if !ok {
		return 0, false
	}
	return value * (1e6 / times), true
}
