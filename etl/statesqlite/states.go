// Package statesqlite keeps the state of processings in one SQLite file.
//
// On the road of a fact it stands beside the pipeline: it shows a person what
// is being done, was done, or failed, also after a restart.
//
// It refuses to be the truth: the journal says what is to be done. So it does
// not sync each state: a power cut may take the latest ones along, and the
// pipeline writes them again. What the bench index keeps in the same file is
// synced: the pipeline's place in the journal moves on it.
package statesqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver

	"wellspring/etl"
	"wellspring/etl/benchindex"
	"wellspring/lineage"
)

//go:embed schema.sql
var schema string

const schemaVersion = 2

// States implements etl.States.
type States struct {
	db     *sql.DB
	synced *sql.DB // of the bench index
	dir    string
}

var _ etl.States = (*States)(nil)

// Open opens the file at path, or begins one.
func Open(ctx context.Context, path string) (*States, error) {
	const op = "open processing states"
	db, err := connect(path, "NORMAL", 4)
	if err != nil {
		return nil, failed(op, path, err)
	}
	if err := prepare(ctx, db, path); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	synced, err := connect(path, "FULL", 1)
	if err != nil {
		return nil, errors.Join(failed(op, path, err), db.Close())
	}
	s := &States{db, synced, filepath.Dir(path)}
	return s, s.sweep()
}

// temporary is how folders begin that hold another bench index for a while.
const temporary = "bench.tmp-"

// sweep takes away what a process left that was killed.
func (s *States) sweep() error {
	left, err := filepath.Glob(filepath.Join(s.dir, temporary+"*"))
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if err != nil {
		return errors.Join(failed("open processing states", s.dir, err), s.Close())
	}
	return nil
}

func connect(path, synchronous string, connections int) (*sql.DB, error) {
	query := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(" + synchronous + ")"}}
	if connections == 1 { // a writer
		query.Set("_txlock", "immediate")
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String())
	if err == nil {
		db.SetMaxOpenConns(connections)
	}
	return db, err
}

// Bench returns the bench index, which lives in the same file.
func (s *States) Bench() *benchindex.Index { return benchindex.New(s.synced, s.db) }

// CopyBench returns a copy of the bench index, to try something out on; discard
// takes it away again.
func (s *States) CopyBench(ctx context.Context) (index *benchindex.Index, discard func() error, err error) {
	const op = "copy bench index"
	dir, err := os.MkdirTemp(s.dir, temporary)
	if err != nil {
		return nil, nil, failed(op, "", err)
	}
	path := filepath.Join(dir, "bench.db")
	if _, err := s.db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return nil, nil, errors.Join(failed(op, dir, err), os.RemoveAll(dir))
	}
	return temporaryBench(op, dir, path)
}

// ScratchBench returns an empty bench index; discard takes it away again.
func (s *States) ScratchBench(ctx context.Context) (index *benchindex.Index, discard func() error, err error) {
	const op = "begin second bench index"
	dir, err := os.MkdirTemp(s.dir, temporary)
	if err != nil {
		return nil, nil, failed(op, "", err)
	}
	path := filepath.Join(dir, "bench.db")
	if index, discard, err = temporaryBench(op, dir, path); err != nil {
		return nil, nil, err
	}
	if err := index.Prepare(ctx); err != nil {
		return nil, nil, errors.Join(err, discard())
	}
	return index, discard, nil
}

func temporaryBench(op, dir, path string) (*benchindex.Index, func() error, error) {
	db, err := connect(path, "OFF", 2)
	if err != nil {
		return nil, nil, errors.Join(failed(op, path, err), os.RemoveAll(dir))
	}
	return benchindex.New(db, db), func() error { return errors.Join(db.Close(), os.RemoveAll(dir)) }, nil
}

// AdoptBench puts the content of another bench index in the place of this one's,
// in one transaction.
func (s *States) AdoptBench(ctx context.Context, index *benchindex.Index) error {
	return index.CopyInto(ctx, s.synced)
}

// Forget takes an owner's state away.
func (s *States) Forget(ctx context.Context, owner lineage.Owner) error {
	_, err := s.synced.ExecContext(ctx, "DELETE FROM processing WHERE owner = ?", string(owner))
	if err != nil {
		return failed("forget processing state", string(owner), err)
	}
	return nil
}

func prepare(ctx context.Context, db *sql.DB, path string) error {
	const op = "open processing states"
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return failed(op, path, err)
	}
	defer func() { _ = tx.Rollback() }()
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return failed(op, path, err)
	}
	var wanted string
	switch version {
	case schemaVersion:
		return nil
	case 0:
		wanted = schema + benchindex.Schema()
	case 1: // before there was a bench index
		wanted = benchindex.Schema()
	default:
		return &lineage.Error{Op: op, Kind: lineage.ErrorConflict, ID: path,
			Hint: "use the newer version of the program that wrote it, or remove the file: it is made again",
			Err:  fmt.Errorf("schema version %d, this program knows %d", version, schemaVersion)}
	}
	if _, err := tx.ExecContext(ctx, wanted+fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)); err != nil {
		return failed(op, path, err)
	}
	if err := tx.Commit(); err != nil {
		return failed(op, path, err)
	}
	return nil
}

