package lineage

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

// Attributes describe a node or an edge. A value is a string, a bool, a
// float64, a []string or a []float64 (the types that every store keeps
// unchanged); integers are written as float64. Keys are lowerCamelCase and
// name their unit where they have one: volumeUl, durationS. An empty list has
// no element type: it comes back from a store as an empty []string.
type Attributes map[string]any

// The attribute keys that more than one room reads.
const (
	AttrVolumeUl  = "volumeUl"  // µL
	AttrFraction  = "fraction"  // of the target's content that came from the source, 0..1
	AttrMechanism = "mechanism" // loaded, undeclared, transfer, remained, blowout, tip-residue, carry-over
	AttrRun       = "run"       // the robot's run id
	AttrLabware   = "labware"   // the labware's id within its run
	AttrWell      = "well"      // A1
	AttrCommand   = "command"   // the robot's command id
	AttrSequence  = "sequence"  // position in executed order, from 0
	AttrBarcode   = "barcode"
	AttrAt        = "at" // the device's time, RFC 3339
	// Why what is known of a well state may not be all: reason words, sorted.
	AttrIncomplete = "incomplete"
	// The first states that a well state's content came from, and their shares
	// of it, position by position.
	AttrOriginIDs       = "originIds"
	AttrOriginFractions = "originFractions"
)

// Node is one thing: an entity, an activity or an agent.
type Node struct {
	ID         ID         `json:"id"`
	Kind       Kind       `json:"kind"`
	Name       string     `json:"name"` // what a person calls it
	Attributes Attributes `json:"attributes"`
	CreatedAt  time.Time  `json:"created_at"` // when the store came to know this content
}

// Edge says that Target depends on Source: Source is the upstream end. The
// fields are exactly these; everything else about it is in Attributes.
type Edge struct {
	SourceID         ID               `json:"source_id"`
	TargetID         ID               `json:"target_id"`
	RelationshipType RelationshipType `json:"relationship_type"`
	TransformationID ID               `json:"transformation_id"` // the Step; the nil UUID where there is none
	CreatedAt        time.Time        `json:"created_at"`
	Attributes       Attributes       `json:"attributes"`
}

// EdgeKey identifies an edge: two edges with one key are one edge.
type EdgeKey struct {
	SourceID, TargetID ID
	RelationshipType   RelationshipType
	TransformationID   ID
}

// Key returns what identifies e.
func (e Edge) Key() EdgeKey {
	return EdgeKey{e.SourceID, e.TargetID, e.RelationshipType, e.TransformationID}
}

// Compare orders keys by source, target, type and transformation.
func (k EdgeKey) Compare(o EdgeKey) int {
	if c := bytes.Compare(k.SourceID[:], o.SourceID[:]); c != 0 {
		return c
	}
	if c := bytes.Compare(k.TargetID[:], o.TargetID[:]); c != 0 {
		return c
	}
	if c := cmp.Compare(k.RelationshipType, o.RelationshipType); c != 0 {
		return c
	}
	return bytes.Compare(k.TransformationID[:], o.TransformationID[:])
}

// Owner names what a part of the graph was derived from: a run, a plan, a
// manifest, a measurement document, a declaration.
type Owner string

// RunOwner owns what a run's envelopes say.
func RunOwner(run string) Owner { return Owner("run:" + run) }

// PlanOwner owns what an analysis says.
func PlanOwner(analysis string) Owner { return Owner("plan:" + analysis) }

// Projection is everything that one owner has to say: a pure function of the
// owner's envelopes. The store makes the owner's part of the graph equal to it.
//
// A node that several owners name (a robot, a lot, declared labware) must have
// the same content in each: it holds nothing but its identity, and what an owner
// has to say about it stands on an edge. A store refuses a projection that
// breaks this with ErrorConflict.
type Projection struct {
	Owner Owner
	Nodes []Node
	Edges []Edge
}

// Sort puts nodes and edges into the order of their ids and keys, the order in
// which stores write them (two writers in one order do not deadlock).
func (p *Projection) Sort() {
	slices.SortFunc(p.Nodes, func(a, b Node) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	slices.SortFunc(p.Edges, func(a, b Edge) int { return a.Key().Compare(b.Key()) })
}

// Applied counts what making a projection true changed in the owner's part of
// the graph, whoever else names the same things. All zero: nothing was written.
type Applied struct {
	NodesAdded     int `json:"nodes_added"`
	NodesChanged   int `json:"nodes_changed"`
	NodesRetracted int `json:"nodes_retracted"`
	EdgesAdded     int `json:"edges_added"`
	EdgesChanged   int `json:"edges_changed"`
	EdgesRetracted int `json:"edges_retracted"`
}

// Changed reports whether anything was written.
func (a Applied) Changed() bool { return a != Applied{} }
