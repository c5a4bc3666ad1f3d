package sqlite

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/graphstore"
	"wellspring/lineage"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestPlans keeps the query plan of every statement. A plan that walks a whole
// table is refused whatever the golden file says.
func TestPlans(t *testing.T) {
	s := opened(t)

	var got strings.Builder
	for _, text := range explained() {
		fmt.Fprintf(&got, "%s\n", strings.Join(strings.Fields(text), " "))
		for _, step := range explain(t, s, text) {
			fmt.Fprintf(&got, "    %s\n", step)
			if strings.Contains(step, "SCAN") && !strings.Contains(step, "VIRTUAL TABLE") && !strings.Contains(step, "CONSTANT ROW") {
				t.Errorf("walks a whole table: %s\n%s", step, text)
			}
		}
	}
	golden := filepath.Join("testdata", "plans.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("plans changed; if they are better, run with -update (-want +got):\n%s", diff)
	}
}

// opened is a store in a file of its own.
func opened(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "graph.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// explained lists every statement on tables, Find's in its usual forms.
func explained() []string {
	all := append([]string{}, readStatements...)
	for _, text := range writeStatements {
		if !strings.HasPrefix(text, "INSERT") || strings.Contains(text, "SELECT") {
			all = append(all, text)
		}
	}
	attrs := func(keys ...string) map[string]string {
		m := map[string]string{}
		for _, key := range keys {
			m[key] = "x"
		}
		return m
	}
	for _, find := range []lineage.Find{
		{},
		{Name: "x"},
		{Kind: lineage.KindRun},
		{Kind: lineage.KindLot, Name: "x"},
		{Attrs: attrs("run")},
		{Kind: lineage.KindStep, Attrs: attrs("run")},
		{Kind: lineage.KindStep, Attrs: attrs("run", "type")},
		{Kind: lineage.KindLabware, Attrs: attrs("run", "slot")},
		{Attrs: attrs("labware")},
		{Attrs: attrs("run", "labware")},
		{Attrs: attrs("well")},
		{Attrs: attrs("run", "labware", "well")},
		{Kind: lineage.KindWellState, Attrs: attrs("run", "labware", "well")},
		{Attrs: attrs("barcode")},
		{Kind: lineage.KindLabware, Attrs: attrs("barcode")},
	} {
		for _, asOf := range []time.Time{{}, time.Unix(1, 0)} {
			find.AsOf = asOf
			text, _ := findStatement(find, graphstore.Place{})
			all = append(all, text)
		}
	}
	return all
}

func explain(t *testing.T, s *Store, text string) []string {
	t.Helper()
	args := make([]any, strings.Count(text, "?"))
	for i := range 9 {
		if strings.Contains(text, fmt.Sprintf("?%d", i+1)) {
			args = args[:0]
		}
	}
	if len(args) == 0 {
		for i := 1; strings.Contains(text, fmt.Sprintf("?%d", i)); i++ {
			args = append(args, nil)
		}
	}
	rows, err := s.write.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}
