package figures

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wellspring/graphstore"
	"wellspring/graphstore/cached"
	"wellspring/graphstore/sqlite"
	"wellspring/graphstore/storetest/labgraph"
	"wellspring/lineage"
	"wellspring/query"
)

// postgres is a server of its own in a folder of its own, and one session with it.
type postgres struct {
	b   *testing.B
	dir string
	in  io.WriteCloser
	out *bufio.Scanner
}

// binaries is where Debian has the server's programs.
func binaries(b *testing.B) string {
	b.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		b.Skip("no PostgreSQL to compare with: install Debian's package postgresql")
	}
	return filepath.Dir(slices.Max(found))
}

// startPostgres starts a server on a socket. It does not run as root: then the
// user nobody takes its place.
func startPostgres(b *testing.B) *postgres {
	b.Helper()
	bin := binaries(b)
	dir, err := os.MkdirTemp("", "pg") //nolint:usetesting // nobody could not reach b.TempDir, and the path of a socket is short
	if err != nil {
		b.Fatal(err)
	}
	attributes := &syscall.SysProcAttr{}
	if os.Getuid() == 0 {
		const nobody = 65534
		attributes.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		if err := os.Chown(dir, nobody, nobody); err != nil {
			b.Fatal(err)
		}
	}
	run := func(name string, args ...string) {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.SysProcAttr, cmd.Dir = attributes, dir
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	data := filepath.Join(dir, "data")
	run("initdb", "-D", data, "-A", "trust", "-U", "lab", "-E", "UTF8", "--locale", "C")
	run("pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o",
		"-k "+dir+" -c listen_addresses='' -c shared_buffers=256MB -c work_mem=64MB -c fsync=off", "start")
	b.Cleanup(func() {
		run("pg_ctl", "-D", data, "-m", "immediate", "stop")
		if err := os.RemoveAll(dir); err != nil {
			b.Error(err)
		}
	})
	p := &postgres{b: b, dir: dir}
	psql := exec.Command(filepath.Join(bin, "psql"), "-h", dir, "-U", "lab", "-d", "postgres", "-q", "-A", "-t", "-X", "-v", "ON_ERROR_STOP=1")
	psql.SysProcAttr, psql.Dir, psql.Stderr = attributes, dir, os.Stderr
	if p.in, err = psql.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := psql.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	p.out = bufio.NewScanner(out)
	p.out.Buffer(nil, 1<<20)
	if err := psql.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { // before the server stops
		if err := errors.Join(p.in.Close(), psql.Wait()); err != nil {
			b.Error(err)
		}
	})
	return p
}

// ask runs statements and returns how many rows they answer.
func (p *postgres) ask(statements string) int {
	p.b.Helper()
	rows := 0
	p.each(statements, func(string) { rows++ })
	return rows
}

// each calls f with every row that statements answer.
func (p *postgres) each(statements string, f func(row string)) {
	p.b.Helper()
	const end = "-- end of answer --"
	if _, err := io.WriteString(p.in, statements+"\n\\echo '"+end+"'\n"); err != nil {
		p.b.Fatal(err)
	}
	for p.out.Scan() {
		if p.out.Text() == end {
			return
		}
		f(p.out.Text())
	}
	p.b.Fatalf("the session ended: %v", p.out.Err())
}

// worked is the processor time that the server has used for the session.
func (p *postgres) worked() time.Duration {
	p.b.Helper()
	var pid int
	p.each("SELECT pg_backend_pid();", func(row string) { pid, _ = strconv.Atoi(row) })
	return worked(p.b, pid)
}

