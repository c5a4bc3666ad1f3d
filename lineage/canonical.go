package lineage

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the canonical JSON of a to b: the bytes that encoding/json
// writes, keys sorted, without its reflection. Every content hash is of these
// bytes, so a store pays for them several times per node and edge.
func (a Attributes) AppendJSON(b []byte) ([]byte, error) {
	var few [16]string
	keys := few[:0]
	for key := range a {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	b = append(b, '{')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, key), ':')
		var err error
		if b, err = appendValue(b, a[key]); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

func appendValue(b []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case string:
		return appendText(b, v), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case float64:
		return AppendNumber(b, v)
	case []string:
		b = append(b, '[')
		for i, s := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(b, s)
		}
		return append(b, ']'), nil
	case []float64:
		b = append(b, '[')
		for i, f := range v {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = AppendNumber(b, f); err != nil {
				return b, err
			}
		}
		return append(b, ']'), nil
	}
	text, err := json.Marshal(value)
	return append(b, text...), err
}

// appendText appends a string; what is to be escaped is left to encoding/json.
func appendText(b []byte, s string) []byte {
	if !plain(s) {
		text, _ := json.Marshal(s) // a string always encodes
		return append(b, text...)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// plain reports whether encoding/json writes s as it is.
func plain(s string) bool {
	ascii := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.ValidString(s) && !strings.Contains(s, "\u2028") && !strings.Contains(s, "\u2029")
}

// AppendNumber appends a number as encoding/json does; those written with an exponent are left to
// encoding/json.
func AppendNumber(b []byte, f float64) ([]byte, error) {
	if size := math.Abs(f); size == 0 || size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64), nil
	}
	text, err := json.Marshal(f)
	return append(b, text...), err
}

// AppendJSON appends what encoding/json writes of n.
func (n Node) AppendJSON(b []byte) ([]byte, error) {
	b, err := n.AppendFields(append(b, '{'))
	return append(b, '}'), err
}

// AppendFields appends the fields of n without the braces around them, for those
// who have more to say of a node.
func (n Node) AppendFields(b []byte) ([]byte, error) {
	b = appendID(append(b, `"id":`...), n.ID)
	b = appendText(append(b, `,"kind":`...), string(n.Kind))
	b = appendText(append(b, `,"name":`...), n.Name)
	b, err := n.Attributes.AppendJSON(append(b, `,"attributes":`...))
	if err != nil {
		return b, err
	}
	return appendTime(append(b, `,"created_at":`...), n.CreatedAt)
}

// AppendJSON appends what encoding/json writes of e.
func (e Edge) AppendJSON(b []byte) ([]byte, error) {
	b = appendID(append(b, `{"source_id":`...), e.SourceID)
	b = appendID(append(b, `,"target_id":`...), e.TargetID)
	b = appendText(append(b, `,"relationship_type":`...), string(e.RelationshipType))
	b = appendID(append(b, `,"transformation_id":`...), e.TransformationID)
	b, err := appendTime(append(b, `,"created_at":`...), e.CreatedAt)
	if err == nil {
		b, err = e.Attributes.AppendJSON(append(b, `,"attributes":`...))
	}
	return append(b, '}'), err
}

func appendID(b []byte, id ID) []byte {
	b = hex.AppendEncode(append(b, '"'), id[:4])
	for _, part := range [][]byte{id[4:6], id[6:8], id[8:10], id[10:]} {
		b = hex.AppendEncode(append(b, '-'), part)
	}
	return append(b, '"')
}

func appendTime(b []byte, t time.Time) ([]byte, error) {
	b, err := t.AppendText(append(b, '"'))
	return append(b, '"'), err
}
