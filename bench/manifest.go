package bench

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const opManifest = "read manifest"

// DecodeManifest reads a manifest, as CSV or as JSON (docs/manifests.md). Document
// is what its declarations name as their source. Every wrong row is told, and
// then nothing is taken: errors are *lineage.Error.
func DecodeManifest(document string, payload []byte, limits Limits) ([]Declaration, error) {
	limits = limits.orDefault()
	if err := limits.size(opManifest, payload); err != nil {
		return nil, err
	}
	wrong := &faults{op: opManifest}
	var rows []row
	var err error
	if looksLikeJSON(payload) {
		rows, err = manifestJSON(payload, limits, wrong)
	} else {
		rows, err = manifestCSV(payload, limits, wrong)
	}
	if err != nil {
		return nil, err
	}
	declarations := make([]Declaration, 0, len(rows))
	type about struct {
		Target
		experiment bool // a statement of its own: see row.checkExperiment
	}
	said := map[about]int{} // the first row about a target
	for i, r := range rows {
		d, ok := r.declaration(wrong)
		if !ok {
			continue
		}
		d.Document, d.Row = document, i+1
		target := about{d.Target, d.Experiment != ""}
		if first, again := said[target]; again {
			wrong.add(r.place, "says again what "+rows[first].place+" says", "keep one of the two: nobody can tell which counts")
			continue
		}
		said[target] = i
		declarations = append(declarations, d)
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	return declarations, nil
}

// columns are the names under which a manifest says something. Any other column
// is kept among the details.
var columns = map[string]string{
	"run": "run", "run_id": "run",
	"labware": "labware", "labware_id": "labware", "label": "labware", "slot": "slot",
	"plate": "plate", "barcode": "barcode", "well": "well",
	"liquid": "liquid", "liquid_id": "liquid", "liquid_name": "liquid",
	"command": "command", "command_id": "command",
	"lot": "lot", "lot_number": "lot", "sample": "sample", "sample_id": "sample", "sample_barcode": "sample",
	"concentration": "concentration", "unit": "unit", "concentration_unit": "unit", "analyte": "analyte",
	"volume_ul": "volume_ul", "withdrawn": "withdrawn",
	"experiment": "experiment", "experiment_id": "experiment", "experiment_title": "experiment_title",
	"reading": "reading", "reading_id": "reading",
	"by": "by", "who": "by", "operator": "by", "reason": "reason", "why": "reason", "at": "at", "declared_at": "at",
}

func manifestCSV(payload []byte, limits Limits, wrong *faults) ([]row, error) {
	t, err := readTable(opManifest, payload, limits)
	if err != nil {
		return nil, err
	}
	lines := slices.DeleteFunc(t.lines, line.blank)
	if len(lines) == 0 {
		return nil, fault(opManifest, "", "the table is empty", "begin with a line of column names (docs/manifests.md)")
	}
	header, err := manifestHeader(lines[0])
	if err != nil {
		return nil, err
	}
	rows := make([]row, 0, len(lines)-1)
	for _, l := range lines[1:] {
		r := newRow(l.place(), t.decimalComma)
		for i, c := range l.cells {
			switch {
			case i < len(header) && header[i] != "":
				r.set(header[i], c)
			case c != "":
				wrong.add(l.place(), fmt.Sprintf("%q stands in column %d, which has no name", c, i+1), "give the column a name, or quote a cell that holds the separator")
			}
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// manifestHeader reads the names of the columns.
func manifestHeader(l line) ([]string, error) {
	header := make([]string, len(l.cells))
	known := 0
	for i, c := range l.cells {
		name := columnName(c)
		if column, ok := columns[name]; ok {
			name = column
			known++
		}
		if name != "" && slices.Contains(header, name) {
			return nil, fault(opManifest, l.place(), "two columns say "+name, "keep one of them")
		}
		header[i] = name
	}
	if known == 0 {
		return nil, fault(opManifest, l.place(), "names no column of a manifest: "+strings.Join(header, ", "), "begin with a line of column names such as lot,run,liquid (docs/manifests.md)")
	}
	return header, nil
}

// manifestJSON reads {"by": …, "reason": …, "at": …, "declarations": [{…}, …]}.
// The outer members are the defaults of the rows.
func manifestJSON(payload []byte, limits Limits, wrong *faults) ([]row, error) {
	var document struct {
		By           string            `json:"by"`
		Reason       string            `json:"reason"`
		At           string            `json:"at"`
		Declarations []json.RawMessage `json:"declarations"`
	}
	if err := unmarshal(opManifest, payload, &document); err != nil {
		return nil, err
	}
	if document.Declarations == nil {
		return nil, fault(opManifest, "declarations", "is missing", `give {"declarations": [ … ]} (docs/manifests.md)`)
	}
	if len(document.Declarations) > limits.Rows {
		return nil, tooManyRows(opManifest, limits)
	}
	rows := make([]row, 0, len(document.Declarations))
	for i, raw := range document.Declarations {
		place := "declarations[" + strconv.Itoa(i) + "]"
		r := newRow(place, false)
		r.json = true
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil || members == nil {
			wrong.add(place, "is no object", "write each declaration as an object of column names and values")
		}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			text, ok := scalar(members[name])
			if !ok {
				wrong.add(place+"."+name, "is an object or a list", "write a text or a number")
				continue
			}
			column := columnName(name)
			if known, ok := columns[column]; ok {
				column = known
			}
			if _, twice := r.cells[column]; twice {
				wrong.add(place+"."+name, "says "+column+" again", "keep one of the two")
				continue
			}
			r.set(column, text)
		}
		r.fallBack("by", document.By)
		r.fallBack("reason", document.Reason)
		r.fallBack("at", document.At)
		rows = append(rows, r)
	}
	return rows, nil
}
