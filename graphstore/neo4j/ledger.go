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
	k := &work{job: &job{owner: owner}, ledger: l, parts: parts, have: emptyManifest()}
	err := writer{tx, []*work{k}}.readParts(ctx)
	return k.have, err
}

// readParts reads what the parts of the manifests hold that may change.
func (w writer) readParts(ctx context.Context) error {
	reads := map[string]*work{}
	var keys []string
	for _, k := range w.work {
		if k.ledger.parts() == 0 {
			if err := unpackInto(k.have, k.ledger.whole); err != nil {
				return err
			}
		}
		for _, key := range partKeys(k.owner, k.parts) {
			reads[key], keys = k, append(keys, key)
		}
	}
	found := 0
	for batch := range slices.Chunk(keys, batchSize) {
		err := each(ctx, w.tx, cypher.Read("manifest_parts"), map[string]any{"keys": batch}, func(record *driver.Record) error {
			key, _, err := driver.GetRecordValue[string](record, "key")
			if err != nil {
				return err
			}
			packed, _, err := driver.GetRecordValue[[]byte](record, "manifest")
			if err != nil {
				return err
			}
			found++
			return unpackInto(reads[key].have, packed)
		})
		if err != nil {
			return err
		}
	}
	if found != len(keys) {
		return fmt.Errorf("of %d parts of the manifests of %s and others %d are there", len(keys), w.work[0].owner, found)
	}
	return nil
}

// partKeys are the keys under which parts of an owner's manifest are kept.
func partKeys(owner lineage.Owner, parts []int) []string {
	keys := make([]string, len(parts))
	for i, part := range parts {
		keys[i] = fmt.Sprint(owner, " ", part)
	}
	return keys
}

// partsBatch bounds the parts that one statement takes: they are some 20 KB each.
const partsBatch = 100

// books are what is written of manifests.
type books struct {
	stale       []string // keys of parts
	parts, puts []any    // rows
	gone        []string // owners that have nothing left
}

// keep writes what the owners have once the changes are made.
func (w writer) keep(ctx context.Context) error {
	var b books
	for _, k := range w.work {
		if err := w.enter(ctx, &b, k); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(b.stale, batchSize) {
		if err := consume(ctx, w.tx, cypher.Write("parts_delete"), map[string]any{"keys": batch}); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(b.parts, partsBatch) {
		if err := consume(ctx, w.tx, cypher.Write("parts_put"), map[string]any{"rows": batch}); err != nil {
			return err
		}
	}
	if len(b.puts) > 0 {
		if err := consume(ctx, w.tx, cypher.Write("projection_put"), map[string]any{"rows": b.puts}); err != nil {
			return err
		}
	}
	if len(b.gone) > 0 {
		return consume(ctx, w.tx, cypher.Write("projection_delete"), map[string]any{"owners": b.gone})
	}
	return nil
}

// enter makes the changes in an owner's manifest: in the parts that were read, or in
// all of it where it is to be cut anew.
func (w writer) enter(ctx context.Context, b *books, k *work) error {
	l, n := k.ledger, k.changes.Applied()
	l.nodes += n.NodesAdded - n.NodesRetracted
	l.edges += n.EdgesAdded - n.EdgesRetracted
	if !l.suits(l.nodes + l.edges) {
		rest, err := readParts(ctx, w.tx, k.owner, k.ledger, without(l.all(), k.parts))
		if err != nil {
			return err
		}
		if l.parts() > 0 {
			maps.Copy(k.have.Nodes, rest.Nodes)
			maps.Copy(k.have.Edges, rest.Edges)
		}
		k.have.Make(k.changes)
		b.cutAnew(k, l)
		return nil
	}
	k.have.Make(k.changes)
	if l.parts() == 0 {
		b.putWhole(k, l)
		return nil
	}
	packed := cut(k.have, l.parts())
	l.digests = slices.Clone(l.digests)
	var changed []int
	for _, part := range k.parts {
		if digest := digestOf(packed[part]); !bytes.Equal(digest, l.digest(part)) {
			copy(l.digest(part), digest)
			changed = append(changed, part)
		}
	}
	b.putParts(k, l, packed, changed)
	return nil
}

// cutAnew keeps a manifest in as many parts as it should have.
func (b *books) cutAnew(k *work, l ledger) {
	parts := partsFor(l.nodes + l.edges)
	if stale := l.all(); len(stale) > parts {
		b.stale = append(b.stale, partKeys(k.owner, stale[parts:])...)
	}
	l.digests = nil
	if parts == 0 {
		b.putWhole(k, l)
		return
	}
	packed := cut(k.have, parts)
	for _, piece := range packed {
		l.digests = append(l.digests, digestOf(piece)...)
	}
	b.putParts(k, l, packed, l.all())
}

func (b *books) putWhole(k *work, l ledger) {
	if l.nodes+l.edges == 0 {
		b.gone = append(b.gone, string(k.owner))
		return
	}
	b.put(k, l, packManifest(k.have), nil)
}

func (b *books) putParts(k *work, l ledger, packed [][]byte, parts []int) {
	for i, key := range partKeys(k.owner, parts) {
		b.parts = append(b.parts, map[string]any{"key": key, "manifest": packed[parts[i]]})
	}
	b.put(k, l, nil, l.digests)
}

// put keeps what the owner has now. Nil is a value that is not there.
func (b *books) put(k *work, l ledger, manifest, digests any) {
	b.puts = append(b.puts, map[string]any{
		"owner": string(k.owner), "at": k.at, "manifest": manifest, "digests": digests, "nodes": l.nodes, "edges": l.edges,
	})
}

// without is what is in all and not in some, both sorted.
func without(all, some []int) []int {
	return slices.DeleteFunc(all, func(i int) bool { _, in := slices.BinarySearch(some, i); return in })
}
