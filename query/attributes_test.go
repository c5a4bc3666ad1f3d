package query

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/lineage"
)

func TestExecutedOrderIsByTimeOverSeveralRuns(t *testing.T) {
	step := func(name, run, at string, sequence float64) lineage.Node {
		attributes := lineage.Attributes{lineage.AttrRun: run, lineage.AttrSequence: sequence}
		if at != "" {
			attributes[lineage.AttrAt] = at
		}
		return lineage.Node{ID: lineage.StepID(run, name), Kind: lineage.KindStep, Name: name, Attributes: attributes}
	}
	steps := []lineage.Node{
		step("fifth", "a", "2026-03-02T10:00:01.5Z", 1), // another offset than the second, and fewer digits than the fourth
		step("fourth", "a", "2026-03-02T10:00:01.25Z", 9),
		step("third", "b", "2026-03-02T10:00:01Z", 7),
		step("second", "b", "2026-03-02T11:00:00+01:00", 6),
		step("sixth", "b", "2026-03-02T10:00:01.5Z", 8),
		step("seventh", "b", "2026-03-02T10:00:01.5Z", 9),
		step("first", "b", "", 99),
	}
	sortExecuted(steps)
	var names []string
	for _, s := range steps {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff([]string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh"}, names); diff != "" {
		t.Error(diff)
	}
}
