package figures

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/lineage"
)

// engine is a Neo4j that is measured; nil: there is none.
type engine struct{ driver neo4j.DriverWithContext }

func openEngine(b *testing.B, uri string) *engine {
	b.Helper()
	if uri == "" {
		return nil
	}
	d, err := neo4j.NewDriverWithContext(uri, neo4j.NoAuth())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close(context.Background()) })
	return &engine{d}
}

// worked is the processor time that the server has used.
func (e *engine) worked(b *testing.B) time.Duration {
	b.Helper()
	if e == nil {
		return 0
	}
	result, err := neo4j.ExecuteQuery(b.Context(), e.driver, cypher.Test("worked").Text, nil, neo4j.EagerResultTransformer, neo4j.ExecuteQueryWithDatabase("neo4j"))
	if err != nil {
		b.Fatal(err)
	}
	nanoseconds, _, err := neo4j.GetRecordValue[int64](result.Records[0], "worked")
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(nanoseconds)
}

// naive asks a file, or Neo4j, by the statements that come to mind first: what a lot
// reached in two hops, and in Neo4j, where a path is easily followed, some more.
func naive(b *testing.B, file string, engine *engine, experiments int) {
	lab := labgraph.Lab{Seed: 1}
	lot := func(n int) lineage.ID { return lab.ReagentLot(n * 7919 % experiments) }
	if engine == nil {
		b.Run("impact of a lot, two hops, naive statement", func(b *testing.B) { naiveSQL(b, file, lot) })
		return
	}
	value := func(n int) lineage.ID { return lab.Measurement(n*7919%experiments, n*31%labgraph.Wells) }
	for _, c := range []struct {
		name, statement string
		depth           int
		root            func(n int) lineage.ID
	}{
		{"ancestry of a value", "naive_upstream", lineage.DefaultDepth, value},
		{"impact of a lot, two hops", "naive_downstream", 2, lot},
		{"impact of a lot, all of it", "naive_downstream", lineage.DefaultDepth, lot},
	} {
		b.Run(c.name+", naive statement", func(b *testing.B) {
			engine.naive(b, cypher.Test(c.statement).With("TYPES", "DERIVED_FROM|MEASURED_FROM").With("DEPTH", strconv.Itoa(c.depth)), c.root)
		})
	}
}

// naiveSQL carries the depth along. It returns no edges and no steps.
func naiveSQL(b *testing.B, file string, root func(n int) lineage.ID) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=query_only(1)&_pragma=cache_size(-16384)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	var took []time.Duration
	results, before := 0, worked(b, os.Getpid())
	for b.Loop() {
		id := root(len(took))
		began := time.Now()
		results += rowsOf(b, db, `WITH RECURSIVE r (num, depth) AS (SELECT num, 0 FROM node WHERE id = ?1 UNION SELECT e.target, r.depth + 1
				FROM r CROSS JOIN edge e ON e.type IN ('DERIVED_FROM', 'MEASURED_FROM') AND e.source = r.num WHERE r.depth < 2)
			SELECT n.id, n.kind, n.name, n.attributes, d.depth FROM (SELECT num, min(depth) AS depth FROM r GROUP BY num) d CROSS JOIN node n ON n.num = d.num`, id[:])
		took = append(took, time.Since(began))
	}
	reportNaive(b, took, worked(b, os.Getpid())-before, results)
}

// rowsOf reads all rows of an answer, and counts them.
func rowsOf(b *testing.B, db *sql.DB, text string, args ...any) int {
	b.Helper()
	rows, err := db.QueryContext(b.Context(), text, args...)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	var row [5]sql.RawBytes
	count := 0
	for ; rows.Next(); count++ {
		if err := rows.Scan(&row[0], &row[1], &row[2], &row[3], &row[4]); err != nil {
			b.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return count
}

// naivePatience bounds what Neo4j does for a question: paths have no end.
const naivePatience = 10 * time.Second

// naive follows paths. A question that takes longer than naivePatience counts as that, and none is
// asked after it; out-of-time tells of it. cpu is that of the driver.
func (e *engine) naive(b *testing.B, statement cypher.Statement, root func(n int) lineage.ID) {
	var took []time.Duration
	results, late, before, engineBefore := 0, 0, worked(b, os.Getpid()), e.worked(b)
	for b.Loop() {
		if late > 0 {
			continue
		}
		began := time.Now()
		rows, err := e.ask(b.Context(), statement, root(len(took)))
		took = append(took, time.Since(began))
		results += rows
		if refused, ok := errors.AsType[*neo4j.Neo4jError](err); ok && strings.Contains(refused.Code, "TransactionTimedOut") {
			late++
		} else if err != nil {
			b.Fatal(err)
		}
	}
	reportNaive(b, took, worked(b, os.Getpid())-before, results)
	b.ReportMetric((e.worked(b)-engineBefore).Seconds()*1e3/float64(len(took)), "server-ms")
	b.ReportMetric(float64(late), "out-of-time")
}

// ask reads an answer, and counts its rows.
func (e *engine) ask(ctx context.Context, statement cypher.Statement, root lineage.ID) (rows int, err error) {
	session := e.driver.NewSession(ctx, neo4j.SessionConfig{DatabaseName: "neo4j", AccessMode: neo4j.AccessModeRead})
	defer func() { err = errors.Join(err, session.Close(ctx)) }()
	parameters := map[string]any{"ids": []string{root.String()}, "limit": lineage.DefaultNodes + 1}
	result, err := session.Run(ctx, statement.Text, map[string]any{"in": parameters}, neo4j.WithTxTimeout(naivePatience))
	if err != nil {
		return 0, err
	}
	for result.Next(ctx) {
		rows++
	}
	return rows, result.Err()
}

func reportNaive(b *testing.B, took []time.Duration, worked time.Duration, results int) {
	b.Helper()
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
	b.ReportMetric(worked.Seconds()*1e3/float64(len(took)), "cpu-ms")
	b.ReportMetric(float64(results)/float64(len(took)), "results/op")
}
