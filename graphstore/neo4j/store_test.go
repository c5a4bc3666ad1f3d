package neo4j_test

import (
	"testing"

	"wellspring/graphstore"
	"wellspring/graphstore/neo4j"
	"wellspring/graphstore/storetest"
	"wellspring/internal/neo4jtest"
)

// open returns a store over an emptied database.
func open(t testing.TB, server *neo4jtest.Handle) *neo4j.Store {
	t.Helper()
	server.Clear(t)
	s, err := neo4j.Open(t.Context(), neo4j.Options{URI: server.URI, User: server.User, Password: server.Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	server := neo4jtest.Server(t)
	storetest.Run(t, func(t *testing.T) graphstore.Store { return open(t, server) })
}
