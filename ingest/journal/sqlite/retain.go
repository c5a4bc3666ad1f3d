package sqlite

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"wellspring/archive"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// The bounds of one segment.
const (
	segmentRecords = 5000
	segmentBytes   = 256 << 20 // of payloads, before they are compressed
)

// A segment has a member for every record: a line of JSON, then the envelope, then a
// newline.
type segmentLine struct {
	Position   int64  `json:"position"`
	AppendedAt int64  `json:"appended_at"` // Unix time in µs
	Checksum   int64  `json:"checksum"`    // as in the journal
	Subject    string `json:"subject"`
	Length     int    `json:"length"` // of the envelope
}

// placed is where a record's envelope lies in a segment.
type placed struct {
	position int64
	archive.Place
}

// Retain implements journal.Retainer.
func (j *Journal) Retain(ctx context.Context, before time.Time) ([]journal.Segment, error) {
	j.retaining.Lock()
	defer j.retaining.Unlock()
	var all []journal.Segment
	for {
		segment, places, err := j.writeSegment(ctx, before)
		if err != nil || len(places) == 0 {
			return all, err
		}
		if err := j.enter(ctx, segment, places); err != nil {
			return all, err
		}
		all = append(all, segment)
	}
}

// old selects what may go into a segment. The consumers are those that there are:
// who has committed nothing is not known yet, and can't be waited for.
const old = `
	FROM record
	WHERE length(envelope) > 0 AND subject IN (
		SELECT subject FROM record GROUP BY subject
		HAVING max(appended_at) < ? AND max(position) <= (SELECT coalesce(min(position), 0) FROM consumer WHERE name NOT IN (SELECT name FROM unhurried))
		EXCEPT SELECT subject FROM record JOIN letter USING (position))`

// Retainable implements journal.Retainer.
func (j *Journal) Retainable(ctx context.Context, before time.Time) (all journal.Retainable, err error) {
	err = j.reads.QueryRowContext(ctx, "SELECT count(*), count(DISTINCT subject), coalesce(sum(length(envelope)), 0)"+old, before.UnixMicro()).
		Scan(&all.Records, &all.Subjects, &all.Bytes)
	return all, j.failedIf(ctx, "retain", err)
}

