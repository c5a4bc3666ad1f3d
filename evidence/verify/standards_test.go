package verify_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"wellspring/evidence/pack"
)

// Other people's programs take what a package says in their languages. make
// evidence-check installs them; their Python is named by WELLSPRING_PYTHON.
func TestStandards(t *testing.T) {
	python := os.Getenv("WELLSPRING_PYTHON")
	if python == "" {
		t.Skip("WELLSPRING_PYTHON names no Python that has prov and roc-validator: make evidence-check installs one")
	}
	b := newLab(t, 20, 6)
	for name, redact := range map[string]bool{"whole": false, "redacted": true} {
		t.Run(name, func(t *testing.T) {
			files := unpacked(t, b.pack(t, redact))
			judge := func() (string, error) {
				dir := t.TempDir()
				write(t, dir, files)
				text, err := exec.Command(python, "testdata/standards.py", dir).CombinedOutput()
				return string(text), err
			}
			text, err := judge()
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			t.Log(strings.TrimSpace(text))
			files[pack.FileCrate] = bytes.Replace(files[pack.FileCrate], []byte(`"conformsTo"`), []byte(`"conformsWith"`), 1)
			if text, err := judge(); err == nil {
				t.Errorf("the judge takes anything: %s", text)
			}
		})
	}
}
