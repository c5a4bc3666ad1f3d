package ledger

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"wellspring/archive"
	"wellspring/evidence"
	"wellspring/lineage"
)

// retained is what version 3 has beyond version 2.
//
//go:embed retained.sql
var retained string

// The bounds of a segment, and of a member of it: an entry's two lines each.
const (
	segmentEntries = 1 << 16
	memberEntries  = 1 << 8
)

// member is what lies together in a segment.
type member struct {
	first, last int64
	archive.Place
}

// Retain puts the entries of before a time aside, in order, into segments. Their rows
// and hashes stay. Cut off, nothing is half done: a segment counts once it is durable.
func (l *Ledger) Retain(ctx context.Context, before time.Time) ([]evidence.Segment, error) {
	l.retaining.Lock()
	defer l.retaining.Unlock()
	var all []evidence.Segment
	for {
		segment, members, err := l.writeSegment(ctx, before)
		if err != nil || len(members) == 0 {
			return all, err
		}
		if err := l.putAside(ctx, segment, members); err != nil {
			return all, err
		}
		all = append(all, segment)
	}
}

// Aside is how many entries, the first ones, were put aside.
func (l *Ledger) Aside(ctx context.Context) (int64, error) {
	var n int64
	if err := l.reads.QueryRowContext(ctx, "SELECT coalesce((SELECT last + 1 FROM archived ORDER BY first DESC LIMIT 1), 0)").Scan(&n); err != nil {
		return 0, failed("read segments", l.path, err)
	}
	return n, nil
}

