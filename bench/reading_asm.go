package bench

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// readingASM reads an Allotrope Simple Model document of a plate reader.
func readingASM(payload []byte, limits Limits) (Reading, error) {
	d, err := openASM(opReading, asmPlateReader, payload)
	if err != nil {
		return Reading{}, err
	}
	r := asmReader{
		limits: limits, reading: Reading{Instrument: d.instrument, Model: d.model}, wells: map[word]Value{},
		calculated: map[word]asmCalculated{},
	}
	for _, g := range d.groups {
		r.reading.Method = string(word(r.reading.Method).or(g.Measurements.Method))
		for i, m := range g.Measurements.Documents {
			if err := r.measurement(g, g.at(i), m); err != nil {
				return Reading{}, err
			}
		}
	}
	for _, c := range d.calculated {
		r.calculated[c.ID] = c
	}
	for i, c := range d.calculated {
		if err := r.calculate("calculated data document["+strconv.Itoa(i)+"]", c); err != nil {
			return Reading{}, err
		}
	}
	return r.reading, nil
}

type asmReader struct {
	limits     Limits
	reading    Reading
	wells      map[word]Value // where and when a measurement was made, by its identifier
	calculated map[word]asmCalculated
}

// circumstances are quantities beside what was measured.
func circumstance(name string) bool {
	return strings.HasSuffix(name, "temperature") || strings.HasSuffix(name, "setting") || strings.HasSuffix(name, "time") || strings.Contains(name, "volume")
}

// measurement reads the values of one measurement document.
func (r *asmReader) measurement(g asmGroup, place string, m asmMeasurement) error {
	base, err := r.base(g, place, m)
	if err != nil {
		return err
	}
	if id := m.text("measurement identifier"); id != "" {
		r.wells[id] = base
	}
	start := len(r.reading.Values)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if strings.HasSuffix(name, "data cube") {
			if err := r.cube(base, name, m[name]); err != nil {
				return err
			}
			continue
		}
		q, ok := readQuantity(m[name])
		if !ok || circumstance(name) {
			continue
		}
		v := base
		v.Name, v.Value, v.Unit = name, q.value, q.unit
		if q.value == nil {
			v.Note = q.text
		}
		if err := r.add(v); err != nil {
			return err
		}
	}
	return r.failures(base, place, m, start)
}

// base is what all values of a measurement share.
func (r *asmReader) base(g asmGroup, place string, m asmMeasurement) (Value, error) {
	var sample asmSample
	if err := m.read(opReading, place, "sample document", &sample); err != nil {
		return Value{}, err
	}
	well, ok := parseWell(string(sample.Well))
	if !ok {
		return Value{}, fault(opReading, place+", location identifier", strconv.Quote(string(sample.Well))+" is no well", wellHint)
	}
	v := Value{Place: place, Plate: string(sample.Plate), Well: well, Details: map[string]string{}}
	var said word
	if v.At, said = m.moment(g); v.At.IsZero() {
		v.detail("read_at", said)
	}
	v.detail("sample", sample.ID)
	v.detail("sample_role", sample.Role)
	v.detail("data", m.text("experimental data identifier"))
	v.detail("method", m.text("analytical method identifier"))
	var controls struct {
		Documents many[map[string]json.RawMessage] `json:"device control document"`
	}
	if err := m.read(opReading, place, "device control aggregate document", &controls); err != nil {
		return Value{}, err
	}
	if len(controls.Documents) == 1 {
		control := controls.Documents[0]
		v.detail("detection", asmMeasurement(control).text("detection type"))
		v.quantity("wavelength_nm", "nm", control["detector wavelength setting"])
		v.quantity("excitation_nm", "nm", control["excitation wavelength setting"])
	}
	v.quantity("temperature_c", "degC", m["compartment temperature"])
	return v, nil
}

func (v *Value) detail(name string, text word) {
	if text != "" {
		v.Details[name] = string(text)
	}
}

// quantity keeps a quantity as a detail whose name has its unit.
func (v *Value) quantity(name, unit string, raw json.RawMessage) {
	if q, ok := readQuantity(raw); ok && q.unit == unit && q.value != nil {
		v.Details[name] = strconv.FormatFloat(*q.value, 'g', -1, 64)
	}
}

func (r *asmReader) add(v Value) error {
	if len(r.reading.Values) == r.limits.Rows {
		return tooManyRows(opReading, r.limits)
	}
	v.Details = maps.Clone(v.Details)
	r.reading.Values = append(r.reading.Values, v)
	return nil
}

// failures notes what the instrument says went wrong: beside the value it is
// about, or as a value that is none.
func (r *asmReader) failures(base Value, place string, m asmMeasurement, start int) error {
	failures, err := m.errors(opReading, place)
	if err != nil {
		return err
	}
	for _, e := range failures {
		feature := strings.ToLower(strings.Trim(string(e.Feature), "[] "))
		beside := false
		for i := start; i < len(r.reading.Values); i++ {
			if v := &r.reading.Values[i]; v.Name == feature {
				v.Note, beside = string(e.Text), true
			}
		}
		if beside {
			continue
		}
		v := base
		v.Name, v.Note = string(word(feature).or("value")), string(e.Text.or("error"))
		if err := r.add(v); err != nil {
			return err
		}
	}
	return nil
}

