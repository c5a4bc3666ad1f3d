package labfile

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/graphstore/sqlite"
	"wellspring/graphstore/storetest"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/lineage"
)

// TestMakesWhatApplyWould compares a file with a store that was given the same
// experiments: every owner's part, and that applying it again writes nothing.
func TestMakesWhatApplyWould(t *testing.T) {
	lab, experiments := labgraph.Lab{Seed: 3}, 3
	path := filepath.Join(t.TempDir(), "lab.db")
	size, err := Make(t.Context(), path, lab, experiments)
	if err != nil {
		t.Fatal(err)
	}
	made, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close(t.Context())
	applied, err := sqlite.Open(t.Context(), sqlite.Memory, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer applied.Close(t.Context())
	storetest.Fill(t, applied, lab, experiments)

	nodes := map[lineage.ID]bool{}
	for i := range experiments {
		for _, p := range lab.Experiment(i) {
			want, err := applied.Owned(t.Context(), p.Owner)
			if err != nil {
				t.Fatal(err)
			}
			got, err := made.Owned(t.Context(), p.Owner)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", p.Owner, diff)
			}
			for _, n := range got.Nodes {
				nodes[n.ID] = true
			}
			if changed, err := made.Apply(t.Context(), p, labgraph.At(i)); err != nil || changed.Changed() {
				t.Errorf("%s, applied to what was made: %+v, error %v", p.Owner, changed, err)
			}
		}
	}
	if wrong, err := made.CheckViews(t.Context()); err != nil || wrong != nil {
		t.Errorf("the views of what was made: %v, error %v", wrong, err)
	}
	if size.Nodes != int64(len(nodes)) || size.Owners != int64(3*experiments) || size.Edges < size.Nodes {
		t.Errorf("made %+v, there are %d nodes", size, len(nodes))
	}
}
