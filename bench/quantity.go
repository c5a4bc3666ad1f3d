package bench

import "encoding/json"

// quantity is a value with its unit.
type quantity struct {
	value *float64 // nil: it is none, see text
	text  string
	unit  string
}

// readQuantity reads {"value": …, "unit": …}. It reports whether raw is one.
func readQuantity(raw json.RawMessage) (quantity, bool) {
	var q struct {
		Value json.RawMessage `json:"value"`
		Unit  word            `json:"unit"`
	}
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &q) != nil || q.Value == nil || q.Unit == "" {
		return quantity{}, false
	}
	text, ok := scalar(q.Value)
	if !ok {
		return quantity{}, false
	}
	read := quantity{text: text, unit: string(q.Unit)}
	if f, ok := parseNumber(text); ok {
		read.value = &f
	}
	return read, true
}
