package app_test

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What packages of a service say of an experiment holds by the definitions of W3C PROV,
// judged as evidence/verify.TestStandards judges it.
func TestStandardsOfExports(t *testing.T) {
	python := os.Getenv("WELLSPRING_PYTHON")
	if python == "" {
		t.Skip("WELLSPRING_PYTHON names no Python that has prov and roc-validator: make evidence-check installs one")
	}
	a := bench(t)
	correct(t, a, "PBS-3")
	for _, ask := range []string{"about=since&since=2026-01-01T00:00:00Z", "about=experiment&selector=BA-2026-11"} {
		_, data := exported(t, a, ask)
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		for _, f := range z.File {
			path := filepath.Join(dir, f.Name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, entry(t, data, f.Name), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		text, err := exec.CommandContext(t.Context(), python, "../evidence/verify/testdata/standards.py", dir).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%.5000s", ask, err, text)
		}
		t.Logf("%s: %s", ask, bytes.TrimSpace(text[bytes.LastIndexByte(bytes.TrimSpace(text), '\n')+1:]))
	}
}
