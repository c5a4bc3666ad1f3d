package neo4j

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/cypher"
	"wellspring/graphstore"
	"wellspring/internal/neo4jtest"
	"wellspring/lineage"
)

// benchSteps is a long run: 5,000 transfers, 10,098 nodes and 30,000 edges.
const benchSteps = 5000

// BenchmarkApply writes a run of 1,000 transfers into an empty graph, and, in turn with it,
// the same nodes and edges with the bare driver: the same properties, no manifest, and what
// is there already is not compared. One
// operation are several rounds, after one that does not count, so that what else the
// machine does falls on both. times-bare-driver is the median of the rounds by the clock,
// cpu-times by the processor time of server and store together, which others disturb less.
func BenchmarkApply(b *testing.B) {
	server := neo4jtest.Server(b)
	s := openStore(b, server)
	run := longRun("bench", 1000)
	changes, err := graphstore.Diff(graphstore.Manifest{}, run)
	if err != nil {
		b.Fatal(err)
	}
	emptied := func(write func()) (c cost) {
		server.Clear(b)
		before := worked(b, s)
		c.took = timed(write)
		c.worked = worked(b, s) - before
		return c
	}
	var took, times, cpu []float64
	for b.Loop() {
		for round := range 10 {
			var store, bare cost
			turns := []func(){
				func() { store = emptied(func() { apply(b, s, run) }) },
				func() { bare = emptied(func() { writeBare(b, s, changes) }) },
			}
			turns[round%2]()
			turns[1-round%2]()
			if round > 0 {
				took, times = append(took, store.took.Seconds()), append(times, float64(store.took)/float64(bare.took))
				cpu = append(cpu, float64(store.worked)/float64(bare.worked))
			}
		}
	}
	median := func(values []float64) float64 {
		slices.Sort(values)
		return values[len(values)/2]
	}
	b.ReportMetric(float64(len(run.Nodes))/median(took), "nodes/s")
	b.ReportMetric(float64(len(run.Edges))/median(took), "edges/s")
	b.ReportMetric(median(times), "times-bare-driver")
	b.ReportMetric(median(cpu), "cpu-times")
}

// cost is what a write took.
type cost struct {
	took, worked time.Duration
}

// worked is the processor time that the server and this process have used.
func worked(b *testing.B, s *Store) time.Duration {
	b.Helper()
	var server int64
	_, err := s.read(b.Context(), func(tx querier) (any, error) {
		return nil, each(b.Context(), tx, cypher.Test("worked"), nil, func(record *driver.Record) (err error) {
			server, _, err = driver.GetRecordValue[int64](record, "worked")
			return err
		})
	})
	var own syscall.Rusage
	if err = errors.Join(err, syscall.Getrusage(syscall.RUSAGE_SELF, &own)); err != nil {
		b.Fatal(err)
	}
	return time.Duration(server + own.Utime.Nano() + own.Stime.Nano())
}

// BenchmarkApplyUnchanged applies a long run that is there already.
func BenchmarkApplyUnchanged(b *testing.B) {
	s := openStore(b, neo4jtest.Server(b))
	run := longRun("bench", benchSteps)
	apply(b, s, run)
	for b.Loop() {
		apply(b, s, run)
	}
}

// BenchmarkApplyStep applies a long run with one more step each time, as it
// grows while the robot works.
func BenchmarkApplyStep(b *testing.B) {
	s := openStore(b, neo4jtest.Server(b))
	steps := benchSteps
	run := longRun("bench", steps)
	apply(b, s, run)
	for b.Loop() {
		b.StopTimer()
		steps++
		run = longRun("bench", steps)
		b.StartTimer()
		apply(b, s, run)
	}
}

// BenchmarkAncestry asks where the content of wells came from, in a graph of
// ten long runs.
func BenchmarkAncestry(b *testing.B) {
	benchmarkTraverse(b, lineage.Traversal{Direction: lineage.Upstream})
}

// BenchmarkImpact asks what a well's first content affects.
func BenchmarkImpact(b *testing.B) {
	benchmarkTraverse(b, lineage.Traversal{Direction: lineage.Downstream})
}