// fill loads the first experiments of a lab, in tables and indexes such as a
// lineage service has.
func (p *postgres) fill(lab labgraph.Lab, experiments int) {
	p.b.Helper()
	p.ask(`CREATE TABLE node (id uuid PRIMARY KEY, kind text NOT NULL, name text NOT NULL, attributes jsonb NOT NULL);
		CREATE TABLE edge (source uuid NOT NULL, target uuid NOT NULL, type text NOT NULL, transformation uuid NOT NULL, attributes jsonb NOT NULL);`)
	var nodes, edges strings.Builder
	escape := strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`)
	known := map[lineage.ID]bool{}
	for part := range lab.Projections(experiments) {
		for _, n := range part.Nodes {
			if !known[n.ID] {
				known[n.ID] = true
				fmt.Fprintf(&nodes, "%s\t%s\t%s\t%s\n", n.ID, n.Kind, escape.Replace(n.Name), escape.Replace(object(p.b, n.Attributes)))
			}
		}
		for _, e := range part.Edges {
			fmt.Fprintf(&edges, "%s\t%s\t%s\t%s\t%s\n", e.SourceID, e.TargetID, e.RelationshipType, e.TransformationID, escape.Replace(object(p.b, e.Attributes)))
		}
	}
	p.ask("COPY node FROM STDIN;\n" + nodes.String() + `\.`)
	p.ask("COPY edge FROM STDIN;\n" + edges.String() + `\.`)
	p.ask("CREATE INDEX ON edge (source, type); CREATE INDEX ON edge (target, type);")
	p.ask("VACUUM ANALYZE;")
}

func object(b *testing.B, a lineage.Attributes) string {
	text, err := a.AppendJSON(nil)
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}

// closure is the recursive statement for all that is reachable: by ids alone, or
// with the depth carried along, as general lineage services write it.
func closure(t lineage.Traversal, depth bool) string {
	near, far := "target", "source"
	if t.Direction == lineage.Downstream {
		near, far = far, near
	}
	types := make([]string, 0, len(t.Types))
	for _, typ := range t.Types {
		types = append(types, string(typ))
	}
	where := "type = ANY ('{" + strings.Join(types, ",") + "}')"
	root := t.Roots[0].String()
	if depth {
		return fmt.Sprintf(`WITH RECURSIVE r (id, depth) AS (SELECT '%s'::uuid, 0 UNION SELECT e.%s, r.depth + 1 FROM r JOIN edge e ON e.%s = r.id AND %s WHERE r.depth < 50)
			SELECT n.*, d.depth FROM (SELECT id, min(depth) AS depth FROM r GROUP BY id) d JOIN node n USING (id);`, root, far, near, where)
	}
	return fmt.Sprintf(`WITH RECURSIVE r (id) AS (SELECT '%s'::uuid UNION SELECT e.%s FROM r JOIN edge e ON e.%s = r.id AND %s)
		SELECT n.* FROM r JOIN node n USING (id);`, root, far, near, where)
}

// wellsReached is the recursive statement for the wells that something of a root
// came to. What share of a content it is, recursion can't say.
func wellsReached(root lineage.ID) string {
	return fmt.Sprintf(`WITH RECURSIVE r (id) AS (SELECT '%s'::uuid UNION SELECT e.target FROM r JOIN edge e ON e.source = r.id AND type = 'DERIVED_FROM')
		SELECT n.attributes ->> 'run', n.attributes ->> 'labware', n.attributes ->> 'well', count(*) FROM r JOIN node n USING (id)
		WHERE n.kind = 'WellState' GROUP BY 1, 2, 3;`, root)
}

// BenchmarkClosure asks a store on SQLite for closures, without a cache and with
// it, and PostgreSQL by a recursive statement, on the same graph of 100,000 nodes. The
// stores also return depths and edges; the statements return the nodes. The wells that a lot
// came to are asked of the view, with their shares and how many measurements there are, and of a
// recursive statement. cpu is that of this process, or of the server for the session.
func BenchmarkClosure(b *testing.B) {
	lab, experiments := labgraph.Lab{Seed: 1}, labgraph.ExperimentsFor(100_000)
	file := graphFile(b, 100_000)
	plain, err := sqlite.Open(b.Context(), file, sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	kept, err := cached.New(plain, cached.DefaultConfig(), cached.NewMetrics(prometheus.NewRegistry()))
	if err != nil {
		b.Fatal(err)
	}
	defer kept.Close(context.Background())
	pg := startPostgres(b)
	pg.fill(lab, experiments)

	ours, theirs := func() time.Duration { return worked(b, os.Getpid()) }, pg.worked
	for _, q := range []struct {
		name string
		t    lineage.Traversal
	}{
		{"ancestry of a value", lineage.Traversal{Direction: lineage.Upstream, Roots: []lineage.ID{lab.Measurement(experiments-1, 90)}}},
		{"impact of a sample", lineage.Traversal{Direction: lineage.Downstream, Roots: []lineage.ID{lab.Sample(lab.SamplesOf(1), 3)}}},
		{"impact of a lot", lineage.Traversal{Direction: lineage.Downstream, Roots: []lineage.ID{lab.ReagentLot(0)}, Nodes: lineage.MaxNodes}},
	} {
		if err := q.t.Validate(); err != nil {
			b.Fatal(err)
		}
		ask := func(s graphstore.Store) func() int {
			return func() int {
				g, err := s.Traverse(b.Context(), q.t)
				if err != nil {
					b.Fatal(err)
				}
				return len(g.Nodes)
			}
		}
		sideBySide(b, q.name, []asked{
			{"sqlite", ask(plain), ours},
			{"sqlite, cached", ask(kept), ours},
			{"postgres, ids", func() int { return pg.ask(closure(q.t, false)) }, theirs},
			{"postgres, depth carried", func() int { return pg.ask(closure(q.t, true)) }, theirs},
		})
	}
	service := query.New(plain)
	for name, root := range map[string]lineage.ID{"wells that a lot came to": lab.ReagentLot(0), "wells that a buffer came to": lab.BufferLot(0)} {
		sideBySide(b, name, []asked{
			{"sqlite, view", func() int {
				touched, err := service.Touched(b.Context(), query.TouchedAsk{Selector: root.String()})
				if err != nil || touched.Truncated {
					b.Fatal(err, touched.Truncated)
				}
				return touched.Counts.Wells
			}, ours},
			{"postgres", func() int { return pg.ask(wellsReached(root)) }, theirs},
		})
	}
}

// asked is a question put to somebody: how many results it has, and the processor time
// that they have used.
type asked struct {
	by     string
	ask    func() int
	worked func() time.Duration
}

// sideBySide puts one question to all, who must have as many results as the first.
func sideBySide(b *testing.B, question string, all []asked) {
	want := all[0].ask()
	for _, one := range all {
		b.Run(question+"/"+one.by, func(b *testing.B) {
			var took []time.Duration
			before := one.worked()
			for b.Loop() {
				began := time.Now()
				if got := one.ask(); got != want {
					b.Fatalf("%d results, want %d", got, want)
				}
				took = append(took, time.Since(began))
			}
			spent := one.worked() - before
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
			b.ReportMetric(spent.Seconds()*1e3/float64(len(took)), "cpu-ms")
			b.ReportMetric(float64(want), "results/op")
		})
	}
}
