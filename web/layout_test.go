package web

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// layOfAll lays a graph out and checks what every drawing must keep: sources are
// left of targets, no two nodes of a layer overlap, edges bend once a layer.
func checkLayout(t interface{ Errorf(string, ...any) }, g layered, acyclic bool) {
	places, bends := g.lay()
	if len(places) != g.nodes || len(bends) != len(g.edges) {
		t.Errorf("%d places of %d nodes, %d bends of %d edges", len(places), g.nodes, len(bends), len(g.edges))
		return
	}
	for i, e := range g.edges {
		from, to := places[e[0]], places[e[1]]
		if acyclic && !g.weak[i] && from.layer >= to.layer {
			t.Errorf("edge %v goes from layer %d to %d", e, from.layer, to.layer)
		}
		if want := max(to.layer-from.layer-1, 0); len(bends[i]) != want {
			t.Errorf("edge %v over %d layers bends %d times", e, to.layer-from.layer, len(bends[i]))
		}
	}
	for i, a := range places {
		if math.IsNaN(a.row) || a.row < 0 {
			t.Errorf("node %d is in row %g", i, a.row)
		}
		for j, b := range places[:i] {
			if a.layer == b.layer && math.Abs(a.row-b.row) < 1-1e-6 {
				t.Errorf("nodes %d and %d overlap in layer %d: rows %g and %g", i, j, a.layer, a.row, b.row)
			}
		}
	}
}

func TestLayout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := layered{nodes: rapid.IntRange(1, 40).Draw(t, "nodes"), weak: map[int]bool{}}
		acyclic := rapid.Bool().Draw(t, "acyclic")
		node := rapid.IntRange(0, g.nodes-1)
		for range rapid.IntRange(0, 80).Draw(t, "edges") {
			a, b := node.Draw(t, "a"), node.Draw(t, "b")
			if acyclic && a > b {
				a, b = b, a
			}
			if a != b {
				if g.weak[len(g.edges)] = rapid.Bool().Draw(t, "weak"); g.weak[len(g.edges)] && rapid.Bool().Draw(t, "back") {
					a, b = b, a // what is weak may lead back
				}
				g.edges = append(g.edges, [2]int{a, b})
			}
		}
		checkLayout(t, g, acyclic)
	})
}

// A chain is drawn as a straight line.
func TestLayoutOfAChain(t *testing.T) {
	g := layered{nodes: 5, edges: [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}}}
	places, _ := g.lay()
	for i, p := range places {
		if p.layer != i || p.row != 0 {
			t.Errorf("node %d is at %+v", i, p)
		}
	}
}

// BenchmarkLayout lays 1,000 nodes out, 1,500 edges, as a serial dilution has them: most
// from one layer to the next.
func BenchmarkLayout(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same graph each time
	g := layered{nodes: 1000}
	for range 1500 {
		a := random.IntN(960)
		g.edges = append(g.edges, [2]int{a, a + 1 + random.IntN(39)})
	}
	for b.Loop() {
		g.lay()
	}
}
