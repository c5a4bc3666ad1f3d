package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"wellspring/graphstore"
	"wellspring/graphstore/storetest"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/lineage"
)

// benchNodes is how many nodes the graph has that is read; WELLSPRING_BENCH_NODES
// sets another size.
const benchNodes = 50_000

func benchExperiments(b *testing.B) int {
	b.Helper()
	nodes := benchNodes
	if text := os.Getenv("WELLSPRING_BENCH_NODES"); text != "" {
		var err error
		if nodes, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	return labgraph.ExperimentsFor(nodes)
}

func benchStore(b *testing.B) *Store {
	b.Helper()
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "graph.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return s
}

// BenchmarkApply writes one experiment after another, and, in turn with it, the
// same nodes and edges by bare INSERTs into tables of the same schema in a second file
// with the same settings: no hashes, no manifest, no look at what is there.
func BenchmarkApply(b *testing.B) {
	s, bare := benchStore(b), benchStore(b)
	lab := labgraph.Lab{Seed: 1}
	var applying, inserting time.Duration
	nodes, edges, i := 0, 0, 0
	nums := map[lineage.ID]int{}
	for b.Loop() {
		for _, p := range lab.Experiment(i) {
			nodes, edges = nodes+len(p.Nodes), edges+len(p.Edges)
			applying += timed(func() {
				if _, err := s.Apply(b.Context(), p, labgraph.At(i)); err != nil {
					b.Fatal(err)
				}
			})
			b.StopTimer()
			rows := bareRows(b, p, nums)
			inserting += timed(func() { insertBare(b, bare, rows) })
			b.StartTimer()
		}
		i++
	}
	b.ReportMetric(float64(nodes)/applying.Seconds(), "nodes/s")
	b.ReportMetric(float64(edges)/applying.Seconds(), "edges/s")
	b.ReportMetric(applying.Seconds()/inserting.Seconds(), "times-bare-INSERTs")
}

// bareRow is the parameters of an INSERT.
type bareRow struct {
	text string
	args []any
}

// bareRows are those of a projection. Nodes are numbered as they come.
func bareRows(b *testing.B, p lineage.Projection, nums map[lineage.ID]int) []bareRow {
	b.Helper()
	changes, err := graphstore.Diff(graphstore.Manifest{}, p)
	if err != nil {
		b.Fatal(err)
	}
	attributes := func(a lineage.Attributes) string {
		text, err := json.Marshal(a)
		if err != nil {
			b.Fatal(err)
		}
		return string(text)
	}
	var rows []bareRow
	for _, n := range changes.AddNodes {
		if nums[n.ID] != 0 {
			continue
		}
		nums[n.ID] = len(nums) + 1
		rows = append(rows, bareRow{nodeTable.one, []any{
			n.ID[:], string(n.Kind), n.Name, attributes(n.Attributes), n.Hash[:], 1,
			text(n.Attributes, lineage.AttrRun), text(n.Attributes, lineage.AttrLabware),
			text(n.Attributes, lineage.AttrWell), text(n.Attributes, lineage.AttrBarcode),
		}})
	}
	for _, e := range changes.AddEdges {
		rows = append(rows, bareRow{edgeTable.one, []any{
			nums[e.TargetID], string(e.RelationshipType), nums[e.SourceID], e.TransformationID[:], 1,
			e.SourceID[:], e.TargetID[:], e.Hash[:], attributes(e.Attributes), 1, nums[e.TransformationID],
		}})
	}
	return rows
}

// insertBare inserts rows in one transaction.
func insertBare(b *testing.B, s *Store, rows []bareRow) {
	b.Helper()
	tx, err := s.write.BeginTx(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	stmts := map[string]*sql.Stmt{}
	for _, row := range rows {
		if stmts[row.text] == nil {
			if stmts[row.text], err = tx.PrepareContext(b.Context(), row.text); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := stmts[row.text].ExecContext(b.Context(), row.args...); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}

func timed(work func()) time.Duration {
	start := time.Now()
	work()
	return time.Since(start)
}

// BenchmarkApplyUnchanged applies an experiment that is there already.
func BenchmarkApplyUnchanged(b *testing.B) {
	s := benchStore(b)
	assay := (labgraph.Lab{Seed: 1}).Experiment(0)
	for range 2 {
		for _, p := range assay {
			benchApply(b, s, p)
		}
	}
	for b.Loop() {
		for _, p := range assay {
			benchApply(b, s, p)
		}
	}
}

// BenchmarkApplyStep applies a run that grows by one step each time, as it does
// while the robot works.
func BenchmarkApplyStep(b *testing.B) {
	s := benchStore(b)
	run := (labgraph.Lab{Seed: 1}).Experiment(0)[0]
	nodes := 0
	for b.Loop() {
		b.StopTimer()
		if nodes == 0 {
			benchApply(b, s, lineage.Projection{Owner: run.Owner})
			nodes = len(run.Nodes) / 2
		}
		nodes = (nodes + 2) % (len(run.Nodes) + 1)
		part := firstOf(run, nodes)
		b.StartTimer()
		benchApply(b, s, part)
	}
}

// firstOf is the first nodes of a projection and the edges between them.
func firstOf(p lineage.Projection, nodes int) lineage.Projection {
	part := lineage.Projection{Owner: p.Owner, Nodes: p.Nodes[:nodes]}
	in := map[lineage.ID]bool{}
	for _, n := range part.Nodes {
		in[n.ID] = true
	}
	for _, e := range p.Edges {
		if in[e.SourceID] && in[e.TargetID] {
			part.Edges = append(part.Edges, e)
		}
	}
	return part
}

func benchApply(b *testing.B, s *Store, p lineage.Projection) {
	b.Helper()
	if _, err := s.Apply(b.Context(), p, labgraph.At(0)); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRead asks what people ask in a lab's graph.
func BenchmarkRead(b *testing.B) {
	s, lab, experiments := benchStore(b), labgraph.Lab{Seed: 1}, benchExperiments(b)
	storetest.Fill(b, s, lab, experiments)
	storetest.BenchmarkReads(b, s, lab, experiments)
}

// BenchmarkLadder follows 2^40 paths.
func BenchmarkLadder(b *testing.B) {
	s := benchStore(b)
	benchApply(b, s, labgraph.Ladder(41))
	q := lineage.Traversal{Roots: []lineage.ID{labgraph.LadderWell(40, 0)}, Direction: lineage.Upstream}
	for b.Loop() {
		if g, err := s.Traverse(b.Context(), q); err != nil || len(g.Nodes) != 81 {
			b.Fatalf("%d nodes, error %v", len(g.Nodes), err)
		}
	}
}

// BenchmarkHub asks about a lot that 100,000 wells got some of: for all that one
// answer may hold, for the usual bound, and for one well's origin.
func BenchmarkHub(b *testing.B) {
	const wells = 100_000
	s := benchStore(b)
	benchApply(b, s, labgraph.Hub(wells))
	for _, c := range []struct {
		name string
		q    lineage.Traversal
		want int
	}{
		{"impact, 100,000 nodes", lineage.Traversal{Roots: []lineage.ID{labgraph.HubLot()}, Direction: lineage.Downstream, Nodes: lineage.MaxNodes}, lineage.MaxNodes},
		{"impact, 10,000 nodes", lineage.Traversal{Roots: []lineage.ID{labgraph.HubLot()}, Direction: lineage.Downstream}, lineage.DefaultNodes},
		{"ancestry of a well", lineage.Traversal{Roots: []lineage.ID{labgraph.HubWell(wells / 2)}, Direction: lineage.Upstream}, 2},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if g, err := s.Traverse(b.Context(), c.q); err != nil || len(g.Nodes) != c.want {
					b.Fatalf("%d nodes, error %v", len(g.Nodes), err)
				}
			}
		})
	}
	b.Run("edges, the first 1,000", func(b *testing.B) {
		for b.Loop() {
			if edges, more, err := s.Edges(b.Context(), labgraph.HubLot(), 1000, time.Time{}); err != nil || len(edges) != 1000 || !more {
				b.Fatalf("%d edges, more %v, error %v", len(edges), more, err)
			}
		}
	})
}
