package bench

import "time"

// Reading is one document of a plate reader (or the like): values read from
// wells.
type Reading struct {
	ID         string // content id of the document
	Instrument string // serial or name; may be empty
	Method     string
	Values     []Value
}

// Value is one measured value of one well.
type Value struct {
	Place   string    // where it stands in the document: row 12, measurement document[3]
	Plate   string    // barcode, or RUN/LABWARE
	Well    string    // A1
	At      time.Time // zero: the document doesn't say
	Name    string    // absorbance, fluorescence, concentration …
	Value   *float64  // nil: the instrument gave none, see Note
	Unit    string
	Note    string            // overflow, masked, error text
	Details map[string]string // wavelength_nm, cycle, …
}
