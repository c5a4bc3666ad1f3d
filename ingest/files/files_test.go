package files_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/ingest/files"
	"wellspring/lineage"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("b.json", "b")
	write("a/lots.CSV", "a")
	write("a/notes.txt", "not taken out of a folder")
	write("empty.json", "")
	write("large.json", strings.Repeat("x", 11))
	named := write("named.log", "taken: it was named")

	got := map[string]string{}
	for d, err := range files.Read(t.Context(), []string{dir, named, files.Stdin, filepath.Join(dir, "none.json")}, strings.NewReader("s"), 10) {
		name, relErr := filepath.Rel(dir, d.Name)
		if relErr != nil {
			name = d.Name
		}
		got[name] = string(d.Payload)
		if err != nil {
			got[name] = string(lineage.KindOf(err))
		}
	}
	want := map[string]string{
		"b.json": "b", "a/lots.CSV": "a", "empty.json": "invalid", "large.json": "too_large",
		"named.log": "too_large", "stdin": "s", "none.json": "not_found",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	if n := files.Count(t.Context(), []string{dir, named, files.Stdin, filepath.Join(dir, "none.json")}); n != int64(len(want)) {
		t.Errorf("counted %d, want %d", n, len(want))
	}
}

func TestReadStopsWhenTold(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.json", "b.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, err := range files.Read(t.Context(), []string{dir, dir}, nil, 10) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d documents after a break, want 1", n)
	}
}
