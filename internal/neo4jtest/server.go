package neo4jtest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
)

// The environment variables that say which Neo4j to test with.
const (
	EnvURI      = "WELLSPRING_NEO4J_URI"
	EnvUser     = "WELLSPRING_NEO4J_USER"
	EnvPassword = "WELLSPRING_NEO4J_PASSWORD"
	// EnvRequire, set to 1, makes the lack of a Neo4j a failure.
	EnvRequire = "WELLSPRING_REQUIRE_NEO4J"
)

// Database is the name of the database that tests use.
const Database = "neo4j"

// A Handle is a Neo4j that one test has for itself, with an empty database.
type Handle struct {
	URI, User, Password string
	driver              neo4j.DriverWithContext
}

// own is the server of this process. It ends with the process, not with the
// test that happened to come first.
var own = sync.OnceValues(func() (*Process, error) { return Start(context.Background()) })

// Server gives t a Neo4j with an empty database until t ends. Another test
// that asks for it, in whatever process, waits so long: call it once in a test, not in
// its subtests, which share it and may Clear it between them.
//
// Without a Neo4j it skips t, or fails it when WELLSPRING_REQUIRE_NEO4J is 1.
func Server(t testing.TB) *Handle {
	t.Helper()
	h := &Handle{URI: os.Getenv(EnvURI), User: os.Getenv(EnvUser), Password: os.Getenv(EnvPassword)}
	lockFile := filepath.Join(os.TempDir(), fmt.Sprintf("wellspring-neo4j-%x.lock", sha256.Sum256([]byte(h.URI))))
	if h.URI == "" {
		p, err := own()
		if errors.Is(err, errNone) && os.Getenv(EnvRequire) != "1" {
			t.Skipf("%v; set %s, or install a JDK 17 and Maven", err, EnvURI)
		}
		if err != nil {
			t.Fatalf("%v; set %s, or install a JDK 17 and Maven", err, EnvURI)
		}
		h.URI, lockFile = p.URI, filepath.Join(p.home, "lock")
	}
	unlock, err := lock(lockFile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(unlock)

	h.driver, err = neo4j.NewDriverWithContext(h.URI, h.Auth())
	if err != nil {
		t.Fatalf("%s=%s: %v", EnvURI, h.URI, err)
	}
	t.Cleanup(func() { h.driver.Close(context.Background()) })
	h.claim(t)
	h.Clear(t)
	return h
}

// Auth is what the server wants to know about who calls.
func (h *Handle) Auth() neo4j.AuthToken {
	if h.User == "" {
		return neo4j.NoAuth()
	}
	return neo4j.BasicAuth(h.User, h.Password, "")
}

// claim makes sure that the database is one that tests may empty.
func (h *Handle) claim(t testing.TB) {
	t.Helper()
	result, err := neo4j.ExecuteQuery(t.Context(), h.driver, cypher.Test("claim").Text, nil,
		neo4j.EagerResultTransformer, neo4j.ExecuteQueryWithDatabase(Database))
	if err != nil {
		t.Fatalf("%s: %v", h.URI, err)
	}
	if mine, _, err := neo4j.GetRecordValue[bool](result.Records[0], "mine"); err != nil || !mine {
		t.Fatalf("%s holds a graph that no test has made, and tests empty their database: name another in %s", h.URI, EnvURI)
	}
}

// Clear empties the database. The schema stays.
func (h *Handle) Clear(t testing.TB) {
	t.Helper()
	session := h.driver.NewSession(t.Context(), neo4j.SessionConfig{DatabaseName: Database})
	defer session.Close(t.Context())
	// Its own transactions inside want an implicit one outside.
	result, err := session.Run(t.Context(), cypher.Test("clear").Text, nil)
	if err == nil {
		_, err = result.Consume(t.Context())
	}
	if err != nil {
		t.Fatalf("clear %s: %v", h.URI, err)
	}
}
