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

// execution is what states and steps, also of several runs, are ordered by: as
// they were executed. What carries no time, or no sequence, comes first.
type execution struct {
	at                 time.Time
	run, labware, well string
	sequence           float64
	id                 lineage.ID
}

func executionOf(node lineage.Node) execution {
	a := node.Attributes
	return execution{instant(node, lineage.AttrAt), text(a, lineage.AttrRun), text(a, lineage.AttrLabware), text(a, lineage.AttrWell), sequence(node), node.ID}
}

func (e execution) compare(o execution) int {
	return cmp.Or(e.at.Compare(o.at), cmp.Compare(e.run, o.run), cmp.Compare(e.sequence, o.sequence),
		cmp.Compare(e.labware, o.labware), cmp.Compare(e.well, o.well), compareIDs(e.id, o.id))
}

func compareExecuted(a, b lineage.Node) int { return executionOf(a).compare(executionOf(b)) }

// sortExecuted orders nodes as they were executed. It reads what they are ordered
// by once, not with every comparison, and moves each node once.
func sortExecuted(nodes []lineage.Node) {
	executions := make([]execution, len(nodes))
	order := make([]int, len(nodes))
	for i, node := range nodes {
		executions[i], order[i] = executionOf(node), i
	}
	slices.SortFunc(order, func(a, b int) int { return executions[a].compare(executions[b]) })
	sorted := make([]lineage.Node, len(nodes))
	for i, from := range order {
		sorted[i] = nodes[from]
	}
	copy(nodes, sorted)
}

// instant is an attribute that is a time; the zero time where it is none.
func instant(node lineage.Node, key string) time.Time {
	written := text(node.Attributes, key)
	if written == "" {
		return time.Time{}
	}
	at, _ := time.Parse(time.RFC3339Nano, written)
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
