package sqlite

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// ArchiveDir is the folder of the segments in the journal's folder.
const ArchiveDir = "archive"

// The bounds of one segment.
const (
	segmentRecords = 5000
	segmentBytes   = 256 << 20 // of payloads, before they are compressed
)

// A segment is a row of gzip members, one a record: a line of JSON, then the
// envelope, then a newline. So it is a gzip file as a whole, and a record can be
// read by its place alone.
type segmentLine struct {
	Position   int64  `json:"position"`
	AppendedAt int64  `json:"appended_at"` // Unix time in µs
	Checksum   int64  `json:"checksum"`    // as in the journal
	Subject    string `json:"subject"`
	Length     int    `json:"length"` // of the envelope
}

// placed is where a record's envelope lies in a segment.
type placed struct{ position, offset, length int64 }

// Retain implements journal.Retainer.
func (j *Journal) Retain(ctx context.Context, before time.Time) ([]journal.Segment, error) {
	const op = "retain"
	if err := os.MkdirAll(j.archive, 0o700); err != nil {
		return nil, failed(op, j.archive, err)
	}
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
		HAVING max(appended_at) < ? AND max(position) <= (SELECT coalesce(min(position), 0) FROM consumer)
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
	part := filepath.Join(j.archive, "segment.part")
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return segment, nil, failed(op, part, err)
	}
	defer func() {
		err = errors.Join(err, ignoreClosed(f.Close()), ignoreMissing(os.Remove(part)))
	}()
	hash := sha256.New()
	w := &counted{w: io.MultiWriter(f, hash)}
	subjects := map[string]bool{}
	for size := 0; size < segmentBytes && rows.Next(); {
		var line segmentLine
		var envelope []byte
		if err := rows.Scan(&line.Position, &line.AppendedAt, &line.Checksum, &line.Subject, &envelope); err != nil {
			return segment, nil, failed(op, "", err)
		}
		// Damage must not travel into a file that others will believe.
		if _, err := unseal(line.Position, line.AppendedAt, line.Checksum, envelope); err != nil {
			return segment, nil, failed(op, fmt.Sprint(line.Position), err)
		}
		line.Length = len(envelope)
		offset := w.n
		if err := writeMember(w, line, envelope); err != nil {
			return segment, nil, failed(op, part, err)
		}
		places = append(places, placed{line.Position, offset, w.n - offset})
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
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return segment, nil, failed(op, part, err)
	}
	segment.Subjects, segment.Bytes, segment.SHA256 = len(subjects), w.n, hex.EncodeToString(hash.Sum(nil))
	segment.ClosedAt, segment.Present = j.clock().UTC(), true
	segment.Name = fmt.Sprintf("segment-%d-%d-%.8s.gz", places[0].position, places[len(places)-1].position, segment.SHA256)
	if err := errors.Join(os.Rename(part, filepath.Join(j.archive, segment.Name)), syncFolder(j.archive)); err != nil {
		return segment, nil, failed(op, segment.Name, err)
	}
	return segment, places, nil
}

func writeMember(w io.Writer, line segmentLine, envelope []byte) error {
	z := gzip.NewWriter(w)
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	for _, piece := range [][]byte{text, {'\n'}, envelope, {'\n'}} {
		if _, err := z.Write(piece); err != nil {
			return err
		}
	}
	return z.Close()
}

// enter notes a segment that is durable and lets go of what it holds.
func (j *Journal) enter(ctx context.Context, s journal.Segment, places []placed) error {
	return j.writer.do(ctx, "retain", func(t *transaction) error {
		err := t.exec(`INSERT INTO segment (name, records, subjects, bytes, sha256, first_at, last_at, closed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			s.Name, s.Records, s.Subjects, s.Bytes, s.SHA256, s.First.UnixMicro(), s.Last.UnixMicro(), s.ClosedAt.UnixMicro())
		for _, p := range places {
			if err == nil {
				err = t.exec("INSERT INTO archived (position, segment, offset, length) VALUES (?, ?, ?, ?)", p.position, s.Name, p.offset, p.length)
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
		if err := sameFile(filepath.Join(j.archive, s.Name), s.SHA256); err != nil {
			wrong = append(wrong, fmt.Sprintf("the segment %s, with %d records of %d owners: %v", s.Name, s.Records, s.Subjects, err))
		}
	}
	return wrong, err
}

func sameFile(path, want string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		return fmt.Errorf("its SHA-256 is %s, and was %s", got, want)
	}
	return nil
}

// fetch reads from its segment what a record holds, and checks it.
func (j *Journal) fetch(ctx context.Context, s sealed) (record journal.Record, size int, err error) {
	const op = "read segment"
	var name string
	var offset, length int64
	err = j.reads.QueryRowContext(ctx, "SELECT segment, offset, length FROM archived WHERE position = ?", s.position).Scan(&name, &offset, &length)
	if errors.Is(err, sql.ErrNoRows) { // no record is empty
		damaged := &journal.Damaged{Position: format(s.position), Err: journal.ErrChecksum}
		return record, 0, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, ID: string(damaged.Position), Hint: "restore the record from a backup, or go on after it", Err: damaged}
	}
	if err != nil {
		return record, 0, j.failed(ctx, op, "", err)
	}
	envelope, err := readMember(filepath.Join(j.archive, name), offset, length)
	if err == nil {
		record, err = unseal(s.position, s.appendedAt, s.checksum, envelope)
	}
	if err != nil {
		return record, 0, &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: name,
			Hint: "bring the file " + filepath.Join(ArchiveDir, name) + ", as it was, back into the data folder",
			Err:  &journal.Archived{Position: format(s.position), Segment: name, Err: fmt.Errorf("%v", err)}} //nolint:errorlint // damage of the segment is none of the journal's
	}
	return record, len(envelope), nil
}

func readMember(path string, offset, length int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(io.NewSectionReader(f, offset, length))
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(z)
	text, err := r.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var line segmentLine
	if err := json.Unmarshal(text, &line); err != nil {
		return nil, err
	}
	if line.Length < 0 || line.Length > maxEnvelope {
		return nil, errors.New("it says a length that no record has")
	}
	envelope := make([]byte, line.Length)
	_, err = io.ReadFull(r, envelope)
	return envelope, err
}

// counted counts what is written.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func (j *Journal) failedIf(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	return j.failed(ctx, op, "", err)
}
