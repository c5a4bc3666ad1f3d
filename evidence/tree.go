package evidence

import "golang.org/x/mod/sumdb/tlog"

// Tree computes the root of a log from its leaves, in order, in memory that
// grows with the logarithm of their number.
type Tree struct {
	size  int64
	peaks []tlog.Hash // roots of the complete subtrees, one for every bit of size, the largest first
}

// Add appends a leaf.
func (t *Tree) Add(leaf []byte) {
	hash := tlog.RecordHash(leaf)
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.peaks) - 1
		hash = tlog.NodeHash(t.peaks[last], hash)
		t.peaks = t.peaks[:last]
	}
	t.peaks = append(t.peaks, hash)
	t.size++
}

// Size is how many leaves there are.
func (t *Tree) Size() int64 { return t.size }

// Root is the root of the tree so far.
func (t *Tree) Root() tlog.Hash {
	if t.size == 0 {
		root, _ := tlog.TreeHash(0, nil) // of the empty tree, which reads nothing
		return root
	}
	root := t.peaks[len(t.peaks)-1]
	for i := len(t.peaks) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.peaks[i], root)
	}
	return root
}
