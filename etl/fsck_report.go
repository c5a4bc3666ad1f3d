package etl

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"wellspring/graphstore"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// Fsck is what a check of journal and graph found.
type Fsck struct {
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"`

	Records     int64 `json:"records"` // of the journal, damaged ones too
	Owners      int   `json:"owners"`  // that the journal names
	Nodes       int   `json:"nodes"`   // of the graph, that were compared
	Edges       int   `json:"edges"`
	DeadLetters int   `json:"dead_letters"` // that wait for a person: no difference

	// Versions of this program, other than this, by which Older owners are
	// derived: right by those, and made again by rebuild.
	Versions []string `json:"versions"`
	Older    int      `json:"older"`
	// Unsettled owners were written all the time that the check waited for them:
	// they were not compared.
	Unsettled []lineage.Owner `json:"unsettled"`

	DifferenceCount int          `json:"difference_count"`
	Differences     []Difference `json:"differences"` // the first of them
	Truncated       bool         `json:"truncated"`   // there are more than are listed
}

// The bounds of a report.
const (
	maxDifferences = 1000
	maxParts       = 20 // of one difference
)

// DifferenceKind says where something is wrong.
type DifferenceKind string

// The kinds of differences.
const (
	DifferenceFile    DifferenceKind = "file"    // a file of an engine is damaged
	DifferenceJournal DifferenceKind = "journal" // a record is damaged, or out of order
	DifferenceGraph   DifferenceKind = "graph"   // the graph is not what follows from the journal
	DifferenceState   DifferenceKind = "state"   // a state of processing is not what the journal says
	DifferenceLetter  DifferenceKind = "letter"  // a dead letter too many or too few
)

// Difference is one thing that is wrong.
type Difference struct {
	Kind     DifferenceKind   `json:"kind"`
	Owner    lineage.Owner    `json:"owner,omitempty"`
	Position journal.Position `json:"position,omitempty"` // of the record
	Problem  string           `json:"problem"`
	Remedy   string           `json:"remedy"`
	// Parts of the graph that differ, the first of them.
	Parts     []string `json:"parts,omitempty"`
	Truncated bool     `json:"truncated,omitempty"` // there are more parts than are listed
}

func (f *Fsck) add(d Difference) {
	f.DifferenceCount++
	if len(f.Differences) == maxDifferences {
		f.Truncated = true
		return
	}
	f.Differences = append(f.Differences, d)
}

func (f *Fsck) older(version string) {
	f.Older++
	if !slices.Contains(f.Versions, version) {
		f.Versions = append(f.Versions, version)
	}
}

// finish adds what the journal's reading brought up.
func (f *fsck) finish() {
	seen := map[string]bool{}
	for _, d := range f.s.problems { // an owner may have been read more than once
		if key := fmt.Sprint(d.Kind, d.Owner, d.Position, d.Problem); !seen[key] {
			seen[key] = true
			f.report.add(d)
		}
	}
	slices.SortStableFunc(f.report.Differences, func(a, b Difference) int { return order(a.Kind) - order(b.Kind) })
	f.report.Records, f.report.Owners = f.s.records, len(f.s.order)
	f.report.Nodes, f.report.Edges = len(f.named.nodes), len(f.named.edges)
	f.report.EndedAt = f.p.config.Clock()
}

// order puts causes before what follows from them.
func order(k DifferenceKind) int {
	return slices.Index([]DifferenceKind{DifferenceFile, DifferenceJournal, DifferenceLetter, DifferenceGraph, DifferenceState}, k)
}

// difference says how what a graph has of an owner differs from what it should;
// without a problem where it does not.
func difference(owned, derived lineage.Projection) (Difference, error) {
	held, err := manifestOf(owned)
	if err != nil {
		return Difference{}, err
	}
	changes, err := graphstore.Diff(held, derived)
	if err != nil || !changes.Applied().Changed() {
		return Difference{}, err
	}
	d := Difference{Kind: DifferenceGraph, Owner: derived.Owner, Remedy: "rebuild makes it again from the journal"}
	var said []string
	say := func(n int, what string) {
		if n > 0 {
			said = append(said, fmt.Sprintf("%d %s", n, what))
		}
	}
	say(len(changes.AddNodes), "nodes missing")
	say(len(changes.ChangeNodes), "nodes different")
	say(len(changes.RetractNodes), "nodes too many")
	say(len(changes.AddEdges), "edges missing")
	say(len(changes.ChangeEdges), "edges different")
	say(len(changes.RetractEdges), "edges too many")
	d.Problem = strings.Join(said, ", ")
	d.Parts = parts(owned, changes)
	if d.Truncated = len(d.Parts) > maxParts; d.Truncated {
		d.Parts = d.Parts[:maxParts]
	}
	return d, nil
}

