package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"wellspring/lineage"
)

// LockName is the file by which a process holds a journal's folder. It stays
// when the process ends; the lock on it does not.
const LockName = "journal.lock"

type folderLock struct{ file *os.File }

func lockFolder(dir string) (*folderLock, error) {
	const op = "lock journal"
	path := filepath.Join(dir, LockName)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: path, Hint: "name a data folder that can be written", Err: err}
	}
	if held, err := lockFile(file); err != nil || held {
		defer file.Close()
		if err != nil {
			return nil, &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: path, Hint: "use a file system that has locks", Err: err}
		}
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorConflict, ID: dir,
			Hint: "stop that process, or use another data folder", Err: fmt.Errorf("process %s holds it", holder(file))}
	}
	if err := errors.Join(file.Truncate(0), writePID(file)); err != nil {
		return nil, errors.Join(&lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: path, Err: err}, file.Close())
	}
	return &folderLock{file}, nil
}

func writePID(file *os.File) error {
	_, err := file.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	return err
}

// holder reads the process id that the holder of the lock left in it.
func holder(file *os.File) string {
	text, err := io.ReadAll(io.LimitReader(file, 32))
	if pid := strings.TrimSpace(string(text)); err == nil && pid != "" {
		return pid
	}
	return "(unknown)"
}

func (l *folderLock) release() error { return l.file.Close() }

// syncFolder makes the names of new files in a folder, and its own, durable. Windows
// does that by itself, and knows no such call.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	for _, path := range []string{dir, filepath.Dir(dir)} {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}
