package neo4j

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"

	"wellspring/cypher"
	"wellspring/graphstore"
	"wellspring/lineage"
)

// Options say where the graph is.
type Options struct {
	URI      string // neo4j://host:7687 (a cluster too), bolt://…, with +s for TLS
	User     string // empty: no authentication
	Password string
	Database string // empty: neo4j
	// Retry is how long a transaction is tried again while the server is away
	// or asks for it; 0: 30 s.
	Retry time.Duration
}

// Store is a graphstore.Store in Neo4j.
type Store struct {
	driver    driver.DriverWithContext
	database  string
	bookmarks driver.BookmarkManager // so that a reader sees what was written before
	line      line

	life       context.Context // until Close
	end        context.CancelFunc
	background sync.WaitGroup
	away       atomic.Bool // the server was, when last heard of
}

var _ graphstore.Tracker = (*Store)(nil)

// Tracks implements graphstore.Tracker.
func (s *Store) Tracks() {}

// Open connects and prepares the database: constraints and indexes that are
// there already stay as they are.
func Open(ctx context.Context, options Options) (*Store, error) {
	const op = "open neo4j"
	auth := driver.NoAuth()
	if options.User != "" {
		auth = driver.BasicAuth(options.User, options.Password, "")
	}
	d, err := driver.NewDriverWithContext(options.URI, auth, func(c *config.Config) {
		c.UserAgent = "wellspring " + driver.UserAgent
		c.TelemetryDisabled = true
		if options.Retry > 0 {
			c.MaxTransactionRetryTime = options.Retry
		}
		c.ReadBufferSize = 64 << 10 // as much as a chunk of an answer may have
	})
	if err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: options.URI, Hint: "use a URI like neo4j://127.0.0.1:7687", Err: err}
	}
	if options.Database == "" {
		options.Database = "neo4j"
	}
	s := &Store{
		driver: d, database: options.Database, bookmarks: driver.NewBookmarkManager(driver.BookmarkManagerConfig{}),
		line: line{turn: make(chan struct{}, 1)},
	}
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.prepare(ctx); err != nil {
		s.end()
		d.Close(ctx)
		return nil, storeError(ctx, op, options.URI, err)
	}
	s.warm()
	return s, nil
}

// prepare applies the schema. Each statement has a transaction of its own, as
// Neo4j wants it.
func (s *Store) prepare(ctx context.Context) error {
	for _, statement := range schema() {
		_, err := s.write(ctx, func(tx querier) (any, error) {
			return nil, consume(ctx, tx, statement, nil)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// schema is every schema statement, those about KIND once for each kind.
func schema() []cypher.Statement {
	var statements []cypher.Statement
	for _, statement := range cypher.Schema() {
		if !statement.Uses("KIND") {
			statements = append(statements, statement)
			continue
		}
		for _, kind := range lineage.Kinds() {
			statements = append(statements, statement.With("KIND", string(kind)))
		}
	}
	return statements
}

// Ping says whether the store can answer now.
func (s *Store) Ping(ctx context.Context) error {
	return storeError(ctx, "ping", s.database, s.heard(s.driver.VerifyConnectivity(ctx)))
}

// Close lets go of the connections.
func (s *Store) Close(ctx context.Context) error {
	s.end()
	s.background.Wait()
	return storeError(ctx, "close", s.database, s.driver.Close(ctx))
}

func (s *Store) session(ctx context.Context, mode driver.AccessMode, bookmarks driver.BookmarkManager) driver.SessionWithContext {
	return s.driver.NewSession(ctx, driver.SessionConfig{
		AccessMode: mode, DatabaseName: s.database, BookmarkManager: bookmarks, FetchSize: driver.FetchAll,
	})
}

// write runs work in one transaction, again if the server asks for it: work
// must leave nothing behind when it fails.
func (s *Store) write(ctx context.Context, work func(querier) (any, error)) (any, error) {
	session := s.session(ctx, driver.AccessModeWrite, s.bookmarks)
	result, err := session.ExecuteWrite(ctx, func(tx driver.ManagedTransaction) (any, error) { return work(together{tx}) })
	return result, s.heard(errors.Join(err, session.Close(ctx)))
}

// each runs a statement and calls row for every record of its result.
func each(ctx context.Context, tx querier, statement cypher.Statement, parameters map[string]any, row func(*driver.Record) error) error {
	result, err := tx.ask(ctx, statement, parameters)
	if err != nil {
		return err
	}
	var record *driver.Record
	for result.NextRecord(ctx, &record) {
		if err := row(record); err != nil {
			return err
		}
	}
	return result.Err()
}

// inRecord is how many things a statement puts into a record, as a list: the driver pays
// for each record with a timer, and for one of a megabyte with copies of it.
const inRecord = 100

// batches are lists of ids for the records of a statement.
func batches(ids []lineage.ID) [][]string { return slices.Collect(slices.Chunk(texts(ids), inRecord)) }

// eachRow runs a statement whose records have a list of rows each, and calls row for
// every one of them.
func eachRow(ctx context.Context, tx querier, statement cypher.Statement, parameters map[string]any, row func(fields []any) error) error {
	return each(ctx, tx, statement, parameters, func(record *driver.Record) error {
		rows, _, err := driver.GetRecordValue[[]any](record, "rows")
		if err != nil {
			return err
		}
		for _, r := range rows {
			fields, _ := r.([]any)
			if err := row(fields); err != nil {
				return err
			}
		}
		return nil
	})
}

// consume runs a statement that returns nothing.
func consume(ctx context.Context, tx querier, statement cypher.Statement, parameters map[string]any) error {
	return each(ctx, tx, statement, parameters, func(*driver.Record) error { return nil })
}