// writeSegment writes the next segment; no places: there is nothing to close.
func (j *Journal) writeSegment(ctx context.Context, before time.Time) (segment journal.Segment, places []placed, err error) {
	const op = "retain"
	rows, err := j.reads.QueryContext(ctx, "SELECT position, appended_at, checksum, subject, envelope"+old+" ORDER BY position LIMIT ?", before.UnixMicro(), segmentRecords)
	if err != nil {
		return segment, nil, j.failed(ctx, op, "", err)
	}
	defer rows.Close()
	w, err := archive.Create(j.archive, "segment")
	if err != nil {
		return segment, nil, failed(op, j.archive, err)
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	subjects := map[string]bool{}
	for size := 0; size < segmentBytes && rows.Next(); {
		var line segmentLine
		var envelope []byte
		if err := rows.Scan(&line.Position, &line.AppendedAt, &line.Checksum, &line.Subject, &envelope); err != nil {
			return segment, nil, failed(op, "", err)
		}
		// Damage must not travel into a file that others will believe.
		if _, _, err := unseal(line.Position, line.AppendedAt, line.Checksum, envelope); err != nil {
			return segment, nil, failed(op, fmt.Sprint(line.Position), err)
		}
		line.Length = len(envelope)
		text, err := json.Marshal(line)
		if err != nil {
			return segment, nil, failed(op, "", err)
		}
		place, err := w.Add(text, []byte{'\n'}, envelope, []byte{'\n'})
		if err != nil {
			return segment, nil, failed(op, j.archive, err)
		}
		places = append(places, placed{line.Position, place})
		subjects[line.Subject] = true
		at := time.UnixMicro(line.AppendedAt).UTC()
		if segment.Records == 0 {
			segment.First = at
		}
		segment.Last = at
		segment.Records++
		size += len(envelope)
	}
	if err := rows.Err(); err != nil || len(places) == 0 {
		return segment, nil, j.failedIf(ctx, op, err)
	}
	file, err := w.Finish(places[0].position, places[len(places)-1].position)
	if err != nil {
		return segment, nil, failed(op, j.archive, err)
	}
	segment.Name, segment.Bytes, segment.SHA256 = file.Name, file.Bytes, file.SHA256
	segment.Subjects, segment.ClosedAt, segment.Present = len(subjects), j.clock().UTC(), true
	return segment, places, nil
}

// enter notes a segment that is durable and lets go of what it holds.
func (j *Journal) enter(ctx context.Context, s journal.Segment, places []placed) error {
	return j.writer.do(ctx, "retain", func(t *transaction) error {
		err := t.exec(`INSERT INTO segment (name, records, subjects, bytes, sha256, first_at, last_at, closed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			s.Name, s.Records, s.Subjects, s.Bytes, s.SHA256, s.First.UnixMicro(), s.Last.UnixMicro(), s.ClosedAt.UnixMicro())
		for _, p := range places {
			if err == nil {
				err = t.exec("INSERT INTO archived (position, segment, offset, length) VALUES (?, ?, ?, ?)", p.position, s.Name, p.Offset, p.Length)
			}
			if err == nil {
				err = t.exec("UPDATE record SET envelope = x'' WHERE position = ?", p.position)
			}
		}
		return err
	})
}

// Segments implements journal.Retainer.
func (j *Journal) Segments(ctx context.Context) ([]journal.Segment, error) {
	const op = "list segments"
	rows, err := j.reads.QueryContext(ctx, "SELECT name, records, subjects, bytes, sha256, first_at, last_at, closed_at FROM segment ORDER BY closed_at, name")
	if err != nil {
		return nil, j.failed(ctx, op, "", err)
	}
	defer rows.Close()
	all := []journal.Segment{}
	for rows.Next() {
		var s journal.Segment
		var first, last, closed int64
		if err := rows.Scan(&s.Name, &s.Records, &s.Subjects, &s.Bytes, &s.SHA256, &first, &last, &closed); err != nil {
			return nil, failed(op, "", err)
		}
		s.First, s.Last, s.ClosedAt = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC(), time.UnixMicro(closed).UTC()
		_, err := os.Stat(filepath.Join(j.archive, s.Name))
		s.Present = err == nil
		all = append(all, s)
	}
	return all, j.failedIf(ctx, op, rows.Err())
}

// checkSegments looks whether the segments are there, and what they were.
func (j *Journal) checkSegments(ctx context.Context) (wrong []string, err error) {
	all, err := j.Segments(ctx)
	for _, s := range all {
		if ctx.Err() != nil {
			return wrong, context.Cause(ctx)
		}
		if err := archive.Check(filepath.Join(j.archive, s.Name), s.SHA256); err != nil {
			wrong = append(wrong, fmt.Sprintf("the segment %s, with %d records of %d owners: %v", s.Name, s.Records, s.Subjects, err))
		}
	}
	return wrong, err
}

// fetch reads from its segment what a record holds, and checks it.
func (j *Journal) fetch(ctx context.Context, s sealed) (record journal.Record, size int, err error) {
	const op = "read segment"
	var name string
	var place archive.Place
	err = j.reads.QueryRowContext(ctx, "SELECT segment, offset, length FROM archived WHERE position = ?", s.position).Scan(&name, &place.Offset, &place.Length)
	if errors.Is(err, sql.ErrNoRows) { // no record is empty
		damaged := &journal.Damaged{Position: format(s.position), Err: journal.ErrChecksum}
		return record, 0, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, ID: string(damaged.Position), Hint: "restore the record from a backup, or go on after it", Err: damaged}
	}
	if err != nil {
		return record, 0, j.failed(ctx, op, "", err)
	}
	envelope, err := readMember(filepath.Join(j.archive, name), place)
	if err == nil {
		record, size, err = unseal(s.position, s.appendedAt, s.checksum, envelope)
	}
	if err != nil {
		return record, 0, &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: name,
			Hint: "bring the file " + filepath.Join(archive.Dir, name) + ", as it was, back into the data folder",
			Err:  &journal.Archived{Position: format(s.position), Segment: name, Err: fmt.Errorf("%v", err)}} //nolint:errorlint // damage of the segment is none of the journal's
	}
	return record, size, nil
}

func readMember(path string, place archive.Place) (envelope []byte, err error) {
	err = archive.Read(path, place, func(r *bufio.Reader) error {
		text, err := r.ReadBytes('\n')
		if err != nil {
			return err
		}
		var line segmentLine
		if err := json.Unmarshal(text, &line); err != nil {
			return err
		}
		if line.Length < 0 || line.Length > maxEnvelope {
			return errors.New("it says a length that no record has")
		}
		envelope = make([]byte, line.Length)
		_, err = io.ReadFull(r, envelope)
		return err
	})
	return envelope, err
}

func (j *Journal) failedIf(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	return j.failed(ctx, op, "", err)
}
