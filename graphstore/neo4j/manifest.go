package neo4j

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// manifestVersion is the first byte of a packed manifest. What follows:
//
//	the number of nodes, then of each id and hash
//	the number of types, then of each its name's length, its name, the number
//	of edges, then of each source, target, transformation and hash
//
// Numbers are unsigned varints.
const manifestVersion = 1

// Nodes are in order of id, types in order, edges in that of their keys: equal
// manifests are packed to equal bytes.
func packManifest(m graphstore.Manifest) []byte {
	byType := map[lineage.RelationshipType][]lineage.EdgeKey{}
	for key := range m.Edges {
		byType[key.RelationshipType] = append(byType[key.RelationshipType], key)
	}
	b := make([]byte, 0, 64+48*len(m.Nodes)+80*len(m.Edges))
	b = append(b, manifestVersion)
	b = binary.AppendUvarint(b, uint64(len(m.Nodes)))
	for _, id := range sortedIDs(slices.Collect(maps.Keys(m.Nodes))) {
		hash := m.Nodes[id]
		b = append(b, id[:]...)
		b = append(b, hash[:]...)
	}
	b = binary.AppendUvarint(b, uint64(len(byType)))
	for _, typ := range slices.Sorted(maps.Keys(byType)) {
		keys := byType[typ]
		slices.SortFunc(keys, lineage.EdgeKey.Compare)
		b = binary.AppendUvarint(b, uint64(len(typ)))
		b = append(b, typ...)
		b = binary.AppendUvarint(b, uint64(len(keys)))
		for _, key := range keys {
			hash := m.Edges[key]
			b = append(b, key.SourceID[:]...)
			b = append(b, key.TargetID[:]...)
			b = append(b, key.TransformationID[:]...)
			b = append(b, hash[:]...)
		}
	}
	return b
}

func emptyManifest() graphstore.Manifest {
	return graphstore.Manifest{Nodes: map[lineage.ID]lineage.Hash{}, Edges: map[lineage.EdgeKey]lineage.Hash{}}
}

// unpackManifest is the inverse of packManifest. Nothing packed is an empty
// manifest.
func unpackManifest(packed []byte) (graphstore.Manifest, error) {
	m := emptyManifest()
	return m, unpackInto(m, packed)
}

// unpackInto adds what is packed to a manifest.
func unpackInto(m graphstore.Manifest, packed []byte) error {
	if len(packed) == 0 {
		return nil
	}
	if packed[0] != manifestVersion {
		return errors.New("the manifest was packed by another version of wellspring")
	}
	u := unpacker{rest: packed[1:]}
	for range u.count(48) {
		id := u.id()
		m.Nodes[id] = u.hash()
	}
	for range u.count(2) {
		typ := lineage.RelationshipType(u.take(u.count(1)))
		for range u.count(80) {
			key := lineage.EdgeKey{SourceID: u.id(), TargetID: u.id(), RelationshipType: typ, TransformationID: u.id()}
			m.Edges[key] = u.hash()
		}
	}
	if u.short || len(u.rest) > 0 {
		return errors.New("the manifest is damaged")
	}
	return nil
}

// An unpacker takes from the front. Once something is missing, it gives zeros.
type unpacker struct {
	rest  []byte
	short bool
}

func (u *unpacker) take(n int) []byte {
	if n > len(u.rest) {
		u.short = true
		return make([]byte, n)
	}
	taken := u.rest[:n]
	u.rest = u.rest[n:]
	return taken
}

// count takes a number of things of at least so many bytes each.
func (u *unpacker) count(size int) int {
	n, width := binary.Uvarint(u.rest)
	if width <= 0 || n > uint64(len(u.rest)/size) {
		u.short, u.rest = true, nil
		return 0
	}
	u.rest = u.rest[width:]
	return int(n)
}

func (u *unpacker) id() lineage.ID     { return lineage.ID(u.take(16)) }
func (u *unpacker) hash() lineage.Hash { return lineage.Hash(u.take(32)) }
