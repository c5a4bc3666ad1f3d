package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"wellspring/evidence"
	"wellspring/lineage"
)

// Checkpoint signs what the log is now.
func (l *Ledger) Checkpoint(ctx context.Context) ([]byte, error) {
	return l.CheckpointAt(ctx, l.Size())
}

// CheckpointAt signs what the log was at a size, with the key that is in force
// now, and keeps it. What was signed before is given again.
func (l *Ledger) CheckpointAt(ctx context.Context, size int64) ([]byte, error) {
	const op = "sign checkpoint"
	if size < 0 || size > l.Size() {
		return nil, lineage.NotFound(op, "size", "the log has fewer entries")
	}
	var signed []byte
	err := l.reads.QueryRowContext(ctx, "SELECT note FROM checkpoint WHERE size = ?", size).Scan(&signed)
	if err == nil || !errors.Is(err, sql.ErrNoRows) {
		if err != nil {
			err = failed(op, l.path, err)
		}
		return signed, err
	}
	c, err := l.treeAt(ctx, size)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if signed, err = evidence.Sign(c.Text(), l.signer); err != nil {
		return nil, err
	}
	if _, err := l.writes.ExecContext(ctx, "INSERT INTO checkpoint (size, note) VALUES (?, ?) ON CONFLICT DO NOTHING", size, signed); err != nil {
		return nil, failed(op, l.path, err)
	}
	return signed, nil
}

// treeAt is what the log was at a size.
func (l *Ledger) treeAt(ctx context.Context, size int64) (evidence.Checkpoint, error) {
	c := evidence.Checkpoint{Origin: l.Origin(), Size: size}
	var err error
	if size == 0 {
		c.At = time.Unix(0, 0)
		c.Root, err = tlog.TreeHash(0, nil)
		return c, err
	}
	var at int64
	if err := l.reads.QueryRowContext(ctx, "SELECT logged_at FROM entry WHERE idx = ?", size-1).Scan(&at); err != nil {
		return c, failed("sign checkpoint", l.path, err)
	}
	c.At = time.UnixMicro(at).UTC()
	if c.Root, err = tlog.TreeHash(size, hashes(ctx, l.reads)); err != nil {
		return c, failed("sign checkpoint", l.path, err)
	}
	return c, nil
}

// SignText signs any text with the key in force.
func (l *Ledger) SignText(text string) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return evidence.Sign(text, l.signer)
}

// Verifier is the public key in force.
func (l *Ledger) Verifier() (note.Verifier, error) {
	keys := l.Keys()
	v, err := note.NewVerifier(keys[len(keys)-1].Verifier)
	if err != nil {
		return nil, &lineage.Error{Op: "read evidence key", Kind: lineage.ErrorInternal, Err: err}
	}
	return v, nil
}

// Prove is the proof that the tree of a size holds an entry.
func (l *Ledger) Prove(ctx context.Context, index, size int64) ([]tlog.Hash, error) {
	const op = "prove entry"
	if index < 0 || index >= size || size > l.Size() {
		return nil, lineage.NotFound(op, "entry", "ask for an index below size, and a size that the log has")
	}
	proof, err := tlog.ProveRecord(size, index, hashes(ctx, l.reads))
	if err != nil {
		return nil, failed(op, l.path, err)
	}
	return proof, nil
}

// ProveGrowth is the proof that the tree of one size is the beginning of the
// tree of another.
func (l *Ledger) ProveGrowth(ctx context.Context, from, to int64) ([]tlog.Hash, error) {
	const op = "prove growth"
	if from < 1 || from > to || to > l.Size() {
		return nil, lineage.NotFound(op, "sizes", "ask for two sizes that the log has had, from 1 on, the smaller first")
	}
	proof, err := tlog.ProveTree(to, from, hashes(ctx, l.reads))
	if err != nil {
		return nil, failed(op, l.path, err)
	}
	return proof, nil
}

// SizeAt is how many entries there were at a time.
func (l *Ledger) SizeAt(ctx context.Context, at time.Time) (int64, error) {
	var size int64
	err := l.reads.QueryRowContext(ctx, "SELECT coalesce((SELECT idx + 1 FROM entry WHERE logged_at <= ? ORDER BY idx DESC LIMIT 1), 0)", at.UnixMicro()).Scan(&size)
	if err != nil {
		return 0, failed("read ledger", l.path, err)
	}
	return size, nil
}
