package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"wellspring/ingest"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

const (
	maxEnvelope  = 512 << 20 // bytes; SQLite takes 1e9
	maxReadBytes = 32 << 20  // of one Read; one record alone may be over it
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// row is an envelope as it is stored.
type row struct {
	source, id, hash, subject string
	envelope                  []byte
	checksum                  uint32 // over envelope only
}

// seal extends the checksum of an envelope over where and when it stands.
func seal(envelope uint32, position, appendedAt int64) int64 {
	var place [16]byte
	binary.BigEndian.PutUint64(place[:8], uint64(position))
	binary.BigEndian.PutUint64(place[8:], uint64(appendedAt))
	return int64(crc32.Update(envelope, castagnoli, place[:]))
}

// Append implements journal.Journal.
func (j *Journal) Append(ctx context.Context, envelopes ...ingest.Envelope) ([]journal.Receipt, error) {
	const op = "append"
	if len(envelopes) == 0 {
		return nil, nil
	}
	rows := make([]row, len(envelopes))
	size := 0
	for i, e := range envelopes {
		if len(e.Event.DataEncoded) > maxEnvelope {
			return nil, &lineage.Error{Op: op, Kind: lineage.ErrorTooLarge, ID: e.Hash, Hint: "split the document"}
		}
		stored, err := pack(e)
		if err != nil {
			return nil, err
		}
		rows[i] = row{
			source: e.Event.Source(), id: e.Event.ID(), hash: e.Hash, subject: e.Event.Subject(),
			envelope: stored, checksum: crc32.Checksum(stored, castagnoli),
		}
		size += len(stored)
	}
	t := &task{op: op, bytes: size, rows: rows, receipts: make([]journal.Receipt, len(rows)), done: make(chan error, 1)}
	if err := j.writer.submit(ctx, t); err != nil {
		return nil, err
	}
	return t.receipts, nil
}

// Read implements journal.Journal.
func (j *Journal) Read(ctx context.Context, after journal.Position, limit int) ([]journal.Record, error) {
	const op = "read"
	at, err := parse(op, after)
	if err != nil {
		return nil, err
	}
	if limit < 1 {
		return nil, lineage.Invalid(op, "limit", "ask for at least one record")
	}
	for {
		head, moved := j.writer.head.get()
		if at < head {
			records, err := j.readFrom(ctx, at, limit)
			if err != nil || len(records) > 0 {
				return records, err
			}
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w", op, context.Cause(ctx))
		case <-j.closing:
			return nil, closed(op)
		}
	}
}

// readFrom returns what there is after a position, up to the first damage.
func (j *Journal) readFrom(ctx context.Context, at int64, limit int) ([]journal.Record, error) {
	stored, err := j.stored(ctx, "read", string(format(at)), maxReadBytes,
		"SELECT position, appended_at, checksum, envelope FROM record WHERE position > ? ORDER BY position LIMIT ?", at, limit)
	if err != nil {
		return nil, err
	}
	var records []journal.Record
	size := 0
	for _, s := range stored {
		record, n, err := j.open(ctx, "read", s)
		if err != nil {
			if len(records) > 0 { // it comes first the next time
				return records, nil
			}
			return nil, err
		}
		records = append(records, record)
		if size += n; size >= maxReadBytes {
			break
		}
	}
	return records, nil
}

// Subject implements journal.Journal.
func (j *Journal) Subject(ctx context.Context, subject string) ([]journal.Record, error) {
	const op = "read subject"
	stored, err := j.stored(ctx, op, subject, math.MaxInt,
		"SELECT position, appended_at, checksum, envelope FROM record WHERE subject = ? ORDER BY position", subject)
	if err != nil {
		return nil, err
	}
	var records []journal.Record
	var wrong []error
	for _, s := range stored {
		record, _, err := j.open(ctx, op, s)
		switch {
		case err == nil:
			records = append(records, record)
		case journal.IsDamagedOrArchived(err):
			wrong = append(wrong, err)
		default:
			return nil, err
		}
	}
	return records, errors.Join(wrong...)
}

// sealed is a record as it is stored, and what was found in it. Of size 0 its envelope
// is in a segment.
type sealed struct {
	position, appendedAt, checksum int64

	size   int // of the envelope before it was compressed
	record journal.Record
	err    error
}

// stored reads rows of position, appended_at, checksum and envelope, until there
// are so many bytes. Each is decoded while it is at hand: a large one is not held twice.
func (j *Journal) stored(ctx context.Context, op, id string, limit int, query string, args ...any) (all []sealed, err error) {
	rows, err := j.reads.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, j.failed(ctx, op, id, err)
	}
	defer rows.Close()
	for size := 0; size < limit && rows.Next(); {
		var s sealed
		var envelope sql.RawBytes
		if err := rows.Scan(&s.position, &s.appendedAt, &s.checksum, &envelope); err != nil {
			return nil, j.failed(ctx, op, id, err)
		}
		if s.size = len(envelope); s.size > 0 {
			s.record, s.size, s.err = unseal(s.position, s.appendedAt, s.checksum, envelope)
		}
		all = append(all, s)
		size += s.size
	}
	if err := rows.Err(); err != nil {
		return nil, j.failed(ctx, op, id, err)
	}
	return all, nil
}

// open returns what is in a stored record; size is that of its envelope.
func (j *Journal) open(ctx context.Context, op string, s sealed) (record journal.Record, size int, err error) {
	if s.size == 0 {
		return j.fetch(ctx, s)
	}
	if s.err != nil {
		return s.record, 0, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, ID: string(s.record.Position),
			Hint: "restore the record from a backup, or go on after it", Err: s.err}
	}
	return s.record, s.size, nil
}

// unseal checks a stored record and decodes it; size is that of its envelope. Of a damaged
// one it returns where it stands. It keeps nothing of stored.
func unseal(position, at, checksum int64, stored []byte) (record journal.Record, size int, err error) {
	record.Position, size = format(position), len(stored)
	if seal(crc32.Checksum(stored, castagnoli), position, at) != checksum {
		return record, size, &journal.Damaged{Position: record.Position, Err: journal.ErrChecksum}
	}
	envelope, unpacked, err := unpack(stored)
	if err != nil {
		return record, size, &journal.Damaged{Position: record.Position, Err: err}
	}
	record.Envelope, size = envelope, unpacked
	record.AppendedAt = time.UnixMicro(at).UTC()
	return record, size, nil
}
