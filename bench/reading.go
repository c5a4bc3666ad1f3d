package bench

import "time"

// Reading is one document of a plate reader (or the like): values read from
// wells.
type Reading struct {
	ID         string // content id of the document
	Instrument string // serial number, else name; may be empty
	Model      string
	Method     string
	Values     []Value
}

// Value is one measured value of one well, or one calculated from such values.
type Value struct {
	Place   string    // where it stands in the document: line 12, plate reader document[3] …
	Plate   string    // barcode, or RUN/LABWARE; empty: the document doesn't say
	Well    string    // A1; empty: calculated from several wells
	At      time.Time // zero: the document doesn't say
	Name    string    // absorbance, fluorescence, concentration …
	Value   *float64  // nil: the instrument gave none, see Note
	Unit    string
	Note    string            // overflow, masked, error text
	Details map[string]string // wavelength_nm, elapsed_s, cycle, sample, …; read_at: a time without a zone
}
