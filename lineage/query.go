package lineage

import "time"

// Direction of a traversal.
type Direction string

const (
	Upstream   Direction = "upstream"   // ancestry: what it came from
	Downstream Direction = "downstream" // impact: what it affects
)

// The bounds of a traversal. A larger wish is an error, not silently cut.
const (
	DefaultDepth = 50
	MaxDepth     = 1000
	DefaultNodes = 10_000
	MaxNodes     = 100_000
)

// Traversal asks for everything that is reachable from Roots.
type Traversal struct {
	Roots     []ID
	Direction Direction
	Types     []RelationshipType // which relationships to follow; none means QuantitativeTypes
	Depth     int                // hops at most, 1..MaxDepth; 0 means DefaultDepth
	Nodes     int                // nodes at most, roots included, 1..MaxNodes; 0 means DefaultNodes
	AsOf      time.Time          // what the store knew then; zero means now
}

// Validate fills in defaults and names the first bound that is exceeded.
func (t *Traversal) Validate() error {
	const op = "traverse"
	if len(t.Roots) == 0 {
		return Invalid(op, "roots", "name at least one node to start from")
	}
	if t.Direction != Upstream && t.Direction != Downstream {
		return Invalid(op, "direction", "use upstream or downstream")
	}
	if len(t.Types) == 0 {
		t.Types = QuantitativeTypes()
	}
	for _, typ := range t.Types {
		if !typ.Valid() {
			return Invalid(op, "relationship type "+string(typ), "use one of the documented relationship types")
		}
	}
	if t.Depth == 0 {
		t.Depth = DefaultDepth
	}
	if t.Depth < 1 || t.Depth > MaxDepth {
		return Invalid(op, "depth", "use 1 to 1000")
	}
	if t.Nodes == 0 {
		t.Nodes = DefaultNodes
	}
	if t.Nodes < 1 || t.Nodes > MaxNodes {
		return Invalid(op, "nodes", "use 1 to 100000")
	}
	return nil
}

// Reached is a node that a traversal reached, with its distance from the
// nearest root in hops. Roots are at depth 0.
type Reached struct {
	Node
	Depth int `json:"depth"`
}

// Graph answers a traversal: the nodes in order of depth, then id, and every
// edge of the followed types between two of them, in order of key. Where the
// bound on nodes cuts, the nodes that come first in this order are kept.
type Graph struct {
	Nodes []Reached `json:"nodes"`
	Edges []Edge    `json:"edges"`
	// Truncated: a bound stopped the traversal and at least one more node was
	// there to be reached.
	Truncated bool `json:"truncated"`
}

// Find asks for nodes by what they are. Zero fields don't restrict. The answer
// comes in order of name, then id.
type Find struct {
	Kind  Kind
	Name  string            // exact
	Attrs map[string]string // exact matches of string attributes; AttrRun, AttrLabware, AttrWell, AttrBarcode are indexed
	AsOf  time.Time         // what the store knew then; zero means now. Pages of one answer have one
	After Cursor            // continue after this place
	Limit int               // 1..MaxPage; 0 means DefaultPage
}

// The bounds of a page of a Find.
const (
	DefaultPage = 100
	MaxPage     = 1000
)

// Validate fills in defaults and names the first field that is wrong. Only the
// store can judge After.
func (f *Find) Validate() error {
	const op = "find"
	if f.Kind != "" && f.Kind.Class() == "" {
		return Invalid(op, "kind "+string(f.Kind), "use one of the documented kinds")
	}
	if f.Limit == 0 {
		f.Limit = DefaultPage
	}
	if f.Limit < 1 || f.Limit > MaxPage {
		return Invalid(op, "limit", "use 1 to 1000")
	}
	return nil
}

// Cursor is a place in the answer to a Find, taken from Page.Next and opaque
// to its holder. It stays valid under writes.
type Cursor string

// Page is one part of the answer to a Find.
type Page struct {
	Nodes []Node `json:"nodes"`
	Next  Cursor `json:"next,omitempty"` // empty: this was the last part
}

// Revision is what a node or an edge was at one time. Exactly one of Node and
// Edge is set.
type Revision struct {
	Node        *Node      `json:"node,omitempty"`
	Edge        *Edge      `json:"edge,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
	RetractedAt *time.Time `json:"retracted_at"` // nil: current
}

// HeldWell is a well in which a run had something of what is asked for, over all
// the contents that it had of it there.
type HeldWell struct {
	Run          string  // the robot's id of the run, or a plan's
	Labware      string  // its id within the run
	Well         string  // A1
	Contents     int     // states of the well that hold some
	Measurements int     // read from these
	FractionMin  float64 // of a content, the least and the greatest
	FractionMax  float64
}