// Close closes the file.
func (s *States) Close() error { return errors.Join(s.synced.Close(), s.db.Close()) }

// Put implements etl.States.
func (s *States) Put(ctx context.Context, p etl.Processing) error {
	const op = "keep processing state"
	if p.Owner == "" {
		return lineage.Invalid(op, "owner", "name the owner of the processing")
	}
	body, err := json.Marshal(p)
	if err != nil {
		return &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: string(p.Owner), Err: err}
	}
	_, err = s.db.ExecContext(ctx, `
		INSERT INTO processing (owner, status, started_at, body) VALUES (?, ?, ?, ?)
		ON CONFLICT (owner) DO UPDATE SET status = excluded.status, started_at = excluded.started_at, body = excluded.body`,
		string(p.Owner), string(p.Status), p.StartedAt.UnixNano(), string(body))
	if err != nil {
		return failed(op, string(p.Owner), err)
	}
	return nil
}

// Get implements etl.States.
func (s *States) Get(ctx context.Context, owner lineage.Owner) (etl.Processing, error) {
	const op = "read processing state"
	var body string
	err := s.db.QueryRowContext(ctx, "SELECT body FROM processing WHERE owner = ?", string(owner)).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return etl.Processing{}, lineage.NotFound(op, string(owner), "nothing of this owner was processed yet")
	}
	if err != nil {
		return etl.Processing{}, failed(op, string(owner), err)
	}
	return decode(op, body)
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// List implements etl.States.
func (s *States) List(ctx context.Context, q etl.StatesQuery) (etl.StatesPage, error) {
	const op = "list processing states"
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	if q.Limit < 1 || q.Limit > maxLimit {
		return etl.StatesPage{}, lineage.Invalid(op, "limit", "use 1 to 1000")
	}
	where, args, err := condition(op, q)
	if err != nil {
		return etl.StatesPage{}, err
	}
	rows, err := s.db.QueryContext(ctx, "SELECT body FROM processing "+where+" ORDER BY started_at DESC, owner LIMIT ?", append(args, q.Limit+1)...)
	if err != nil {
		return etl.StatesPage{}, failed(op, "", err)
	}
	defer rows.Close()
	var page etl.StatesPage
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			return etl.StatesPage{}, failed(op, "", err)
		}
		p, err := decode(op, body)
		if err != nil {
			return etl.StatesPage{}, err
		}
		page.Processings = append(page.Processings, p)
	}
	if err := rows.Err(); err != nil {
		return etl.StatesPage{}, failed(op, "", err)
	}
	if len(page.Processings) > q.Limit {
		page.Processings = page.Processings[:q.Limit]
		page.Next = cursor(page.Processings[q.Limit-1])
	}
	return page, nil
}

// Counts implements etl.States.
func (s *States) Counts(ctx context.Context) (map[etl.Status]int64, error) {
	const op = "count processing states"
	rows, err := s.db.QueryContext(ctx, "SELECT status, count(*) FROM processing GROUP BY status")
	if err != nil {
		return nil, failed(op, "", err)
	}
	defer rows.Close()
	counts := map[etl.Status]int64{}
	for rows.Next() {
		var status etl.Status
		var count int64
		if err := rows.Scan(&status, &count); err != nil {
			return nil, failed(op, "", err)
		}
		counts[status] = count
	}
	if err := rows.Err(); err != nil {
		return nil, failed(op, "", err)
	}
	return counts, nil
}

// place is where a page ended. The next one begins behind it, whatever was
// written since: a processing that began again meanwhile is at the top.
type place struct {
	StartedAt time.Time     `json:"s"`
	Owner     lineage.Owner `json:"o"`
}

func cursor(last etl.Processing) lineage.Cursor {
	packed, _ := json.Marshal(place{last.StartedAt.UTC(), last.Owner}) // a time of a stored state and a string always encode
	return lineage.Cursor(base64.RawURLEncoding.EncodeToString(packed))
}

func condition(op string, q etl.StatesQuery) (where string, args []any, err error) {
	var terms []string
	if q.Status != "" {
		terms, args = append(terms, "status = ?"), append(args, string(q.Status))
	}
	if q.After != "" {
		var after place
		packed, err := base64.RawURLEncoding.DecodeString(string(q.After))
		if err == nil {
			err = json.Unmarshal(packed, &after)
		}
		if err != nil {
			return "", nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: "cursor", Hint: "use the cursor of the page before, unchanged", Err: err}
		}
		at := after.StartedAt.UnixNano()
		terms, args = append(terms, "(started_at < ? OR started_at = ? AND owner > ?)"), append(args, at, at, string(after.Owner))
	}
	if len(terms) > 0 {
		where = "WHERE " + strings.Join(terms, " AND ")
	}
	return where, args, nil
}

func decode(op, body string) (etl.Processing, error) {
	var p etl.Processing
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		return p, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Hint: "remove the file of processing states: it is made again", Err: err}
	}
	return p, nil
}

func failed(op, id string, err error) error {
	return &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: id, Hint: "look at the disk of the data folder; it goes on by itself", Err: err}
}
