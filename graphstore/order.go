package graphstore

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"

	"wellspring/lineage"
)

// SortRevisions puts revisions into the order of a history: by created_at; at
// one time nodes come first, by id, then the edges by key, and of one thing what
// was retracted before what is current.
func SortRevisions(revisions []lineage.Revision) {
	slices.SortStableFunc(revisions, func(a, b lineage.Revision) int {
		return cmp.Or(
			a.CreatedAt.Compare(b.CreatedAt),
			compareSubjects(a, b),
			compareRetracted(a, b),
		)
	})
}

func compareSubjects(a, b lineage.Revision) int {
	switch {
	case a.Node != nil && b.Node != nil:
		return slices.Compare(a.Node.ID[:], b.Node.ID[:])
	case a.Node != nil:
		return -1
	case b.Node != nil:
		return 1
	}
	return a.Edge.Key().Compare(b.Edge.Key())
}

func compareRetracted(a, b lineage.Revision) int {
	switch {
	case a.RetractedAt == nil && b.RetractedAt == nil:
		return 0
	case a.RetractedAt == nil:
		return 1
	case b.RetractedAt == nil:
		return -1
	}
	return a.RetractedAt.Compare(*b.RetractedAt)
}

// Place is where a page of a Find ended: its last node. The next page holds
// what comes after it in order of name, then id, whatever was written since.
type Place struct {
	Name string
	ID   lineage.ID
}

// Cursor packs a place.
func (p Place) Cursor() lineage.Cursor {
	// A string and a UUID always encode.
	packed, _ := json.Marshal(p)
	return lineage.Cursor(base64.RawURLEncoding.EncodeToString(packed))
}

// ParseCursor unpacks a cursor. The empty one is the place before everything.
func ParseCursor(c lineage.Cursor) (Place, error) {
	var p Place
	if c == "" {
		return p, nil
	}
	packed, err := base64.RawURLEncoding.DecodeString(string(c))
	if err == nil {
		err = json.Unmarshal(packed, &p)
	}
	if err != nil {
		return Place{}, &lineage.Error{Op: "find", Kind: lineage.ErrorInvalid, ID: "cursor", Hint: "use the cursor of the page before, unchanged", Err: err}
	}
	return p, nil
}
