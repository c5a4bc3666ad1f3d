package bench

import (
	"fmt"
	"maps"
	"time"

	"wellspring/lineage"
)

// row is one row of a manifest: cells by column.
type row struct {
	place        string // line 5, declarations[3]
	json         bool
	decimalComma bool
	cells        map[string]string
}

func newRow(place string, decimalComma bool) row {
	return row{place: place, decimalComma: decimalComma, cells: map[string]string{}}
}

func (r row) set(column, text string) {
	if text != "" {
		r.cells[column] = text
	}
}

func (r row) fallBack(column, text string) {
	if r.cells[column] == "" {
		r.set(column, text)
	}
}

// take returns a cell and leaves the others to the details.
func (r row) take(column string) string {
	text := r.cells[column]
	delete(r.cells, column)
	return text
}

// at is the place of a column.
func (r row) at(column string) string {
	if r.json {
		return r.place + "." + column
	}
	return r.place + ", column " + column
}

// declaration reads the row. It reports whether nothing was wrong with it.
func (r row) declaration(wrong *faults) (Declaration, bool) {
	before := wrong.n
	d := Declaration{Who: r.take("by"), Why: r.take("reason"), Lot: r.take("lot"), Sample: r.take("sample")}
	d.At = r.moment("at", wrong)
	d.Withdrawn = r.flag("withdrawn", wrong)
	d.Experiment, d.ExperimentTitle = lineage.ExperimentName(r.take("experiment")), r.take("experiment_title")
	d.Conc = r.concentration(wrong)
	d.Target = r.target(&d, wrong)
	if d.Target.Command != "" {
		d.VolumeUl = r.volume(wrong)
	}
	switch {
	case wrong.n > before:
	case d.Experiment != "" || d.ExperimentTitle != "" || d.Target.Reading != "":
		r.checkExperiment(d, wrong)
	default:
		r.check(d, wrong)
	}
	if len(r.cells) > 0 {
		d.Details = maps.Clone(r.cells)
	}
	return d, wrong.n == before
}

// target reads what the row is about, and the barcode, which names the target
// or is what is said about it.
func (r row) target(d *Declaration, wrong *faults) Target {
	t := Target{Run: r.take("run"), Liquid: r.take("liquid"), Command: r.take("command"), Labware: r.take("labware"), Reading: r.take("reading")}
	plate, barcode := r.take("plate"), r.take("barcode")
	if slot := r.take("slot"); slot != "" {
		if t.Labware != "" && t.Labware != slot {
			wrong.add(r.at("slot"), fmt.Sprintf("names the labware again: %s, and %s", slot, t.Labware), "name it by its slot, or by its id or label")
		}
		t.Labware = slot
	}
	if well := r.take("well"); well != "" {
		name, ok := parseWell(well)
		if !ok {
			wrong.add(r.at("well"), fmt.Sprintf("%q is no well", well), wellHint)
		}
		t.Well = name
	}
	fills := d.Lot != "" || d.Sample != "" || d.Conc != nil || t.Well != ""
	if barcode != "" && (fills || d.Experiment != "") {
		if t.Labware != "" || plate != "" {
			wrong.add(r.at("barcode"), "the row says what is in a well or plate, or what it is part of, and names the plate twice", "give the plate's identity a row of its own: run, slot and barcode, without a well")
			return t
		}
		plate, barcode = barcode, ""
	}
	d.Barcode = barcode
	if plate != "" {
		switch {
		case t.Labware != "":
			wrong.add(r.at("plate"), fmt.Sprintf("names the labware again: %s, and %s", plate, t.Labware), "name it by its barcode, or by its place in a run")
		case t.Run != "":
			t.Labware = plate
		default:
			t.Barcode = plate
		}
	}
	return t
}

