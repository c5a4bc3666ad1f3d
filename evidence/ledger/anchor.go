package ledger

import (
	"context"
	"time"

	"wellspring/evidence"
	"wellspring/lineage"
)

// KeepAnchor remembers that a checkpoint of a size was left outside.
func (l *Ledger) KeepAnchor(ctx context.Context, size int64, a evidence.Anchor) error {
	l.mu.Lock() // so that its time is not before what was asked as of then
	defer l.mu.Unlock()
	_, err := l.writes.ExecContext(ctx, "INSERT INTO anchor (size, at, kind, place, error, token) VALUES (?, ?, ?, ?, '', ?)", size, l.now(), a.Kind, a.Place, a.Token)
	if err != nil {
		return failed("keep anchor", l.path, err)
	}
	return nil
}

// AnchoredAt is the size of the log that was last left at a place; 0: none was.
func (l *Ledger) AnchoredAt(ctx context.Context, kind, place string) (int64, error) {
	var size int64
	err := l.reads.QueryRowContext(ctx, "SELECT coalesce(max(size), 0) FROM anchor WHERE kind = ? AND place = ?", kind, place).Scan(&size)
	if err != nil {
		return 0, failed("read anchors", l.path, err)
	}
	return size, nil
}

// Anchors are those after a number, in order, and the number of the last of
// them; 0: there is no more.
func (l *Ledger) Anchors(ctx context.Context, after int64, limit int) ([]evidence.Anchor, int64, error) {
	if limit < 1 || limit > lineage.MaxPage {
		return nil, 0, lineage.Invalid("list anchors", "limit", "use 1 to 1000")
	}
	found, last, err := l.anchors(ctx, `
		SELECT a.number, a.kind, a.place, a.at, c.note, a.token FROM anchor a JOIN checkpoint c ON c.size = a.size
		WHERE a.number > ? ORDER BY a.number LIMIT ?`, after, limit)
	if len(found) < limit {
		last = 0
	}
	return found, last, err
}

// AnchorsOf are the newest ones of each place, of what the log was at a size at
// most, that were left then or earlier. They stay the same.
func (l *Ledger) AnchorsOf(ctx context.Context, size int64, then time.Time) ([]evidence.Anchor, error) {
	found, _, err := l.anchors(ctx, `
		SELECT a.number, a.kind, a.place, a.at, c.note, a.token FROM anchor a JOIN checkpoint c ON c.size = a.size
		WHERE a.number IN (SELECT max(number) FROM anchor WHERE size > 0 AND size <= ? AND at <= ? GROUP BY kind, place) ORDER BY a.number`, size, then.UnixMicro())
	return found, err
}

func (l *Ledger) anchors(ctx context.Context, query string, args ...any) (found []evidence.Anchor, last int64, err error) {
	rows, err := l.reads.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, 0, failed("read anchors", l.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var a evidence.Anchor
		var at int64
		if err := rows.Scan(&last, &a.Kind, &a.Place, &at, &a.Checkpoint, &a.Token); err != nil {
			return nil, 0, failed("read anchors", l.path, err)
		}
		a.At = time.UnixMicro(at).UTC()
		found = append(found, a)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, failed("read anchors", l.path, err)
	}
	return found, last, nil
}
