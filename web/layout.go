package web

import (
	"cmp"
	"slices"
)

// layered is a directed graph that is drawn in layers, from left to right: nodes
// are numbered, edges go from source to target.
type layered struct {
	nodes int
	edges [][2]int
	// weak edges, by number, give way where they would close a circle; missing: none is.
	weak map[int]bool
}

// place is where a node is drawn: its layer, and its row within the drawing.
type place struct {
	layer int
	row   float64
}

// sweeps is how often the layers are put in order, in turn from left and right.
// More changes next to nothing.
const sweeps = 8

// lay places the nodes: layers by longest path, dummy nodes where an edge spans
// several, order in a layer by the mean place of the neighbours (K. Sugiyama et
// al. 1981). bends are the rows that each edge passes on its way, one a layer.
// Edges that close a circle are drawn, and not heeded.
func (g layered) lay() (places []place, bends [][]float64) {
	l := &layers{layered: g, layer: g.longestPaths()}
	l.addDummies()
	l.order()
	l.spread()
	places = make([]place, g.nodes)
	for i := range places {
		places[i] = place{l.layer[i], l.rows[i]}
	}
	bends = make([][]float64, len(g.edges))
	for i, chain := range l.chains {
		for _, dummy := range chain {
			bends[i] = append(bends[i], l.rows[dummy])
		}
	}
	return places, bends
}

// longestPaths gives each node its layer: one more than the highest of its
// sources. Then each is drawn as near to its targets as it can be.
func (g layered) longestPaths() []int {
	edges := g.forward()
	_, position := g.sorted(edges)
	for i, e := range g.edges {
		if g.weak[i] && position[e[0]] < position[e[1]] {
			edges = append(edges, e)
		}
	}
	out := g.targets(edges)
	order, _ := g.sorted(edges)
	layer := make([]int, g.nodes)
	for _, from := range order {
		for _, to := range out[from] {
			layer[to] = max(layer[to], layer[from]+1)
		}
	}
	for _, i := range slices.Backward(order) {
		if len(out[i]) == 0 {
			continue
		}
		nearest := layer[out[i][0]]
		for _, to := range out[i] {
			nearest = min(nearest, layer[to])
		}
		layer[i] = max(layer[i], nearest-1)
	}
	return layer
}

// targets are those of the edges of each node.
func (g layered) targets(edges [][2]int) [][]int {
	out := make([][]int, g.nodes)
	for _, e := range edges {
		out[e[0]] = append(out[e[0]], e[1])
	}
	return out
}

// sorted are the nodes in an order in which no edge leads back, and the place of
// each in it. The edges close no circle.
func (g layered) sorted(edges [][2]int) (order, position []int) {
	out := g.targets(edges)
	waiting := make([]int, g.nodes)
	for _, e := range edges {
		waiting[e[1]]++
	}
	for i, n := range waiting {
		if n == 0 {
			order = append(order, i)
		}
	}
	position = make([]int, g.nodes)
	for done := 0; done < len(order); done++ {
		position[order[done]] = done
		for _, to := range out[order[done]] {
			if waiting[to]--; waiting[to] == 0 {
				order = append(order, to)
			}
		}
	}
	return order, position
}

// forward are the edges that are not weak, without those that close a circle,
// found by a walk in depth.
func (g layered) forward() [][2]int {
	var strong [][2]int
	for i, e := range g.edges {
		if !g.weak[i] {
			strong = append(strong, e)
		}
	}
	out := g.targets(strong)
	const fresh, open, closed = 0, 1, 2
	state, next := make([]int, g.nodes), make([]int, g.nodes)
	var kept [][2]int
	for start := range g.nodes {
		if state[start] != fresh {
			continue
		}
		state[start] = open
		stack := []int{start}
		for len(stack) > 0 {
			at := stack[len(stack)-1]
			if next[at] == len(out[at]) {
				state[at], stack = closed, stack[:len(stack)-1]
				continue
			}
			to := out[at][next[at]]
			next[at]++
			if state[to] == open || to == at {
				continue
			}
			kept = append(kept, [2]int{at, to})
			if state[to] == fresh {
				state[to] = open
				stack = append(stack, to)
			}
		}
	}
	return kept
}

