package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// concurrentOwners has many runs of one robot, with one lot, applied at once,
// each twice and then half of them retracted, while readers ask.
func concurrentOwners(t *testing.T, s graphstore.Store) {
	const runs, states = 24, 8
	shared := numbered(lineage.KindRobot, "shared", 6)
	parts := make([]lineage.Projection, runs)
	for i := range parts {
		nodes, edges := chain(fmt.Sprintf("run-%02d", i), states)
		for _, n := range shared {
			edges = append(edges, derived(nodes[0], n))
		}
		own := slices.Clone(shared)
		if i%2 == 1 {
			slices.Reverse(own) // two orders of the same nodes: what deadlocks
		}
		parts[i] = part(lineage.Owner(fmt.Sprintf("run:%02d", i)), append(own, nodes...), edges...)
	}

	g, ctx := errgroup.WithContext(t.Context())
	for i, p := range parts {
		g.Go(func() error {
			for round, want := range []lineage.Applied{{NodesAdded: states + 6, EdgesAdded: states + 5}, {}} {
				got, err := s.Apply(ctx, p, at(1))
				if err != nil {
					return fmt.Errorf("%s: %w", p.Owner, err)
				}
				if got != want {
					return fmt.Errorf("%s, round %d: applied %+v, want %+v", p.Owner, round, got, want)
				}
			}
			if i%2 == 0 {
				return nil
			}
			_, err := s.Apply(ctx, part(p.Owner, nil), at(2))
			return err
		})
		g.Go(func() error { return wholeOrNothing(ctx, s, p, states) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}

	for i, p := range parts {
		kept := owned(t, s, p.Owner)
		if i%2 == 1 {
			same(t, "a retracted run", part(p.Owner, nil), kept)
			continue
		}
		same(t, "a run", part(p.Owner, sorted(created(at(1), p.Nodes...)), createdEdges(at(1), p.Edges...)...), kept)
	}
	same(t, "edges at a shared node", runs/2, len(edgesOf(t, s, shared[0].ID)))
	same(t, "well states", runs/2*states, len(find(t, s, lineage.Find{Kind: lineage.KindWellState})))
	same(t, "shared nodes", 6, len(find(t, s, lineage.Find{Kind: lineage.KindRobot})))
}

// wholeOrNothing reads a run's chain from its end: no reader sees half of an Apply.
func wholeOrNothing(ctx context.Context, s graphstore.Store, p lineage.Projection, states int) error {
	last := p.Nodes[len(p.Nodes)-1]
	g, err := s.Traverse(ctx, lineage.Traversal{Roots: []lineage.ID{last.ID}, Direction: lineage.Upstream})
	if err != nil {
		return err
	}
	if n := len(g.Nodes); n != 0 && n != states+6 {
		return fmt.Errorf("%s: a reader saw %d nodes of %d", p.Owner, n, states+6)
	}
	return nil
}
