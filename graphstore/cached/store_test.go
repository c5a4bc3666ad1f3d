package cached_test

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"wellspring/graphstore"
	"wellspring/graphstore/cached"
	"wellspring/graphstore/neo4j"
	"wellspring/graphstore/sqlite"
	"wellspring/graphstore/storetest"
	"wellspring/internal/neo4jtest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// over returns a cache over a store, which it closes in the end.
func over(t testing.TB, inner cached.Engine, config cached.CacheConfig) (*cached.Store, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	s, err := cached.New(inner, config, cached.NewMetrics(registry))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s, registry
}

func openSQLite(t testing.TB) cached.Engine {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Memory, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// small has room for a few answers only, so that they are dropped all the time.
func small() cached.CacheConfig {
	config := cached.DefaultConfig()
	config.MaxSizeMB = 1
	return config
}

func TestStore(t *testing.T) {
	engines := map[string]func(t *testing.T) cached.Engine{
		"model":  func(*testing.T) cached.Engine { return storetest.NewModel() },
		"sqlite": func(t *testing.T) cached.Engine { return openSQLite(t) },
		"neo4j": func(t *testing.T) cached.Engine {
			server := neo4jtest.Server(t)
			server.Clear(t)
			s, err := neo4j.Open(t.Context(), neo4j.Options{URI: server.URI, User: server.User, Password: server.Password})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
	}
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) graphstore.Store {
				s, _ := over(t, open(t), cached.DefaultConfig())
				return s
			})
			t.Run("Fresh", func(t *testing.T) {
				s, _ := over(t, jitter(open(t)), cached.DefaultConfig())
				storetest.Fresh(t, s, 100)
			})
		})
	}
}
