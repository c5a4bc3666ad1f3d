package lineage

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
)

// Hash is a SHA-256 of content.
type Hash [sha256.Size]byte

// ContentHash is the hash of what n says, CreatedAt aside: two nodes with one
// id and one hash are the same node in the same revision.
func (n Node) ContentHash() (Hash, error) {
	return contentHash([]any{n.Kind, n.Name, n.Attributes})
}

// ContentHash is the hash of what e says beyond its key, CreatedAt aside.
func (e Edge) ContentHash() (Hash, error) {
	return contentHash([]any{e.Attributes})
}

// contentHash hashes canonical JSON: encoding/json sorts map keys and writes a
// float64 in its shortest form that reads back the same.
func contentHash(content []any) (Hash, error) {
	var buf bytes.Buffer
	if err := json.NewEncoder(&buf).Encode(content); err != nil {
		return Hash{}, &Error{Op: "hash content", Kind: ErrorInvalid, Err: err}
	}
	return sha256.Sum256(buf.Bytes()), nil
}

// Check says what is wrong with attributes: a type that not every store keeps
// unchanged, or a number that is none.
func (a Attributes) Check() error {
	for key, value := range a {
		switch v := value.(type) {
		case string, bool, []string:
		case float64:
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return Invalid("check attributes", key, "leave an unknown number out")
			}
		case []float64:
			for _, f := range v {
				if math.IsNaN(f) || math.IsInf(f, 0) {
					return Invalid("check attributes", key, "leave an unknown number out")
				}
			}
		default:
			return Invalid("check attributes", fmt.Sprintf("%s of type %T", key, value), "use string, bool, float64, []string or []float64")
		}
	}
	return nil
}
