package app

import (
	"archive/tar"
	"bytes"
	"cmp"
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
	"slices"
	"time"

	"wellspring/archive"
	"wellspring/etl"
	"wellspring/evidence/ledger"
	"wellspring/ingest/journal"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/lineage"
)

const (
	journalFile    = journalsqlite.FileName
	backupManifest = "backup.json"
	backupFormat   = 1
	backupFolder   = "backup.tmp" // in the data folder, while a backup is written
)

// BackupOf is what the first file of a backup says of the others.
type BackupOf struct {
	Format  int       `json:"format"`
	Version string    `json:"version"` // of the program that wrote it
	At      time.Time `json:"at"`
	// Processed is how far the journal was in the graph before the graph was
	// copied: what came after is processed when the backup is used.
	Processed journal.Position `json:"processed"`
	Consumer  string           `json:"consumer"` // by which name; empty in earlier backups
	Files     []backedUp       `json:"files"`
}

type backedUp struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Backup writes a backup as a tar file: the journal, and with it the states of
// processing, the API keys, the evidence log with its key, and the embedded graph. Run may be running. A graph in
// Neo4j is not in it: it is made again from the journal.
func (a *App) Backup(ctx context.Context, to io.Writer) error {
	if err := a.upkeep.begin("backup"); err != nil {
		return err
	}
	defer a.upkeep.end()
	return a.backup(ctx, to)
}

func (a *App) backup(ctx context.Context, to io.Writer) (err error) {
	const op = "back up"
	dir := filepath.Join(a.options.DataDir, backupFolder)
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
		return unavailable(op, dir, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	// Each is copied as of one moment. What is copied earlier must not need what
	// comes later: of what the place says is done, the index says more, and the
	// graph more still; the journal, copied last, covers them all.
	manifest := BackupOf{Format: backupFormat, Version: Version().String(), At: time.Now().UTC()}
	manifest.Consumer = a.places.First
	if manifest.Processed, err = a.journal.Committed(ctx, manifest.Consumer); err != nil {
		return err
	}
	if a.options.Store != "sqlite" {
		manifest.Processed = ""
	}
	names := append(a.graphFiles(), accessFile, ledger.FileName, journalFile)
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			return unavailable(op, name, err)
		}
		copied := copyDatabase
		if name == ledger.FileName {
			copied = copyLedger
		}
		if err := copied(ctx, filepath.Join(a.options.DataDir, name), filepath.Join(dir, name)); err != nil {
			return unavailable(op, name, err)
		}
	}
	segments, err := a.takeSegments(ctx, dir)
	if err != nil {
		return err
	}
	switch err := linkOrCopy(filepath.Join(a.options.DataDir, placesFile), filepath.Join(dir, placesFile)); {
	case err == nil:
		names = append(names, placesFile)
	case !errors.Is(err, os.ErrNotExist):
		return unavailable(op, placesFile, err)
	}
	for _, name := range append(append(names, ledger.KeyFileName), segments...) {
		file, err := describe(dir, name)
		if err != nil {
			return unavailable(op, name, err)
		}
		manifest.Files = append(manifest.Files, file)
	}
	return unavailable(op, "tar", writeTar(ctx, to, dir, manifest))
}

// takeSegments puts the segments beside the copies of what they belong to: they never
// change. One that is not there is left out, as it is of the journal or the log.
func (a *App) takeSegments(ctx context.Context, dir string) (names []string, err error) {
	all, err := Upkeep{a}.Segments(ctx)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(dir, archive.Dir), 0o700); err != nil {
		return nil, unavailable("back up", archive.Dir, err)
	}
	for _, s := range all {
		name := filepath.Join(archive.Dir, s.Name)
		if !s.Present {
			a.logger.WarnContext(ctx, "a segment is not in the backup: it is not there", "segment", s.Name)
			continue
		}
		if err := linkOrCopy(filepath.Join(a.options.DataDir, name), filepath.Join(dir, name)); err != nil {
			return nil, unavailable("back up", name, err)
		}
		names = append(names, name)
	}
	return names, nil
}

// linkOrCopy gives a file a second name, or copies it where the folder is a link to
// another file system.
func linkOrCopy(from, to string) (err error) {
	if os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// copyDatabase copies a SQLite database that may be in use, as of one moment.
func copyDatabase(ctx context.Context, from, to string) (err error) {
	if _, err := os.Stat(from); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", besides(from))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	return err
}

// copyLedger copies the evidence log together with its key: should a new key take
// the old one's place meanwhile, again.
func copyLedger(ctx context.Context, from, to string) error {
	key := filepath.Join(filepath.Dir(from), ledger.KeyFileName)
	for {
		before, err := os.ReadFile(key)
		if err != nil {
			return err
		}
		if err := errors.Join(removeDatabase(to), copyDatabase(ctx, from, to)); err != nil {
			return err
		}
		if after, err := os.ReadFile(key); err != nil || bytes.Equal(before, after) {
			return errors.Join(err, os.WriteFile(filepath.Join(filepath.Dir(to), ledger.KeyFileName), before, 0o600))
		}
	}
}

func describe(dir, name string) (backedUp, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return backedUp{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return backedUp{Name: name, Bytes: n, SHA256: hex.EncodeToString(h.Sum(nil))}, err
}

func writeTar(ctx context.Context, to io.Writer, dir string, manifest BackupOf) error {
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	w := tar.NewWriter(to)
	header := func(name string, size int64) error {
		return w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: manifest.At, Format: tar.FormatPAX})
	}
	if err := header(backupManifest, int64(len(text))); err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	for _, file := range manifest.Files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := header(file.Name, file.Bytes); err != nil {
			return err
		}
		if err := packOne(w, filepath.Join(dir, file.Name)); err != nil {
			return err
		}
	}
	return w.Close()
}

