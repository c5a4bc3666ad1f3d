package neo4jtest_test

import (
	"testing"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/internal/neo4jtest"
)

func TestServerGivesAnEmptyDatabase(t *testing.T) {
	h := neo4jtest.Server(t)
	driver, err := neo4j.NewDriverWithContext(h.URI, h.Auth())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := driver.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	run := func(name string, parameters map[string]any) *neo4j.EagerResult {
		t.Helper()
		result, err := neo4j.ExecuteQuery(t.Context(), driver, cypher.Test(name).Text, parameters,
			neo4j.EagerResultTransformer, neo4j.ExecuteQueryWithDatabase(neo4jtest.Database))
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	count := func(when string, want int64) {
		t.Helper()
		got, _, err := neo4j.GetRecordValue[int64](run("count", nil).Records[0], "nodes")
		if err != nil || got != want {
			t.Errorf("%s there are %d nodes, error %v; want %d", when, got, err, want)
		}
	}
	count("at first", 0)
	run("fill", map[string]any{"nodes": 25000})
	count("when filled", 25000)
	h.Clear(t)
	count("after Clear", 0)
}
