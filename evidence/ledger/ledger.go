// Package ledger keeps the entries of the evidence log, and the hashes of its
// tree, in one SQLite file.
//
// On the road of a fact it follows the journal, one leaf a record, and takes the
// acts of people directly: Append returns once the act is durable, before its
// answer goes out.
//
// It refuses to change or delete an entry.
package ledger

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	_ "modernc.org/sqlite" // the driver

	"wellspring/archive"
	"wellspring/evidence"
	"wellspring/lineage"
)

// FileName is the ledger's file in a data folder.
const FileName = "evidence.db"

//go:embed schema.sql
var schema string

// witnessed is what version 2 has beyond version 1: the last that was seen of other logs.
const witnessed = `CREATE TABLE witnessed (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, note TEXT NOT NULL) STRICT`

const schemaVersion = 3

// Options may be left zero, KeyFile aside.
type Options struct {
	KeyFile string           // the private key; made at the first start
	Clock   func() time.Time // default time.Now
	Logger  *slog.Logger     // default: none
}

// Ledger is the log of one service. Its methods are safe for concurrent use.
// Errors are *lineage.Error.
type Ledger struct {
	path    string
	archive string // folder of the segments
	options Options
	writes  *sql.DB
	reads   *sql.DB

	mu     sync.Mutex // of writing, and of what follows
	size   int64
	last   int64 // logged_at of the last entry, µs
	keys   []evidence.Key
	signer note.Signer
	grown  chan struct{} // closed when size or position grows
	place  string        // the journal's position up to which it is entered

	retaining sync.Mutex
	failing   atomic.Bool // the last write failed
}

// Open opens the ledger at path, or begins one.
func Open(ctx context.Context, path string, options Options) (_ *Ledger, err error) {
	if options.Clock == nil {
		options.Clock = time.Now
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	l := &Ledger{path: path, archive: filepath.Join(filepath.Dir(path), archive.Dir), options: options, grown: make(chan struct{})}
	if l.writes, err = connect(path, 1, "journal_mode(WAL)", "synchronous(FULL)"); err != nil {
		return nil, failed("open ledger", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if err := prepare(ctx, l.writes, path); err != nil {
		return nil, err
	}
	if l.reads, err = connect(path, 4, "query_only(1)"); err != nil {
		return nil, failed("open ledger", path, err)
	}
	row := l.writes.QueryRowContext(ctx, "SELECT count(*), coalesce(max(logged_at), 0), coalesce((SELECT position FROM followed), '') FROM entry")
	if err := row.Scan(&l.size, &l.last, &l.place); err != nil {
		return nil, failed("open ledger", path, err)
	}
	return l, l.openKeys(ctx)
}

func connect(path string, connections int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
	if connections == 1 {
		query.Set("_txlock", "immediate")
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String())
	if err == nil {
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
	}
	return db, err
}

func prepare(ctx context.Context, db *sql.DB, path string) error {
	const op = "open ledger"
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return failed(op, path, err)
	}
	if version <= schemaVersion {
		steps := []string{schema, witnessed, retained}[version:]
		if len(steps) == 0 {
			return nil
		}
		if _, err := db.ExecContext(ctx, fmt.Sprintf("BEGIN IMMEDIATE;%s;PRAGMA user_version = %d;COMMIT", strings.Join(steps, ";"), schemaVersion)); err != nil {
			return failed(op, path, err)
		}
		return nil
	}
	return &lineage.Error{Op: op, Kind: lineage.ErrorConflict, ID: path,
		Hint: fmt.Sprintf("this program knows schema version %d: use the newer one that wrote it", schemaVersion),
		Err:  fmt.Errorf("schema version %d", version)}
}

// Close closes the file.
func (l *Ledger) Close() error {
	var errs []error
	for _, db := range []*sql.DB{l.writes, l.reads} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Size is how many entries there are.
func (l *Ledger) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size
}

// Now is the ledger's time: the clock's in µs, never before the last entry's.
func (l *Ledger) Now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.UnixMicro(l.now()).UTC()
}

func (l *Ledger) now() int64 { return max(l.last, l.options.Clock().UnixMicro()) }

// hashes reads the tree's hashes by a connection or a transaction.
func hashes(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) tlog.HashReader {
	return tlog.HashReaderFunc(func(places []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(places))
		for i, place := range places {
			var raw []byte
			if err := db.QueryRowContext(ctx, "SELECT hash FROM hash WHERE place = ?", place).Scan(&raw); err != nil {
				return nil, fmt.Errorf("hash %d: %w", place, err)
			}
			if copy(found[i][:], raw) != tlog.HashSize || len(raw) != tlog.HashSize {
				return nil, fmt.Errorf("hash %d has %d bytes", place, len(raw))
			}
		}
		return found, nil
	})
}

func failed(op, id string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w", op, err)
	}
	var known *lineage.Error
	if errors.As(err, &known) {
		return err
	}
	return &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: id, Hint: "is the disk full, or the file damaged? restore it from a backup then", Err: err}
}
