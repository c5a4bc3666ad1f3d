package query

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"wellspring/lineage"
)

// mostParts is how many parts of a content a sentence names.
const mostParts = 8

// sentence says in one sentence what an ancestry found: what the root is, and
// what its content is made of. Empty for roots that are no value and no content.
func sentence(root lineage.Node, graph lineage.Graph, shares shares) string {
	var subject string
	switch root.Kind {
	case lineage.KindMeasurement:
		subject = readSentence(root)
	case lineage.KindWellState:
		well := text(root.Attributes, lineage.AttrWell)
		subject = well + " of " + strings.TrimSpace(strings.TrimSuffix(root.Name, well))
		if v := number(root.Attributes, lineage.AttrVolumeUl); v != nil {
			subject = plainNumber(*v) + " µL in " + subject
		}
	default:
		return ""
	}
	return subject + ": " + strings.Join(partWords(graph, shares), ", ") + "."
}

// readSentence is "0.8098 absorbance at 595 nm, read TIME in A2 of plate AP-0001".
func readSentence(measurement lineage.Node) string {
	a := measurement.Attributes
	var words []string
	if v := number(a, "value"); v != nil {
		words = append(words, strconv.FormatFloat(*v, 'g', -1, 64))
	} else {
		words = append(words, "no value of")
	}
	if unit := text(a, "unit"); unit != "" && unit != "1" {
		words = append(words, unit)
	}
	words = append(words, text(a, "measured"))
	for _, detail := range texts(a, "details") {
		if key, value, _ := strings.Cut(detail, "="); strings.HasPrefix(key, "wavelength") {
			words = append(words, "at "+strings.TrimSpace(strings.TrimSuffix(value, "nm"))+" nm")
			break
		}
	}
	read := strings.Join(words, " ")
	if at := text(a, lineage.AttrAt); at != "" {
		read += ", read " + at
	}
	place := text(a, "plate")
	if well := text(a, lineage.AttrWell); well != "" {
		place = well + " of plate " + place
	}
	return read + " in " + place
}

// partWords are the parts of a content by what filled their first states,
// largest first; what is not known to be anything is the rest.
func partWords(graph lineage.Graph, shares shares) []string {
	nodes := make(map[lineage.ID]lineage.Node, len(graph.Nodes))
	for _, node := range graph.Nodes {
		nodes[node.ID] = node.Node
	}
	filled := make(map[lineage.ID][]lineage.Node)
	for _, edge := range stockEdges(graph) {
		filled[edge.TargetID] = append(filled[edge.TargetID], nodes[edge.SourceID])
	}
	sums, known := make(map[string]float64), 0.0
	for _, node := range graph.Nodes {
		share := shares.of[node.ID]
		if share <= 0 || node.Kind != lineage.KindWellState {
			continue
		}
		switch with := filled[node.ID]; {
		case len(with) > 0:
			sums[fillWords(with)] += share
		case flag(node.Attributes, attrUndeclared):
			sums["that nobody declared"] += share
		default:
			continue
		}
		known += share
	}
	if rest := 1 - known; rest > 1e-6 {
		sums["of unknown origin"] += rest
	}
	names := make([]string, 0, len(sums))
	for name := range sums {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b)) })
	var words []string
	rest, more := 0.0, 0
	for i, name := range names {
		if i >= mostParts {
			rest, more = rest+sums[name], more+1
			continue
		}
		words = append(words, percentWords(sums[name])+" "+name)
	}
	if more > 0 {
		words = append(words, fmt.Sprintf("%s of %d more", percentWords(rest), more))
	}
	return words
}

// fillWords is "PBS buffer (lot PBS-2610-A)": the protocol's liquid and what it
// was declared to be.
func fillWords(with []lineage.Node) string {
	var liquids, declared []string
	for _, node := range with {
		switch {
		case node.Kind == lineage.KindSample:
			declared = append(declared, "sample "+node.Name)
		case text(node.Attributes, attrLiquid) == "":
			declared = append(declared, "lot "+node.Name)
		default:
			liquids = append(liquids, node.Name)
		}
	}
	liquid, is := strings.Join(sortedSet(liquids), " + "), strings.Join(sortedSet(declared), ", ")
	switch {
	case is == "":
		return liquid
	case liquid == "":
		return is
	}
	return liquid + " (" + is + ")"
}

// percentWords is a share for people. What is there is never written as nothing.
func percentWords(share float64) string {
	if share < 0.0001 {
		return "<0.01 %"
	}
	return plainNumber(100*share) + " %"
}

// plainNumber has two decimals at most, and none that say nothing.
func plainNumber(v float64) string {
	return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(v, 'f', 2, 64), "0"), ".")
}
