package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"wellspring/graphstore"
	"wellspring/graphstore/sqlite"
	"wellspring/graphstore/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) graphstore.Store {
		return open(t, filepath.Join(t.TempDir(), "graph.db"))
	})
}

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(context.Background(), path, sqlite.Options{})
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