// check holds a row against the forms that a declaration can have.
func (r row) check(d Declaration, wrong *faults) {
	t := d.Target
	fills := d.Lot != "" || d.Sample != "" || d.Conc != nil
	forms := 0
	for _, named := range []bool{t.Liquid != "", t.Command != "", t.Labware != "" || t.Barcode != ""} {
		if named {
			forms++
		}
	}
	switch {
	case forms == 0 && t.Run != "" && r.cells["plan"] != "" && !fills && d.Barcode == "" && t.Well == "":
		// Which analysis a run carried out.
	case forms == 0:
		wrong.add(r.place, "does not say what it is about", "name a liquid, a labware, a plate or a command")
	case forms > 1:
		wrong.add(r.place, "is about several things", "give each a row of its own: a liquid, a labware or a command")
	case t.Run == "" && t.Barcode == "":
		wrong.add(r.at("run"), "is missing", "labware, liquids and commands are known within their run only; a plate that has a barcode is named by it in the column plate")
	case t.Command != "" && (fills || d.Barcode != "" || d.VolumeUl == nil && !d.Withdrawn):
		wrong.add(r.at("volume_ul"), "is all that can be said about a command", "give the volume in µL per nozzle that it really moved")
	case t.Liquid != "" && (t.Well != "" || d.Barcode != ""):
		wrong.add(r.at("liquid"), "a liquid has no well and no barcode", "leave out the liquid, or the well and the barcode")
	case d.Lot != "" && d.Sample != "":
		wrong.add(r.at("sample"), "is given beside a lot", "a well or liquid is filled from a lot or with a sample: give one of them")
	case t.Command == "" && t.Labware != "" && t.Well == "" && fills:
		wrong.add(r.at("well"), "is missing", "say which well the lot or sample is in")
	case t.Barcode != "" && t.Well == "":
		wrong.add(r.at("well"), "is missing", "say which well of the plate is meant, or for the plate's identity which run and labware it is")
	case t.Command == "" && !fills && d.Barcode == "" && !d.Withdrawn:
		wrong.add(r.place, "says nothing", "give a lot, a sample, a concentration or a barcode")
	}
}

// checkExperiment holds a row against the one form that it may have where it says
// which experiment something is part of.
func (r row) checkExperiment(d Declaration, wrong *faults) {
	t := d.Target
	forms := 0
	for _, named := range []bool{t.Run != "", t.Barcode != "", t.Reading != ""} {
		if named {
			forms++
		}
	}
	switch {
	case d.Experiment == "" && d.ExperimentTitle != "":
		wrong.add(r.at("experiment"), "is missing", "give the experiment's name or UUID beside its title")
	case d.Experiment == "":
		wrong.add(r.at("experiment"), "is missing", "which experiment it is part of is all that can be said about a reading")
	case d.Lot != "" || d.Sample != "" || d.Conc != nil || d.Barcode != "" || t.Liquid != "" || t.Command != "" || t.Well != "" || r.cells["plan"] != "":
		wrong.add(r.place, "says which experiment, and something else", "give each a row of its own")
	case forms != 1:
		wrong.add(r.place, "does not say what is part of the experiment", "name one run, labware of a run, plate or reading")
	}
}

func (r row) concentration(wrong *faults) *Concentration {
	value, unit, analyte := r.take("concentration"), r.take("unit"), r.take("analyte")
	switch {
	case value == "" && unit == "" && analyte == "":
		return nil
	case value == "":
		wrong.add(r.at("concentration"), "is missing", "give a value and a unit, or leave out unit and analyte")
		return nil
	}
	c := &Concentration{Value: r.number("concentration", value, wrong), Unit: unit, Analyte: analyte}
	if c.Dimension() == "" {
		wrong.add(r.at("unit"), fmt.Sprintf("%q is no unit of concentration", unit), unitHint)
	}
	return c
}

// maxVolumeUl is 10 L: a greater volume is a mistake.
const maxVolumeUl = 1e7

func (r row) volume(wrong *faults) *float64 {
	text := r.take("volume_ul")
	if text == "" {
		return nil
	}
	volume := r.number("volume_ul", text, wrong)
	if volume > maxVolumeUl {
		wrong.add(r.at("volume_ul"), text+" µL are more than 10 L", "give volumes in µL")
	}
	return &volume
}

// number reads a number that is not negative.
func (r row) number(column, text string, wrong *faults) float64 {
	f, ok := table{decimalComma: r.decimalComma}.number(text)
	switch {
	case !ok:
		wrong.add(r.at(column), fmt.Sprintf("%q is no number", text), "write it as 12.5, without a unit")
	case f < 0:
		wrong.add(r.at(column), text+" is negative", "correct it, or leave it out")
	}
	return f
}

func (r row) flag(column string, wrong *faults) bool {
	switch text := r.take(column); text {
	case "", "false", "no", "0":
		return false
	case "true", "yes", "1":
		return true
	default:
		wrong.add(r.at(column), fmt.Sprintf("%q is neither true nor false", text), "write true, or nothing")
		return false
	}
}

func (r row) moment(column string, wrong *faults) time.Time {
	text := r.take(column)
	if text == "" {
		return time.Time{}
	}
	at, ok := parseMoment(text)
	if !ok {
		wrong.add(r.at(column), fmt.Sprintf("%q is no time with a zone", text), momentHint)
	}
	return at
}
