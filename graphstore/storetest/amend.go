package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// Amend implements graphstore.Amender.
func (m *Model) Amend(ctx context.Context, a graphstore.Amendment, at time.Time) (lineage.Applied, error) {
	p, err := m.Owned(ctx, a.Owner)
	if err != nil {
		return lineage.Applied{}, err
	}
	return m.Apply(ctx, amended(p, a), at)
}

// Held implements graphstore.Amender.
func (m *Model) Held(ctx context.Context, a graphstore.Amendment) (there lineage.Projection, err error) {
	var ids []lineage.ID
	for _, n := range a.Nodes {
		ids = append(ids, n.ID)
	}
	if there.Nodes, err = m.Nodes(ctx, ids, time.Time{}); err != nil {
		return there, err
	}
	for _, id := range a.Targets() {
		edges, _, err := m.Edges(ctx, id, 1000, time.Time{})
		if err != nil {
			return there, err
		}
		there.Edges = append(there.Edges, edges...)
	}
	return a.Of(there), nil
}

// amended is a part of the graph once an amendment is made.
func amended(p lineage.Projection, a graphstore.Amendment) lineage.Projection {
	nodes, edges := map[lineage.ID]lineage.Node{}, map[lineage.EdgeKey]lineage.Edge{}
	for _, n := range p.Nodes {
		nodes[n.ID] = n
	}
	for _, e := range p.Edges {
		edges[e.Key()] = e
	}
	for _, id := range a.RetractNodes {
		delete(nodes, id)
	}
	for _, key := range a.RetractEdges {
		delete(edges, key)
	}
	for _, n := range a.Nodes {
		nodes[n.ID] = n
	}
	for _, e := range a.Edges {
		edges[e.Key()] = e
	}
	next := lineage.Projection{Owner: p.Owner}
	for _, n := range nodes {
		next.Nodes = append(next.Nodes, n)
	}
	for _, e := range edges {
		next.Edges = append(next.Edges, e)
	}
	next.Sort()
	return next
}

func amender(t *testing.T, s graphstore.Store) graphstore.Amender {
	t.Helper()
	a, ok := s.(graphstore.Amender)
	if !ok {
		t.Skip("this engine takes whole parts only")
	}
	return a
}

// amendEndsLikeApply amends two owners that share nodes, and compares each step
// with what the model makes of the whole parts.
func amendEndsLikeApply(t *testing.T, s graphstore.Store) {
	a, model := amender(t, s), NewModel()
	random := rand.New(rand.NewPCG(3, 7))
	nodes, edges := chain("s", 12)
	for step := range 25 {
		owner := []lineage.Owner{ownerA, ownerB}[random.IntN(2)]
		amendment := graphstore.Amendment{Owner: owner}
		from := random.IntN(len(nodes) - 3)
		to := from + 1 + random.IntN(len(nodes)-from-1)
		if random.IntN(3) == 0 { // both ends of a retracted edge may stay
			for i := from; i < to; i++ {
				amendment.RetractNodes = append(amendment.RetractNodes, nodes[i].ID)
				amendment.RetractEdges = append(amendment.RetractEdges, edges[i].Key())
			}
		} else {
			for i := from; i <= to; i++ {
				amendment.Nodes = append(amendment.Nodes, nodes[i])
				if i < to {
					e := edges[i]
					if random.IntN(4) == 0 {
						e.Attributes = lineage.Attributes{lineage.AttrFraction: float64(random.IntN(3))}
					}
					amendment.Edges = append(amendment.Edges, e)
				}
			}
			own := node(lineage.KindRun, string(owner), lineage.Attributes{"step": float64(step / 2)})
			amendment.Nodes = append(amendment.Nodes, own)
		}
		want, wantErr := model.Amend(t.Context(), amendment, at(step))
		got, err := a.Amend(t.Context(), amendment, at(step))
		if lineage.KindOf(err) != lineage.KindOf(wantErr) {
			t.Fatalf("step %d: got %v, want %v", step, err, wantErr)
		}
		same(t, fmt.Sprintf("what step %d changed", step), want, got)
		same(t, fmt.Sprintf("what is held of step %d", step), held(t, model, amendment), held(t, a, amendment))
		for _, owner := range []lineage.Owner{ownerA, ownerB} {
			same(t, fmt.Sprintf("the part of %s after step %d", owner, step), owned(t, model, owner), owned(t, s, owner))
		}
	}
	for _, n := range nodes {
		same(t, "the history of "+n.Name, history(t, model, n.ID), history(t, s, n.ID))
	}
}

