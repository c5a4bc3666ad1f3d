package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// looksLikeJSON reports whether a document begins as a JSON object or list.
func looksLikeJSON(payload []byte) bool {
	text := bytes.TrimLeft(bytes.TrimPrefix(payload, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}

// unmarshal reads a JSON document and says where and how it is wrong.
func unmarshal(op string, payload []byte, to any) error {
	payload = bytes.TrimPrefix(payload, []byte("\xef\xbb\xbf"))
	err := json.Unmarshal(payload, to)
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(bytes.TrimSpace(payload))):
		return fault(op, "", "the document is cut off", "give the whole document")
	case errors.As(err, &syntax):
		return fault(op, lineOf(payload, syntax.Offset), syntax.Error(), "the document is no JSON: check what wrote it")
	case errors.As(err, &typed):
		return fault(op, strings.TrimPrefix(typed.Field, "."), fmt.Sprintf("is a JSON %s, not what belongs there", typed.Value), "compare with the documented form")
	}
	return fault(op, "", err.Error(), "compare with the documented form")
}

func lineOf(payload []byte, offset int64) string {
	offset = min(max(offset, 0), int64(len(payload)))
	return fmt.Sprintf("line %d, byte %d", 1+bytes.Count(payload[:offset], []byte("\n")), offset)
}

// readMember reads one member, which may be missing.
func readMember(op, place string, raw json.RawMessage, to any) error {
	if raw == nil {
		return nil
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return fault(op, place, strings.TrimPrefix(err.Error(), "json: "), "compare with the documented form")
	}
	return nil
}

// word is a text or a number as text. "N/A" is nothing.
type word string

// UnmarshalJSON reads a string, a number, a boolean or null.
func (t *word) UnmarshalJSON(raw []byte) error {
	text, ok := scalar(raw)
	if !ok {
		return fmt.Errorf("%.20s is no text", raw)
	}
	if text == "N/A" {
		text = ""
	}
	*t = word(text)
	return nil
}

func (t word) or(other word) word {
	if t == "" {
		return other
	}
	return t
}

// many reads a list, or one thing as a list of one.
type many[T any] []T

// UnmarshalJSON reads a list or a single element.
func (m *many[T]) UnmarshalJSON(raw []byte) error {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] == '{' {
		*m = make(many[T], 1)
		return json.Unmarshal(raw, &(*m)[0])
	}
	return json.Unmarshal(raw, (*[]T)(m))
}

// scalar writes a JSON string, number or boolean as a cell; null is empty.
func scalar(raw json.RawMessage) (string, bool) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0 || raw[0] == '{' || raw[0] == '[':
		return "", false
	case raw[0] == 'n':
		return "", true
	case raw[0] != '"':
		return string(raw), true
	}
	var text string
	err := json.Unmarshal(raw, &text)
	return strings.TrimSpace(text), err == nil
}

// compact is JSON without insignificant space.
func compact(raw json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return nil
	}
	return b.Bytes()
}
