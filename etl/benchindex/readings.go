package benchindex

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"wellspring/lineage"
)

// Histories is what a reading's projection is derived from beside its document:
// the plates that it may mean, by the name that the document uses.
type Histories struct {
	Plates   map[string][]Plate // in order of time
	Declared []Declared         // about the reading itself, oldest first
	KnownAt  time.Time
	inputs   []byte
}

// Histories reads what is known of plates, and of the reading itself. A name is a
// barcode, RUN/LABWARE, or one of ReadingNames.
func (x *Index) Histories(ctx context.Context, owner lineage.Owner, plates []string) (Histories, error) {
	const op = "read bench index"
	tx, err := x.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return Histories{}, failed(op, string(owner), err)
	}
	defer func() { _ = tx.Rollback() }()
	h, err := histories(ctx, tx, plates)
	if err != nil {
		return Histories{}, failed(op, string(owner), err)
	}
	known, err := knownAt(ctx, tx, owner, "SELECT known_at FROM reading WHERE owner = ?", string(owner))
	h.KnownAt = later(h.KnownAt, known)
	return h, failed(op, string(owner), err)
}

func histories(ctx context.Context, q queryer, plates []string) (Histories, error) {
	h := Histories{Plates: map[string][]Plate{}}
	plates = slices.Clone(plates)
	slices.Sort(plates)
	hash := sha256.New()
	for _, name := range slices.Compact(plates) {
		if strings.HasPrefix(name, readingPrefix) {
			declared, err := about(ctx, q, "barcode", name)
			if err != nil {
				return Histories{}, err
			}
			h.Declared = append(h.Declared, declared...)
			continue
		}
		known, hashes, err := h.read(ctx, q, name)
		if err != nil {
			return Histories{}, err
		}
		h.Plates[name] = known
		_ = json.NewEncoder(hash).Encode([]any{name, hashes}) // texts always encode
	}
	slices.SortStableFunc(h.Declared, Declared.Compare)
	for _, d := range h.Declared {
		h.KnownAt = later(h.KnownAt, d.KnownAt)
	}
	if len(h.Declared) > 0 {
		_ = json.NewEncoder(hash).Encode(saying(h.Declared))
	}
	h.inputs = hash.Sum(nil)
	return h, nil
}

// read returns the plates that a name may mean, and what tells their versions.
func (h *Histories) read(ctx context.Context, q queryer, name string) (plates []Plate, versions []any, err error) {
	where, arg := "barcode", name
	if run := runOf(name); run != "" {
		where, arg = "plate.run", run
	}
	rows, err := q.QueryContext(ctx, `
		SELECT plate.run, barcode, plate.started_at, plate.ended_at, history_hash, body, run.known_at FROM plate JOIN run USING (run)
		WHERE `+where+` = ? ORDER BY plate.started_at, plate.run, labware`, arg)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p Plate
		var started, ended, known int64
		var version []byte
		var body string
		if err := rows.Scan(&p.Run, &p.Barcode, &started, &ended, &version, &body, &known); err != nil {
			return nil, nil, err
		}
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			return nil, nil, damaged(p.Run, err)
		}
		p.StartedAt, p.EndedAt = instant(started), instant(ended)
		h.KnownAt = later(h.KnownAt, instant(known))
		plates, versions = append(plates, p), append(versions, []any{p.Run, p.Barcode, started, ended, version})
	}
	return plates, versions, rows.Err()
}

// KeepReading keeps which plates a reading names, once its projection is in the
// graph, and returns it should it have to be derived again.
func (x *Index) KeepReading(ctx context.Context, owner lineage.Owner, plates []string, in Histories, at time.Time) ([]lineage.Owner, error) {
	var again []lineage.Owner
	err := x.write(ctx, "keep reading", string(owner), func(t *transaction) error {
		err := t.exec(ctx, "INSERT INTO reading (owner, known_at, inputs) VALUES (?, ?, ?) ON CONFLICT (owner) DO UPDATE SET known_at = excluded.known_at, inputs = excluded.inputs",
			string(owner), nanos(at), in.inputs)
		if err != nil {
			return err
		}
		if err := t.exec(ctx, "DELETE FROM reading_plate WHERE owner = ?", string(owner)); err != nil {
			return err
		}
		for _, plate := range plates {
			err := t.exec(ctx, "INSERT INTO reading_plate (owner, plate, run) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", string(owner), plate, runOf(plate))
			if err != nil {
				return err
			}
		}
		again, err = t.changedReadings(ctx, at, []string{string(owner)})
		return err
	})
	return again, err
}

// latest orders readings behind all runs.
const latest = 1<<63 - 1

// changedReadings notes and returns the readings among these whose plates have
// another history than the one that they were derived from.
func (t *transaction) changedReadings(ctx context.Context, at time.Time, owners []string) ([]lineage.Owner, error) {
	slices.Sort(owners)
	var changed []lineage.Owner
	for _, owner := range slices.Compact(owners) {
		var was []byte
		err := t.QueryRowContext(ctx, "SELECT inputs FROM reading WHERE owner = ?", owner).Scan(&was)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, err
		}
		plates, err := texts(ctx, t, "SELECT plate FROM reading_plate WHERE owner = ?", owner)
		if err != nil {
			return nil, err
		}
		now, err := histories(ctx, t, plates)
		if err != nil {
			return nil, err
		}
		current := bytes.Equal(now.inputs, was)
		if err := t.settle(ctx, lineage.Owner(owner), latest, at, current); err != nil {
			return nil, err
		}
		if !current {
			changed = append(changed, lineage.Owner(owner))
		}
	}
	return changed, nil
}
