package ot2

import (
	"fmt"
	"io"
)

// Limits bound what a decoder takes.
type Limits struct {
	Bytes    int64 // of one document
	Depth    int   // of nested JSON
	Commands int   // of one run
}

// DefaultLimits take the largest real run many times over.
func DefaultLimits() Limits { return Limits{Bytes: 64 << 20, Depth: 64, Commands: 200_000} }

// Decode reads one document of any shape. It streams: memory holds the decoded
// run, not the text. Errors are *lineage.Error; they name the place.
func Decode(r io.Reader, limits Limits) (Document, error) { panic("replaced by the decoder") }

// Detect says which run or analysis a payload is about without decoding it
// further, for the door to file it under: id is the robot's run or analysis id,
// empty where the payload names none.
func Detect(payload []byte, limits Limits) (shape Shape, id string, plan bool, err error) {
	panic("replaced by the decoder")
}

// Redact takes secrets and personal data (bearer tokens, cookies, API keys in
// signed logs' headers, …) out of a payload before it is stored, and names the
// places. A payload without any comes back unchanged, byte for byte.
func Redact(payload []byte) (clean []byte, places []string, err error) {
	panic("replaced by the decoder")
}

// Merge joins fragments of one run, in any order and however often each comes,
// into the run that they tell of. The result does not depend on the order: of
// two records of one command the further one in its life wins, then the one with
// a result, then the greater by content.
func Merge(fragments ...Run) Run { panic("replaced by the decoder") }

func definitionURI(namespace, loadName string, version int) string {
	return fmt.Sprintf("%s/%s/%d", namespace, loadName, version)
}
