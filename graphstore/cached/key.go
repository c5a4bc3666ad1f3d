package cached

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"slices"
	"time"

	"wellspring/lineage"
)

// The questions, as metrics name them.
const (
	askNodes    = "nodes"
	askEdges    = "edges"
	askFind     = "find"
	askTraverse = "traverse"
	askHistory  = "history"
)

// keyer makes a key from all that a question asks. Each part is written with its
// length, so that no two questions have one key.
type keyer struct{ hash hash.Hash }

func newKey(question string) keyer {
	k := keyer{sha256.New()}
	k.text(question)
	return k
}

func (k keyer) number(n int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	k.hash.Write(b[:]) // a hash never fails
}

func (k keyer) text(s string) {
	k.number(len(s))
	k.hash.Write([]byte(s))
}

func (k keyer) ids(ids []lineage.ID) {
	k.number(len(ids))
	for i := range ids {
		k.hash.Write(ids[i][:])
	}
}

// moment writes a time: the zone does not count.
func (k keyer) moment(t time.Time) {
	if t.IsZero() {
		k.number(0)
		return
	}
	k.number(1)
	k.number(int(t.Unix()))
	k.number(t.Nanosecond())
}

func (k keyer) String() string { return string(k.hash.Sum(nil)) }

func findKey(f lineage.Find) string {
	k := newKey(askFind)
	k.text(string(f.Kind))
	k.text(f.Name)
	k.number(len(f.Attrs))
	for _, name := range slices.Sorted(maps.Keys(f.Attrs)) {
		k.text(name)
		k.text(f.Attrs[name])
	}
	k.moment(f.AsOf)
	k.text(string(f.After))
	k.number(f.Limit)
	return k.String()
}

func traversalKey(t lineage.Traversal) string {
	k := newKey(askTraverse)
	k.ids(t.Roots)
	k.text(string(t.Direction))
	k.number(len(t.Types))
	for _, typ := range t.Types {
		k.text(string(typ))
	}
	k.number(t.Depth)
	k.number(t.Nodes)
	k.moment(t.AsOf)
	return k.String()
}
