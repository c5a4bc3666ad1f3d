package query_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/examples"
	"wellspring/graphstore"
	"wellspring/graphstore/sqlite"
	"wellspring/graphstore/storetest"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/lineage"
	"wellspring/query"
)

// TestTouchedIsWhatAnImpactReaches holds the view against following derivations, for
// every lot and sample of a made lab and of the examples' story.
func TestTouchedIsWhatAnImpactReaches(t *testing.T) {
	t.Run("a made lab", func(t *testing.T) {
		store, err := sqlite.Open(t.Context(), sqlite.Memory, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		storetest.Fill(t, store, labgraph.Lab{Seed: 3}, 8)
		holdAgainstImpact(t, query.New(store), store, 20)
	})
	t.Run("the story", func(t *testing.T) {
		s := tell(t, wholeStory...)
		holdAgainstImpact(t, s.Service, s.store, 10)
	})
}

// wholeStory are the runs, what was declared of them and what was read.
var wholeStory = []string{examples.StockDilution, examples.AssayPlate, "manifests/lots.csv", "manifests/samples.csv", "plate-reader/AP-0001.csv", "manifests/experiments.csv"}

func holdAgainstImpact(t *testing.T, s *query.Service, store graphstore.Store, atLeast int) {
	t.Helper()
	stocks := 0
	for _, kind := range []lineage.Kind{lineage.KindLot, lineage.KindSample} {
		page, err := store.Find(t.Context(), lineage.Find{Kind: kind, Limit: lineage.MaxPage})
		if err != nil {
			t.Fatal(err)
		}
		for _, stock := range page.Nodes {
			stocks++
			touched, err := s.Touched(t.Context(), query.TouchedAsk{Selector: stock.ID.String(), Limit: query.MaxLimit})
			if err != nil {
				t.Fatal(err)
			}
			impact, err := s.Summarize(t.Context(), query.SummaryAsk{Selector: stock.ID.String(), Limit: query.MaxLimit})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wellsOf(impact), wellsOfView(touched)); diff != "" {
				t.Errorf("%s %s: wells with their shares (-impact +view):\n%s", kind, stock.Name, diff)
			}
			a, v := impact.Affected.Counts, touched.Counts
			if a.Wells != v.Wells || a.Plates != v.Plates || a.Runs != v.Runs || a.Measurements != v.Measurements || a.Experiments != v.Experiments {
				t.Errorf("%s %s: impact counts %+v, the view %+v", kind, stock.Name, a, v)
			}
			if touched.Truncated || touched.Next != "" {
				t.Errorf("%s %s: truncated %v, next %q", kind, stock.Name, touched.Truncated, touched.Next)
			}
		}
	}
	if stocks < atLeast {
		t.Errorf("held %d lots and samples against their impacts", stocks)
	}
}

// wellsOf are the wells of an impact, each with the range of shares there.
func wellsOf(impact query.Summary) []string {
	var wells []string
	for _, w := range impact.Affected.Wells {
		wells = append(wells, shares(w.Name, *w.FractionMin, *w.FractionMax))
	}
	slices.Sort(wells)
	return wells
}

// wellsOfView are the same of the view: a well of two runs is one.
func wellsOfView(touched query.Touched) []string {
	ranges := map[string][2]float64{}
	for _, w := range touched.Wells {
		key := w.Plate.String() + "\n" + w.Name
		r, known := ranges[key]
		if !known {
			r = [2]float64{math.Inf(1), 0}
		}
		ranges[key] = [2]float64{min(r[0], w.FractionMin), max(r[1], w.FractionMax)}
	}
	var wells []string
	for key, r := range ranges {
		wells = append(wells, shares(key[len(lineage.ID{}.String())+1:], r[0], r[1]))
	}
	slices.Sort(wells)
	return wells
}

func shares(name string, least, most float64) string {
	return fmt.Sprintf("%s: %.9f to %.9f", name, least, most)
}

func TestTouchedPages(t *testing.T) {
	s := tell(t, wholeStory...)
	ask := query.TouchedAsk{Selector: "lot:PBS buffer", Limit: query.MaxLimit}
	whole, err := s.Touched(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	if len(whole.Wells) < 20 {
		t.Fatalf("%d wells", len(whole.Wells))
	}
	var paged []query.TouchedWell
	for ask.Limit = 7; ; {
		page, err := s.Touched(t.Context(), ask)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole.Counts, page.Counts); diff != "" {
			t.Errorf("counts of a page (-whole +page):\n%s", diff)
		}
		paged = append(paged, page.Wells...)
		if ask.After = page.Next; ask.After == "" {
			break
		}
	}
	if diff := cmp.Diff(whole.Wells, paged); diff != "" {
		t.Errorf("page by page (-whole +paged):\n%s", diff)
	}
	for _, wrong := range []query.TouchedAsk{{Selector: "lot:PBS buffer", Limit: -1}, {Selector: "lot:PBS buffer", After: "!"}, {Selector: "run:" + assayRun}} {
		if _, err := s.Touched(t.Context(), wrong); lineage.KindOf(err) != lineage.ErrorInvalid {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}
