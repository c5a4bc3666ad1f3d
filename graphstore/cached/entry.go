package cached

import (
	"iter"
	"maps"
	"slices"
	"time"

	"wellspring/lineage"
)

// entry is an answer that is kept, and what it was made of.
type entry struct {
	key   string
	value any // never changed: whoever asks gets a copy of its lists
	bytes int64
	basis
}

// basis is what an answer was made of: when any of it changes, the answer may.
type basis struct {
	ids []lineage.ID // their content counts, and whether they are there
	// Edges of these types count too: those that end at one of ids on the side
	// that is set.
	types                typeSet
	asTargets, asSources bool
	find                 *lineage.Find // whatever fits counts
	asOf                 time.Time
}

// rests reports whether the answer rests on what a change does at a node.
func (b basis) rests(at touch) bool {
	return at.content || b.asTargets && at.asTarget&b.types != 0 || b.asSources && at.asSource&b.types != 0
}

// typeSet is a set of relationship types, a bit each in the order of
// lineage.RelationshipTypes.
type typeSet uint64

const allTypes = ^typeSet(0)

func setOf(types []lineage.RelationshipType) typeSet {
	var set typeSet
	known := lineage.RelationshipTypes()
	for _, typ := range types {
		if i := slices.Index(known, typ); i >= 0 {
			set |= 1 << i
		} else {
			return allTypes
		}
	}
	return set
}

// fits reports whether a node is what a Find asks for, wherever it comes in its
// pages.
func fits(n lineage.Node, find *lineage.Find) bool {
	if find.Kind != "" && find.Kind != n.Kind || find.Name != "" && find.Name != n.Name {
		return false
	}
	for key, want := range find.Attrs {
		if got, ok := n.Attributes[key].(string); !ok || got != want {
			return false
		}
	}
	return true
}

// bucket is where a Find is looked for when a node changes: by the kind and one
// more thing that it asks for, so that few are looked at.
type bucket struct {
	kind       lineage.Kind
	key, value string // an attribute, or the name under the key ""; both empty: neither
}

func bucketOf(find *lineage.Find) bucket {
	for _, key := range []string{lineage.AttrRun, lineage.AttrBarcode} {
		if value, ok := find.Attrs[key]; ok {
			return bucket{find.Kind, key, value}
		}
	}
	if len(find.Attrs) > 0 {
		key := slices.Min(slices.Collect(maps.Keys(find.Attrs)))
		return bucket{find.Kind, key, find.Attrs[key]}
	}
	return bucket{find.Kind, "", find.Name}
}

// bucketsFor are the buckets in which there may be a Find that a node fits.
func bucketsFor(n lineage.Node) iter.Seq[bucket] {
	return func(yield func(bucket) bool) {
		for _, kind := range []lineage.Kind{n.Kind, ""} {
			if !yield(bucket{kind, "", n.Name}) || n.Name != "" && !yield(bucket{kind, "", ""}) {
				return
			}
			for key, value := range n.Attributes {
				if s, ok := value.(string); ok && !yield(bucket{kind, key, s}) {
					return
				}
			}
		}
	}
}
