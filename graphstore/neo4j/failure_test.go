package neo4j

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"wellspring/graphstore"
	"wellspring/internal/neo4jtest"
	"wellspring/lineage"
)

func TestStoreError(t *testing.T) {
	conflict := graphstore.Conflict("node 1", "run:other")
	for _, c := range []struct {
		name string
		err  error
		kind lineage.ErrorKind
		hint string
	}{
		{"what says it already", errors.Join(conflict, nil), lineage.ErrorConflict, "run:other"},
		{"no connection", errors.Join(&driver.ConnectivityError{Inner: errors.New("connection refused")}, nil), lineage.ErrorUnavailable, "see that Neo4j runs"},
		{"tried until the time was over", &driver.TransactionExecutionLimit{Cause: "timeout"}, lineage.ErrorUnavailable, "see that Neo4j runs"},
		{"a wrong password", &driver.Neo4jError{Code: "Neo.ClientError.Security.Unauthorized"}, lineage.ErrorUnavailable, "password"},
		{"no such database", &driver.Neo4jError{Code: "Neo.ClientError.Database.DatabaseNotFound"}, lineage.ErrorUnavailable, "database"},
		{"a follower", &driver.Neo4jError{Code: "Neo.ClientError.Cluster.NotALeader"}, lineage.ErrorUnavailable, "see that Neo4j runs"},
		{"read-only", &driver.Neo4jError{Code: "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase"}, lineage.ErrorUnavailable, "writable"},
		{"out of memory", &driver.Neo4jError{Code: "Neo.TransientError.General.MemoryPoolOutOfMemoryError"}, lineage.ErrorTooLarge, "memory"},
		{"our mistake", &driver.Neo4jError{Code: "Neo.ClientError.Statement.SyntaxError"}, lineage.ErrorInternal, ""},
	} {
		err := storeError(t.Context(), "apply", "run:1", c.err)
		if kind := lineage.KindOf(err); kind != c.kind || !strings.Contains(err.Error(), c.hint) {
			t.Errorf("%s: %s, %v; want %s, naming %q", c.name, kind, err, c.kind, c.hint)
		}
	}
	if err := storeError(t.Context(), "apply", "run:1", nil); err != nil {
		t.Errorf("no failure: %v", err)
	}
}

func TestOpenWithoutServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil { // nobody listens there now
		t.Fatal(err)
	}
	for uri, kind := range map[string]lineage.ErrorKind{
		"bolt://" + l.Addr().String(): lineage.ErrorUnavailable,
		"http://127.0.0.1:7474":       lineage.ErrorInvalid,
		"127.0.0.1":                   lineage.ErrorInvalid,
	} {
		_, err := Open(t.Context(), Options{URI: uri, Retry: time.Millisecond})
		if lineage.KindOf(err) != kind || !strings.Contains(fmt.Sprint(err), uri) {
			t.Errorf("%s: %v; want it named, as %s", uri, err, kind)
		}
	}
}

// TestConnectionCut cuts the connection at every message of an Apply, before
// and after the server gets it. Each time the graph is in the end what was
// applied, once: by the driver's second try or, when nobody knows whether the
// commit was heard, by the caller's.
func TestConnectionCut(t *testing.T) {
	server := neo4jtest.Server(t)
	server.Clear(t)
	p := openProxy(t, server.URI)
	s, err := Open(t.Context(), Options{URI: "bolt://" + p.addr(), User: server.User, Password: server.Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	messages, again := 0, 0
	for _, heard := range []bool{false, true} {
		for message := 1; ; message++ {
			want := longRun(fmt.Sprint("cut-", heard, "-", message), 2)
			s.background.Wait() // its messages do not count
			p.cutAt(message, heard)
			_, err := s.Apply(t.Context(), want, time.Unix(1, 0))
			cut := p.disarm()
			if err != nil {
				if kind := lineage.KindOf(err); kind != lineage.ErrorUnavailable {
					t.Fatalf("message %d, heard %v: %s: %v", message, heard, kind, err)
				}
				apply(t, s, want)
				again++
			}
			checkOwned(t, s, want)
			if !cut {
				break
			}
			messages++
		}
	}
	if messages < 10 || again > 4 {
		t.Errorf("the connection was cut at %d messages, and the caller had to apply again %d times", messages, again)
	}
	// A server that went away and came back is no reason to open anew.
	p.cutAt(1, false)
	if err := s.Ping(t.Context()); err != nil && lineage.KindOf(err) != lineage.ErrorUnavailable {
		t.Errorf("ping: %v", err)
	}
	p.disarm()
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping afterwards: %v", err)
	}
}

// checkOwned compares the owner's part with the projection, and looks for what
// was written twice.
func checkOwned(t *testing.T, s *Store, want lineage.Projection) {
	t.Helper()
	got, err := s.Owned(t.Context(), want.Owner)
	if err != nil {
		t.Fatal(err)
	}
	diff, err := graphstore.Diff(manifestOf(t, got), want)
	if err != nil || diff.Applied().Changed() || len(got.Nodes) != len(want.Nodes) || len(got.Edges) != len(want.Edges) {
		t.Fatalf("%s differs from what was applied: %+v, %v", want.Owner, diff.Applied(), err)
	}
}

func manifestOf(t *testing.T, p lineage.Projection) graphstore.Manifest {
	t.Helper()
	m := graphstore.Manifest{Nodes: map[lineage.ID]lineage.Hash{}, Edges: map[lineage.EdgeKey]lineage.Hash{}}
	changes, err := graphstore.Diff(m, p)
	if err != nil {
		t.Fatal(err)
	}
	m.Make(changes)
	return m
}

// A proxy stands between a store and its server and cuts their connection.
type proxy struct {
	listener net.Listener
	target   string
	wait     sync.WaitGroup

	mu      sync.Mutex
	left    int  // messages until the cut; 0: none
	heard   bool // the server gets the message at which it is cut
	done    bool // it was cut
	clients []net.Conn
}

func openProxy(t *testing.T, uri string) *proxy {
	t.Helper()
	target, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target.Host}
	p.wait.Go(p.accept)
	t.Cleanup(func() {
		p.listener.Close()
		p.mu.Lock()
		for _, c := range p.clients {
			c.Close()
		}
		p.mu.Unlock()
		p.wait.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) cutAt(message int, heard bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.heard, p.done = message, heard, false
}

// disarm reports whether the connection was cut.
func (p *proxy) disarm() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = 0
	return p.done
}

// cuts counts a message.
func (p *proxy) cuts() (cut, heard bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left == 0 {
		return false, true
	}
	p.left--
	p.done = p.left == 0
	return p.done, p.heard
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.clients = append(p.clients, client)
		p.mu.Unlock()
		p.wait.Go(func() { p.forward(client, server) })
		p.wait.Go(func() { backward(client, server) })
	}
}

// forward passes on what the store says; what it sends at once is a message.
func (p *proxy) forward(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		cut, heard := p.cuts()
		if !cut || heard {
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
		if cut {
			return
		}
	}
}

// backward passes on what the server says.
func backward(client, server net.Conn) {
	defer client.Close()
	buf := make([]byte, 1<<16)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
