package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // the driver

	"wellspring/lineage"
)

//go:embed schema.sql
var schema string

const (
	schemaVersion = 1
	// keyPrefix begins every key, so that secret scanners can find a leaked one.
	keyPrefix = "wsk_"
	opKeys    = "keep API keys"
)

// Key is what is known of an API key. Its secret is not: it is shown once.
type Key struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Roles      []Role     `json:"roles"`
	Operations []string   `json:"operations,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
	CreatedBy  string     `json:"created_by"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	UsedAt     *time.Time `json:"used_at,omitempty"`
}

// NewKey is what a key is to be.
type NewKey struct {
	Name       string
	Roles      []Role
	Operations []string
	Expires    time.Duration // from now; 0: never
	By         string
}

// Keys holds the API keys in one SQLite file.
type Keys struct {
	db  *sql.DB
	now func() time.Time
}

// OpenKeys opens the file at path, or begins one that only its owner can read.
func OpenKeys(ctx context.Context, path string, now func() time.Time) (*Keys, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, failed(path, err)
	}
	if err := file.Close(); err != nil {
		return nil, failed(path, err)
	}
	query := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, failed(path, err)
	}
	db.SetMaxOpenConns(2)
	if err := prepare(ctx, db, path); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Keys{db, now}, nil
}

func prepare(ctx context.Context, db *sql.DB, path string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return failed(path, err)
	}
	defer func() { _ = tx.Rollback() }()
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return failed(path, err)
	}
	switch version {
	case schemaVersion:
		return nil
	case 0:
	default:
		return &lineage.Error{Op: opKeys, Kind: lineage.ErrorConflict, ID: path, Hint: "use the newer version of the program that wrote it",
			Err: fmt.Errorf("schema version %d, this program knows %d", version, schemaVersion)}
	}
	if _, err := tx.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)); err != nil {
		return failed(path, err)
	}
	if err := tx.Commit(); err != nil {
		return failed(path, err)
	}
	return nil
}

// Close lets go of the file.
func (k *Keys) Close() error { return k.db.Close() }

// Create makes a key and returns its secret, which is never to be had again.
func (k *Keys) Create(ctx context.Context, want NewKey) (Key, string, error) {
	switch {
	case strings.TrimSpace(want.Name) == "" || len(want.Name) > 200:
		return Key{}, "", lineage.Invalid(opKeys, "name", "give 1 to 200 letters that tell what the key is for")
	case len(want.Roles) == 0:
		return Key{}, "", lineage.Invalid(opKeys, "roles", "give it at least one role")
	case want.Expires < 0:
		return Key{}, "", lineage.Invalid(opKeys, "expires", "must not lie in the past")
	}
	id := strings.ReplaceAll(uuid.NewString(), "-", "")[:12]
	secret, hash := newSecret()
	now := k.now()
	var expires any
	if want.Expires > 0 {
		expires = now.Add(want.Expires).Unix()
	}
	_, err := k.db.ExecContext(ctx, `INSERT INTO api_key (id, name, roles, operations, hash, created_at, created_by, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		id, want.Name, joinRoles(want.Roles), strings.Join(want.Operations, ","), hash, now.Unix(), want.By, expires)
	if err != nil {
		return Key{}, "", failed(id, err)
	}
	key, err := k.get(ctx, id)
	return key, keyPrefix + id + "_" + secret, err
}

// Rotate gives a key a new secret. The old one is taken for the time of grace.
func (k *Keys) Rotate(ctx context.Context, id string, grace time.Duration) (Key, string, error) {
	if grace < 0 {
		return Key{}, "", lineage.Invalid(opKeys, "grace", "must not be negative")
	}
	secret, hash := newSecret()
	err := k.change(ctx, id, `UPDATE api_key SET old_hash = hash, old_until = ?, hash = ? WHERE id = ? AND revoked_at IS NULL`, k.now().Add(grace).Unix(), hash, id)
	if err != nil {
		return Key{}, "", err
	}
	key, err := k.get(ctx, id)
	return key, keyPrefix + id + "_" + secret, err
}

// Revoke ends a key at once, for ever.
func (k *Keys) Revoke(ctx context.Context, id string) (Key, error) {
	if err := k.change(ctx, id, `UPDATE api_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL`, k.now().Unix(), id); err != nil {
		return Key{}, err
	}
	return k.get(ctx, id)
}

func (k *Keys) change(ctx context.Context, id, statement string, args ...any) error {
	result, err := k.db.ExecContext(ctx, statement, args...)
	if err != nil {
		return failed(id, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return lineage.NotFound(opKeys, id, "no key in force has this id; wellspring keys list shows them")
	}
	return nil
}

const keyColumns = `id, name, roles, operations, created_at, created_by, expires_at, revoked_at, used_at`

// List returns all keys, also those that ended, oldest first.
func (k *Keys) List(ctx context.Context) ([]Key, error) {
	rows, err := k.db.QueryContext(ctx, `SELECT `+keyColumns+` FROM api_key ORDER BY created_at, id`)
	if err != nil {
		return nil, failed("", err)
	}
	defer func() { _ = rows.Close() }()
	keys := []Key{}
	for rows.Next() {
		key, err := scan(rows)
		if err != nil {
			return nil, failed("", err)
		}
		keys = append(keys, key)
	}
	if err := rows.Err(); err != nil {
		return nil, failed("", err)
	}
	return keys, nil
}

func (k *Keys) get(ctx context.Context, id string) (Key, error) {
	key, err := scan(k.db.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM api_key WHERE id = ?`, id))
	if err != nil {
		return Key{}, failed(id, err)
	}
	return key, nil
}

