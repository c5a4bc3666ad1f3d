// Package testdata finds the real OT-2 data that tests run on. It is not part
// of the project: where it is absent, such a test skips and says so.
//
// On the road of a fact it stands beside it: only tests import it.
//
// It refuses to hold data: fixtures of our own lie in each package's testdata.
package testdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Env names the variable that holds the shared folder.
const Env = "WELLSPRING_SHARED"

// Shared returns the path of a file or folder below the shared folder, such as
// Shared(t, "ot2/run-logs"). The shared folder is the one that Env names, else
// the nearest folder "shared" with an "ot2" in it beside a parent of the
// working directory. Where there is none, or not that path, the test skips.
func Shared(t testing.TB, path string) string {
	t.Helper()
	root := sharedFolder(t)
	if root == "" {
		t.Skipf("no shared test data: set %s to the folder that holds ot2/ (wanted %s)", Env, path)
	}
	full := filepath.Join(root, filepath.FromSlash(path))
	if _, err := os.Stat(full); err != nil {
		t.Skipf("shared test data in %s has no %s: %v", root, path, err)
	}
	return full
}

func sharedFolder(t testing.TB) string {
	t.Helper()
	if root := os.Getenv(Env); root != "" {
		return root
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		candidate := filepath.Join(dir, "shared")
		if info, err := os.Stat(filepath.Join(candidate, "ot2")); err == nil && info.IsDir() {
			return candidate
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}