// layers are the nodes and dummies of a drawing, in order.
type layers struct {
	layered
	layer   []int   // by node; behind the nodes, the dummies
	chains  [][]int // the dummies of each edge, from source to target
	left    [][]int // neighbours in the layer before, by node
	right   [][]int
	inOrder [][]int // nodes of each layer, from above
	rows    []float64
}

func (l *layers) addDummies() {
	l.chains = make([][]int, len(l.edges))
	joined := func(a, b int) {
		for len(l.left) < len(l.layer) {
			l.left, l.right = append(l.left, nil), append(l.right, nil)
		}
		l.right[a], l.left[b] = append(l.right[a], b), append(l.left[b], a)
	}
	for i, e := range l.edges {
		from, to := e[0], e[1]
		if l.layer[from] >= l.layer[to] {
			continue // it closes a circle
		}
		for at := l.layer[from] + 1; at < l.layer[to]; at++ {
			dummy := len(l.layer)
			l.layer = append(l.layer, at)
			l.chains[i] = append(l.chains[i], dummy)
			joined(from, dummy)
			from = dummy
		}
		joined(from, to)
	}
	for len(l.left) < len(l.layer) {
		l.left, l.right = append(l.left, nil), append(l.right, nil)
	}
	l.inOrder = make([][]int, 1+slices.Max(append(slices.Clone(l.layer), 0)))
	for node, layer := range l.layer {
		l.inOrder[layer] = append(l.inOrder[layer], node)
	}
}

// order puts each layer in order of the mean rows of the neighbours on one side.
func (l *layers) order() {
	l.rows = make([]float64, len(l.layer))
	number := func(layer []int) {
		for row, node := range layer {
			l.rows[node] = float64(row)
		}
	}
	for _, layer := range l.inOrder {
		number(layer)
	}
	for sweep := range sweeps {
		for i := range l.inOrder {
			neighbours := l.left
			if sweep%2 == 1 {
				i, neighbours = len(l.inOrder)-1-i, l.right
			}
			layer := l.inOrder[i]
			means := make(map[int]float64, len(layer))
			for _, node := range layer {
				means[node] = l.mean(node, neighbours)
			}
			slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(means[a], means[b]) })
			number(layer)
		}
	}
}

// mean is the mean row of a node's neighbours; its own where it has none.
func (l *layers) mean(node int, neighbours [][]int) float64 {
	if len(neighbours[node]) == 0 {
		return l.rows[node]
	}
	sum := 0.0
	for _, n := range neighbours[node] {
		sum += l.rows[n]
	}
	return sum / float64(len(neighbours[node]))
}

// spread moves the nodes up and down, in the order they have, towards the mean of
// their neighbours: what belongs together comes to lie level.
func (l *layers) spread() {
	widest := 0
	for _, layer := range l.inOrder {
		widest = max(widest, len(layer))
	}
	for _, layer := range l.inOrder { // each layer begins in the middle
		for row, node := range layer {
			l.rows[node] = float64(row) + float64(widest-len(layer))/2
		}
	}
	for sweep := range sweeps {
		for i := range l.inOrder {
			neighbours := l.left
			if sweep%2 == 1 {
				i, neighbours = len(l.inOrder)-1-i, l.right
			}
			l.level(l.inOrder[i], neighbours)
		}
	}
	top := 0.0
	for _, row := range l.rows {
		top = min(top, row)
	}
	for i := range l.rows {
		l.rows[i] -= top
	}
}

// level gives the nodes of one layer the rows that they wish for, one row apart:
// those that would overlap share the mean of their wishes.
func (l *layers) level(layer []int, neighbours [][]int) {
	type block struct{ sum, count float64 } // of wishes, each less its place in the block
	var blocks []block
	for _, node := range layer {
		blocks = append(blocks, block{l.mean(node, neighbours), 1})
		for n := len(blocks); n > 1; n = len(blocks) {
			a, b := blocks[n-2], blocks[n-1]
			if a.sum/a.count+a.count <= b.sum/b.count {
				break
			}
			blocks = append(blocks[:n-2], block{a.sum + b.sum - b.count*a.count, a.count + b.count})
		}
	}
	i := 0
	for _, b := range blocks {
		for k := range int(b.count) {
			l.rows[layer[i]] = b.sum/b.count + float64(k)
			i++
		}
	}
}
