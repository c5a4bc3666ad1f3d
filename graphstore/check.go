package graphstore

import (
	"strings"
	"time"
	"unicode/utf8"

	"wellspring/lineage"
)

// Times are kept as nanoseconds since 1970 in 64 bits.
var (
	earliest = time.Unix(0, 0)
	latest   = time.Unix(0, 1<<63-1)
)

// Check says what is wrong with a projection in itself, before any store is
// asked: it names the first node or edge that could not be kept. Each node and
// each edge stands in it once.
func Check(p lineage.Projection, at time.Time) error {
	const op = "apply"
	if p.Owner == "" {
		return lineage.Invalid(op, "owner", "name the owner of the projection")
	}
	if at.Before(earliest) || at.After(latest) {
		return lineage.Invalid(op, at.Format(time.RFC3339), "use a time between 1970 and 2262")
	}
	nodes := make(map[lineage.ID]struct{}, len(p.Nodes))
	for _, n := range p.Nodes {
		if err := checkNode(n); err != nil {
			return err
		}
		if _, twice := nodes[n.ID]; twice {
			return lineage.Invalid(op, "node "+n.ID.String(), "name each node once")
		}
		nodes[n.ID] = struct{}{}
	}
	edges := make(map[lineage.EdgeKey]struct{}, len(p.Edges))
	for _, e := range p.Edges {
		if err := checkEdge(e); err != nil {
			return err
		}
		if _, twice := edges[e.Key()]; twice {
			return lineage.Invalid(op, "edge "+KeyString(e.Key()), "name each edge once")
		}
		edges[e.Key()] = struct{}{}
	}
	return nil
}

func checkNode(n lineage.Node) error {
	const op = "apply"
	where := func() string { return "node " + n.ID.String() }
	switch {
	case n.ID == lineage.ID{}:
		return lineage.Invalid(op, where(), "give the node its id")
	case n.Kind.Class() == "":
		return lineage.Invalid(op, where()+" of kind "+string(n.Kind), "use one of the documented kinds")
	case !utf8.ValidString(n.Name) || strings.ContainsRune(n.Name, 0):
		return lineage.Invalid(op, where(), "write the name in UTF-8, without NUL")
	}
	if err := n.Attributes.Check(); err != nil {
		return &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: where(), Err: err}
	}
	return nil
}

func checkEdge(e lineage.Edge) error {
	const op = "apply"
	where := func() string { return "edge " + KeyString(e.Key()) }
	switch {
	case e.SourceID == lineage.ID{} || e.TargetID == lineage.ID{}:
		return lineage.Invalid(op, where(), "give the edge both its ends")
	case e.SourceID == e.TargetID:
		return lineage.Invalid(op, where(), "nothing depends on itself")
	case !e.RelationshipType.Valid():
		return lineage.Invalid(op, where(), "use one of the documented relationship types")
	}
	if err := e.Attributes.Check(); err != nil {
		return &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: where(), Err: err}
	}
	return nil
}

// KeyString writes an edge's key as a person reads it: target TYPE source.
func KeyString(k lineage.EdgeKey) string {
	s := k.TargetID.String() + " " + string(k.RelationshipType) + " " + k.SourceID.String()
	if k.TransformationID != (lineage.ID{}) {
		s += " by " + k.TransformationID.String()
	}
	return s
}
