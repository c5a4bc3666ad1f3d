// Package sqlite keeps the journal in one SQLite file: the engine for a single
// process that wants no server.
//
// On the road of a fact it is where an envelope becomes durable: concurrent
// appends share one transaction and one sync of the write-ahead log.
//
// It refuses to share its folder: a second process is turned away by a lock
// that names the first.
package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	driver "modernc.org/sqlite"

	"wellspring/archive"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// FileName is the journal's file in its folder.
const FileName = "journal.db"

const (
	schemaVersion = 4
	readers       = 4
)

//go:embed schema.sql
var schema string

//go:embed retention.sql
var retention string

//go:embed consumers.sql
var consumers string

// Options may be left zero.
type Options struct {
	Clock  func() time.Time // default time.Now
	Logger *slog.Logger     // default: none
}

// Journal implements journal.Journal and journal.DeadLetters.
type Journal struct {
	clock  func() time.Time
	logger *slog.Logger
	lock   *folderLock
	reads  *sql.DB
	writer *writer

	archive   string // folder of the segments
	retaining sync.Mutex

	closing   chan struct{}
	closeOnce sync.Once
	closeErr  error
}

var (
	_ journal.Journal     = (*Journal)(nil)
	_ journal.DeadLetters = (*Journal)(nil)
	_ journal.Retainer    = (*Journal)(nil)
)

// Open opens the journal in a folder, or begins one. It fails with
// ErrorConflict while another process holds the folder.
func Open(dir string, options Options) (_ *Journal, err error) {
	const op = "open journal"
	if options.Clock == nil {
		options.Clock = time.Now
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: dir, Hint: "name a folder that can be written", Err: err}
	}
	j := &Journal{clock: options.Clock, logger: options.Logger, archive: filepath.Join(dir, archive.Dir), closing: make(chan struct{})}
	if j.lock, err = lockFolder(dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = j.lock.release()
		}
	}()
	// As durable as fsync, without the times of the file, for which a commit may have to
	// wait; of all SQLite files of the process. Where there is no such call, fsync stays.
	_, _ = driver.Fdatasync(true)
	path := filepath.Join(dir, FileName)
	writes, err := sql.Open("sqlite", dsn(path, "journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(8000)"))
	if err != nil {
		return nil, failed(op, path, err)
	}
	writes.SetMaxOpenConns(1)
	if err = prepareSchema(writes, path); err != nil {
		return nil, errors.Join(err, writes.Close())
	}
	if err = syncFolder(dir); err != nil {
		return nil, errors.Join(failed(op, dir, err), writes.Close())
	}
	if j.reads, err = sql.Open("sqlite", dsn(path, "query_only(1)")); err != nil {
		return nil, errors.Join(failed(op, path, err), writes.Close())
	}
	j.reads.SetMaxOpenConns(readers)
	j.reads.SetMaxIdleConns(readers)
	if j.writer, err = startWriter(writes, options.Clock, options.Logger); err != nil {
		return nil, errors.Join(err, j.reads.Close(), writes.Close())
	}
	return j, nil
}

func dsn(path string, pragmas ...string) string {
	query := url.Values{"_pragma": append([]string{"busy_timeout(10000)"}, pragmas...)}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}

func prepareSchema(db *sql.DB, path string) error {
	const op = "open journal"
	var version int
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return failed(op, path, err)
	}
	switch version {
	case schemaVersion:
		return nil
	case 0, 1, 2, 3:
		missing := strings.Join([]string{schema, retention, consumers}[version:], "")
		begin := fmt.Sprintf("BEGIN IMMEDIATE;%s;PRAGMA user_version = %d;COMMIT", missing, schemaVersion)
		if _, err := db.Exec(begin); err != nil {
			return failed(op, path, err)
		}
		return nil
	}
	return &lineage.Error{Op: op, Kind: lineage.ErrorConflict, ID: path,
		Hint: fmt.Sprintf("this program knows schema version %d: use the newer one that wrote it", schemaVersion),
		Err:  fmt.Errorf("schema version %d", version)}
}

// Commit implements journal.Journal.
func (j *Journal) Commit(ctx context.Context, consumer string, done journal.Position) error {
	const op = "commit"
	at, err := parse(op, done)
	if err != nil {
		return err
	}
	if consumer == "" {
		return lineage.Invalid(op, "consumer", "name the consumer")
	}
	return j.writer.do(ctx, op, func(t *transaction) error {
		if at > t.position {
			return lineage.Invalid(op, string(done), "commit a position that the journal gave")
		}
		return t.exec("INSERT INTO consumer (name, position) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET position = excluded.position", consumer, at)
	})
}

// Committed implements journal.Journal.
func (j *Journal) Committed(ctx context.Context, consumer string) (journal.Position, error) {
	var at int64
	err := j.reads.QueryRowContext(ctx, "SELECT position FROM consumer WHERE name = ?", consumer).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", j.failed(ctx, "committed", consumer, err)
	}
	return format(at), nil
}

// Lag implements journal.Journal.
func (j *Journal) Lag(ctx context.Context, after journal.Position) (int64, time.Duration, error) {
	const op = "lag"
	at, err := parse(op, after)
	if err != nil {
		return 0, 0, err
	}
	// Positions are dense: retention leaves the records where they are.
	var first, last, appended int64
	err = j.reads.QueryRowContext(ctx, `
		SELECT position, (SELECT max(position) FROM record), appended_at
		FROM record WHERE position > ? ORDER BY position LIMIT 1`, at).Scan(&first, &last, &appended)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, j.failed(ctx, op, string(after), err)
	}
	return last - first + 1, max(0, j.clock().Sub(time.UnixMicro(appended))), nil
}

// Close lets go of the folder. What waits in Append or Read ends with
// ErrorUnavailable.
func (j *Journal) Close() error {
	j.closeOnce.Do(func() {
		close(j.closing)
		j.closeErr = errors.Join(j.writer.stop(), j.reads.Close(), j.lock.release())
	})
	return j.closeErr
}

func parse(op string, p journal.Position) (int64, error) {
	if p == "" {
		return 0, nil
	}
	at, err := strconv.ParseInt(string(p), 10, 64)
	if err != nil || at < 1 || format(at) != p {
		return 0, lineage.Invalid(op, "position "+string(p), "use a position that this journal gave")
	}
	return at, nil
}

func format(at int64) journal.Position {
	if at == 0 {
		return ""
	}
	return journal.Position(strconv.FormatInt(at, 10))
}

// failed is failed for a read, which fails also because the caller left or the
// journal was closed.
func (j *Journal) failed(ctx context.Context, op, id string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", op, context.Cause(ctx))
	}
	select {
	case <-j.closing:
		return closed(op)
	default:
		return failed(op, id, err)
	}
}
