package query_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"wellspring/lineage"
	"wellspring/query"
)

// answers are of every shape: whole, cut, empty, large.
func answers() map[string]query.Answer {
	share, volume := 0.1, 1e-9
	node := lineage.Node{ID: lineage.ID{1, 2}, Kind: lineage.KindWellState, Name: "A1 <of> µ-plate", Attributes: lineage.Attributes{"run": "r", "volumeUl": 3.5},
		CreatedAt: time.Date(2026, 3, 2, 9, 0, 0, 123, time.UTC)}
	edge := lineage.Edge{SourceID: lineage.ID{1}, TargetID: lineage.ID{2}, RelationshipType: lineage.DerivedFrom, CreatedAt: node.CreatedAt}
	whole := query.Answer{
		Roots: []lineage.Node{node}, Direction: lineage.Upstream, Sentence: "5 µL <in> it", Edges: []lineage.Edge{edge, edge}, Steps: []lineage.Node{node, node},
		Items: []query.Item{
			{Node: node, Depth: 1, Fraction: &share, VolumeUl: &volume, Concentrations: []query.Concentration{{Analyte: "a", Value: 2, Unit: "nM"}}, Origin: true},
			{Node: node, Depth: 12, Possible: true, Concentrations: []query.Concentration{}},
		},
		Experiments: []lineage.Node{}, Next: "next", Truncated: true, Reasons: []string{"truncated"}, Explanations: []string{"a bound"},
	}
	large := whole
	for i := range 3000 {
		whole.Items[1].Depth = i
		large.Items, large.Steps, large.Edges = append(large.Items, whole.Items...), append(large.Steps, node), append(large.Edges, edge)
	}
	return map[string]query.Answer{"zero": {}, "whole": whole, "large": large}
}

func TestAnswerIsWrittenAsJSONWrites(t *testing.T) {
	for name, answer := range answers() {
		var want, got bytes.Buffer
		if err := json.NewEncoder(&want).Encode(answer); err != nil {
			t.Fatal(err)
		}
		if err := answer.WriteJSON(&got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want.Bytes(), got.Bytes()) {
			t.Errorf("%s: got  %.2000s\nwant %.2000s", name, got.Bytes(), want.Bytes())
		}
	}
}

// refusal takes so many writes.
type refusal struct{ left int }

var errFull = errors.New("full")

func (r *refusal) Write(p []byte) (int, error) {
	if r.left--; r.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWritingAnAnswerEndsWithTheClient(t *testing.T) {
	for writes := range 3 {
		t.Run(fmt.Sprint(writes), func(t *testing.T) {
			to := &refusal{left: writes}
			if err := answers()["large"].WriteJSON(to); !errors.Is(err, errFull) {
				t.Errorf("error %v", err)
			}
			if to.left != -1 {
				t.Errorf("it went on for %d writes", -1-to.left)
			}
		})
	}
}
