// Package query answers a person's questions over a graph store: selectors,
// ancestry and impact with fractions, wells, runs, and how complete an answer is.
//
// On the road of a fact it is the way out: api serves it, web and the command
// line ask it.
//
// It refuses to hide: an answer that was cut, or that rests on something
// unknown, says so in fields that can't be overlooked.
package query

import (
	"context"
	"time"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// Service answers questions over one store.
type Service struct {
	store graphstore.Store
}

// New returns a Service over a store.
func New(store graphstore.Store) *Service { return &Service{store: store} }

// Ask is an ancestry or impact question.
type Ask struct {
	Root        lineage.ID
	Direction   lineage.Direction
	Types       []lineage.RelationshipType // none: the quantitative ones
	CarryOver   bool                       // follow CARRIED_OVER as well
	Kinds       []lineage.Kind             // keep only these in the answer
	MinFraction float64                    // leave out what is below this share, 0..1
	Depth       int
	Limit       int // items of this page, 1..10000; 0 means 1000
	After       lineage.Cursor
	AsOf        time.Time
}

// Item is one node of an answer.
type Item struct {
	lineage.Node
	Depth int `json:"depth"`
	// Fraction: upstream, the share of the root's content that passed through
	// this node; downstream, the share of this node's content that came by way of
	// the root. Nil where no quantitative path leads there.
	Fraction *float64 `json:"fraction"`
	VolumeUl *float64 `json:"volume_ul"` // fraction × the content's volume, µL
	Origin   bool     `json:"origin"`    // nothing further upstream in this answer
	Possible bool     `json:"possible"`  // reached by carry-over only
}

// Answer is an ancestry or an impact.
type Answer struct {
	Root      lineage.Node      `json:"root"`
	Direction lineage.Direction `json:"direction"`
	Items     []Item            `json:"items"`
	Edges     []lineage.Edge    `json:"edges"` // between items of this page and the root
	Steps     []lineage.Node    `json:"steps"` // the transformations on these edges
	Next      lineage.Cursor    `json:"next,omitempty"`
	Truncated bool              `json:"truncated"` // a bound cut the answer: there is more
	Complete  bool              `json:"complete"`  // nothing unknown in it, and not truncated
	Reasons   []string          `json:"reasons"`   // why it is not complete
}

// Resolve turns a selector into a node. Several that fit: *lineage.Error of
// ErrorAmbiguous, wrapping *Candidates.
func (s *Service) Resolve(ctx context.Context, selector string) (lineage.Node, error) {
	panic("replaced by the selector")
}

// Trace answers an Ask.
func (s *Service) Trace(ctx context.Context, ask Ask) (Answer, error) {
	panic("replaced by the trace")
}
