// Package sqlite keeps the lineage graph in one SQLite file: the embedded
// engine, for whoever wants to run no server.
//
// On the road of a fact it is one of the ends: etl applies projections to it,
// query reads it. The current graph and what was before it are in tables of
// their own (schema/), so reads of the current graph carry no time.
//
// It refuses to share its file: another program's database and a newer schema
// than its own are left untouched.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	_ "modernc.org/sqlite" // the database/sql driver "sqlite"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// Memory in place of a path opens a store that is gone when it is closed.
const Memory = ":memory:"

// Options of a store. The zero value is good.
type Options struct {
	Readers     int           // connections that read at one time; 0: one a CPU, at least 4: one question reads by up to three
	BusyTimeout time.Duration // wait for a lock that another process holds; 0: 5 s
}

// Store is a graphstore.Store in a SQLite file.
type Store struct {
	write, read           *sql.DB
	writeStmts, readStmts map[string]*sql.Stmt
	temporary             string // a folder that goes with the store
	// steps are the numbers of transformations that edges told of: whoever got the
	// edges asks for those next.
	steps *lru.Cache[lineage.ID, int64]
}

var _ graphstore.Tracker = (*Store)(nil)

// Tracks implements graphstore.Tracker.
func (s *Store) Tracks() {}

// Open opens the store in the file at path and creates or migrates it as
// needed. Its folder must exist.
func Open(ctx context.Context, path string, options Options) (*Store, error) {
	if options.Readers == 0 {
		options.Readers = max(4, runtime.NumCPU())
	}
	if options.BusyTimeout == 0 {
		options.BusyTimeout = 5 * time.Second
	}
	steps, err := lru.New[lineage.ID, int64](1 << 16)
	if err != nil {
		return nil, fault(ctx, "open graph", err)
	}
	s := &Store{steps: steps}
	synchronous := "FULL"
	if path == Memory {
		dir, err := os.MkdirTemp("", "wellspring-graph-")
		if err != nil {
			return nil, fault(ctx, "open graph", err)
		}
		s.temporary, synchronous = dir, "OFF"
		path = filepath.Join(dir, "graph.db")
	}
	if err := s.open(ctx, path, options, synchronous); err != nil {
		return nil, errors.Join(fault(ctx, "open graph "+path, err), s.Close(ctx))
	}
	return s, nil
}

// open connects one writer and several readers.
//
// A page that SQLite keeps takes 8 KB of memory, not 4: its own 4 KB and what SQLite
// notes of it do not fit into one block of the allocator. So readers keep few; what they let
// go of, the operating system still has.
//
// The writer's synchronous is FULL, one sync an Apply: the graph can be made
// again from the journal, but whoever asks must not be told that a projection
// is in the graph which a power cut then takes away.
func (s *Store) open(ctx context.Context, path string, options Options, synchronous string) error {
	busy := "busy_timeout(" + strconv.FormatInt(options.BusyTimeout.Milliseconds(), 10) + ")"
	var err error
	s.write, err = sql.Open("sqlite", dsn(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {busy, "journal_mode(WAL)", "synchronous(" + synchronous + ")", "journal_size_limit(67108864)", "wal_autocheckpoint(8000)", "cache_size(-32768)"},
	}))
	if err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if err := migrate(ctx, s.write); err != nil {
		return err
	}
	s.read, err = sql.Open("sqlite", dsn(path, url.Values{
		"_pragma": {busy, "query_only(1)", "cache_size(-4096)"},
	}))
	if err != nil {
		return err
	}
	s.read.SetMaxOpenConns(options.Readers)
	s.read.SetMaxIdleConns(options.Readers)
	if s.writeStmts, err = prepare(ctx, s.write, writeStatements); err != nil {
		return err
	}
	s.readStmts, err = prepare(ctx, s.read, readStatements)
	return err
}

func dsn(path string, settings url.Values) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings.Encode()}).String()
}

// prepare prepares statements, keyed by their text.
func prepare(ctx context.Context, db *sql.DB, texts []string) (map[string]*sql.Stmt, error) {
	stmts := make(map[string]*sql.Stmt, len(texts))
	for _, text := range texts {
		stmt, err := db.PrepareContext(ctx, text)
		if err != nil {
			return nil, err
		}
		stmts[text] = stmt
	}
	return stmts, nil
}

// Ping implements graphstore.Store.
func (s *Store) Ping(ctx context.Context) error {
	return fault(ctx, "ping", s.read.PingContext(ctx))
}

// Close implements graphstore.Store.
func (s *Store) Close(ctx context.Context) error {
	var errs []error
	// The writer goes last: it leaves the file checkpointed, without a log beside it.
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.temporary != "" {
		errs = append(errs, os.RemoveAll(s.temporary))
	}
	return fault(ctx, "close graph", errors.Join(errs...))
}