// amendAtOnce has many owners grow at once: each ends where it ends alone, though one of
// them is refused each time, and some name the same node or let go of it.
func amendAtOnce(t *testing.T, s graphstore.Store) {
	const owners, rounds = 10, 6
	a, model := amender(t, s), NewModel()
	shared := numbered(lineage.KindRobot, "shared", rounds)
	nowhere, _ := chain("nowhere", 1)
	var all []lineage.Node
	for round := range rounds {
		amendments := make([]graphstore.Amendment, owners)
		for i := range amendments {
			nodes, edges := chain(fmt.Sprint("run-", i), 2*rounds)
			now := nodes[2*round:][:2]
			all = append(all, now...)
			run := node(lineage.KindRun, fmt.Sprint("run-", i), lineage.Attributes{"round": float64(round)})
			amendments[i] = graphstore.Amendment{
				Owner: lineage.Owner(fmt.Sprint("run:", i)),
				Nodes: append(slices.Clone(now), run), Edges: append(slices.Clone(edges[max(0, 2*round-1):2*round+1]), derived(now[0], run)),
			}
			switch {
			case i == 3:
				amendments[i].Edges = append(amendments[i].Edges, derived(run, nowhere[0]))
			case i >= 7: // one of them comes first, and the others say the same
				amendments[i].Nodes = append(amendments[i].Nodes, shared[round])
			}
			if i >= 6 && i%2 == 0 && round > 0 {
				amendments[i].RetractEdges = []lineage.EdgeKey{edges[2*round-2].Key()}
				amendments[i].RetractNodes = []lineage.ID{shared[round-1].ID}
			}
		}
		var together errgroup.Group
		got, errs := make([]lineage.Applied, owners), make([]error, owners)
		for i, amendment := range amendments {
			together.Go(func() error { got[i], errs[i] = a.Amend(t.Context(), amendment, at(round)); return nil })
		}
		if err := together.Wait(); err != nil {
			t.Fatal(err)
		}
		for i, amendment := range amendments {
			want, err := model.Amend(t.Context(), amendment, at(round))
			if lineage.KindOf(err) != lineage.KindOf(errs[i]) {
				t.Fatalf("round %d, owner %d: got %v, want %v", round, i, errs[i], err)
			}
			same(t, fmt.Sprintf("what owner %d changed in round %d", i, round), want, got[i])
		}
		for _, amendment := range amendments {
			same(t, fmt.Sprintf("the part of %s after round %d", amendment.Owner, round), owned(t, model, amendment.Owner), owned(t, s, amendment.Owner))
		}
	}
	for _, n := range append(all, shared...) {
		same(t, "the history of "+n.Name, history(t, model, n.ID), history(t, s, n.ID))
	}
}

func held(t *testing.T, s graphstore.Amender, a graphstore.Amendment) lineage.Projection {
	t.Helper()
	p, err := s.Held(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	p.Sort()
	return p
}

func amendRefuses(t *testing.T, s graphstore.Store) {
	a := amender(t, s)
	nodes, edges := chain("s", 3)
	apply(t, s, part(ownerA, nodes[:2], edges[:1]...), at(1), lineage.Applied{NodesAdded: 2, EdgesAdded: 1})
	other := nodes[0]
	other.Attributes = lineage.Attributes{"said": "otherwise"}
	for want, amendment := range map[lineage.ErrorKind]graphstore.Amendment{
		lineage.ErrorInvalid:  {Nodes: nodes},
		lineage.ErrorNotFound: {Owner: ownerB, Edges: edges[1:]},
		lineage.ErrorConflict: {Owner: ownerB, Nodes: []lineage.Node{other}},
	} {
		if _, err := a.Amend(t.Context(), amendment, at(2)); lineage.KindOf(err) != want {
			t.Errorf("got %v, want an error of kind %s", err, want)
		}
	}
	if applied, err := a.Amend(t.Context(), graphstore.Amendment{Owner: ownerB}, at(2)); err != nil || applied.Changed() {
		t.Errorf("nothing to amend: %+v, %v", applied, err)
	}
	same(t, "the part of "+string(ownerB), lineage.Projection{Owner: ownerB}, owned(t, s, ownerB))
}
