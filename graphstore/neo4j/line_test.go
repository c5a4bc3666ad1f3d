package neo4j

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"wellspring/graphstore"
	"wellspring/internal/neo4jtest"
	"wellspring/lineage"
)

// TestLine: who is let in takes along those who wait and are about other things.
func TestLine(t *testing.T) {
	amend := func(owner string, things ...string) *job {
		a := graphstore.Amendment{Owner: lineage.Owner(owner)}
		for _, thing := range things {
			a.Nodes = append(a.Nodes, lineage.Node{ID: lineage.LotID(thing)})
		}
		return &job{owner: a.Owner, claim: difference{a}}
	}
	many := make([]string, mostTogether)
	for i := range many {
		many[i] = fmt.Sprint("one of many ", i)
	}
	first, same, other := amend("run:1", "a", "b"), amend("run:2", "b"), amend("run:3", "c")
	again, edges := amend("run:1", "d"), amend("run:4", "e")
	e := lineage.Edge{SourceID: lineage.LotID("b"), TargetID: lineage.LotID("e"), RelationshipType: lineage.DerivedFrom}
	edges.claim = difference{graphstore.Amendment{Owner: "run:4", Edges: []lineage.Edge{e}}}
	whole := &job{owner: "run:5", claim: wholePart{}}
	large, alone := amend("run:6", many...), amend("run:7", "f")
	alone.alone = true
	l := line{}
	all := []*job{same, first, other, again, edges, whole, large, alone}
	for _, j := range all {
		l.join(j)
	}
	names := func(jobs []*job) []int {
		var list []int
		for _, j := range jobs {
			list = append(list, slices.Index(all, j))
		}
		return list
	}
	for _, step := range []struct {
		first *job
		want  []int
	}{
		{first, []int{1, 2, 4}}, {first, nil}, {whole, []int{5}}, {alone, []int{7}}, {same, []int{0, 3}}, {large, []int{6}},
	} {
		if diff := cmp.Diff(step.want, names(l.take(step.first))); diff != "" {
			t.Errorf("who goes with %s (-want +got):\n%s", step.first.owner, diff)
		}
	}
	l.back([]*job{other, same})
	if diff := cmp.Diff([]int{2}, names(l.take(other))); diff != "" {
		t.Errorf("who comes back goes alone (-want +got):\n%s", diff)
	}
	if !l.leave(same) || l.leave(same) || len(l.waiting) > 0 {
		t.Error("who left is still there")
	}
}

// TestLineCancelled lets many write at once. Whoever is through makes another give up,
// wherever that one is by then. What is said to be written is, and of what failed
// there is all or nothing.
func TestLineCancelled(t *testing.T) {
	s := openStore(t, neo4jtest.Server(t))
	const writers, rounds = 8, 4
	var (
		group  errgroup.Group
		given  = make(chan context.CancelFunc, writers*rounds)
		failed = make(chan graphstore.Amendment, writers*rounds)
	)
	for i := range writers {
		group.Go(func() error {
			for round := range rounds {
				run := longRun(fmt.Sprint("line-", i, "-", round), 1)
				a := graphstore.Amendment{Owner: lineage.Owner(fmt.Sprint("run:line-", i)), Nodes: run.Nodes, Edges: run.Edges}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if i%2 == 0 {
					given <- cancel
				}
				_, err := s.Amend(ctx, a, time.Unix(1, 0))
				switch {
				case err != nil && ctx.Err() == nil:
					return err
				case err != nil:
					failed <- a
				case !whole(t, s, a):
					return fmt.Errorf("%s, round %d: it is not there", a.Owner, round)
				}
				select {
				case cancel := <-given:
					cancel()
				default:
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	close(failed)
	apply(t, s, longRun("line-last", 1)) // who is let in last sees how the others ended
	for a := range failed {
		whole(t, s, a)
	}
}

// whole reports whether what an amendment names is there; if not, nothing of it may be.
func whole(t *testing.T, s *Store, a graphstore.Amendment) bool {
	t.Helper()
	held, err := s.Held(t.Context(), a)
	if err != nil {
		t.Error(err)
	}
	nodes, edges := len(held.Nodes), len(held.Edges)
	if nodes+edges == 0 {
		return false
	}
	if nodes != len(a.Nodes) || edges != len(a.Edges) {
		t.Errorf("%s: of %d nodes and %d edges %d and %d are there", a.Owner, len(a.Nodes), len(a.Edges), nodes, edges)
	}
	return true
}
