package graphstore_test

import (
	"strings"
	"testing"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// TestAttributesOfALargeProjection: what is not kept as text is written again, and is the same.
func TestAttributesOfALargeProjection(t *testing.T) {
	p := lineage.Projection{Owner: "o"}
	for i := range 9 { // 9 MB
		attributes := lineage.Attributes{"text": strings.Repeat("x", 1<<20), lineage.AttrSequence: float64(i)}
		id := lineage.NewID(lineage.KindStep, strings.Repeat("s", i+1))
		p.Nodes = append(p.Nodes, lineage.Node{ID: id, Kind: lineage.KindStep, Attributes: attributes})
		p.Edges = append(p.Edges, lineage.Edge{SourceID: id, Attributes: attributes}, lineage.Edge{TargetID: id})
	}
	hashed, err := graphstore.Hash(p)
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string, i int, attributes lineage.Attributes, got string, err error) {
		t.Helper()
		want, _ := attributes.AppendJSON(nil)
		if err != nil || got != string(want) {
			t.Errorf("attributes of %s %d: %d bytes, want %d, error %v", what, i, len(got), len(want), err)
		}
	}
	for i := range hashed.Nodes {
		got, err := hashed.Nodes[i].JSON()
		same("node", i, p.Nodes[i].Attributes, got, err)
	}
	for i := range hashed.Edges {
		got, err := hashed.Edges[i].JSON()
		same("edge", i, p.Edges[i].Attributes, got, err)
	}
}
