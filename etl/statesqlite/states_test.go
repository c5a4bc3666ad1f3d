package statesqlite_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/etl"
	"wellspring/etl/statesqlite"
	"wellspring/lineage"
)

func open(t *testing.T, path string) *statesqlite.States {
	t.Helper()
	s, err := statesqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func started(minute int) time.Time { return time.Date(2026, 3, 1, 9, minute, 0, 123, time.UTC) }

func TestAStateSurvivesARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "states.db")
	ended := started(2)
	want := etl.Processing{
		ID: "1", Owner: "run:a", Status: etl.Done, Stage: etl.Verify, Attempts: 2, Envelopes: 3, Position: "17",
		StartedAt: started(1), EndedAt: &ended, Error: "e", Remedy: "r",
		Applied: lineage.Applied{NodesAdded: 4}, Seconds: etl.Windows{Collect: 1, Process: 2, Store: 3, Verify: 4, Total: 10},
	}
	s := open(t, path)
	for _, p := range []etl.Processing{{ID: "0", Owner: "run:a", Status: etl.Running, StartedAt: started(0)}, want} {
		if err := s.Put(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	got, err := open(t, path).Get(t.Context(), "run:a")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after a restart (-want +got):\n%s", diff)
	}
}

func TestGetOfNobody(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "states.db"))
	if _, err := s.Get(t.Context(), "run:nobody"); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("got %v, want not found", err)
	}
}

func TestListPages(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "states.db"))
	for i := range 7 {
		p := etl.Processing{Owner: lineage.Owner(fmt.Sprintf("run:%d", i)), Status: etl.Done, StartedAt: started(i / 2)} // two at a time
		if i == 3 {
			p.Status = etl.Failed
		}
		if err := s.Put(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	list := func(q etl.StatesQuery) (owners []lineage.Owner) {
		for pages := 0; ; pages++ {
			page, err := s.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range page.Processings {
				owners = append(owners, p.Owner)
			}
			if q.After = page.Next; q.After == "" {
				return owners
			}
			if pages > 10 {
				t.Fatal("the pages don't end")
			}
		}
	}
	want := []lineage.Owner{"run:6", "run:4", "run:5", "run:2", "run:3", "run:0", "run:1"}
	for _, limit := range []int{0, 1, 2, 3, 7} {
		if diff := cmp.Diff(want, list(etl.StatesQuery{Limit: limit})); diff != "" {
			t.Errorf("limit %d (-want +got):\n%s", limit, diff)
		}
	}
	if diff := cmp.Diff([]lineage.Owner{"run:3"}, list(etl.StatesQuery{Status: etl.Failed})); diff != "" {
		t.Errorf("failed ones (-want +got):\n%s", diff)
	}
}

func TestWhatListAndPutRefuse(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "states.db"))
	for name, err := range map[string]error{
		"limit":  second(s.List(t.Context(), etl.StatesQuery{Limit: 1001})),
		"cursor": second(s.List(t.Context(), etl.StatesQuery{After: "?"})),
		"owner":  s.Put(t.Context(), etl.Processing{}),
	} {
		if lineage.KindOf(err) != lineage.ErrorInvalid {
			t.Errorf("%s: got %v, want invalid", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
