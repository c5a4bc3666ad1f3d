package testdata_test

import (
	"os"
	"path/filepath"
	"testing"

	"wellspring/internal/testdata"
)

func TestShared(t *testing.T) {
	root := t.TempDir()
	work := filepath.Join(root, "checkout", "room")
	for _, dir := range []string{work, filepath.Join(root, "shared", "ot2", "run-logs")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("beside a parent of the working directory", func(t *testing.T) {
		t.Setenv(testdata.Env, "")
		t.Chdir(work)
		got, err := filepath.EvalSymlinks(testdata.Shared(t, "ot2/run-logs"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := filepath.EvalSymlinks(filepath.Join(root, "shared", "ot2", "run-logs"))
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("Shared = %s, want %s", got, want)
		}
	})
	t.Run("named by the environment", func(t *testing.T) {
		t.Setenv(testdata.Env, filepath.Join(root, "shared"))
		if got, want := testdata.Shared(t, "ot2"), filepath.Join(root, "shared", "ot2"); got != want {
			t.Errorf("Shared = %s, want %s", got, want)
		}
	})
	t.Run("a missing path skips", func(t *testing.T) {
		t.Setenv(testdata.Env, filepath.Join(root, "shared"))
		var skipped bool
		t.Run("inner", func(t *testing.T) {
			defer func() { skipped = t.Skipped() }()
			testdata.Shared(t, "ot2/none")
		})
		if !skipped {
			t.Error("the test did not skip")
		}
	})
}