// parts names what differs, one a line, and in what.
func parts(owned lineage.Projection, changes graphstore.Changes) []string {
	var all []string
	nodes := make(map[lineage.ID]lineage.Node, len(owned.Nodes))
	for _, n := range owned.Nodes {
		nodes[n.ID] = n
	}
	edges := make(map[lineage.EdgeKey]lineage.Edge, len(owned.Edges))
	for _, e := range owned.Edges {
		edges[e.Key()] = e
	}
	node := func(how string, n lineage.Node) {
		all = append(all, fmt.Sprintf("%s node %s %s %q", how, n.ID, n.Kind, n.Name))
	}
	for _, n := range changes.AddNodes {
		node("missing", n.Node)
	}
	for _, n := range changes.ChangeNodes {
		node("different", n.Node)
		is := nodes[n.ID]
		all[len(all)-1] += ": " + strings.Join(append(otherwise("kind", is.Kind, n.Kind), append(otherwise("name", is.Name, n.Name), fields(is.Attributes, n.Attributes)...)...), ", ")
	}
	for _, n := range owned.Nodes {
		if slices.Contains(changes.RetractNodes, n.ID) {
			node("too many:", n)
		}
	}
	for _, e := range changes.AddEdges {
		all = append(all, "missing edge "+graphstore.KeyString(e.Key()))
	}
	for _, e := range changes.ChangeEdges {
		all = append(all, "different edge "+graphstore.KeyString(e.Key())+": "+strings.Join(fields(edges[e.Key()].Attributes, e.Attributes), ", "))
	}
	for _, key := range changes.RetractEdges {
		all = append(all, "too many: edge "+graphstore.KeyString(key))
	}
	return all
}

// fields are the attributes that are something else than they should be.
func fields(is, should lineage.Attributes) []string {
	names := map[string]bool{}
	for name := range is {
		names[name] = true
	}
	for name := range should {
		names[name] = true
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		all = append(all, otherwise(name, is[name], should[name])...)
	}
	return all
}

// otherwise says that a field is something else than it should be; nil: it is not.
func otherwise(name string, is, should any) []string {
	one, other := shown(is), shown(should)
	if one == other {
		return nil
	}
	return []string{fmt.Sprintf("%s is %s, not %s", name, cut(one), cut(other))}
}

func shown(value any) string {
	if value == nil {
		return "absent"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// mostShown is how much of a field's value a report shows, in characters.
const mostShown = 60

func cut(text string) string {
	if letters := []rune(text); len(letters) > mostShown {
		return string(letters[:mostShown]) + "…"
	}
	return text
}

func equal(a, b lineage.Projection) (bool, error) {
	one, err := digest(a)
	if err != nil {
		return false, err
	}
	other, err := digest(b)
	return one == other, err
}

// versionOf is the version of this program by which an owner's part of the graph
// was derived, as its processing says; else the one given.
func versionOf(owned lineage.Projection, otherwise string) string {
	for _, n := range owned.Nodes {
		if version, ok := n.Attributes["codeVersion"].(string); ok && n.Kind == lineage.KindProcessing {
			return version
		}
	}
	return otherwise
}

// FsckState is how a check stands.
type FsckState struct {
	Running  bool         `json:"running"`
	Progress FsckProgress `json:"progress"`
	Report   *Fsck        `json:"report,omitempty"` // of the last that ended
	Error    string       `json:"error,omitempty"`  // why the last one could not be done
}

// RebuildState is how a rebuild stands.
type RebuildState struct {
	Running  bool         `json:"running"`
	Progress FsckProgress `json:"progress"`
	Report   *Rebuild     `json:"report,omitempty"`
	Error    string       `json:"error,omitempty"`
}
