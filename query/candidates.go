package query

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"wellspring/lineage"
)

// Candidate is a node that a selector may have meant.
type Candidate struct {
	ID    lineage.ID   `json:"id"`
	Kind  lineage.Kind `json:"kind"`
	Name  string       `json:"name"`
	Where string       `json:"where"` // what sets it apart, for a person: its run, slot or barcode
}

// Candidates is the cause of an error of Resolve: of ErrorAmbiguous, the nodes
// that fit; of ErrorNotFound, those that come near.
type Candidates struct {
	Selector string
	Nodes    []Candidate
}

func (c *Candidates) Error() string {
	names := make([]string, 0, len(c.Nodes))
	for _, node := range c.Nodes {
		names = append(names, fmt.Sprintf("%s %q, %s, %s", node.Kind, node.Name, node.Where, node.ID))
	}
	return strings.Join(names, "; ")
}

// The most candidates that an error lists.
const (
	maxCandidates = 100
	maxNearMisses = 5
)

func candidate(node lineage.Node) Candidate {
	var where []string
	for _, key := range []struct{ name, attribute string }{
		{"run", lineage.AttrRun}, {"liquid", attrLiquid}, {"labware", lineage.AttrLabware}, {"slot", attrSlot}, {"label", attrLabel},
		{"barcode", lineage.AttrBarcode}, {"well", lineage.AttrWell}, {"started", attrStartedAt},
	} {
		if value := text(node.Attributes, key.attribute); value != "" {
			where = append(where, key.name+" "+value)
		}
	}
	return Candidate{ID: node.ID, Kind: node.Kind, Name: node.Name, Where: strings.Join(where, ", ")}
}

func candidates(nodes []lineage.Node) []Candidate {
	all := make([]Candidate, 0, len(nodes))
	for _, node := range nodes[:min(len(nodes), maxCandidates)] {
		all = append(all, candidate(node))
	}
	return all
}

const opResolve = "resolve selector"

// one returns the only node there is, or says that there are several.
func one(selector string, nodes []lineage.Node) (lineage.Node, error) {
	if len(nodes) == 1 {
		return nodes[0], nil
	}
	return lineage.Node{}, &lineage.Error{
		Op: opResolve, Kind: lineage.ErrorAmbiguous, ID: selector,
		Hint: fmt.Sprintf("%d things have that name: use the id of one of them", len(nodes)),
		Err:  &Candidates{Selector: selector, Nodes: candidates(nodes)},
	}
}

// missing says that there is no such thing, and what comes near its name.
func missing(selector, wanted, hint string, known []lineage.Node) error {
	near := nearMisses(wanted, known)
	e := &lineage.Error{Op: opResolve, Kind: lineage.ErrorNotFound, ID: selector, Hint: hint}
	if len(near) > 0 {
		names := make([]string, 0, len(near))
		for _, node := range near {
			names = append(names, node.Name)
		}
		e.Hint = "did you mean " + strings.Join(names, ", ") + "? " + hint
		e.Err = &nearError{&Candidates{Selector: selector, Nodes: candidates(near)}}
	}
	return e
}

// nearError keeps near misses out of the error's text, which names them in its hint.
type nearError struct{ *Candidates }

func (nearError) Error() string   { return "not found" }
func (e nearError) Unwrap() error { return e.Candidates }

// nearMisses are the nodes whose name, barcode, label or id reads like wanted.
func nearMisses(wanted string, known []lineage.Node) []lineage.Node {
	plain := plainLetters(wanted)
	if plain == "" {
		return nil
	}
	var near []lineage.Node
	for _, node := range known {
		for _, name := range append(designations(node), node.Name) {
			if readsLike(plain, plainLetters(name)) {
				near = append(near, node)
				break
			}
		}
		if len(near) == maxNearMisses {
			break
		}
	}
	return near
}

// designations is what a node can be called by, besides its name.
func designations(node lineage.Node) []string {
	var all []string
	for _, key := range []string{lineage.AttrBarcode, attrLabel, attrSlot, lineage.AttrLabware} {
		if value := text(node.Attributes, key); value != "" {
			all = append(all, value)
		}
	}
	if node.Kind == lineage.KindRun {
		all = append(all, text(node.Attributes, lineage.AttrRun))
	}
	return slices.Compact(all)
}

// readsLike: one is in the other, if that says anything: "1" is in many names.
func readsLike(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return a == b || len(a) >= 3 && strings.Contains(b, a)
}

func plainLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
