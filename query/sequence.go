package query

import "slices"

// maxEdits bounds the work and the memory of commonInOrder: two sequences that
// differ in more than that have only their beginnings and ends in common.
const maxEdits = 2000

// commonInOrder returns a longest common subsequence of two sequences, as pairs
// of places. (Myers, An O(ND) Difference Algorithm, 1986.)
func commonInOrder(a, b []int) [][2]int {
	var pairs [][2]int
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		pairs = append(pairs, [2]int{head, head})
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	for _, p := range shortestEdit(a[head:len(a)-tail], b[head:len(b)-tail]) {
		pairs = append(pairs, [2]int{head + p[0], head + p[1]})
	}
	for i := tail; i > 0; i-- {
		pairs = append(pairs, [2]int{len(a) - i, len(b) - i})
	}
	return pairs
}

// shortestEdit follows the furthest paths, diagonal by diagonal, edit by edit.
func shortestEdit(a, b []int) [][2]int {
	most := min(len(a)+len(b), maxEdits)
	furthest := make([]int, 2*most+3) // by diagonal, from -most-1
	at := func(diagonal int) *int { return &furthest[diagonal+most+1] }
	var before [][]int // of each number of edits: the diagonals -edits-1 to edits+1
	for edits := 0; edits <= most; edits++ {
		before = append(before, slices.Clone(furthest[most-edits:most+edits+3]))
		for k := -edits; k <= edits; k += 2 {
			x := *at(k + 1)
			if k != -edits && (k == edits || *at(k - 1) >= *at(k + 1)) {
				x = *at(k - 1) + 1
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			*at(k) = x
			if x >= len(a) && x-k >= len(b) {
				return walkBack(len(a), len(b), before)
			}
		}
	}
	return nil
}

// walkBack finds the pairs on the way that was found, from its end.
func walkBack(x, y int, before [][]int) [][2]int {
	var pairs [][2]int
	for edits := len(before) - 1; edits >= 0; edits-- {
		at := func(diagonal int) int { return before[edits][diagonal+edits+1] }
		k := x - y
		from := k + 1
		if k != -edits && (k == edits || at(k-1) >= at(k+1)) {
			from = k - 1
		}
		fromX := at(from)
		fromY := fromX - from
		if edits == 0 {
			fromX, fromY = 0, 0
		}
		for x > fromX && y > fromY {
			x, y = x-1, y-1
			pairs = append(pairs, [2]int{x, y})
		}
		x, y = fromX, fromY
	}
	slices.Reverse(pairs)
	return pairs
}
