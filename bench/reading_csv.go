package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const opReading = "read measurements"

// DecodeReading reads the values of a plate reader (docs/readings.md): a table
// with a line for each value, blocks in the form of the plate, or an Allotrope
// Simple Model document. Every wrong line is told, and then nothing is taken:
// errors are *lineage.Error. What a document does not say (a plate, a time)
// stays empty.
func DecodeReading(payload []byte, limits Limits) (Reading, error) {
	limits = limits.orDefault()
	var reading Reading
	if err := limits.size(opReading, payload); err != nil {
		return reading, err
	}
	var err error
	if looksLikeJSON(payload) {
		reading, err = readingASM(payload, limits)
	} else {
		reading, err = readingTable(payload, limits)
	}
	if err != nil {
		return Reading{}, err
	}
	if len(reading.Values) == 0 {
		return Reading{}, fault(opReading, "", "the document holds no values", "export the values with their wells")
	}
	reading.ID = contentID(payload)
	return reading, nil
}

// contentID names a document by its bytes.
func contentID(payload []byte) string {
	sum := sha256.Sum256(payload)
	return "sha256-" + hex.EncodeToString(sum[:])[:32]
}

// readingColumns are the names under which a table of readings says something
// about a value. Any other column is a measure, or kept among the details.
var readingColumns = map[string]string{
	"plate": "plate", "barcode": "plate", "plate_barcode": "plate", "plate_id": "plate",
	"run": "run", "run_id": "run", "labware": "labware", "labware_id": "labware", "slot": "labware",
	"well": "well", "position": "well",
	"read_at": "read_at", "measured_at": "read_at", "time": "read_at", "timestamp": "read_at",
	"measure": "name", "analyte": "name", "name": "name", "value": "value", "result": "value", "unit": "unit", "note": "note", "flag": "note",
	"instrument": "instrument", "serial": "instrument", "serial_number": "instrument", "model": "model", "method": "method", "protocol": "method",
}

// measures are columns whose name says what was measured.
var measures = map[string]bool{
	"absorbance": true, "od": true, "optical_density": true, "transmittance": true, "turbidity": true,
	"fluorescence": true, "rfu": true, "luminescence": true, "rlu": true, "polarization": true, "anisotropy": true,
	"concentration": true, "intensity": true, "counts": true, "ct": true, "cq": true,
}

// isMeasure also knows a measure with its wavelength: od600, absorbance_595.
func isMeasure(column string) bool {
	return measures[column] || measures[strings.TrimRight(strings.TrimRight(column, "0123456789"), "_")]
}

func readingTable(payload []byte, limits Limits) (Reading, error) {
	t, err := readTable(opReading, payload, limits)
	if err != nil {
		return Reading{}, err
	}
	r := tableReader{table: t, limits: limits, wrong: faults{op: opReading}, said: map[string]string{}}
	for r.next < len(t.lines) && !r.full {
		r.part()
	}
	switch {
	case r.full:
		return Reading{}, tooManyRows(opReading, limits)
	case r.wrong.n > 0:
		return Reading{}, r.wrong.err()
	case !r.found:
		return Reading{}, fault(opReading, "", "the table has neither a column well nor the form of a plate",
			"give a line for each value under a header with a column well, or the plate as it is seen: columns 1, 2, … above, rows A, B, … at the left")
	}
	return r.reading, nil
}

// tableReader reads a table part by part: lines of "name,value" that hold for
// what comes after them, then blocks or a list.
type tableReader struct {
	table   table
	limits  Limits
	next    int
	said    map[string]string // by column
	reading Reading
	wrong   faults
	found   bool
	full    bool
}

// part reads what begins at the next line.
func (r *tableReader) part() {
	l := r.table.lines[r.next]
	if columns := blockColumns(l); columns > 0 {
		r.block(l, columns)
		return
	}
	r.next++
	names := make([]string, len(l.cells))
	for i, c := range l.cells {
		names[i] = columnName(c)
		if known, ok := readingColumns[names[i]]; ok {
			names[i] = known
		}
	}
	switch {
	case slices.Contains(names, "well"):
		r.list(l, names)
	case l.blank():
	default:
		r.say(names[0], l.cells[1:])
	}
}