// cube reads a data cube: values over time or wavelength.
func (r *asmReader) cube(base Value, name string, raw json.RawMessage) error {
	type component struct {
		Concept word `json:"concept"`
		Unit    word `json:"unit"`
	}
	var cube struct {
		Structure struct {
			Dimensions []component `json:"dimensions"`
			Measures   []component `json:"measures"`
		} `json:"cube-structure"`
		Data struct {
			Dimensions [][]json.RawMessage `json:"dimensions"`
			Measures   [][]json.RawMessage `json:"measures"`
		} `json:"data"`
	}
	place := base.Place + ", " + name
	if err := readMember(opReading, place, raw, &cube); err != nil {
		return err
	}
	if len(cube.Data.Dimensions) != len(cube.Structure.Dimensions) || len(cube.Data.Measures) != len(cube.Structure.Measures) {
		return fault(opReading, place, "its data do not fit its structure", "compare with the Allotrope Simple Model schema that the document names")
	}
	for k, measure := range cube.Structure.Measures {
		for i, value := range cube.Data.Measures[k] {
			v := base
			v.Details = maps.Clone(base.Details)
			v.Name, v.Unit = string(measure.Concept), string(measure.Unit)
			v.Place = place + ", data.measures[" + strconv.Itoa(k) + "][" + strconv.Itoa(i) + "]"
			if v.Value, v.Note = cell(value); v.Value == nil && v.Note == "" {
				v.Note = "no value"
			}
			for j, dimension := range cube.Structure.Dimensions {
				if i >= len(cube.Data.Dimensions[j]) {
					return fault(opReading, place, "has more values than points", "export the document again")
				}
				v.along(dimension.Concept, dimension.Unit, cube.Data.Dimensions[j][i])
			}
			if err := r.add(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// cell reads one number of a cube; what is none is a note.
func cell(raw json.RawMessage) (*float64, string) {
	text, _ := scalar(raw)
	if f, ok := parseNumber(text); ok {
		return &f, ""
	}
	return nil, text
}

// along says at which point of a cube's dimension a value stands.
func (v *Value) along(concept, unit word, raw json.RawMessage) {
	point, text := cell(raw)
	if point != nil {
		text = strconv.FormatFloat(*point, 'g', -1, 64)
	}
	if text == "" {
		return
	}
	name := strings.TrimSuffix(columnName(string(concept)), "_time")
	if unit != "" && unit != "(unitless)" {
		name += "_" + string(unit)
	}
	v.Details[name] = text
	second, timed := map[word]time.Duration{"ms": time.Millisecond, "s": time.Second, "min": time.Minute, "h": time.Hour}[unit]
	if concept == "elapsed time" && timed && point != nil && !v.At.IsZero() && *point >= 0 && *point < 1e9 {
		v.At = v.At.Add(time.Duration(*point * float64(second)))
	}
}

// calculate adds a value that the instrument's software calculated. It belongs
// to the well whose measurements it came from, if that is one.
func (r *asmReader) calculate(place string, c asmCalculated) error {
	v := Value{Place: place, Name: string(c.Name), Details: map[string]string{"calculated": "true"}}
	if q, ok := readQuantity(c.Result); ok {
		v.Value, v.Unit = q.value, q.unit
		if q.value == nil {
			v.Note = q.text
		}
	} else {
		v.Note = "no value"
	}
	wells := map[[2]string]Value{}
	r.sources(c, wells, map[word]bool{})
	if len(wells) == 0 {
		return fault(opReading, place, "names no measurement of the document as its source", "export calculated values with the measurements that they came from")
	}
	names := []string{}
	for _, key := range slices.SortedFunc(maps.Keys(wells), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		source := wells[key]
		names = append(names, strings.TrimPrefix(source.Plate+"/"+source.Well, "/"))
		v.Plate, v.Well, v.At = source.Plate, source.Well, source.At
	}
	if len(wells) > 1 {
		v.Plate, v.Well, v.At = "", "", time.Time{}
		v.Details["sources"] = strings.Join(names, " ")
	}
	return r.add(v)
}

// sources finds the wells behind a calculated value, through other calculated
// values.
func (r *asmReader) sources(c asmCalculated, wells map[[2]string]Value, seen map[word]bool) {
	seen[c.ID] = true
	for _, s := range c.Sources.Documents {
		if v, ok := r.wells[s.ID]; ok {
			wells[[2]string{v.Plate, v.Well}] = v
		} else if other, ok := r.calculated[s.ID]; ok && !seen[s.ID] {
			r.sources(other, wells, seen)
		}
	}
}
