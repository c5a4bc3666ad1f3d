package query

import (
	"cmp"
	"math"
	"slices"
	"time"

	"wellspring/lineage"
)

// number, text, texts and flag read an attribute that may be missing or of
// another type, as an unknown value.

func number(attributes lineage.Attributes, key string) *float64 {
	if v, ok := attributes[key].(float64); ok && !math.IsNaN(v) {
		return &v
	}
	return nil
}

func text(attributes lineage.Attributes, key string) string {
	v, _ := attributes[key].(string)
	return v
}

func texts(attributes lineage.Attributes, key string) []string {
	v, _ := attributes[key].([]string)
	return v
}

func flag(attributes lineage.Attributes, key string) bool {
	v, _ := attributes[key].(bool)
	return v
}

// compareExecuted orders states and steps, also of several runs, as they were
// executed; what carries no time, or no sequence, comes first.
func compareExecuted(a, b lineage.Node) int {
	return cmp.Or(
		instant(a, lineage.AttrAt).Compare(instant(b, lineage.AttrAt)),
		cmp.Compare(text(a.Attributes, lineage.AttrRun), text(b.Attributes, lineage.AttrRun)),
		cmp.Compare(sequence(a), sequence(b)),
		cmp.Compare(text(a.Attributes, lineage.AttrLabware), text(b.Attributes, lineage.AttrLabware)),
		cmp.Compare(text(a.Attributes, lineage.AttrWell), text(b.Attributes, lineage.AttrWell)),
		compareIDs(a.ID, b.ID),
	)
}

// instant is an attribute that is a time; the zero time where it is none.
func instant(node lineage.Node, key string) time.Time {
	at, _ := time.Parse(time.RFC3339Nano, text(node.Attributes, key))
	return at
}

func sequence(node lineage.Node) float64 {
	if v := number(node.Attributes, lineage.AttrSequence); v != nil {
		return *v
	}
	return -1
}

// sortedSet returns the distinct words in order.
func sortedSet(words []string) []string {
	words = slices.Clone(words)
	slices.Sort(words)
	return slices.Compact(words)
}
