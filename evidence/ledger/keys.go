package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"wellspring/evidence"
	"wellspring/lineage"
)

// KeyFileName is the private key's file in a data folder.
const KeyFileName = "evidence.key"

// openKeys reads the private key, or makes one for a new ledger.
func (l *Ledger) openKeys(ctx context.Context) error {
	const op = "open evidence key"
	var err error
	if l.keys, err = readKeys(ctx, l.writes); err != nil {
		return failed(op, l.path, err)
	}
	text, err := os.ReadFile(l.options.KeyFile)
	if errors.Is(err, fs.ErrNotExist) && len(l.keys) == 0 {
		return l.firstKey(ctx)
	}
	if err != nil {
		return &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: l.options.KeyFile,
			Hint: "restore it from its backup: without it nothing can be signed under the name that is known", Err: err}
	}
	if l.signer, err = note.NewSigner(strings.TrimSpace(string(text))); err != nil {
		return &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: l.options.KeyFile, Hint: "restore it from its backup", Err: errors.New("it holds no private key")}
	}
	if len(l.keys) == 0 {
		return l.enterFirst(ctx)
	}
	if l.isNewest(l.signer) {
		return nil
	}
	// A rotation may have been cut short after the ledger knew the new key.
	if text, err := os.ReadFile(l.options.KeyFile + next); err == nil {
		if successor, err := note.NewSigner(strings.TrimSpace(string(text))); err == nil && l.isNewest(successor) {
			return l.succeed(successor)
		}
	}
	return lineage.Invalid(op, l.options.KeyFile, "it is not the key that this ledger was signed with last: restore that one")
}

// isNewest reports whether a private key is that of the last public one.
func (l *Ledger) isNewest(s note.Signer) bool {
	newest, err := note.NewVerifier(l.keys[len(l.keys)-1].Verifier)
	return err == nil && newest.KeyHash() == s.KeyHash() && newest.Name() == s.Name()
}

func readKeys(ctx context.Context, db *sql.DB) ([]evidence.Key, error) {
	rows, err := db.QueryContext(ctx, "SELECT verifier, since, handover FROM key ORDER BY number")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var keys []evidence.Key
	for rows.Next() {
		var k evidence.Key
		if err := rows.Scan(&k.Verifier, &k.Since, &k.Note); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}

// firstKey makes the ledger's name and its first key.
func (l *Ledger) firstKey(ctx context.Context) error {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	private, _, err := note.GenerateKey(rand.Reader, "wellspring/ledger/"+hex.EncodeToString(random[:]))
	if err != nil {
		return &lineage.Error{Op: "make evidence key", Kind: lineage.ErrorInternal, Err: err}
	}
	if err := writeKey(l.options.KeyFile, private); err != nil {
		return err
	}
	if l.signer, err = note.NewSigner(private); err != nil {
		return &lineage.Error{Op: "make evidence key", Kind: lineage.ErrorInternal, Err: err}
	}
	return l.enterFirst(ctx)
}

func (l *Ledger) enterFirst(ctx context.Context) error {
	verifier, err := verifierOf(l.options.KeyFile)
	if err != nil {
		return err
	}
	key := evidence.Key{Verifier: verifier, Since: l.size}
	signed, err := evidence.Sign(evidence.HandoverText(l.signer.Name(), "", verifier, l.size, time.UnixMicro(l.now())), l.signer)
	if err != nil {
		return err
	}
	key.Note = string(signed)
	if err := l.keep(ctx, l.writes, key); err != nil {
		return err
	}
	l.keys = append(l.keys, key)
	return nil
}

func (l *Ledger) keep(ctx context.Context, db interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, key evidence.Key) error {
	_, err := db.ExecContext(ctx, "INSERT INTO key (number, verifier, since, handover) VALUES (?, ?, ?, ?)", len(l.keys), key.Verifier, key.Since, []byte(key.Note))
	if err != nil {
		return failed("keep evidence key", l.path, err)
	}
	return nil
}

// verifierOf is the public key of a private one in a file.
func verifierOf(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", &lineage.Error{Op: "read evidence key", Kind: lineage.ErrorUnavailable, ID: file, Err: err}
	}
	return evidence.VerifierOf(strings.TrimSpace(string(text)))
}

// Keys are the public keys that signed, in their order.
func (l *Ledger) Keys() []evidence.Key {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]evidence.Key(nil), l.keys...)
}

// Origin is the name of the log.
func (l *Ledger) Origin() string { return l.signer.Name() }

// Rotate makes a new key. The old one signs that it hands over to it, and an entry
// of the log names it; the old private key is put beside the new one's file, under
// the id of its public key.
func (l *Ledger) Rotate(ctx context.Context) (evidence.Key, error) {
	const op = "rotate evidence key"
	l.mu.Lock()
	defer l.mu.Unlock()
	private, verifier, err := note.GenerateKey(rand.Reader, l.signer.Name())
	if err != nil {
		return evidence.Key{}, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	}
	successor, err := note.NewSigner(private)
	if err != nil {
		return evidence.Key{}, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	}
	if err := writeKey(l.options.KeyFile+next, private); err != nil {
		return evidence.Key{}, err
	}
	key := evidence.Key{Verifier: verifier, Since: l.size}
	err = l.writeLocked(context.WithoutCancel(ctx), func(t *transaction) error {
		old := l.keys[len(l.keys)-1].Verifier
		signed, err := evidence.Sign(evidence.HandoverText(l.signer.Name(), old, verifier, key.Since, time.UnixMicro(t.at)), l.signer, successor)
		if err != nil {
			return err
		}
		key.Note = string(signed)
		public := evidence.Public{Type: evidence.TypeKey, Subject: fmt.Sprintf("key:%08x", successor.KeyHash()), Key: verifier}
		if err := t.enter(public, evidence.Salt{Salt: salt()}, ""); err != nil {
			return err
		}
		return l.keep(ctx, t, key)
	})
	if err != nil {
		return evidence.Key{}, err
	}
	l.keys = append(l.keys, key)
	return key, l.succeed(successor)
}

// next is the end of the name of a key that is about to be in force.
const next = ".next"

// succeed puts the old private key aside and the new one in its place.
func (l *Ledger) succeed(successor note.Signer) error {
	file := l.options.KeyFile
	err := os.Rename(file, fmt.Sprintf("%s.%08x", file, l.signer.KeyHash()))
	if err == nil {
		err = os.Rename(file+next, file)
	}
	if err != nil {
		return &lineage.Error{Op: "rotate evidence key", Kind: lineage.ErrorUnavailable, ID: file, Hint: "the ledger goes on with the new key, which is in " + file + next, Err: err}
	}
	l.signer = successor
	return nil
}

// writeKey makes a private key durable before anything is signed with it.
func writeKey(path, private string) error {
	failed := func(err error) error {
		return &lineage.Error{Op: "write evidence key", Kind: lineage.ErrorUnavailable, ID: path, Hint: "the data folder must be writable", Err: err}
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return failed(err)
	}
	_, err = f.WriteString(private + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return failed(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return failed(err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return failed(err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return failed(err)
	}
	return nil
}
