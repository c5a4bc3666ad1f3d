package bench

import "time"

// Declaration is one statement by a person (or a LIMS) about labware or what
// is in it. It is made of a target and of what is said about it. A later
// declaration about the same target takes the earlier one's place (that is what
// a correction is); the earlier one stays in the history.
type Declaration struct {
	Document string    // the manifest or event it came in
	Row      int       // its place there, from 1
	At       time.Time // when it was declared; zero: with the document
	Who, Why string

	Target   Target
	Barcode  string         // target is labware of a run: its physical identity
	Lot      string         // target is a liquid or a well: the reagent lot
	Sample   string         // target is a liquid or a well: the sample's barcode
	Conc     *Concentration // of the lot or sample there
	VolumeUl *float64       // target is a command: the volume that it really moved, per nozzle
	// Target is a run, labware or a reading: the experiment that it is part of, by
	// name or UUID, and what people call it.
	Experiment, ExperimentTitle string
	Withdrawn                   bool // takes an earlier declaration about the target back

	// Details are further columns (expires, supplier, name …), kept as they are.
	Details map[string]string
}

// Target says what a declaration is about. One of these forms:
//
//	Run + Liquid          a liquid of a protocol, by id or display name
//	Run + Labware         labware of a run, by id, slot, label or barcode
//	Run + Labware + Well  a well of it
//	Barcode + Well        a well of physical labware, in whichever run it appears first
//	Run + Command         one command of a run
//	Run                   the run itself: its experiment, and its detail "plan", the analysis that it carried out
//	Barcode               physical labware: its experiment
//	Reading               a plate reader's document, by the id of its owner or of the document: its experiment
type Target struct {
	Run     string
	Liquid  string
	Labware string
	Barcode string
	Well    string
	Command string
	Reading string `json:",omitempty"`
}

// Concentration is an amount by volume or a mass by volume, as declared.
type Concentration struct {
	Value   float64
	Unit    string // as written: mg/mL, ug/uL, mM, nmol/L, U/mL, %; one that Dimension knows
	Analyte string // what of; empty: the lot or sample itself
}
