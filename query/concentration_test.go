package query

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSumOfAll(t *testing.T) {
	of := func(all ...Concentration) []Concentration { return nonNil(all) }
	for name, test := range map[string]struct {
		parts [][]Concentration
		want  []Concentration
	}{
		"nothing":                    {nil, of()},
		"one part":                   {[][]Concentration{of(Concentration{"", 2, "mM"})}, of(Concentration{"", 2, "mM"})},
		"in the unit of the first":   {[][]Concentration{of(Concentration{"", 1, "mg/mL"}), of(Concentration{"", 500, "µg/mL"})}, of(Concentration{"", 1.5, "mg/mL"})},
		"one part is unknown":        {[][]Concentration{of(Concentration{"", 1, "mg/mL"}), nil}, of()},
		"the first part is unknown":  {[][]Concentration{nil, of(Concentration{"", 1, "mg/mL"})}, of()},
		"mass and molar don't add":   {[][]Concentration{of(Concentration{"", 1, "mg/mL"}), of(Concentration{"", 1, "mM"})}, of()},
		"each analyte of its own":    {[][]Concentration{of(Concentration{"a", 1, "nM"}, Concentration{"b", 2, "U/mL"}), of(Concentration{"a", 2, "nM"})}, of(Concentration{"a", 3, "nM"})},
		"a unit that nobody knows":   {[][]Concentration{of(Concentration{"", 1, "spoons"}), of(Concentration{"", 1, "spoons"})}, of()},
		"alone, it stays as it said": {[][]Concentration{of(Concentration{"", 1, "spoons"})}, of(Concentration{"", 1, "spoons"})},
	} {
		if diff := cmp.Diff(test.want, sumOfAll(test.parts)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
