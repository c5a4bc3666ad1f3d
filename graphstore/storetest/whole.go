package storetest

import (
	"context"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// readsAreWhole has readers ask while one owner's part is written anew again and
// again, each time with another content, and now and then retracted: whatever a
// read returns is of one Apply.
func readsAreWhole(t *testing.T, s graphstore.Store) {
	const rounds, states = 12, 40
	nodes, edges := chain("well", states)
	w := &wholeReader{s: s, root: nodes[states-1].ID, middle: nodes[states/2].ID, owner: "run:whole", states: states}
	for _, n := range nodes {
		w.ids = append(w.ids, n.ID)
	}
	written := func(round int) lineage.Projection {
		p := part(w.owner, nil)
		if round%4 == 3 {
			return p
		}
		says := lineage.Attributes{"round": float64(round)}
		for _, n := range nodes {
			n.Attributes = says
			p.Nodes = append(p.Nodes, n)
		}
		for _, e := range edges {
			e.Attributes = says
			p.Edges = append(p.Edges, e)
		}
		return p
	}

	g, ctx := errgroup.WithContext(t.Context())
	done := make(chan struct{})
	g.Go(func() error {
		defer close(done)
		for round := range rounds {
			if _, err := s.Apply(ctx, written(round), at(round)); err != nil {
				return err
			}
		}
		return nil
	})
	for _, read := range []func(context.Context) (sight, error){w.traverse, w.traverseBounded, w.owned, w.nodes, w.edges} {
		g.Go(func() error {
			for {
				got, err := read(ctx)
				if err == nil {
					err = got.check()
				}
				select {
				case <-done:
					return err
				default:
					if err != nil {
						return err
					}
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	same(t, "the last word", rounds-1, int(lastRound(t, s, w.ids[0])))
}

// lastRound is the round that a node was last written in, or retracted in.
func lastRound(t *testing.T, s graphstore.Store, id lineage.ID) float64 {
	t.Helper()
	revisions := history(t, s, id)
	last := revisions[len(revisions)-1]
	if last.RetractedAt != nil {
		return last.RetractedAt.Sub(at(0)).Seconds()
	}
	return last.CreatedAt.Sub(at(0)).Seconds()
}

type wholeReader struct {
	s            graphstore.Store
	owner        lineage.Owner
	root, middle lineage.ID
	ids          []lineage.ID
	states       int
}

// sight is what a read returned.
type sight struct {
	what                string
	nodes               []lineage.Node
	edges               []lineage.Edge
	wantNodes, wantEdge int // or none
}

func (v sight) check() error {
	if len(v.nodes) == 0 && len(v.edges) == 0 {
		return nil
	}
	if len(v.nodes) != v.wantNodes || len(v.edges) != v.wantEdge {
		return fmt.Errorf("%s: %d nodes of %d, %d edges of %d", v.what, len(v.nodes), v.wantNodes, len(v.edges), v.wantEdge)
	}
	rounds := map[any]bool{}
	for _, n := range v.nodes {
		rounds[n.Attributes["round"]] = true
	}
	for _, e := range v.edges {
		rounds[e.Attributes["round"]] = true
	}
	if len(rounds) != 1 {
		return fmt.Errorf("%s: of several Applies: %v", v.what, rounds)
	}
	return nil
}

func (w *wholeReader) traverse(ctx context.Context) (sight, error) {
	return w.walk(ctx, "traverse", lineage.Traversal{Roots: []lineage.ID{w.root}, Direction: lineage.Upstream}, w.states)
}

// traverseBounded goes the way of what is more than the bound.
func (w *wholeReader) traverseBounded(ctx context.Context) (sight, error) {
	return w.walk(ctx, "traverse with a bound", lineage.Traversal{Roots: []lineage.ID{w.root}, Direction: lineage.Upstream, Nodes: w.states / 2}, w.states/2)
}

func (w *wholeReader) walk(ctx context.Context, what string, q lineage.Traversal, nodes int) (sight, error) {
	g, err := w.s.Traverse(ctx, q)
	v := sight{what: what, edges: g.Edges, wantNodes: nodes, wantEdge: nodes - 1}
	for _, n := range g.Nodes {
		v.nodes = append(v.nodes, n.Node)
	}
	return v, err
}

func (w *wholeReader) owned(ctx context.Context) (sight, error) {
	p, err := w.s.Owned(ctx, w.owner)
	return sight{"owned", p.Nodes, p.Edges, w.states, w.states - 1}, err
}

func (w *wholeReader) nodes(ctx context.Context) (sight, error) {
	nodes, err := w.s.Nodes(ctx, w.ids, now)
	return sight{"nodes", nodes, nil, w.states, 0}, err
}

func (w *wholeReader) edges(ctx context.Context) (sight, error) {
	edges, _, err := w.s.Edges(ctx, w.middle, 10, now)
	return sight{"edges", nil, edges, 0, 2}, err
}
