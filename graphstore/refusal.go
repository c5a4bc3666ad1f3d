package graphstore

import (
	"errors"

	"wellspring/lineage"
)

// ErrNoWrites is wrapped by the error of a store that answers but takes no writes
// from anybody: its disk is full, or it is read-only. It is not the fault of what
// was given, however long it lasts.
var ErrNoWrites = errors.New("the store takes no writes")

// Conflict refuses a projection because another owner says something else
// about the same thing.
func Conflict(thing string, other lineage.Owner) error {
	return &lineage.Error{
		Op: "apply", Kind: lineage.ErrorConflict, ID: thing,
		Hint: "owner " + string(other) + " names it with another content: keep what differs on an edge, or retract it there first",
	}
}

// MissingEnd refuses a projection because an edge ends at a node that is not in
// the graph.
func MissingEnd(id lineage.ID, edge lineage.EdgeKey) error {
	return &lineage.Error{
		Op: "apply", Kind: lineage.ErrorNotFound, ID: "node " + id.String(),
		Hint: "the edge " + KeyString(edge) + " ends there: apply the owner of the node first",
	}
}

// Interrupted is the error of an operation whose context ended.
func Interrupted(op string, cause error) error {
	return &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, Hint: "the caller gave up or its time was over", Err: cause}
}
