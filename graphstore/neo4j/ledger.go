package neo4j

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/graphstore"
	"wellspring/lineage"
)

// The manifest of an owner with many things is kept in parts, so that a small
// change of it reads and writes little. BenchmarkApplyStep changes 5 of 40,000 things:
// with some hundred things a part these and the digests are of one size.
const (
	thingsAPart  = 256 // when it is cut anew
	mostAPart    = 512 // on average, before it is cut anew
	fewestAPart  = 32
	mostParts    = 1 << 14
	digestLength = 16 // bytes of the SHA-256 of a part
)

// A ledger is what (:Projection) says of an owner's manifest.
type ledger struct {
	nodes, edges int    // how many it has
	whole        []byte // the manifest itself, of an owner with few things
	digests      []byte // else one of each part
}

// parts is their number, a power of two; 0: the manifest is whole.
func (l ledger) parts() int { return len(l.digests) / digestLength }

func (l ledger) digest(part int) []byte { return l.digests[part*digestLength:][:digestLength] }

// all are the numbers of the parts.
func (l ledger) all() []int {
	parts := make([]int, l.parts())
	for i := range parts {
		parts[i] = i
	}
	return parts
}

// suits reports whether so many things are best kept as they are now.
func (l ledger) suits(things int) bool {
	if l.parts() == 0 {
		return things <= mostAPart
	}
	return things <= mostAPart*l.parts() && things >= fewestAPart*l.parts()
}

// partsFor is the number of parts for so many things.
func partsFor(things int) int {
	if things <= mostAPart {
		return 0
	}
	parts := 2
	for parts < mostParts && parts*thingsAPart < things {
		parts *= 2
	}
	return parts
}

// partOf is where a node is kept, and what depends on others is kept with it.
func partOf(id lineage.ID, parts int) int {
	return int(binary.BigEndian.Uint16(id[:2])) & (parts - 1)
}

func digestOf(packed []byte) []byte {
	sum := sha256.Sum256(packed)
	return sum[:digestLength]
}

// cut packs a manifest in so many parts.
func cut(m graphstore.Manifest, parts int) [][]byte {
	pieces := make([]graphstore.Manifest, parts)
	for i := range pieces {
		pieces[i] = emptyManifest()
	}
	for id, hash := range m.Nodes {
		pieces[partOf(id, parts)].Nodes[id] = hash
	}
	for key, hash := range m.Edges {
		pieces[partOf(key.TargetID, parts)].Edges[key] = hash
	}
	packed := make([][]byte, parts)
	for i, piece := range pieces {
		packed[i] = packManifest(piece)
	}
	return packed
}

// differing are the parts that are not what they are in a manifest.
func (l ledger) differing(m graphstore.Manifest) []int {
	var parts []int
	for i, packed := range cut(m, l.parts()) {
		if !bytes.Equal(digestOf(packed), l.digest(i)) {
			parts = append(parts, i)
		}
	}
	return parts
}

// readLedger reads the fields manifest, digests, nodes and edges of a record. What
// is null is not there.
func readLedger(record *driver.Record) (l ledger, err error) {
	var errs [4]error
	var nodes, edges int64
	l.whole, _, errs[0] = driver.GetRecordValue[[]byte](record, "manifest")
	l.digests, _, errs[1] = driver.GetRecordValue[[]byte](record, "digests")
	nodes, _, errs[2] = driver.GetRecordValue[int64](record, "nodes")
	edges, _, errs[3] = driver.GetRecordValue[int64](record, "edges")
	l.nodes, l.edges = int(nodes), int(edges)
	if parts := l.parts(); len(l.digests) != parts*digestLength || parts&(parts-1) != 0 {
		return l, errors.New("the digests of a manifest are damaged")
	}
	return l, errors.Join(errs[:]...)
}

// readParts reads parts of an owner's manifest, of a manifest that is whole all of it.
func readParts(ctx context.Context, tx querier, owner lineage.Owner, l ledger, parts []int) (graphstore.Manifest, error) {
	if l.parts() == 0 {
		return unpackManifest(l.whole)
	}
	m := emptyManifest()
	found := 0
	for batch := range slices.Chunk(parts, batchSize) {
		err := each(ctx, tx, cypher.Read("manifest_parts"), map[string]any{"keys": partKeys(owner, batch)}, func(record *driver.Record) error {
			packed, _, err := driver.GetRecordValue[[]byte](record, "manifest")
			if err != nil {
				return err
			}
			found++
			return unpackInto(m, packed)
		})
		if err != nil {
			return m, err
		}
	}
	if found != len(parts) {
		return m, fmt.Errorf("of %d parts of the manifest of %s %d are there", len(parts), owner, found)
	}
	return m, nil
}

