package notify

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
	_ "modernc.org/sqlite" // the driver

	"wellspring/lineage"
)

//go:embed schema.sql
var schema string

const schemaVersion = 1

// FileName of the outbox in the data folder. Without it nothing is lost but what was
// still to be told.
const FileName = "outbox.db"

// outbox holds what is still to be sent. All of a call is durable when it returns.
type outbox struct {
	db   *sql.DB
	keep int // notices of one receiver at most
}

func openOutbox(ctx context.Context, path string, keep int) (*outbox, error) {
	const op = "open outbox"
	query := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, failed(op, path, err)
	}
	db.SetMaxOpenConns(1)
	o := &outbox{db: db, keep: keep}
	err = o.write(ctx, op, path, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil || version == schemaVersion {
			return err
		}
		if version != 0 {
			return &lineage.Error{Op: op, Kind: lineage.ErrorConflict, ID: path, Hint: "use the newer version of the program that wrote it, or remove the file: what is still to be sent goes with it",
				Err: fmt.Errorf("schema version %d, this program knows %d", version, schemaVersion)}
		}
		_, err := tx.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
		return err
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return o, nil
}

func (o *outbox) close() error { return o.db.Close() }

func (o *outbox) write(ctx context.Context, op, id string, do func(tx *sql.Tx) error) error {
	tx, err := o.db.BeginTx(ctx, nil)
	if err != nil {
		return failed(op, id, err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := do(tx); err != nil {
		return failed(op, id, err)
	}
	return failed(op, id, tx.Commit())
}

// admit makes these the receivers. One that is new hears of nothing older than now;
// what was still to be sent to one that is no more is dropped.
func (o *outbox) admit(ctx context.Context, names []string, now time.Time) error {
	return o.write(ctx, "open outbox", "", func(tx *sql.Tx) error {
		marks, args := strings.TrimSuffix(strings.Repeat("?,", len(names)), ","), make([]any, len(names))
		for i, name := range names {
			args[i] = name
		}
		for _, statement := range []string{"DELETE FROM notice WHERE receiver NOT IN (", "DELETE FROM receiver WHERE name NOT IN ("} {
			if _, err := tx.ExecContext(ctx, statement+marks+")", args...); err != nil {
				return err
			}
		}
		for _, name := range names {
			// Whoever is in the configuration at a start is asked again, though he wanted no more.
			if _, err := tx.ExecContext(ctx, "INSERT INTO receiver (name, since) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET gone = 0", name, now.UnixNano()); err != nil {
				return err
			}
		}
		return nil
	})
}

// put compares what is true of an owner with what was told, and puts what is new into
// the outbox of everybody who wants to hear of it. dropped is how many older notices
// had to give way, by receiver.
func (o *outbox) put(ctx context.Context, owner lineage.Owner, receivers []*receiver, now time.Time, compare func(before *told) (after told, drafts []draft)) (dropped map[string]int64, err error) {
	err = o.write(ctx, "note what others are told", string(owner), func(tx *sql.Tx) error {
		before, err := toldOf(ctx, tx, owner)
		if err != nil {
			return err
		}
		after, drafts := compare(before)
		if owner != "" && (before == nil || !after.equal(*before)) {
			body, err := json.Marshal(after)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO told (owner, body) VALUES (?, ?) ON CONFLICT (owner) DO UPDATE SET body = excluded.body", string(owner), string(body)); err != nil {
				return err
			}
		}
		dropped, err = o.insert(ctx, tx, drafts, receivers, now)
		return err
	})
	return dropped, err
}

func toldOf(ctx context.Context, tx *sql.Tx, owner lineage.Owner) (*told, error) {
	var body string
	err := tx.QueryRowContext(ctx, "SELECT body FROM told WHERE owner = ?", string(owner)).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	before := &told{}
	return before, json.Unmarshal([]byte(body), before)
}

func (a told) equal(b told) bool {
	return a.Status == b.Status && a.Result == b.Result && a.Whole == b.Whole && slices.Equal(a.Findings, b.Findings) && slices.Equal(a.Alarms, b.Alarms)
}

// insert puts drafts into the outbox of those who want them.
func (o *outbox) insert(ctx context.Context, tx *sql.Tx, drafts []draft, receivers []*receiver, now time.Time) (map[string]int64, error) {
	dropped := map[string]int64{}
	for _, d := range drafts {
		body, err := d.encode(now, trace.SpanContextFromContext(ctx))
		if err != nil {
			return nil, err
		}
		for _, r := range receivers {
			if !r.wants(d.kind) {
				continue
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO notice (receiver, subject, id, kind, body, made_at, due_at)
				SELECT name, ?, ?, ?, ?, ?, ? FROM receiver WHERE name = ? AND since <= ?`,
				d.subject, d.id, string(d.kind), body, now.UnixNano(), now.UnixNano(), r.name, nanos(d.at)); err != nil {
				return nil, err
			}
		}
	}
	for _, r := range receivers {
		if len(drafts) == 0 {
			break
		}
		result, err := tx.ExecContext(ctx, `DELETE FROM notice WHERE receiver = ?1 AND seq <=
			(SELECT seq FROM notice WHERE receiver = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)`, r.name, o.keep)
		if err != nil {
			return nil, err
		}
		if n, err := result.RowsAffected(); err == nil && n > 0 {
			dropped[r.name] = n
		}
	}
	return dropped, nil
}

// nanos since 1970; of no time 0.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// letter is a notice that is to be sent.
type letter struct {
	seq     int64
	subject string
	id      string
	kind    Kind
	body    []byte
	madeAt  time.Time
	tries   int
}

// next is the oldest notice that is due, of those that are the first of their
// subject; else when the next one is. Zero: there is none.
func (o *outbox) next(ctx context.Context, name string, now time.Time) (l *letter, due time.Time, err error) {
	const op = "read outbox"
	l = &letter{}
	var made int64
	err = o.db.QueryRowContext(ctx, `SELECT seq, subject, id, kind, body, made_at, tries FROM notice AS n WHERE receiver = ?1 AND due_at <= ?2
		AND NOT EXISTS (SELECT 1 FROM notice AS o WHERE o.receiver = ?1 AND o.subject = n.subject AND o.seq < n.seq) ORDER BY seq LIMIT 1`,
		name, now.UnixNano()).Scan(&l.seq, &l.subject, &l.id, &l.kind, &l.body, &made, &l.tries)
	if err == nil {
		l.madeAt = time.Unix(0, made)
		return l, time.Time{}, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return nil, time.Time{}, failed(op, name, err)
	}
	var at sql.NullInt64
	if err := o.db.QueryRowContext(ctx, "SELECT min(due_at) FROM notice WHERE receiver = ? AND due_at > ?", name, now.UnixNano()).Scan(&at); err != nil {
		return nil, time.Time{}, failed(op, name, err)
	}
	if at.Valid {
		due = time.Unix(0, at.Int64)
	}
	return nil, due, nil
}

// done takes a notice out.
func (o *outbox) done(ctx context.Context, l *letter) error {
	_, err := o.db.ExecContext(ctx, "DELETE FROM notice WHERE seq = ?", l.seq)
	return failed("settle notice", l.id, err)
}

// later puts a notice off.
func (o *outbox) later(ctx context.Context, l *letter, due time.Time) error {
	_, err := o.db.ExecContext(ctx, "UPDATE notice SET tries = tries + 1, due_at = ? WHERE seq = ?", due.UnixNano(), l.seq)
	return failed("settle notice", l.id, err)
}

// setGone notes that a receiver wants no more, or does again.
func (o *outbox) setGone(ctx context.Context, name string, gone bool) error {
	_, err := o.db.ExecContext(ctx, "UPDATE receiver SET gone = ? WHERE name = ?", gone, name)
	return failed("settle notice", name, err)
}

// waiting says how a receiver stands.
func (o *outbox) waiting(ctx context.Context, name string) (count int64, oldest time.Time, gone bool, err error) {
	var first sql.NullInt64
	err = o.db.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM notice WHERE receiver = ?1), (SELECT min(made_at) FROM notice WHERE receiver = ?1), (SELECT gone FROM receiver WHERE name = ?1)", name).
		Scan(&count, &first, &gone)
	if first.Valid {
		oldest = time.Unix(0, first.Int64)
	}
	return count, oldest, gone, failed("read outbox", name, err)
}

// first are the first notices that wait for a receiver.
func (o *outbox) first(ctx context.Context, name string, limit int) (first []Notice, err error) {
	const op = "read outbox"
	rows, err := o.db.QueryContext(ctx, "SELECT id, kind, subject, made_at, tries, due_at FROM notice WHERE receiver = ? ORDER BY seq LIMIT ?", name, limit)
	if err != nil {
		return nil, failed(op, name, err)
	}
	defer func() { err = errors.Join(err, failed(op, name, rows.Close())) }()
	for rows.Next() {
		var n Notice
		var made, due int64
		if err := rows.Scan(&n.ID, &n.Kind, &n.Subject, &made, &n.Tries, &due); err != nil {
			return nil, failed(op, name, err)
		}
		n.MadeAt, n.DueAt = time.Unix(0, made), time.Unix(0, due)
		first = append(first, n)
	}
	return first, failed(op, name, rows.Err())
}

func failed(op, id string, err error) error {
	var known *lineage.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: id, Hint: "look at the disk of the data folder; it goes on by itself", Err: err}
}
