package faults

import (
	"database/sql"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver

	"wellspring/etl"
	"wellspring/internal/neo4jtest"
)

// graph is where a graph is, as the first and as the second.
type graph struct{ first, second []string }

func inFile(name string) graph {
	return graph{
		[]string{"WELLSPRING_STORE=sqlite", "WELLSPRING_SQLITE_FILE=" + name},
		[]string{"WELLSPRING_SECOND_STORE=sqlite", "WELLSPRING_SECOND_SQLITE_FILE=" + name},
	}
}

func inNeo4j(uri, user, password string) graph {
	return graph{
		[]string{"WELLSPRING_STORE=neo4j", "WELLSPRING_NEO4J_URI=" + uri, "WELLSPRING_NEO4J_USER=" + user, "WELLSPRING_NEO4J_PASSWORD=" + password},
		[]string{"WELLSPRING_SECOND_STORE=neo4j", "WELLSPRING_SECOND_NEO4J_URI=" + uri, "WELLSPRING_SECOND_NEO4J_USER=" + user, "WELLSPRING_SECOND_NEO4J_PASSWORD=" + password},
	}
}

func both(first, second graph) []string {
	return append(append([]string{}, first.first...), second.second...)
}

// second says how the second graph stands; behind by -1 where nobody says.
func (s *service) second(t testing.TB) etl.Second {
	t.Helper()
	var pulse etl.Pulse
	if status, text, _ := s.get(t.Context(), "/v1/pulse"); status != http.StatusOK || json.Unmarshal(text, &pulse) != nil || pulse.Second == nil {
		return etl.Second{Behind: -1}
	}
	return *pulse.Second
}

func (s *service) behind(t testing.TB) int { return int(s.second(t).Behind) }

// filled waits until the second graph has all that the journal holds: nobody sends now.
func (s *service) filled(t testing.TB) {
	t.Helper()
	dwindle(t, "records that the second graph lacks", func() int { return s.behind(t) })
	until(t, "a second graph that is filled", func() bool { return s.second(t).Filled })
}

// The service is killed again and again while a second graph is filled from a history,
// and exchanged with the first under load, and back: both end as the journal says.
func TestKillAroundASecondGraph(t *testing.T) {
	killing(t, rounds(t, 2), inFile("graph.db"), inFile("graph-2.db"))
}

// The same between SQLite and Neo4j, in both directions.
func TestKillAroundASecondGraphInNeo4j(t *testing.T) {
	n := min(rounds(t, 1), 20)
	server := neo4jtest.Server(t)
	there := inNeo4j(server.URI, server.User, server.Password)
	t.Run("from SQLite", func(t *testing.T) { killing(t, n, inFile("graph.db"), there) })
	server.Clear(t)
	t.Run("from Neo4j", func(t *testing.T) { killing(t, n, there, inFile("graph.db")) })
}

func killing(t *testing.T, n int, one, other graph) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := filepath.Join(t.TempDir(), "data")
	l := startLoad(t, seed)
	under := func(settings []string, during func(*service)) {
		t.Helper()
		s := launch(t, dir, settings...)
		if s == nil {
			t.Fatal("the service did not start")
		}
		l.now.Store(s)
		during(s)
		l.now.Store(nil)
		s.kill()
	}
	under(one.first, func(*service) { l.await(20) })
	for range n {
		under(both(one, other), func(*service) {
			l.await(1)
			<-time.After(time.Duration(random.IntN(500)) * time.Millisecond) // the moment is the test
		})
	}
	under(both(one, other), func(s *service) {
		l.now.Store(nil)
		s.filled(t)
	})
	for range n {
		under(both(other, one), func(*service) { l.await(5 + random.IntN(10)) })
		under(both(one, other), func(*service) { l.await(5 + random.IntN(10)) })
	}
	l.end()
	verdict(t, dir, l.acknowledged(), both(one, other)...)
}

// The second graph takes no writes, though it can be read: the first goes on, the lag
// of the second shows, and it catches up by itself.
func TestSecondGraphTakesNoWrites(t *testing.T) {
	rounds(t, 1)
	beside(t, inFile("graph-2.db"), func(t *testing.T, dir string) (mend func()) {
		db, err := sql.Open("sqlite", filepath.Join(dir, "graph-2.db"))
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		until(t, "the lock", func() bool {
			_, err := db.ExecContext(t.Context(), "BEGIN IMMEDIATE")
			return err == nil
		})
		return func() { _ = db.Close() } // rolls back
	})
}

// The wire to the second graph's Neo4j is cut.
func TestSecondGraphIsCutOff(t *testing.T) {
	rounds(t, 1)
	server := neo4jtest.Server(t)
	w := newWire(t, server.URI[len("bolt://"):])
	beside(t, inNeo4j("bolt://"+w.address, server.User, server.Password), func(*testing.T, string) func() {
		w.cut(true)
		return w.mend
	})
}

// The second graph's Neo4j is killed, and comes back without taking writes.
func TestSecondGraphIsKilled(t *testing.T) {
	if os.Getenv("WELLSPRING_SOAK") == "" {
		t.Skip("it starts a Neo4j of its own again and again, a minute long: make soak")
	}
	server, err := neo4jtest.Start(t.Context())
	if err != nil {
		t.Skipf("no Neo4j to kill: %v", err)
	}
	t.Cleanup(server.Stop)
	restart := func(lines ...string) {
		server.Kill()
		if err := server.Restart(t.Context(), lines...); err != nil {
			t.Fatal(err)
		}
	}
	beside(t, inNeo4j(server.URI, "", ""), func(*testing.T, string) func() {
		restart("server.databases.default_to_read_only=true")
		return func() { restart() }
	})
}

// beside brings about a fault of a second graph, and mends it, under load.
func beside(t *testing.T, second graph, fail func(t *testing.T, dir string) (mend func())) {
	dir, settings := filepath.Join(t.TempDir(), "data"), both(inFile("graph.db"), second)
	l := startLoad(t, 13)
	l.most = forNeo4j
	s := launch(t, dir, settings...)
	if s == nil {
		t.Fatal("it did not start")
	}
	l.now.Store(s)
	l.await(5)
	l.now.Store(nil)
	s.filled(t)
	l.now.Store(s)
	mend := fail(t, dir)
	l.await(10) // it goes on taking
	until(t, "a lag of the second graph", func() bool { return s.figure(t, "wellspring_second_lag_records") > 5 && s.behind(t) > 5 })
	l.now.Store(nil)
	s.processed(t) // the first does not wait for it
	if status, text, _ := s.get(t.Context(), "/readyz"); status != http.StatusOK {
		t.Errorf("readyz: %d %s", status, text)
	}
	if status, text, _ := s.get(t.Context(), "/v1/runs"); status != http.StatusOK {
		t.Errorf("runs: %d %s", status, text)
	}
	if behind := s.behind(t); behind < 5 {
		t.Errorf("the second graph is behind by %d records only: nothing was wrong with it", behind)
	}
	mend()
	dwindle(t, "records that the second graph lacks", func() int { return s.behind(t) })
	l.end()
	if err := s.terminate(); err != nil {
		t.Errorf("it ended with: %v", err)
	}
	verdict(t, dir, l.acknowledged(), settings...)
}
