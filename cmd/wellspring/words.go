package main

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"wellspring/api/client"
)

// microlitres writes a volume for people.
func microlitres(v float64) string { return strconv.FormatFloat(v, 'f', decimals(v), 64) + " µL" }

// decimals keeps about four digits of what a pipette can tell apart.
func decimals(v float64) int {
	switch {
	case v == 0 || v >= 1000 || v <= -1000:
		return 0
	case v >= 100 || v <= -100:
		return 1
	case v >= 1 || v <= -1:
		return 2
	}
	return 4
}

// percent writes a fraction for people. What is there is never written as nothing.
func percent(f float64) string {
	if f > 0 && f < 0.0001 {
		return "<0.01 %"
	}
	return strconv.FormatFloat(100*f, 'f', 2, 64) + " %"
}

// concentrations writes what is known of them; a concentration has no fixed size,
// so it keeps four digits.
func concentrations(all []client.Concentration) string {
	parts := make([]string, 0, len(all))
	for _, c := range all {
		part := strconv.FormatFloat(c.Value, 'g', 4, 64) + " " + c.Unit
		if c.Analyte != "" {
			part += " " + c.Analyte
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// shares writes a composition, the largest share first.
func shares(fractions map[string]float64) string {
	names := slices.SortedFunc(maps.Keys(fractions), func(a, b string) int {
		return cmp.Or(cmp.Compare(fractions[b], fractions[a]), cmp.Compare(a, b))
	})
	parts := make([]string, 0, len(names))
	for _, name := range names {
		parts = append(parts, percent(fractions[name])+" "+name)
	}
	return strings.Join(parts, ", ")
}

// compareWells orders wells as a person reads a plate: A1, A2, … A12, B1.
func compareWells(a, b string) int {
	rowA, columnA := splitWell(a)
	rowB, columnB := splitWell(b)
	return cmp.Or(cmp.Compare(len(rowA), len(rowB)), cmp.Compare(rowA, rowB), cmp.Compare(columnA, columnB), cmp.Compare(a, b))
}

func splitWell(well string) (row string, column int) {
	digits := strings.TrimLeft(well, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	column, _ = strconv.Atoi(digits)
	return strings.TrimSuffix(well, digits), column
}

// decimal writes a number for people, to four digits.
func decimal(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
