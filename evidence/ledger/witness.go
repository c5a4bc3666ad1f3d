package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"strings"

	cosign "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"wellspring/evidence"
	"wellspring/lineage"
)

// WitnessKeyFileName is the file of a witness's private key in a data folder.
const WitnessKeyFileName = "witness.key"

// Witness cosigns checkpoints of other logs, each once it is proven that it goes
// on from the one that it saw before.
type Witness struct {
	ledger *Ledger
	logs   map[string][]note.Verifier // by name
	signer *cosign.Signer
	key    string
}

// NewWitness makes a witness of the logs with these public keys. Its own key is
// in a file, which is made where there is none.
func NewWitness(l *Ledger, keyFile string, keys []string) (*Witness, error) {
	w := &Witness{ledger: l, logs: map[string][]note.Verifier{}}
	for _, key := range keys {
		v, err := note.NewVerifier(strings.TrimSpace(key))
		if err != nil {
			return nil, lineage.Invalid("open witness", key, "name logs by their public keys, NAME+HASH+KEY")
		}
		w.logs[v.Name()] = append(w.logs[v.Name()], v)
	}
	private, err := os.ReadFile(keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		private, err = newWitnessKey(keyFile)
	}
	if err != nil {
		return nil, &lineage.Error{Op: "open witness", Kind: lineage.ErrorUnavailable, ID: keyFile, Err: err}
	}
	text := strings.TrimSpace(string(private))
	public, err := evidence.VerifierOf(text)
	if err == nil {
		w.key, err = cosign.VKeyToCosignatureV1(public)
	}
	if err == nil {
		w.signer, err = cosign.NewSignerForCosignatureV1(text)
	}
	if err != nil {
		return nil, &lineage.Error{Op: "open witness", Kind: lineage.ErrorInvalid, ID: keyFile, Hint: "restore it from its backup", Err: errors.New("it holds no private key")}
	}
	return w, nil
}

func newWitnessKey(file string) ([]byte, error) {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	private, _, err := note.GenerateKey(rand.Reader, "wellspring/witness/"+hex.EncodeToString(random[:]))
	if err != nil {
		return nil, err
	}
	return []byte(private), writeKey(file, private)
}

// Key is the public key of the witness's cosignatures.
func (w *Witness) Key() string { return w.key }

// Cosign checks a submission against what was seen before, remembers it, and
// returns the line of its signature.
func (w *Witness) Cosign(ctx context.Context, s evidence.Submission) (string, error) {
	const op = "cosign"
	origin, _, _ := strings.Cut(string(s.Checkpoint), "\n")
	keys := w.logs[origin]
	if keys == nil {
		return "", lineage.NotFound(op, origin, "this witness does not watch that log")
	}
	n, err := note.Open(s.Checkpoint, note.VerifierList(keys...))
	if err != nil {
		return "", &lineage.Error{Op: op, Kind: lineage.ErrorForbidden, ID: origin, Hint: "it is not signed by a key of the log that this witness knows", Err: err}
	}
	now, err := evidence.ParseCheckpoint(n.Text)
	if err != nil {
		return "", err
	}
	if s.Old > now.Size {
		return "", lineage.Invalid(op, "old", "it is more than the checkpoint's size")
	}
	if err := w.see(ctx, s, now); err != nil {
		return "", err
	}
	cosigned, err := note.Sign(&note.Note{Text: n.Text}, w.signer)
	if err != nil {
		return "", &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	}
	_, line, _ := strings.Cut(string(cosigned), "\n\n")
	return line, nil
}

// see compares with what was seen, and replaces it, in one transaction.
func (w *Witness) see(ctx context.Context, s evidence.Submission, now evidence.Checkpoint) error {
	const op = "cosign"
	tx, err := w.ledger.writes.BeginTx(ctx, nil)
	if err != nil {
		return failed(op, w.ledger.path, err)
	}
	defer tx.Rollback()
	var before evidence.Checkpoint
	var text string
	switch err := tx.QueryRowContext(ctx, "SELECT note FROM witnessed WHERE origin = ?", now.Origin).Scan(&text); {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return failed(op, w.ledger.path, err)
	default:
		if before, err = evidence.ReadUnsigned([]byte(text)); err != nil {
			return err
		}
	}
	switch {
	case before.Size != s.Old, before.Size == now.Size && before.Size > 0 && before.Root != now.Root:
		return &lineage.Error{Op: op, Kind: lineage.ErrorConflict, ID: now.Origin, Hint: "prove that the log goes on from what the witness saw", Err: &evidence.SeenError{Size: before.Size}}
	case before.Size == 0 && len(s.Proof) > 0:
		return unproven(now.Origin, nil)
	case before.Size > 0:
		if err := evidence.CheckGrowth(before, now, s.Proof); err != nil {
			return unproven(now.Origin, err)
		}
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO witnessed (origin, size, note) VALUES (?, ?, ?) ON CONFLICT (origin) DO UPDATE SET size = excluded.size, note = excluded.note",
		now.Origin, now.Size, string(s.Checkpoint))
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return failed(op, w.ledger.path, err)
	}
	return nil
}

func unproven(origin string, err error) error {
	return &lineage.Error{Op: "cosign", Kind: lineage.ErrorInvalid, ID: origin, Hint: "was the log changed, or restored from an older backup?", Err: errors.Join(evidence.ErrUnproven, err)}
}

// Seen is the last checkpoint of every log.
func (w *Witness) Seen(ctx context.Context) ([]evidence.Witnessed, error) {
	rows, err := w.ledger.reads.QueryContext(ctx, "SELECT origin, size, note FROM witnessed ORDER BY origin")
	if err != nil {
		return nil, failed("list what was witnessed", w.ledger.path, err)
	}
	defer rows.Close()
	seen := []evidence.Witnessed{}
	for rows.Next() {
		var s evidence.Witnessed
		if err := rows.Scan(&s.Origin, &s.Size, &s.Note); err != nil {
			return nil, failed("list what was witnessed", w.ledger.path, err)
		}
		seen = append(seen, s)
	}
	return seen, rows.Err()
}
