package app_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/evidence/pack"
	"wellspring/examples"
	"wellspring/lineage"
)

// Who has a package can tell without the service what was known at an earlier time:
// what was corrected since is in it as it was.
func TestRevisionsInPackages(t *testing.T) {
	a := start(t, nil)
	settled(t, a, examples.StockDilution, examples.AssayPlate)
	correct(t, a, "PBS-1")
	const ask = "about=run&selector=6f6ea665"
	before, old := exported(t, a, ask)
	correct(t, a, "PBS-2")
	after, now := exported(t, a, ask)
	if after.Answer.Revisions == 0 || after.Answer.Revisions <= before.Answer.Revisions || after.Answer.LineageSHA256 == before.Answer.LineageSHA256 {
		t.Fatalf("a correction left %d revisions, %d before it", after.Answer.Revisions, before.Answer.Revisions)
	}
	then := before.Question.AsOf
	nodes, edges := known(t, now, then)
	wantNodes, wantEdges := known(t, old, then)
	for id := range wantNodes { // what only the earlier answer names has no past in the later one
		if _, there := nodes[id]; !there {
			delete(wantNodes, id)
		}
	}
	for key := range wantEdges {
		if _, there := nodes[key.TargetID]; !there {
			delete(wantEdges, key)
		}
	}
	if diff := cmp.Diff(wantNodes, nodes); diff != "" {
		t.Errorf("nodes as of then (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantEdges, edges); diff != "" {
		t.Errorf("edges as of then (-want +got):\n%s", diff)
	}
}

// known is what a package says was known at a time, of its own nodes and what they
// came from.
func known(t *testing.T, data []byte, then time.Time) (map[lineage.ID]lineage.Node, map[lineage.EdgeKey]lineage.Edge) {
	t.Helper()
	nodes, edges := map[lineage.ID]lineage.Node{}, map[lineage.EdgeKey]lineage.Edge{}
	for _, name := range []string{pack.FileRevisions, pack.FileLineage} {
		lines := bufio.NewScanner(bytes.NewReader(entry(t, data, name)))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var r lineage.Revision // a line of lineage.ndjson reads as one that is in force
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			over := r.RetractedAt != nil && !r.RetractedAt.After(then)
			switch {
			case over:
			case r.Node != nil && !r.Node.CreatedAt.After(then):
				nodes[r.Node.ID] = *r.Node
			case r.Edge != nil && !r.Edge.CreatedAt.After(then):
				edges[r.Edge.Key()] = *r.Edge
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return nodes, edges
}
