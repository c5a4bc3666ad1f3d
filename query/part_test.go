package query_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A run's part as it was is put together from what else the graph knows: at a
// time when nothing has changed since, it is what the run says now.
func TestARunsPartThenIsItsPart(t *testing.T) {
	s := lots(t)
	before := time.Now()
	for _, run := range []string{stockRun, assayRun} {
		now, err := s.RunGraph(t.Context(), run, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		then, err := s.RunGraph(t.Context(), run, before)
		if err != nil {
			t.Fatal(err)
		}
		if len(now.Nodes) < 100 {
			t.Fatalf("run %s has %d nodes", run, len(now.Nodes))
		}
		if diff := cmp.Diff(now, then); diff != "" {
			t.Errorf("run %s (-now +then):\n%s", run, diff)
		}
	}
	known, err := s.RunGraph(t.Context(), stockRun, before)
	if err != nil {
		t.Fatal(err)
	}
	s.tell("manifests/corrections.csv")
	after, err := s.RunGraph(t.Context(), stockRun, before)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(known, after); diff != "" {
		t.Errorf("what was known before the correction (-before +after it):\n%s", diff)
	}
	if now, err := s.RunGraph(t.Context(), stockRun, time.Time{}); err != nil || cmp.Equal(now, known) {
		t.Errorf("the correction changed nothing (%v)", err)
	}
}