// partKeys are the keys under which parts of an owner's manifest are kept.
func partKeys(owner lineage.Owner, parts []int) []string {
	keys := make([]string, len(parts))
	for i, part := range parts {
		keys[i] = fmt.Sprint(owner, " ", part)
	}
	return keys
}

// keep writes what the owner has once the changes are made of the parts that
// were read.
func (w writer) keep(ctx context.Context, l ledger, have graphstore.Manifest, read []int, changes graphstore.Changes) error {
	n := changes.Applied()
	l.nodes += n.NodesAdded - n.NodesRetracted
	l.edges += n.EdgesAdded - n.EdgesRetracted
	if !l.suits(l.nodes + l.edges) {
		rest, err := readParts(ctx, w.tx, w.owner, l, without(l.all(), read))
		if err != nil {
			return err
		}
		maps.Copy(have.Nodes, rest.Nodes)
		maps.Copy(have.Edges, rest.Edges)
		follow(have, changes)
		return w.cutAnew(ctx, l, have)
	}
	follow(have, changes)
	if l.parts() == 0 {
		return w.keepWhole(ctx, l, have)
	}
	packed := cut(have, l.parts())
	l.digests = slices.Clone(l.digests)
	var changed []int
	for _, part := range read {
		if digest := digestOf(packed[part]); !bytes.Equal(digest, l.digest(part)) {
			copy(l.digest(part), digest)
			changed = append(changed, part)
		}
	}
	return w.keepParts(ctx, l, packed, changed)
}

// cutAnew writes a manifest in as many parts as it should have.
func (w writer) cutAnew(ctx context.Context, l ledger, m graphstore.Manifest) error {
	parts := partsFor(l.nodes + l.edges)
	if stale := l.all(); len(stale) > parts {
		for batch := range slices.Chunk(stale[parts:], batchSize) {
			if err := consume(ctx, w.tx, cypher.Write("parts_delete"), map[string]any{"keys": partKeys(w.owner, batch)}); err != nil {
				return err
			}
		}
	}
	l.digests = nil
	if parts == 0 {
		return w.keepWhole(ctx, l, m)
	}
	packed := cut(m, parts)
	for _, piece := range packed {
		l.digests = append(l.digests, digestOf(piece)...)
	}
	return w.keepParts(ctx, l, packed, l.all())
}

func (w writer) keepWhole(ctx context.Context, l ledger, m graphstore.Manifest) error {
	if l.nodes+l.edges == 0 {
		return consume(ctx, w.tx, cypher.Write("projection_delete"), w.with(nil))
	}
	return w.put(ctx, l, packManifest(m), nil)
}

// partsBatch bounds the parts that one statement takes: they are some 20 KB each.
const partsBatch = 100

func (w writer) keepParts(ctx context.Context, l ledger, packed [][]byte, parts []int) error {
	for batch := range slices.Chunk(parts, partsBatch) {
		rows := make([]any, len(batch))
		for i, key := range partKeys(w.owner, batch) {
			rows[i] = map[string]any{"key": key, "manifest": packed[batch[i]]}
		}
		if err := consume(ctx, w.tx, cypher.Write("parts_put"), map[string]any{"rows": rows}); err != nil {
			return err
		}
	}
	return w.put(ctx, l, nil, l.digests)
}

// put keeps what the owner has now. Nil is a value that is not there.
func (w writer) put(ctx context.Context, l ledger, manifest, digests any) error {
	return consume(ctx, w.tx, cypher.Write("projection_put"), w.with(map[string]any{
		"manifest": manifest, "digests": digests, "nodes": l.nodes, "edges": l.edges,
	}))
}

// without is what is in all and not in some, both sorted.
func without(all, some []int) []int {
	return slices.DeleteFunc(all, func(i int) bool { _, in := slices.BinarySearch(some, i); return in })
}