func (l *Ledger) writeSegment(ctx context.Context, before time.Time) (segment evidence.Segment, members []member, err error) {
	const op = "retain"
	from, err := l.Aside(ctx)
	if err != nil {
		return segment, nil, err
	}
	end, err := l.SizeAt(ctx, before.Add(-time.Microsecond))
	if err != nil || end <= from {
		return segment, nil, err
	}
	end = min(end, from+segmentEntries)
	w, err := archive.Create(l.archive, "evidence")
	if err != nil {
		return segment, nil, failed(op, l.archive, err)
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	subjects := map[string]bool{}
	for at := from; at < end; {
		// Whole members end where a tile does, so that they are the same however often it is retained.
		last := min(end, (at/memberEntries+1)*memberEntries) - 1
		page, err := l.List(ctx, evidence.Query{After: at, Below: last + 1, Limit: memberEntries})
		if err != nil {
			return segment, nil, err
		}
		if int64(len(page.Entries)) != last-at+1 {
			return segment, nil, failed(op, l.path, fmt.Errorf("entries are missing between %d and %d", at, last))
		}
		var text []byte
		for _, e := range page.Entries {
			// Damage must not travel into a file that others will believe.
			if err := l.isLeaf(ctx, e); err != nil {
				return segment, nil, failed(op, fmt.Sprintf("entry %d", e.Index), err)
			}
			public, err := e.Read()
			if err != nil {
				return segment, nil, err
			}
			subjects[public.Subject] = true
			text = fmt.Appendf(text, "%s\n%s\n", e.Public, e.Private)
			if segment.Entries == 0 {
				segment.First = e.LoggedAt
			}
			segment.Last = e.LoggedAt
			segment.Entries++
		}
		place, err := w.Add(text)
		if err != nil {
			return segment, nil, failed(op, l.archive, err)
		}
		members = append(members, member{at, last, place})
		at = last + 1
	}
	delete(subjects, "")
	file, err := w.Finish(from, end-1)
	if err != nil {
		return segment, nil, failed(op, l.archive, err)
	}
	segment.Name, segment.Bytes, segment.SHA256 = file.Name, file.Bytes, file.SHA256
	segment.Subjects, segment.ClosedAt, segment.Present = len(subjects), l.options.Clock().UTC(), true
	return segment, members, nil
}

// isLeaf holds an entry against its hash in the tree.
func (l *Ledger) isLeaf(ctx context.Context, e evidence.Entry) error {
	found, err := hashes(ctx, l.reads).ReadHashes([]int64{tlog.StoredHashIndex(0, e.Index)})
	if err != nil {
		return err
	}
	if tlog.RecordHash(e.Public) != found[0] {
		return errors.New("it is not what was hashed into the tree")
	}
	_, err = e.Read()
	return err
}

// putAside notes a segment that is durable and lets go of what it holds.
func (l *Ledger) putAside(ctx context.Context, s evidence.Segment, members []member) error {
	return l.write(ctx, func(t *transaction) error {
		_, err := t.ExecContext(ctx, "INSERT INTO segment (name, records, subjects, bytes, sha256, first_at, last_at, closed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			s.Name, s.Entries, s.Subjects, s.Bytes, s.SHA256, s.First.UnixMicro(), s.Last.UnixMicro(), s.ClosedAt.UnixMicro())
		for _, m := range members {
			if err == nil {
				_, err = t.ExecContext(ctx, "INSERT INTO archived (first, last, segment, offset, length) VALUES (?, ?, ?, ?, ?)", m.first, m.last, s.Name, m.Offset, m.Length)
			}
			if err == nil {
				_, err = t.ExecContext(ctx, "UPDATE entry SET public = x'', private = NULL WHERE idx BETWEEN ? AND ?", m.first, m.last)
			}
		}
		return err
	})
}

// Segments lists all that were closed, in order.
func (l *Ledger) Segments(ctx context.Context) ([]evidence.Segment, error) {
	const op = "list segments"
	rows, err := l.reads.QueryContext(ctx, "SELECT name, records, subjects, bytes, sha256, first_at, last_at, closed_at FROM segment ORDER BY first_at, closed_at")
	if err != nil {
		return nil, failed(op, l.path, err)
	}
	defer rows.Close()
	var all []evidence.Segment
	for rows.Next() {
		var s evidence.Segment
		var first, last, closed int64
		if err := rows.Scan(&s.Name, &s.Entries, &s.Subjects, &s.Bytes, &s.SHA256, &first, &last, &closed); err != nil {
			return nil, failed(op, l.path, err)
		}
		s.First, s.Last, s.ClosedAt = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC(), time.UnixMicro(closed).UTC()
		_, err := os.Stat(filepath.Join(l.archive, s.Name))
		s.Present = err == nil
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		return nil, failed(op, l.path, err)
	}
	return all, nil
}

// Check looks whether the segments are there, and what they were.
func (l *Ledger) Check(ctx context.Context) (wrong []string, err error) {
	all, err := l.Segments(ctx)
	for _, s := range all {
		if ctx.Err() != nil {
			return wrong, context.Cause(ctx)
		}
		if err := archive.Check(filepath.Join(l.archive, s.Name), s.SHA256); err != nil {
			wrong = append(wrong, fmt.Sprintf("the segment %s, with %d entries: %v", s.Name, s.Entries, err))
		}
	}
	return wrong, err
}

// restored is entries with what was put aside of them.
func (l *Ledger) restored(ctx context.Context, entries []evidence.Entry) error {
	var m member
	var name string
	var lines [][]byte
	for i := range entries {
		e := &entries[i]
		if len(e.Public) > 0 {
			continue
		}
		if lines == nil || e.Index < m.first || e.Index > m.last {
			row := l.reads.QueryRowContext(ctx, "SELECT first, last, segment, offset, length FROM archived WHERE first <= ? ORDER BY first DESC LIMIT 1", e.Index)
			if err := row.Scan(&m.first, &m.last, &name, &m.Offset, &m.Length); err != nil && !errors.Is(err, sql.ErrNoRows) {
				return failed("read segment", l.path, err)
			}
			var err error
			if lines, err = m.read(filepath.Join(l.archive, name)); err != nil {
				return away(e.Index, name, err)
			}
		}
		if at := 2 * (e.Index - m.first); at >= 0 && at+1 < int64(len(lines)) {
			e.Public, e.Private = lines[at], lines[at+1]
		}
		if err := l.isLeaf(ctx, *e); err != nil {
			return away(e.Index, name, err)
		}
	}
	return nil
}

// maxMember bounds what a member may unpack to: an act holds at most what a request does.
const maxMember = 1 << 30

func (m member) read(path string) (lines [][]byte, err error) {
	err = archive.Read(path, m.Place, func(r *bufio.Reader) error {
		text, err := io.ReadAll(io.LimitReader(r, maxMember))
		lines = bytes.Split(text, []byte{'\n'})
		return err
	})
	return lines, err
}

func away(index int64, segment string, err error) error {
	return &lineage.Error{
		Op: "read segment", Kind: lineage.ErrorUnavailable, ID: segment,
		Hint: "bring the file " + filepath.Join(archive.Dir, segment) + ", as it was, back into the data folder",
		Err:  &evidence.Away{Index: index, Segment: segment, Err: fmt.Errorf("%v", err)}, //nolint:errorlint // damage of the segment is none of the ledger's
	}
}
