package cached

import (
	"unsafe"

	"wellspring/lineage"
)

// What things take in memory, bytes. TestBytesAreThoseOfTheHeap compares.
const (
	// A string or an interface has two words, a list three.
	words2, words3 = 16, 24
	// A map's head, its groups of eight places with a control byte each, and the
	// table that it has from its eighth key on.
	mapHead, placesOfGroup, mapTable = 48, 8, 64
	attributeGroup                   = 288
	// An id in an answer's basis, and its place in the index.
	perID = 16 + 88
	// The entry itself with its places in the order, in go-cache and among finds.
	perEntry = 700
)

func sizeOfNodes(nodes []lineage.Node) int64 {
	size := int64(cap(nodes)) * int64(unsafe.Sizeof(lineage.Node{}))
	for i := range nodes {
		size += sizeInNode(&nodes[i])
	}
	return size
}

// sizeInNode is what hangs on a node. Kinds are constants, mostly.
func sizeInNode(n *lineage.Node) int64 {
	return text(n.Name) + text(string(n.Kind)) + sizeOfAttributes(n.Attributes)
}

func sizeOfEdges(edges []lineage.Edge) int64 {
	size := int64(cap(edges)) * int64(unsafe.Sizeof(lineage.Edge{}))
	for i := range edges {
		size += sizeInEdge(&edges[i])
	}
	return size
}

func sizeInEdge(e *lineage.Edge) int64 {
	return text(string(e.RelationshipType)) + sizeOfAttributes(e.Attributes)
}

func sizeOfGraph(g lineage.Graph) int64 {
	size := sizeOfEdges(g.Edges) + int64(cap(g.Nodes))*int64(unsafe.Sizeof(lineage.Reached{}))
	for i := range g.Nodes {
		size += sizeInNode(&g.Nodes[i].Node)
	}
	return size
}

func sizeOfRevisions(revisions []lineage.Revision) int64 {
	size := int64(cap(revisions)) * int64(unsafe.Sizeof(lineage.Revision{}))
	for _, r := range revisions {
		if r.Node != nil {
			size += int64(unsafe.Sizeof(*r.Node)) + sizeInNode(r.Node)
		}
		if r.Edge != nil {
			size += int64(unsafe.Sizeof(*r.Edge)) + sizeInEdge(r.Edge)
		}
		if r.RetractedAt != nil {
			size += int64(unsafe.Sizeof(*r.RetractedAt))
		}
	}
	return size
}

func sizeOfAttributes(a lineage.Attributes) int64 {
	if a == nil {
		return 0
	}
	size := int64(mapHead)
	if len(a) > 0 {
		size += attributeGroup
	}
	// A table has a power of two places, seven of eight in use.
	if len(a) >= placesOfGroup {
		places := int64(2 * placesOfGroup)
		for places*7/8 < int64(len(a)) {
			places *= 2
		}
		size += mapTable + (places/placesOfGroup-1)*attributeGroup
	}
	for key, value := range a {
		size += text(key) + sizeOfValue(value)
	}
	return size
}

func sizeOfValue(value any) int64 {
	switch v := value.(type) {
	case string:
		return words2 + text(v)
	case float64:
		return 8
	case []float64:
		return words3 + rounded(int64(8*cap(v)))
	case []string:
		size := words3 + rounded(int64(words2*cap(v)))
		for _, s := range v {
			size += text(s)
		}
		return size
	}
	return 0
}

// text is what the letters of a string take.
func text(s string) int64 { return rounded(int64(len(s))) }

// rounded is a size as the allocator gives it, roughly.
func rounded(n int64) int64 {
	switch {
	case n <= 32:
		return (n + 7) &^ 7
	case n <= 256:
		return (n + 15) &^ 15
	}
	return n + n/16
}
