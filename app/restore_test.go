package app_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"wellspring/app"
	"wellspring/evidence"
	"wellspring/lineage"
)

// A backup that names files elsewhere, links, or others than a backup has, is
// refused, and leaves nothing behind.
func TestRestoreStaysInItsFolder(t *testing.T) {
	outside := t.TempDir()
	for name, header := range map[string]tar.Header{
		"up":           {Name: "../evil", Typeflag: tar.TypeReg},
		"from the top": {Name: filepath.Join(outside, "evil"), Typeflag: tar.TypeReg},
		"a stranger":   {Name: "evil", Typeflag: tar.TypeReg},
		"by its end":   {Name: "x/journal.db", Typeflag: tar.TypeReg},
		"a link":       {Name: "journal.db", Typeflag: tar.TypeSymlink, Linkname: filepath.Join(outside, "evil")},
		"a device":     {Name: "journal.db", Typeflag: tar.TypeChar},
	} {
		t.Run(name, func(t *testing.T) {
			body := []byte("evil")
			manifest := must(json.Marshal(map[string]any{"format": 1, "files": []map[string]any{{"name": header.Name, "bytes": len(body), "sha256": evidence.SHA256(body)}}}))
			var backup bytes.Buffer
			w := tar.NewWriter(&backup)
			write := func(h tar.Header, text []byte) {
				h.Mode, h.Size = 0o600, int64(len(text))
				if err := w.WriteHeader(&h); err != nil {
					t.Fatal(err)
				}
				if _, err := w.Write(text); err != nil {
					t.Fatal(err)
				}
			}
			write(tar.Header{Name: "backup.json", Typeflag: tar.TypeReg}, manifest)
			if header.Typeflag != tar.TypeReg {
				body = nil
			}
			write(header, body)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "data")
			if err := app.Restore(t.Context(), &backup, dir); lineage.KindOf(err) != lineage.ErrorInvalid {
				t.Errorf("it was taken: %v", err)
			}
			for _, place := range []string{dir, filepath.Join(outside, "evil"), filepath.Join(filepath.Dir(dir), "evil")} {
				if _, err := os.Lstat(place); err == nil {
					t.Errorf("%s was left behind", place)
				}
			}
		})
	}
}
