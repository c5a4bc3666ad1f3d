package neo4jtest_test

import (
	"testing"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/internal/neo4jtest"
)

func TestServerGivesAnEmptyDatabase(t *testing.T) {
	h := neo4jtest.Server(t)
	driver, err := neo4j.NewDriverWithContext(h.URI, h.Auth())
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close(t.Context())
	nodes := func(query string) int64 {
		t.Helper()
		result, err := neo4j.ExecuteQuery(t.Context(), driver, query, nil,
			neo4j.EagerResultTransformer, neo4j.ExecuteQueryWithDatabase(neo4jtest.Database))
		if err != nil {
			t.Fatal(err)
		}
		n, _, err := neo4j.GetRecordValue[int64](result.Records[0], "n")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	const count = "MATCH (x) WHERE NOT x:TestDatabase RETURN count(x) AS n"
	if got := nodes(count); got != 0 {
		t.Errorf("%d nodes at first, want none", got)
	}
	if got := nodes("UNWIND range(1, 25000) AS i CREATE (x:Lineage {id: toString(i)}) RETURN count(x) AS n"); got != 25000 {
		t.Errorf("%d nodes made, want 25000", got)
	}
	h.Clear(t)
	if got := nodes(count); got != 0 {
		t.Errorf("%d nodes after Clear, want none", got)
	}
}
