package project

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/ot2"
)

// Only labware that is no grid of like wells says where each well is.
func TestIrregularWells(t *testing.T) {
	tube := ot2.Well{Shape: "circular", X: 13.9, Y: 67.75, Diameter: 14.9}
	wide := ot2.Well{Shape: "circular", X: 71.4, Y: 60, Diameter: 27.81}
	trough := ot2.Well{Shape: "rectangular", X: 14.4, Y: 42.8, XDimension: 8.2, YDimension: 71.2}
	for name, test := range map[string]struct {
		ordering [][]string
		wells    map[string]ot2.Well
		want     []string
	}{
		"a grid":          {[][]string{{"A1"}, {"A2"}}, map[string]ot2.Well{"A1": tube, "A2": tube}, nil},
		"unlike wells":    {[][]string{{"A1"}, {"A2"}}, map[string]ot2.Well{"A1": tube, "A2": wide}, []string{"A1 13.9 67.75 14.9", "A2 71.4 60 27.81"}},
		"ragged columns":  {[][]string{{"A1", "B1"}, {"A2"}}, map[string]ot2.Well{"A1": trough, "B1": trough, "A2": trough}, []string{"A1 14.4 42.8 8.2 71.2", "B1 14.4 42.8 8.2 71.2", "A2 14.4 42.8 8.2 71.2"}},
		"an empty column": {[][]string{{}, {"A2"}}, map[string]ot2.Well{"A2": tube}, nil},
		"a missing well":  {[][]string{{"A1", "B1"}, {"A2"}}, map[string]ot2.Well{"A1": tube}, nil},
	} {
		if diff := cmp.Diff(test.want, irregularWells(&ot2.Definition{Ordering: test.ordering, Wells: test.wells})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
