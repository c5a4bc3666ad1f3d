package query

import (
	"slices"
	"time"

	"wellspring/lineage"
)

// The bounds of one page of an answer.
const (
	DefaultLimit = 1000
	MaxLimit     = 10_000
)

// MaxRoots is how many nodes one question may start from.
const MaxRoots = 10_000

// Ask is an ancestry or impact question.
type Ask struct {
	// Roots is where to start. An impact may start from several nodes (one
	// reagent that several runs declared, each for itself); an ancestry has one.
	Roots       []lineage.ID
	Direction   lineage.Direction
	Types       []lineage.RelationshipType // none: the quantitative ones
	CarryOver   bool                       // follow CARRIED_OVER as well
	Kinds       []lineage.Kind             // keep only these in the answer
	MinFraction float64                    // leave out what is below this share, 0..1; an unknown share stays
	Depth       int                        // hops, 1..lineage.MaxDepth; 0 means lineage.DefaultDepth
	Limit       int                        // items of this page, 1..MaxLimit; 0 means DefaultLimit
	After       lineage.Cursor             // from the Next of the page before
	AsOf        time.Time                  // what was known then; zero means now
}

// validate fills in defaults and names the first bound that is exceeded.
func (a *Ask) validate() error {
	const op = "ask"
	a.Roots = slices.Clone(a.Roots)
	slices.SortFunc(a.Roots, compareIDs)
	a.Roots = slices.Compact(a.Roots)
	switch {
	case len(a.Roots) == 0:
		return lineage.Invalid(op, "roots", "name a node to start from")
	case len(a.Roots) > MaxRoots:
		return &lineage.Error{Op: op, Kind: lineage.ErrorTooLarge, ID: "roots", Hint: "start from at most 10000 nodes"}
	case len(a.Roots) > 1 && a.Direction == lineage.Upstream:
		return lineage.Invalid(op, "roots", "an ancestry has one root: ask for each of them")
	case !(a.MinFraction >= 0 && a.MinFraction <= 1): // a NaN is neither
		return lineage.Invalid(op, "minFraction", "use 0 to 1")
	case a.Limit < 0 || a.Limit > MaxLimit:
		return lineage.Invalid(op, "limit", "use 1 to 10000")
	}
	if a.Limit == 0 {
		a.Limit = DefaultLimit
	}
	for _, kind := range a.Kinds {
		if kind.Class() == "" {
			return lineage.Invalid(op, "kind "+string(kind), "use one of the documented node kinds")
		}
	}
	if len(a.Types) == 0 {
		a.Types = lineage.QuantitativeTypes()
	}
	if a.CarryOver && !slices.Contains(a.Types, lineage.CarriedOver) {
		a.Types = append(slices.Clone(a.Types), lineage.CarriedOver)
	}
	return nil
}

// Item is one node of an answer.
type Item struct {
	lineage.Node
	Depth int `json:"depth"` // hops from the nearest root
	// Fraction: upstream, the share of the root's content that passed through
	// this node; downstream, the share of this node's content that came by way of
	// a root. Nil where no quantitative path leads there. In a truncated answer it
	// is a lower bound.
	Fraction *float64 `json:"fraction"`
	// VolumeUl is the fraction of the root's volume (upstream) or of this node's
	// volume (downstream), each right after the state was made, µL. Nil where the
	// fraction or that volume is not known.
	VolumeUl *float64 `json:"volume_ul"`
	// Concentrations: upstream, of a lot or sample in the root's content;
	// downstream, in this node's content of the lots and samples that are roots.
	// Empty where they are not known.
	Concentrations []Concentration `json:"concentrations"`

	Origin   bool `json:"origin"`   // upstream: it is known that nothing further upstream was followed to
	Possible bool `json:"possible"` // reached by carry-over only
}

// Answer is an ancestry or an impact.
type Answer struct {
	Roots     []lineage.Node    `json:"roots"`
	Direction lineage.Direction `json:"direction"`
	// Sentence says in one sentence what an ancestry of a value or of a well's
	// content found. It is about all of it, whatever the page holds.
	Sentence string `json:"sentence,omitempty"`
	Items    []Item `json:"items"` // without the roots; in order of depth, then id
	// Edges between the roots and the items of this page and those before it. Each
	// edge is on the page of its later end, so all pages together have it once.
	Edges []lineage.Edge `json:"edges"`
	Steps []lineage.Node `json:"steps"` // the transformations on these edges, in executed order
	// Experiments are those that a root or an item is part of, whatever the page
	// holds, by name: by itself, by its run or by the labware that it is in.
	Experiments []lineage.Node `json:"experiments"`
	Next        lineage.Cursor `json:"next,omitempty"`
	Truncated   bool           `json:"truncated"` // a bound cut the answer: there is more than all pages hold
	Complete    bool           `json:"complete"`  // nothing unknown in it, and not truncated
	Reasons     []string       `json:"reasons"`   // why it is not complete, sorted
	// Explanations says each reason in a sentence, in their order.
	Explanations []string `json:"explanations"`
}

func compareIDs(a, b lineage.ID) int { return slices.Compare(a[:], b[:]) }