func benchmarkTraverse(b *testing.B, q lineage.Traversal) {
	s := openStore(b, neo4jtest.Server(b))
	var roots []lineage.ID
	for i := range 10 {
		run := longRun(fmt.Sprint("bench-", i), 1000)
		apply(b, s, run)
		for _, n := range run.Nodes {
			if n.Kind == lineage.KindWellState {
				roots = append(roots, n.ID)
			}
		}
	}
	var times []time.Duration
	nodes := 0
	for b.Loop() {
		q.Roots = roots[len(times)*7919%len(roots):][:1]
		times = append(times, timed(func() {
			g, err := s.Traverse(b.Context(), q)
			if err != nil {
				b.Fatal(err)
			}
			nodes += len(g.Nodes)
		}))
	}
	slices.Sort(times)
	b.ReportMetric(times[len(times)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(times[len(times)*99/100].Seconds()*1e3, "p99-ms")
	b.ReportMetric(float64(nodes)/float64(b.N), "nodes/op")
}

func timed(work func()) time.Duration {
	start := time.Now()
	work()
	return time.Since(start)
}

func apply(t testing.TB, s *Store, p lineage.Projection) {
	t.Helper()
	if _, err := s.Apply(t.Context(), p, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
}

// writeBare writes in batches of the same size, in one transaction as well.
func writeBare(b *testing.B, s *Store, changes graphstore.Changes) {
	b.Helper()
	ctx := b.Context()
	_, err := s.write(ctx, func(tx querier) (any, error) {
		kindOf := func(n graphstore.HashedNode) lineage.Kind { return n.Kind }
		for kind, nodes := range grouped(changes.AddNodes, lineage.Kinds(), kindOf) {
			statement := cypher.Test("bare_nodes").With("KIND", labels(kind))
			for batch := range slices.Chunk(nodes, batchSize) {
				if err := consume(ctx, tx, statement, map[string]any{"rows": bareNodes(batch)}); err != nil {
					return nil, err
				}
			}
		}
		typeOf := func(e graphstore.HashedEdge) lineage.RelationshipType { return e.RelationshipType }
		for typ, edges := range byType(changes.AddEdges, typeOf) {
			statement := cypher.Test("bare_edges").With("TYPES", string(typ))
			for batch := range slices.Chunk(edges, batchSize) {
				if err := consume(ctx, tx, statement, map[string]any{"rows": bareEdges(batch)}); err != nil {
					return nil, err
				}
			}
		}
		return nil, nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// bareWork is whose rows the bare driver writes.
var bareWork = &work{job: &job{owner: lineage.RunOwner("bench"), at: time.Unix(1, 0).UTC()}}

func bareNodes(nodes []graphstore.HashedNode) []any {
	rows := make([]any, len(nodes))
	for i, n := range nodes {
		p := bareWork.owned(properties(n.Attributes))
		p[propID], p[propName] = n.ID.String(), n.Name
		rows[i] = map[string]any{"id": p[propID], "properties": p}
	}
	return rows
}

func bareEdges(edges []graphstore.HashedEdge) []any {
	rows := make([]any, len(edges))
	for i, e := range edges {
		rows[i] = map[string]any{
			"source": e.SourceID.String(), "target": e.TargetID.String(), "transformation": e.TransformationID.String(),
			"properties": bareWork.owned(properties(e.Attributes)),
		}
	}
	return rows
}

// longRun is a run of that many transfers among 96 wells, in the shape that
// real ones have.
func longRun(run string, steps int) lineage.Projection {
	p := lineage.Projection{Owner: lineage.RunOwner(run)}
	add := func(n lineage.Node) lineage.ID {
		n.Attributes[lineage.AttrRun] = run
		p.Nodes = append(p.Nodes, n)
		return n.ID
	}
	link := func(target lineage.ID, typ lineage.RelationshipType, source, step lineage.ID, attributes lineage.Attributes) {
		p.Edges = append(p.Edges, lineage.Edge{
			SourceID: source, TargetID: target, RelationshipType: typ, TransformationID: step, Attributes: attributes,
		})
	}
	state := func(well int, command string) lineage.ID {
		name := fmt.Sprintf("%c%d", 'A'+well/12, well%12+1)
		return add(lineage.Node{ID: lineage.WellStateID(run, "plate", name, command), Kind: lineage.KindWellState, Name: name, Attributes: lineage.Attributes{
			lineage.AttrLabware: "plate", lineage.AttrWell: name, lineage.AttrCommand: command, lineage.AttrVolumeUl: 100.0,
			lineage.AttrOriginIDs: []string{lineage.LotID(run).String()}, lineage.AttrOriginFractions: []float64{1},
		}})
	}
	root := add(lineage.Node{ID: lineage.RunID(run), Kind: lineage.KindRun, Name: run, Attributes: lineage.Attributes{"status": "succeeded"}})
	plate := add(lineage.Node{ID: lineage.LabwareID(run, "plate"), Kind: lineage.KindLabware, Name: "plate", Attributes: lineage.Attributes{lineage.AttrLabware: "plate"}})
	wells := make([]lineage.ID, 96)
	for well := range wells {
		wells[well] = state(well, "load")
	}
	for i := range steps {
		command := fmt.Sprint("command-", i)
		source := wells[i*7%96]
		well := (i*7 + 1 + i%11) % 96
		target := wells[well]
		step := add(lineage.Node{ID: lineage.StepID(run, command), Kind: lineage.KindStep, Name: "transfer", Attributes: lineage.Attributes{
			lineage.AttrCommand: command, lineage.AttrSequence: float64(i), lineage.AttrVolumeUl: 10.0, "places": []string{"plate/A1", "plate/B2"},
		}})
		after := state(well, command)
		link(after, lineage.DerivedFrom, target, step, lineage.Attributes{lineage.AttrFraction: 0.9, lineage.AttrVolumeUl: 90.0, lineage.AttrMechanism: "remained"})
		link(after, lineage.DerivedFrom, source, step, lineage.Attributes{lineage.AttrFraction: 0.1, lineage.AttrVolumeUl: 10.0, lineage.AttrMechanism: "transfer"})
		link(after, lineage.GeneratedBy, step, lineage.ID{}, nil)
		link(after, lineage.HeldIn, plate, lineage.ID{}, lineage.Attributes{lineage.AttrWell: "A1"})
		link(step, lineage.Used, source, lineage.ID{}, nil)
		link(step, lineage.PartOf, root, lineage.ID{}, lineage.Attributes{lineage.AttrSequence: float64(i)})
		wells[well] = after
	}
	return p
}
