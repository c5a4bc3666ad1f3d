package lineage

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// Hash is a SHA-256 of content.
type Hash [sha256.Size]byte

// ContentHash is the hash of what n says, CreatedAt aside: two nodes with one
// id and one hash are the same node in the same revision.
func (n Node) ContentHash() (Hash, error) {
	hash, _, err := n.Content()
	return hash, err
}

// Content returns the content hash of n and the canonical JSON of its attributes, which
// the hash is of: who keeps both need not write it twice.
func (n Node) Content() (hash Hash, attributes string, err error) {
	var few [1024]byte
	b := append(few[:0], '[')
	b = append(appendText(b, string(n.Kind)), ',')
	b = append(appendText(b, n.Name), ',')
	return n.Attributes.content(b)
}

// ContentHash is the hash of what e says beyond its key, CreatedAt aside.
func (e Edge) ContentHash() (Hash, error) {
	hash, _, err := e.Content()
	return hash, err
}

// Content is Node.Content of edges.
func (e Edge) Content() (hash Hash, attributes string, err error) {
	var few [512]byte
	return e.Attributes.content(append(few[:0], '['))
}

// nothing is the canonical JSON of no attributes, which most edges have.
const nothing = "{}"

// content ends a JSON list with the attributes, and a line, and hashes it.
func (a Attributes) content(list []byte) (hash Hash, attributes string, err error) {
	before := len(list)
	if list, err = a.AppendJSON(list); err != nil {
		return Hash{}, "", &Error{Op: "hash content", Kind: ErrorInvalid, Err: err}
	}
	if attributes = nothing; len(a) > 0 {
		attributes = string(list[before:])
	}
	return sha256.Sum256(append(list, ']', '\n')), attributes, nil
}

// Same reports whether n and o say the same, CreatedAt aside. It costs less than two
// hashes; where it says no, these may still be equal, of lists that are empty.
func (n Node) Same(o Node) bool {
	return n.ID == o.ID && n.Kind == o.Kind && n.Name == o.Name && n.Attributes.same(o.Attributes)
}

// Same is Node.Same of edges.
func (e Edge) Same(o Edge) bool { return e.Key() == o.Key() && e.Attributes.same(o.Attributes) }

func (a Attributes) same(b Attributes) bool {
	if len(a) != len(b) {
		return false
	}
	for key, value := range a {
		if other, there := b[key]; !there || !sameValue(value, other) {
			return false
		}
	}
	return true
}

func sameValue(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && sameNumber(a, b)
	case []string:
		b, ok := b.([]string)
		return ok && slices.Equal(a, b)
	case []float64:
		b, ok := b.([]float64)
		return ok && slices.EqualFunc(a, b, sameNumber)
	case string, bool:
		return a == b
	}
	return false
}

// sameNumber tells 0 from -0, as their JSON does.
func sameNumber(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

// MarshalJSON writes nil attributes and nil lists as empty ones.
func (a Attributes) MarshalJSON() ([]byte, error) { return a.AppendJSON(nil) }

// UnmarshalJSON gives every value back in the type that it was written from,
// and refuses what is not an attribute.
func (a *Attributes) UnmarshalJSON(data []byte) error {
	var raw Attributes
	if err := json.Unmarshal(data, (*map[string]any)(&raw)); err != nil {
		return err
	}
	for key, value := range raw {
		list, ok := value.([]any)
		if !ok {
			continue
		}
		typed, err := typedList(list)
		if err != nil {
			return &Error{Op: "read attributes", Kind: ErrorInvalid, ID: key, Hint: "use a list of strings or a list of numbers", Err: err}
		}
		raw[key] = typed
	}
	if err := raw.Check(); err != nil {
		return err
	}
	*a = raw
	return nil
}

// typedList is a []float64 if list begins with a number, else a []string.
func typedList(list []any) (any, error) {
	if len(list) > 0 {
		if _, ok := list[0].(float64); ok {
			return listOf[float64](list)
		}
	}
	return listOf[string](list)
}

func listOf[T any](list []any) ([]T, error) {
	typed := make([]T, len(list))
	for i, value := range list {
		v, ok := value.(T)
		if !ok {
			return nil, errors.New("the values of the list differ in type")
		}
		typed[i] = v
	}
	return typed, nil
}

// Check says what is wrong with attributes: a type that not every store keeps
// unchanged, a number that is none, or text that is not UTF-8.
func (a Attributes) Check() error {
	for key, value := range a {
		if !utf8.ValidString(key) {
			return invalidText(fmt.Sprintf("%q", key))
		}
		if err := checkAttribute(key, value); err != nil {
			return err
		}
	}
	return nil
}

func checkAttribute(key string, value any) error {
	switch v := value.(type) {
	case bool:
	case string:
		if !utf8.ValidString(v) {
			return invalidText(key)
		}
	case []string:
		for _, s := range v {
			if !utf8.ValidString(s) {
				return invalidText(key)
			}
		}
	case float64:
		if !isNumber(v) {
			return invalidNumber(key)
		}
	case []float64:
		for _, f := range v {
			if !isNumber(f) {
				return invalidNumber(key)
			}
		}
	default:
		return Invalid("check attributes", fmt.Sprintf("%s of type %T", key, value), "use string, bool, float64, []string or []float64")
	}
	return nil
}

func isNumber(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func invalidNumber(key string) error {
	return Invalid("check attributes", key, "leave an unknown number out")
}

func invalidText(key string) error {
	return Invalid("check attributes", key, "write text in UTF-8")
}