func packOne(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// Restore unpacks a backup into a data folder, which must be empty or not there.
// Nothing is in place before all of it was checked. Where the graph is in Neo4j,
// or the backup has none, the next start makes it from the journal.
func Restore(ctx context.Context, from io.Reader, dataDir string) (err error) {
	const op = "restore"
	if err := emptyFolder(dataDir); err != nil {
		return err
	}
	partial := filepath.Clean(dataDir) + ".restoring"
	if err := errors.Join(os.RemoveAll(partial), os.MkdirAll(partial, 0o700)); err != nil {
		return unavailable(op, partial, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(partial)) }()
	manifest, err := unpack(ctx, from, partial)
	if err != nil {
		return err
	}
	if err := rewind(ctx, partial, manifest); err != nil {
		return err
	}
	if err := errors.Join(syncAll(partial), os.RemoveAll(dataDir), os.Rename(partial, dataDir), syncFolder(filepath.Dir(filepath.Clean(dataDir)))); err != nil {
		return unavailable(op, dataDir, err)
	}
	return nil
}

// emptyFolder refuses a folder that has anything in it.
func emptyFolder(dir string) error {
	if left, err := os.ReadDir(dir); err == nil && len(left) > 0 || err != nil && !errors.Is(err, os.ErrNotExist) {
		return &lineage.Error{Op: "restore", Kind: lineage.ErrorConflict, ID: dir, Hint: "restore into a folder that is empty, or not there", Err: err}
	}
	return nil
}

// CheckBackup checks what Restore would unpack and where, and unpacks nothing.
func CheckBackup(ctx context.Context, from io.Reader, dataDir string) (BackupOf, error) {
	if err := emptyFolder(dataDir); err != nil {
		return BackupOf{}, err
	}
	return unpack(ctx, from, "")
}

// unpack unpacks a backup into a folder and checks it; without a folder it only checks.
func unpack(ctx context.Context, from io.Reader, dir string) (BackupOf, error) {
	const op = "restore"
	damaged := func(id string, err error) error {
		return &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: id, Hint: "this is no whole backup of Wellspring: take another", Err: err}
	}
	var manifest BackupOf
	r := tar.NewReader(from)
	first, err := r.Next()
	if err != nil || first.Name != backupManifest {
		return manifest, damaged(backupManifest, err)
	}
	if err := json.NewDecoder(io.LimitReader(r, 1<<20)).Decode(&manifest); err != nil {
		return manifest, damaged(backupManifest, err)
	}
	if manifest.Format != backupFormat {
		return manifest, &lineage.Error{Op: op, Kind: lineage.ErrorConflict, ID: backupManifest, Hint: "use the version that wrote it, " + manifest.Version,
			Err: fmt.Errorf("format %d, this program knows %d", manifest.Format, backupFormat)}
	}
	known := append(manifest.graphFiles(), journalFile, accessFile, ledger.FileName, ledger.KeyFileName)
	for _, file := range manifest.Files {
		if ctx.Err() != nil {
			return manifest, context.Cause(ctx)
		}
		header, err := r.Next()
		if err != nil {
			return manifest, damaged(file.Name, err)
		}
		segment := filepath.Dir(file.Name) == archive.Dir && filepath.IsLocal(file.Name)
		if header.Name != file.Name || !segment && !slices.Contains(known, file.Name) {
			return manifest, damaged(header.Name, nil)
		}
		sum, n, err := unpackOne(dir, file.Name, r)
		if err != nil {
			return manifest, damaged(file.Name, err)
		}
		if n != file.Bytes || sum != file.SHA256 {
			return manifest, damaged(file.Name, errors.New("its checksum is not the one written down"))
		}
	}
	if !slices.ContainsFunc(manifest.Files, func(f backedUp) bool { return f.Name == journalFile }) {
		return manifest, damaged(journalFile, errors.New("it is missing"))
	}
	return manifest, nil
}

func unpackOne(dir, name string, from io.Reader) (sum string, n int64, err error) {
	h := sha256.New()
	if dir == "" {
		n, err = io.Copy(h, from)
		return hex.EncodeToString(h.Sum(nil)), n, err
	}
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", 0, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", 0, err
	}
	n, err = io.Copy(io.MultiWriter(f, h), from)
	return hex.EncodeToString(h.Sum(nil)), n, errors.Join(err, f.Sync(), f.Close())
}

// rewind sets the pipeline's place in a journal back to where the graph is.
func rewind(ctx context.Context, dir string, manifest BackupOf) (err error) {
	j, err := journalsqlite.Open(dir, journalsqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	return j.Commit(ctx, cmp.Or(manifest.Consumer, etl.Consumer), manifest.Processed)
}

// syncAll makes the files of a folder durable.
func syncAll(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return syncFolder(dir)
}

// WriteWhole writes a file that is in place only when it is whole and durable.
func WriteWhole(path string, write func(io.Writer) error) (size int64, err error) {
	unwritable := func(err error) error {
		if err == nil {
			return nil
		}
		return &lineage.Error{Op: "write file", Kind: lineage.ErrorUnavailable, ID: path, Hint: "name a file that can be written, and see that the disk has room", Err: err}
	}
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, unwritable(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(part))
		}
	}()
	if err := write(f); err != nil {
		return 0, errors.Join(err, f.Close())
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, unwritable(err)
	}
	if err := os.Rename(part, path); err != nil {
		return 0, unwritable(err)
	}
	return info.Size(), unwritable(syncFolder(filepath.Dir(path)))
}
