package cached_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"wellspring/graphstore"
	"wellspring/graphstore/cached"
	"wellspring/graphstore/storetest"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/lineage"
)

// same compares metrics with their text.
func same(t *testing.T, registry *prometheus.Registry, want string, names ...string) {
	t.Helper()
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

// TestBytesAreThoseOfTheHeap compares the bytes that are accounted for with those
// by which the heap grows. More may be accounted: texts that an engine keeps once
// count wherever they stand.
func TestBytesAreThoseOfTheHeap(t *testing.T) {
	lab := labgraph.Lab{Seed: 1}
	inner := openSQLite(t)
	defer inner.Close(context.Background())
	storetest.Fill(t, inner, lab, 4)
	heap := func() uint64 {
		runtime.GC()
		runtime.GC() // finalizers of the first
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	for name, ask := range map[string]func(s graphstore.Store, i int) error{
		"many small": func(s graphstore.Store, i int) error {
			_, _, err := s.Edges(t.Context(), lab.AssayWell(i%4, i/4%labgraph.Wells), 100+i, time.Time{})
			return err
		},
		"ancestries": func(s graphstore.Store, i int) error {
			_, err := s.Traverse(t.Context(), lineage.Traversal{Roots: []lineage.ID{lab.Measurement(i%4, i/4)}, Direction: lineage.Upstream, Nodes: 1000 + i})
			return err
		},
		"pages": func(s graphstore.Store, i int) error {
			_, err := s.Find(t.Context(), lineage.Find{Kind: lineage.KindWellState, Limit: 100 + i})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, registry := over(t, unclosed{inner}, cached.DefaultConfig())
			if err := ask(s, 0); err != nil { // what SQLite keeps for itself
				t.Fatal(err)
			}
			before, accounted := heap(), counted(t, registry, "wellspring_cache_bytes")
			for i := range 150 {
				if err := ask(s, i+1); err != nil {
					t.Fatal(err)
				}
			}
			grown := float64(heap() - before)
			accounted = counted(t, registry, "wellspring_cache_bytes") - accounted
			if ratio := accounted / grown; ratio < 0.85 || ratio > 1.8 {
				t.Errorf("accounted %.0f bytes, the heap grew by %.0f", accounted, grown)
			}
			runtime.KeepAlive(s)
		})
	}
}

// unclosed stays open when a cache over it is closed.
type unclosed struct{ cached.Engine }

func (unclosed) Close(context.Context) error { return nil }

// TestRoomIsBounded asks for more than there is room for: what was not asked for
// longest goes.
func TestRoomIsBounded(t *testing.T) {
	lab := labgraph.Lab{Seed: 1}
	inner := openSQLite(t)
	storetest.Fill(t, inner, lab, 4)
	s, registry := over(t, inner, small())
	ask := func(well int) bool {
		hits := counted(t, registry, "wellspring_cache_hits_total")
		if _, err := s.Traverse(t.Context(), lineage.Traversal{Roots: []lineage.ID{lab.Measurement(3, well)}, Direction: lineage.Upstream}); err != nil {
			t.Fatal(err)
		}
		return counted(t, registry, "wellspring_cache_hits_total") > hits
	}
	for well := range labgraph.Wells {
		ask(well)
		if well > 0 && !ask(0) {
			t.Fatalf("the answer that is asked for all the time went after %d others", well)
		}
		if bytes := counted(t, registry, "wellspring_cache_bytes"); bytes > 1e6 {
			t.Fatalf("%.0f bytes are kept", bytes)
		}
	}
	if ask(1) {
		t.Error("the answer that was not asked for longest is there still")
	}
	if !ask(labgraph.Wells - 1) {
		t.Error("the newest answer is not there")
	}
	if counted(t, registry, "wellspring_cache_evictions_total") == 0 {
		t.Error("nothing was counted as dropped")
	}

	// An answer that would push most others out is not kept.
	everything := lineage.Traversal{Roots: []lineage.ID{lab.BufferLot(0)}, Direction: lineage.Downstream}
	kept := counted(t, registry, "wellspring_cache_entries")
	if _, err := s.Traverse(t.Context(), everything); err != nil {
		t.Fatal(err)
	}
	if got := counted(t, registry, "wellspring_cache_entries"); got != kept {
		t.Errorf("%v answers are kept, before the large one %v", got, kept)
	}
	s.Flush()
	same(t, registry, "# HELP wellspring_cache_bytes Memory of the answers that are kept, with all that is kept beside them, bytes.\n# TYPE wellspring_cache_bytes gauge\nwellspring_cache_bytes 0\n", "wellspring_cache_bytes")
}

// TestListsAreTheCallersOwn turns lists around that come from memory.
func TestListsAreTheCallersOwn(t *testing.T) {
	s, _ := over(t, storetest.NewModel(), cached.DefaultConfig())
	write(t, s, []lineage.Node{lot, state}, fromLot)
	for _, ask := range map[string]func() (any, func(), error){
		"traverse": func() (any, func(), error) {
			g, err := s.Traverse(t.Context(), upwards)
			return fmt.Sprint(g), func() { slices.Reverse(g.Nodes); clear(g.Edges) }, err
		},
		"nodes": func() (any, func(), error) {
			nodes, err := s.Nodes(t.Context(), []lineage.ID{lot.ID, state.ID}, time.Time{})
			return fmt.Sprint(nodes), func() { slices.Reverse(nodes) }, err
		},
		"edges": func() (any, func(), error) {
			edges, _, err := s.Edges(t.Context(), lot.ID, 10, time.Time{})
			return fmt.Sprint(edges), func() { clear(edges) }, err
		},
		"find": func() (any, func(), error) {
			page, err := s.Find(t.Context(), lineage.Find{})
			return fmt.Sprint(page), func() { slices.Reverse(page.Nodes) }, err
		},
		"history": func() (any, func(), error) {
			revisions, err := s.History(t.Context(), lot.ID)
			return fmt.Sprint(*revisions[0].Node), func() { revisions[0].Node.Name = "wine" }, err
		},
	} {
		first, spoil, err := ask()
		if err != nil {
			t.Fatal(err)
		}
		spoil()
		if again, _, err := ask(); err != nil || again != first {
			t.Errorf("%v, then %v, error %v", first, again, err)
		}
	}
}

func TestConfig(t *testing.T) {
	if err := cached.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	wrong := cached.CacheConfig{Enabled: true, EvictionPolicy: "random"}
	_, err := cached.New(storetest.NewModel(), wrong, cached.NewMetrics(prometheus.NewRegistry()))
	if lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Fatalf("error %v", err)
	}
	for _, name := range []string{"ttl_seconds", "max_size_mb", "eviction_policy"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

func TestMetricsAreWellNamed(t *testing.T) {
	registry := prometheus.NewRegistry()
	cached.NewMetrics(registry)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, error %v", problems, err)
	}
}
