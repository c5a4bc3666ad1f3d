package faults

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wellspring/internal/neo4jtest"
)

// The wire to Neo4j is slow, then cut: the journal goes on taking, the lag can be
// seen, and what was taken is processed once Neo4j answers, without anybody's help.
func TestNeo4jIsSlowAndCutOff(t *testing.T) {
	n := min(rounds(t, 1), 20)
	server := neo4jtest.Server(t)
	w := newWire(t, server.URI[len("bolt://"):])
	settings := []string{"WELLSPRING_STORE=neo4j", "WELLSPRING_NEO4J_URI=bolt://" + w.address,
		"WELLSPRING_NEO4J_USER=" + server.User, "WELLSPRING_NEO4J_PASSWORD=" + server.Password}
	f := newFaltering(t, settings)
	for range n {
		f.through(t, "slow", func() { w.slow.Store(int64(30 * time.Millisecond)) }, func() { w.slow.Store(0) })
		f.through(t, "cut", func() { w.cut(true) }, w.mend)
	}
	f.judge(t)
}

// Neo4j takes connections and never answers: the journal goes on taking, the lag can
// be seen, who asks is told instead of waiting for ever, and it goes on by itself.
func TestNeo4jIsSilent(t *testing.T) {
	n := min(rounds(t, 1), 20)
	server := neo4jtest.Server(t)
	w := newWire(t, server.URI[len("bolt://"):])
	f := newFaltering(t, []string{"WELLSPRING_STORE=neo4j", "WELLSPRING_NEO4J_URI=bolt://" + w.address,
		"WELLSPRING_NEO4J_USER=" + server.User, "WELLSPRING_NEO4J_PASSWORD=" + server.Password})
	for range n {
		f.through(t, "silent", func() { w.silent.Store(true) }, func() {
			for path, want := range map[string]string{"/v1/runs/latest": "GET /readyz says whether the graph answers", "/readyz": "the graph does not answer"} {
				if status, text, _ := f.service.get(t.Context(), path); status != http.StatusServiceUnavailable || !bytes.Contains(text, []byte(want)) {
					t.Errorf("%s: %d %s, want a 503 that says %q", path, status, text, want)
				}
			}
			w.silent.Store(false)
		})
	}
	if os.Getenv("WELLSPRING_SOAK") != "" { // the driver gives a connection up after two minutes of silence
		f.through(t, "lossy", func() { w.lossy.Store(true) }, func() { w.lossy.Store(false) })
	}
	f.judge(t)
}

// Neo4j is killed in the midst of transactions, comes back without taking writes,
// and then with: the journal goes on, and so does the processing by itself.
func TestNeo4jIsKilled(t *testing.T) {
	if os.Getenv("WELLSPRING_SOAK") == "" {
		t.Skip("it starts a Neo4j of its own again and again, a minute long: make soak")
	}
	n := min(rounds(t, 1), 20)
	server, err := neo4jtest.Start(t.Context())
	if err != nil {
		t.Skipf("no Neo4j to kill: %v", err)
	}
	t.Cleanup(server.Stop)
	restart := func(lines ...string) {
		if err := server.Restart(t.Context(), lines...); err != nil {
			t.Fatal(err)
		}
	}
	f := newFaltering(t, []string{"WELLSPRING_STORE=neo4j", "WELLSPRING_NEO4J_URI=" + server.URI})
	for range n {
		f.through(t, "killed", server.Kill, func() { restart() })
		f.through(t, "read-only", func() {
			server.Kill()
			restart("server.databases.default_to_read_only=true")
		}, func() {
			server.Kill()
			restart()
		})
	}
	f.judge(t)
}

// The wires to Neo4j and to those who send are cut in the midst of transactions
// and requests, and the service is killed besides.
func TestNeo4jIsCutOff(t *testing.T) {
	if os.Getenv("WELLSPRING_SOAK") == "" {
		t.Skip("it starts a Neo4j of its own and waits for it minutes long: make soak")
	}
	n := min(rounds(t, 1), 20)
	server, err := neo4jtest.Start(t.Context())
	if err != nil {
		t.Skipf("no Neo4j to cut off: %v", err)
	}
	t.Cleanup(server.Stop)
	w := newWire(t, server.URI[len("bolt://"):])
	settings := []string{"WELLSPRING_STORE=neo4j", "WELLSPRING_NEO4J_URI=bolt://" + w.address}
	dir := filepath.Join(t.TempDir(), "data")
	l := startLoad(t, 7)
	l.most = forNeo4j
	s := launch(t, dir, settings...)
	if s == nil {
		t.Fatal("it did not start")
	}
	l.now.Store(s)
	for i := range n {
		l.await(5)
		w.cut(true)
		l.await(3) // it goes on taking
		if i%2 == 1 {
			l.now.Store(nil)
			s.kill()
			w.mend()
			if s = launch(t, dir, settings...); s == nil {
				t.Fatal("it did not start again")
			}
			l.now.Store(s)
		}
		w.mend()
	}
	l.await(5)
	l.now.Store(nil)
	l.end()
	if err := s.terminate(); err != nil {
		t.Errorf("it ended with: %v", err)
	}
	verdict(t, dir, l.acknowledged(), settings...)
}

// faltering is a service whose Neo4j falters, under load.
type faltering struct {
	*load
	dir      string
	settings []string
	service  *service
}

func newFaltering(t *testing.T, settings []string) *faltering {
	t.Helper()
	f := &faltering{load: startLoad(t, 11), dir: filepath.Join(t.TempDir(), "data"), settings: settings}
	f.most = forNeo4j
	if f.service = launch(t, f.dir, settings...); f.service == nil {
		t.Fatal("it did not start")
	}
	return f
}

// through brings a fault about and mends it, under load.
func (f *faltering) through(t *testing.T, what string, fail, mend func()) {
	t.Helper()
	f.now.Store(f.service)
	f.await(5)
	fail()
	f.await(10) // it goes on taking
	until(t, what+": a lag that shows", func() bool { return f.service.figure(t, "wellspring_journal_lag_records") > 0 })
	f.now.Store(nil)
	mend()
	f.service.processed(t)
	t.Logf("%s: %d acknowledged so far", what, len(f.acknowledged()))
}

// judge ends the service and judges what is left.
func (f *faltering) judge(t *testing.T) {
	t.Helper()
	f.end()
	if err := f.service.terminate(); err != nil {
		t.Errorf("it ended with: %v", err)
	}
	verdict(t, f.dir, f.acknowledged(), f.settings...)
}