func scan(row interface{ Scan(...any) error }, more ...any) (Key, error) {
	var (
		key                    Key
		roles, operations      string
		created                int64
		expires, revoked, used sql.NullInt64
	)
	into := []any{&key.ID, &key.Name, &roles, &operations, &created, &key.CreatedBy, &expires, &revoked, &used}
	if err := row.Scan(append(into, more...)...); err != nil {
		return Key{}, err
	}
	key.Roles = splitRoles(roles)
	if operations != "" {
		key.Operations = strings.Split(operations, ",")
	}
	key.CreatedAt = time.Unix(created, 0).UTC()
	key.ExpiresAt, key.RevokedAt, key.UsedAt = moment(expires), moment(revoked), moment(used)
	return key, nil
}

// Check returns who presents a key.
func (k *Keys) Check(ctx context.Context, token string) (Principal, error) {
	id, secret, ok := splitKey(token)
	if !ok {
		return Principal{}, refusedKey
	}
	var (
		hash, old []byte
		oldUntil  sql.NullInt64
	)
	key, err := scan(k.db.QueryRowContext(ctx, `SELECT `+keyColumns+`, hash, old_hash, old_until FROM api_key WHERE id = ?`, id), &hash, &old, &oldUntil)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Principal{}, failed(id, err)
	}
	now := k.now()
	given := sha256.Sum256([]byte(secret))
	good := subtle.ConstantTimeCompare(given[:], hash) == 1
	if !good && oldUntil.Valid && now.Unix() < oldUntil.Int64 {
		good = subtle.ConstantTimeCompare(given[:], old) == 1
	}
	if !good || key.RevokedAt != nil || key.ExpiresAt != nil && !now.Before(*key.ExpiresAt) {
		return Principal{}, refusedKey
	}
	if key.UsedAt == nil || now.Sub(*key.UsedAt) >= time.Minute {
		if _, err := k.db.ExecContext(ctx, `UPDATE api_key SET used_at = ? WHERE id = ?`, now.Truncate(time.Minute).Unix(), id); err != nil {
			return Principal{}, failed(id, err)
		}
	}
	return Principal{Name: key.Name, ID: "key:" + id, Roles: key.Roles, Means: ByKey, Operations: key.Operations, ProvedAt: now}, nil
}

// refusedKey doesn't say why: a stranger learns nothing from it, and the list of
// keys tells its owner.
var refusedKey = &lineage.Error{Op: "log in", Kind: lineage.ErrorUnauthenticated, ID: "API key", Hint: "it is unknown, revoked or expired: ask an admin for a new one"}

// splitKey takes a key apart: wsk_ID_SECRET.
func splitKey(token string) (id, secret string, ok bool) {
	rest, ok := strings.CutPrefix(token, keyPrefix)
	if !ok || len(token) > 256 {
		return "", "", false
	}
	return strings.Cut(rest, "_")
}

func newSecret() (secret string, hash []byte) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // it never fails
	secret = base64.RawURLEncoding.EncodeToString(random[:])
	sum := sha256.Sum256([]byte(secret))
	return secret, sum[:]
}

func joinRoles(roles []Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, ",")
}

func splitRoles(text string) []Role {
	var roles []Role
	for name := range strings.SplitSeq(text, ",") {
		roles = append(roles, Role(name))
	}
	return roles
}

func moment(unix sql.NullInt64) *time.Time {
	if !unix.Valid {
		return nil
	}
	t := time.Unix(unix.Int64, 0).UTC()
	return &t
}

func failed(id string, err error) error {
	return &lineage.Error{Op: opKeys, Kind: lineage.ErrorInternal, ID: id, Err: err}
}
