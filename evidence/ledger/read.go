package ledger

import (
	"context"
	"database/sql"
	"time"

	"wellspring/evidence"
	"wellspring/lineage"
)

// List returns entries in the order of the log.
func (l *Ledger) List(ctx context.Context, q evidence.Query) (evidence.Page, error) {
	const op = "list ledger"
	if q.Limit == 0 {
		q.Limit = lineage.DefaultPage
	}
	if q.Limit < 1 || q.Limit > lineage.MaxPage || q.After < 0 {
		return evidence.Page{}, lineage.Invalid(op, "limit", "use 1 to 1000")
	}
	// One statement for all: every condition is off while its parameter is empty.
	var to, from int64 = 1<<63 - 1, 0
	if !q.To.IsZero() {
		to = q.To.UnixMicro()
	}
	if !q.From.IsZero() {
		from = q.From.UnixMicro()
	}
	below := q.Below
	if below == 0 {
		below = 1<<63 - 1
	}
	rows, err := l.reads.QueryContext(ctx, listed(q.Subject != ""),
		q.After, below, from, to, q.Type, q.Type, q.Action, q.Action, q.Who, q.Who, q.Limit+1, q.Subject)
	if err != nil {
		return evidence.Page{}, failed(op, l.path, err)
	}
	entries, err := scanEntries(rows)
	if err != nil {
		return evidence.Page{}, failed(op, l.path, err)
	}
	page := evidence.Page{Entries: entries}
	if len(entries) > q.Limit {
		page.Entries = entries[:q.Limit]
		page.Next = page.Entries[q.Limit-1].Index + 1
	}
	return page, l.restored(ctx, page.Entries)
}

// listed is the statement of List: with a subject it goes by its index.
func listed(bySubject bool) string {
	const conditions = `idx >= ?1 AND idx < ?2 AND logged_at >= ?3 AND logged_at < ?4
		AND (?5 = '' OR type = ?6) AND (?7 = '' OR action = ?8) AND (?9 = '' OR who = ?10)`
	if bySubject {
		return `SELECT idx, logged_at, public, private FROM entry WHERE subject <> '' AND subject = ?12 AND ` + conditions + ` ORDER BY idx LIMIT ?11`
	}
	return `SELECT idx, logged_at, public, private FROM entry WHERE ` + conditions + ` AND ?12 = '' ORDER BY idx LIMIT ?11`
}

// Before is the position of the last record before an entry; empty: there is none.
func (l *Ledger) Before(ctx context.Context, index int64) (string, error) {
	var position string
	err := l.reads.QueryRowContext(ctx, "SELECT coalesce((SELECT position FROM entry WHERE idx < ? AND position <> '' ORDER BY idx DESC LIMIT 1), '')", index).Scan(&position)
	if err != nil {
		return "", failed("read ledger", l.path, err)
	}
	return position, nil
}

// At returns the entry of a position of the journal, and whether there is one.
func (l *Ledger) At(ctx context.Context, position string) (evidence.Entry, bool, error) {
	rows, err := l.reads.QueryContext(ctx, "SELECT idx, logged_at, public, private FROM entry WHERE position <> '' AND position = ? ORDER BY idx LIMIT 1", position)
	if err != nil {
		return evidence.Entry{}, false, failed("read ledger", l.path, err)
	}
	entries, err := scanEntries(rows)
	if err != nil || len(entries) == 0 {
		return evidence.Entry{}, false, err
	}
	return entries[0], true, l.restored(ctx, entries)
}

func scanEntries(rows *sql.Rows) ([]evidence.Entry, error) {
	defer rows.Close()
	var entries []evidence.Entry
	for rows.Next() {
		var e evidence.Entry
		var at int64
		if err := rows.Scan(&e.Index, &at, &e.Public, &e.Private); err != nil {
			return nil, err
		}
		e.LoggedAt = time.UnixMicro(at).UTC()
		entries = append(entries, e)
	}
	return entries, rows.Err()
}
