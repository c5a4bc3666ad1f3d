package etl

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// readAll compares all that the store holds of the owner with what it was given. It is
// told of one thing after the other, so that a long run is not held twice.
func (t *turn) readAll(ctx context.Context, given lineage.Projection) error {
	c := newComparison(given)
	err := graphstore.Tell(ctx, t.p.config.Store, t.batch.owner, c.nodes.see, c.edges.see)
	if t.p.metrics.storeFailed(opOwned, err) != nil {
		return err
	}
	return c.verdict()
}

// compare says how what a store holds differs from what it was given.
func compare(owned, given lineage.Projection) error {
	c := newComparison(given)
	for _, n := range owned.Nodes {
		if err := c.nodes.see(n); err != nil {
			return err
		}
	}
	for _, e := range owned.Edges {
		if err := c.edges.see(e); err != nil {
			return err
		}
	}
	return c.verdict()
}

// comparison is that of what a store holds with what it was given.
type comparison struct {
	owner lineage.Owner
	nodes list[lineage.Node]
	edges list[lineage.Edge]
}

func newComparison(given lineage.Projection) *comparison {
	given.Sort()
	return &comparison{
		owner: given.Owner,
		nodes: list[lineage.Node]{
			given: given.Nodes, seen: make([]bool, len(given.Nodes)), same: lineage.Node.Same, hash: lineage.Node.ContentHash,
			order: func(a, b lineage.Node) int { return bytes.Compare(a.ID[:], b.ID[:]) },
		},
		edges: list[lineage.Edge]{
			given: given.Edges, seen: make([]bool, len(given.Edges)), same: lineage.Edge.Same, hash: lineage.Edge.ContentHash,
			order: func(a, b lineage.Edge) int { return a.Key().Compare(b.Key()) },
		},
	}
}

func (c *comparison) verdict() error {
	nodes, edges := c.nodes.missing(), c.edges.missing()
	if nodes+c.nodes.different+c.nodes.surplus+edges+c.edges.different+c.edges.surplus == 0 {
		return nil
	}
	return &lineage.Error{
		Op: "verify", Kind: lineage.ErrorInternal, ID: string(c.owner),
		Hint: "the store does not hold what it was given: check it with fsck",
		Err: fmt.Errorf("nodes: %d missing, %d different, %d too many; edges: %d, %d, %d",
			nodes, c.nodes.different, c.nodes.surplus, edges, c.edges.different, c.edges.surplus),
	}
}

// list is what was given, in order, and what was seen of it.
type list[T any] struct {
	given              []T
	seen               []bool
	next               int // after the last that was seen: stores tell in order, mostly
	different, surplus int

	order func(a, b T) int
	same  func(a, b T) bool
	hash  func(T) (lineage.Hash, error)
}

// see takes note of one thing that the store holds. Hashes are made only where it does
// not look the same.
func (l *list[T]) see(held T) error {
	i := l.next
	if i == len(l.given) || l.order(l.given[i], held) != 0 {
		var known bool
		if i, known = slices.BinarySearchFunc(l.given, held, l.order); !known {
			l.surplus++
			return nil
		}
	}
	l.next = i + 1
	if l.seen[i] {
		l.surplus++
		return nil
	}
	l.seen[i] = true
	if l.same(l.given[i], held) {
		return nil
	}
	want, err := l.hash(l.given[i])
	if err != nil {
		return err
	}
	got, err := l.hash(held)
	if got != want {
		l.different++
	}
	return err
}

func (l *list[T]) missing() (n int) {
	for _, seen := range l.seen {
		if !seen {
			n++
		}
	}
	return n
}
