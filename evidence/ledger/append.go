package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"wellspring/evidence"
)

// Append enters an act and returns once it is durable.
func (l *Ledger) Append(ctx context.Context, act evidence.Act) (evidence.Receipt, error) {
	var receipt evidence.Receipt
	// Who has done something can't take back its entry by hanging up.
	ctx = context.WithoutCancel(ctx)
	err := l.write(ctx, func(t *transaction) error {
		details := act.Details
		details.Salt = salt()
		receipt = evidence.Receipt{Index: t.size, LoggedAt: time.UnixMicro(t.at).UTC()}
		return t.enter(evidence.Public{
			Type: evidence.TypeAct, Subject: act.Subject, Action: act.Action, Outcome: act.Outcome, RequestID: act.RequestID, Signed: act.Signed,
		}, details, details.Who.Name)
	})
	return receipt, err
}

// Follow enters records of the journal, in order, all or none, and remembers
// that everything up to and including a position is entered.
func (l *Ledger) Follow(ctx context.Context, records []evidence.Record, upTo string) error {
	return l.write(ctx, func(t *transaction) error {
		for _, r := range records {
			r.Origin.Salt = salt()
			public := evidence.Public{Type: evidence.TypeDamaged, Position: r.Position}
			if r.Damaged != nil {
				r.Origin.Error = r.Damaged.Error()
			} else {
				at := r.AppendedAt.UTC()
				public = evidence.Public{
					Type: evidence.TypeRecord, Position: r.Position, AppendedAt: &at, Subject: r.Subject, Kind: r.Kind,
					ReceivedSHA256: r.Received, DataSHA256: evidence.SHA256(r.Data), DataBytes: int64(len(r.Data)),
				}
			}
			if err := t.enter(public, r.Origin, ""); err != nil {
				return err
			}
		}
		t.place = upTo
		_, err := t.ExecContext(ctx, "INSERT INTO followed (one, position) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET position = excluded.position", upTo)
		return err
	})
}

// Followed is the position of the journal up to which it is entered, and a
// channel that is closed when that or the size has changed.
func (l *Ledger) Followed() (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.place, l.grown
}

// salt is what keeps a short private part from being guessed by its hash.
func salt() string {
	var s [16]byte
	_, _ = rand.Read(s[:]) // never fails
	return hex.EncodeToString(s[:])
}

// Ready says why nothing can be entered now. After a failure it tries again.
func (l *Ledger) Ready(ctx context.Context) error {
	if !l.failing.Load() {
		return nil
	}
	return l.write(ctx, func(t *transaction) error {
		_, err := t.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
		return err
	})
}

// transaction is what entries are written into.
type transaction struct {
	*sql.Tx
	ctx   context.Context //nolint:containedctx // it ends with the call that made it
	size  int64
	at    int64
	place string
	fresh map[int64]tlog.Hash // hashes of this transaction
}

// write runs f in one transaction, which is durable when write returns.
func (l *Ledger) write(ctx context.Context, f func(*transaction) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.writeLocked(ctx, f)
}

func (l *Ledger) writeLocked(ctx context.Context, f func(*transaction) error) (err error) {
	const op = "enter"
	defer func() {
		if err == nil || ctx.Err() == nil { // a call that was given up says nothing of the file
			l.failing.Store(err != nil)
		}
	}()
	tx, err := l.writes.BeginTx(ctx, nil)
	if err != nil {
		return failed(op, l.path, err)
	}
	defer tx.Rollback()
	t := &transaction{Tx: tx, ctx: ctx, size: l.size, at: l.now(), place: l.place, fresh: map[int64]tlog.Hash{}}
	if err := f(t); err != nil {
		return failed(op, l.path, err)
	}
	if err := tx.Commit(); err != nil {
		return failed(op, l.path, err)
	}
	if t.size > l.size {
		l.last = t.at
	}
	l.size, l.place = t.size, t.place
	close(l.grown)
	l.grown = make(chan struct{})
	return nil
}

// enter writes one entry and the hashes that it completes.
func (t *transaction) enter(public evidence.Public, private any, who string) error {
	public.LoggedAt = time.UnixMicro(t.at).UTC()
	entry, err := evidence.Seal(public, private)
	if err != nil {
		return err
	}
	stored, err := tlog.StoredHashes(t.size, entry.Public, tlog.HashReaderFunc(t.read))
	if err != nil {
		return err
	}
	_, err = t.ExecContext(t.ctx, `
		INSERT INTO entry (idx, logged_at, public, private, type, subject, action, outcome, who, position)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.size, t.at, entry.Public, entry.Private, public.Type, public.Subject, public.Action, public.Outcome, who, public.Position)
	if err != nil {
		return err
	}
	first := tlog.StoredHashCount(t.size)
	for i, hash := range stored {
		if _, err := t.ExecContext(t.ctx, "INSERT INTO hash (place, hash) VALUES (?, ?)", first+int64(i), hash[:]); err != nil {
			return err
		}
		t.fresh[first+int64(i)] = hash
	}
	t.size++
	return nil
}

func (t *transaction) read(places []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(places))
	for i, place := range places {
		if hash, there := t.fresh[place]; there {
			found[i] = hash
			continue
		}
		one, err := hashes(t.ctx, t).ReadHashes(places[i : i+1])
		if err != nil {
			return nil, err
		}
		found[i] = one[0]
	}
	return found, nil
}
