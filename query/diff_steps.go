package query

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"wellspring/lineage"
)

const (
	attrKey      = "key"
	attrType     = "type"
	attrPlaces   = "places"
	attrFailed   = "failed"
	attrKind     = "kind"
	attrLoadName = "loadName"
)

// steps compares what was done.
func (d *differ) steps() {
	pairs := matchSteps(d.a.steps, d.b.steps, d.placesOf)
	inA, inB := make([]bool, len(d.a.steps)), make([]bool, len(d.b.steps))
	for _, p := range pairs {
		inA[p[0]], inB[p[1]] = true, true
		a, b := d.a.steps[p[0]], d.b.steps[p[1]]
		if what := d.stepChange(a, b); len(what) > 0 {
			d.answer.Changed = append(d.answer.Changed, StepChange{a, b, what})
		}
	}
	d.answer.OnlyFrom = unmatched(d.a.steps, inA)
	d.answer.OnlyTo = unmatched(d.b.steps, inB)
	d.answer.Counts.StepsMatched = len(pairs)
	d.answer.Counts.StepsOnlyFrom, d.answer.Counts.StepsOnlyTo = len(d.answer.OnlyFrom), len(d.answer.OnlyTo)
	d.answer.Counts.StepsChanged = len(d.answer.Changed)
	d.answer.Counts.OutOfOrder = outOfOrder(pairs)
}

func unmatched(steps []lineage.Node, matched []bool) []lineage.Node {
	var rest []lineage.Node
	for i, step := range steps {
		if !matched[i] {
			rest = append(rest, step)
		}
	}
	return rest
}

func (d *differ) stepChange(a, b lineage.Node) []string {
	var what []string
	if !sameNumber(number(a.Attributes, lineage.AttrVolumeUl), number(b.Attributes, lineage.AttrVolumeUl)) {
		what = append(what, "volume")
	}
	if d.placesOf(a, false) != d.placesOf(b, true) {
		what = append(what, "wells")
	}
	if flag(a.Attributes, attrFailed) != flag(b.Attributes, attrFailed) {
		what = append(what, "failed")
	}
	return what
}

// placesOf writes the wells of a step in the labware ids of the first side.
func (d *differ) placesOf(step lineage.Node, ofB bool) string {
	places := texts(step.Attributes, attrPlaces)
	if !ofB {
		return strings.Join(places, " ")
	}
	written := make([]string, len(places))
	for i, place := range places {
		labware, well, _ := strings.Cut(place, "/")
		known := false
		for _, p := range d.paired {
			if p.a.Kind != "" && p.b.Kind != "" && labwareIDOf(p.b) == labware {
				labware, known = labwareIDOf(p.a), true
				break
			}
		}
		if !known {
			labware = "other " + labware // it must not pass for the same id of the first side
		}
		written[i] = labware
		if well != "" {
			written[i] += "/" + well
		}
	}
	return strings.Join(written, " ")
}

// matchSteps pairs steps: by the command key, which an analysis and its run
// share; then, of the rest, those that do the same thing in the same order; the
// same thing at another place in the order; the same with another volume. The
// pairs come in the order of a.
func matchSteps(a, b []lineage.Node, places func(step lineage.Node, ofB bool) string) [][2]int {
	m := matcher{freeA: indexes(len(a)), freeB: indexes(len(b))}
	key := func(of []lineage.Node) func(int) string {
		return func(i int) string { return text(of[i].Attributes, attrKey) }
	}
	m.byOccurrence(key(a), key(b))

	doing := func(of []lineage.Node, ofB, volume bool) func(int) string {
		written := make([]string, len(of))
		for i, step := range of {
			written[i] = text(step.Attributes, attrType) + "\x00" + places(step, ofB)
			if v := number(step.Attributes, lineage.AttrVolumeUl); volume && v != nil {
				written[i] += "\x00" + strconv.FormatFloat(*v, 'f', 6, 64)
			}
		}
		return func(i int) string { return written[i] }
	}
	exactA, exactB := doing(a, false, true), doing(b, true, true)
	m.inOrder(exactA, exactB)
	m.byOccurrence(exactA, exactB)
	m.byOccurrence(doing(a, false, false), doing(b, true, false))
	slices.SortFunc(m.pairs, func(x, y [2]int) int { return x[0] - y[0] })
	return m.pairs
}

// matcher holds what is matched, and what is not yet, in order.
type matcher struct {
	pairs        [][2]int
	freeA, freeB []int
}

func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// byOccurrence pairs the n-th of a key with the n-th: keys may repeat.
func (m *matcher) byOccurrence(keyA, keyB func(int) string) {
	waiting := make(map[string][]int)
	for _, j := range m.freeB {
		if key := keyB(j); key != "" {
			waiting[key] = append(waiting[key], j)
		}
	}
	var found [][2]int
	for _, i := range m.freeA {
		key := keyA(i)
		if queue := waiting[key]; key != "" && len(queue) > 0 {
			found = append(found, [2]int{i, queue[0]})
			waiting[key] = queue[1:]
		}
	}
	m.take(found)
}

// inOrder pairs what is the same in the same order.
func (m *matcher) inOrder(keyA, keyB func(int) string) {
	number := make(map[string]int)
	numbered := func(free []int, key func(int) string) []int {
		all := make([]int, len(free))
		for i, at := range free {
			k := key(at)
			if _, known := number[k]; !known {
				number[k] = len(number)
			}
			all[i] = number[k]
		}
		return all
	}
	common := commonInOrder(numbered(m.freeA, keyA), numbered(m.freeB, keyB))
	found := make([][2]int, len(common))
	for i, p := range common {
		found[i] = [2]int{m.freeA[p[0]], m.freeB[p[1]]}
	}
	m.take(found)
}

func (m *matcher) take(found [][2]int) {
	takenA, takenB := make(map[int]bool, len(found)), make(map[int]bool, len(found))
	for _, p := range found {
		takenA[p[0]], takenB[p[1]] = true, true
	}
	m.pairs = append(m.pairs, found...)
	m.freeA = slices.DeleteFunc(m.freeA, func(i int) bool { return takenA[i] })
	m.freeB = slices.DeleteFunc(m.freeB, func(j int) bool { return takenB[j] })
}

// outOfOrder is how many pairs would have to go for the rest to be in one order
// in both. The pairs are in the order of the first.
func outOfOrder(pairs [][2]int) int {
	var tails []int // smallest end of a rising sequence of each length
	for _, p := range pairs {
		at := sort.SearchInts(tails, p[1])
		if at == len(tails) {
			tails = append(tails, p[1])
		} else {
			tails[at] = p[1]
		}
	}
	return len(pairs) - len(tails)
}