// say takes in a line of the preamble: a name and what it holds.
func (r *tableReader) say(name string, cells []string) {
	text := ""
	for _, c := range cells {
		if c != "" {
			text = c
			break
		}
	}
	name = strings.TrimSuffix(name, ":")
	if known, ok := readingColumns[name]; ok {
		name = known
	}
	if name == "" || text == "" {
		return
	}
	r.said[name] = text
	r.instrument(r.said)
}

// instrument takes what is said once for the whole document.
func (r *tableReader) instrument(said map[string]string) {
	for name, field := range map[string]*string{"instrument": &r.reading.Instrument, "model": &r.reading.Model, "method": &r.reading.Method} {
		if text := said[name]; text != "" && *field == "" {
			*field = text
		}
	}
}

// list reads a header and the lines under it, up to the end.
func (r *tableReader) list(header line, names []string) {
	r.found = true
	if again := repeated(names); again != "" {
		r.wrong.add(header.place(), "two columns say "+again, "keep one of them")
		r.next = len(r.table.lines)
		return
	}
	var values []int
	for i, name := range names {
		if name == "value" || isMeasure(name) {
			values = append(values, i)
		}
	}
	if len(values) == 0 {
		r.wrong.add(header.place(), "no column holds a value: "+strings.Join(names, ", "), "name it value, or by what was measured: absorbance, od600, fluorescence, …")
		r.next = len(r.table.lines)
		return
	}
	for ; r.next < len(r.table.lines) && !r.full; r.next++ {
		if l := r.table.lines[r.next]; !l.blank() {
			r.listed(l, names, values)
		}
	}
}

func repeated(names []string) string {
	for i, name := range names {
		if name != "" && slices.Contains(names[:i], name) {
			return name
		}
	}
	return ""
}

// listed reads the values of one line.
func (r *tableReader) listed(l line, names []string, values []int) {
	if len(l.cells) > len(names) {
		r.wrong.add(l.place(), fmt.Sprintf("has %d cells, the header %d", len(l.cells), len(names)), "quote a cell that holds the separator")
		return
	}
	said := maps.Clone(r.said)
	for i, name := range names {
		if c := l.cell(i); c != "" && !slices.Contains(values, i) {
			said[name] = c
		}
	}
	r.instrument(said)
	well, ok := parseWell(said["well"])
	if !ok {
		r.wrong.add(l.place()+", column well", fmt.Sprintf("%q is no well", said["well"]), wellHint)
		return
	}
	for _, i := range values {
		measure := names[i]
		if measure == "value" {
			measure = said["name"]
		}
		r.value(l.place(), well, measure, l.cell(i), said)
	}
}

// value adds one value. What was said about it and is known by no name are details.
func (r *tableReader) value(place, well, name, text string, said map[string]string) {
	if len(r.reading.Values) == r.limits.Rows {
		r.full = true
		return
	}
	v := Value{Place: place, Well: well, Name: name, Unit: said["unit"], Note: said["note"], Plate: said["plate"]}
	if v.Name == "" {
		v.Name = "value"
	}
	if v.Plate == "" && said["run"] != "" && said["labware"] != "" {
		v.Plate = said["run"] + "/" + said["labware"]
	}
	if f, ok := r.table.number(text); ok {
		v.Value = &f
	} else if v.Note == "" {
		v.Note = text
		if text == "" {
			v.Note = "no value"
		}
	}
	details := map[string]string{}
	for column, text := range said {
		switch column {
		case "plate", "run", "labware", "well", "name", "unit", "note", "instrument", "model", "method", "":
		case "read_at":
			if at, ok := parseMoment(text); ok {
				v.At = at
			} else {
				details[column] = text
			}
		default:
			details[column] = text
		}
	}
	if len(details) > 0 {
		v.Details = details
	}
	r.reading.Values = append(r.reading.Values, v)
}
