package cached

import (
	"time"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// change is what one Apply changes in the graph.
type change struct {
	everything bool // the engine does not say, or it is no longer held
	at         time.Time
	touched    map[lineage.ID]touch
	contents   []lineage.Node // what nodes newly say

	// settled is the count of Applies when this one had ended; 0: it has not.
	settled uint64
	// doubt is until when a transaction that failed may yet turn out to have been
	// committed. Zero: it is known.
	doubt time.Time
}

// touch is what a change does at one node.
type touch struct {
	content            bool // it comes, goes or says something else
	asTarget, asSource typeSet
}

func newChange(c graphstore.Changes, at time.Time) *change {
	out := &change{at: at, touched: make(map[lineage.ID]touch, len(c.AddNodes))}
	for _, nodes := range [][]graphstore.HashedNode{c.AddNodes, c.ChangeNodes} {
		for _, n := range nodes {
			out.content(n.ID)
			out.contents = append(out.contents, n.Node)
		}
	}
	for _, id := range c.RetractNodes {
		out.content(id)
	}
	for _, edges := range [][]graphstore.HashedEdge{c.AddEdges, c.ChangeEdges} {
		for _, e := range edges {
			out.edge(e.Key())
		}
	}
	for _, key := range c.RetractEdges {
		out.edge(key)
		// What nothing else holds goes with it.
		out.content(key.SourceID)
		out.content(key.TargetID)
	}
	return out
}

func (c *change) content(id lineage.ID) {
	t := c.touched[id]
	t.content = true
	c.touched[id] = t
}

func (c *change) edge(key lineage.EdgeKey) {
	set := setOf([]lineage.RelationshipType{key.RelationshipType})
	source, target := c.touched[key.SourceID], c.touched[key.TargetID]
	source.asSource |= set
	target.asTarget |= set
	c.touched[key.SourceID], c.touched[key.TargetID] = source, target
}

// spoils reports whether an answer may be another one after the change.
func (c *change) spoils(b basis) bool {
	if c.everything || c.reaches(b) {
		return true
	}
	if b.find != nil {
		for _, n := range c.contents {
			if fits(n, b.find) {
				return true
			}
		}
	}
	if len(c.touched) < len(b.ids) {
		// Rarely: only answers that were just read are judged one by one.
		there := make(map[lineage.ID]struct{}, len(b.ids))
		for _, id := range b.ids {
			there[id] = struct{}{}
		}
		for id, t := range c.touched {
			if _, ok := there[id]; ok && b.rests(t) {
				return true
			}
		}
		return false
	}
	for _, id := range b.ids {
		if t, ok := c.touched[id]; ok && b.rests(t) {
			return true
		}
	}
	return false
}

// reaches reports whether an answer about the past is spoilt whatever it was
// made of. A change at or before the time asked for may bring in what the answer
// does not show: a node that an edge had led to before the node was there. After
// that time the same things are there; but which of several revisions counts may
// change, and what a Find passed over is not known.
func (c *change) reaches(b basis) bool {
	return !b.asOf.IsZero() && (b.find != nil || !c.at.After(b.asOf))
}
