package ledger_test

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/archive"
	"wellspring/evidence"
	"wellspring/evidence/ledger"
)

// TestRetain puts old entries aside: the log stays what it was, its proofs too, and what
// is read from a segment is held against the tree.
func TestRetain(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	options := ledger.Options{KeyFile: filepath.Join(dir, ledger.KeyFileName), Clock: func() time.Time { return now }}
	reopen := func() *ledger.Ledger {
		t.Helper()
		l, err := ledger.Open(t.Context(), filepath.Join(dir, ledger.FileName), options)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := reopen()
	defer func() { _ = l.Close() }()
	follow := func(from, to int) {
		t.Helper()
		var records []evidence.Record
		for i := from; i <= to; i++ {
			records = append(records, record(i))
		}
		if err := l.Follow(t.Context(), records, strconv.Itoa(to)); err != nil {
			t.Fatal(err)
		}
	}
	follow(1, 600) // more than two members
	now = now.Add(24 * time.Hour)
	fill(t, l, 0)
	limit := now.Add(time.Hour)
	now = now.Add(48 * time.Hour)
	young, err := l.Append(t.Context(), act("young"))
	if err != nil {
		t.Fatal(err)
	}
	before, root := all(t, l), checkpoint(t, l, l.Size())

	closed, err := l.Retain(t.Context(), limit)
	if err != nil || len(closed) != 1 || closed[0].Entries != 602 || closed[0].Subjects != 1 || !closed[0].Present {
		t.Fatalf("closed %+v, %v; want all but the youngest", closed, err)
	}
	if again, err := l.Retain(t.Context(), limit); err != nil || len(again) != 0 {
		t.Errorf("closed twice: %+v, %v", again, err)
	}
	same := func(when string) {
		t.Helper()
		if diff := cmp.Diff(before, all(t, l)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
		if got, there, err := l.At(t.Context(), "257"); err != nil || !there || !cmp.Equal(got, before[256]) {
			t.Errorf("%s: the entry of a position: %+v, %v", when, got, err)
		}
		if page, err := l.List(t.Context(), evidence.Query{Action: "export", Who: "Ada"}); err != nil || len(page.Entries) != 1 || !cmp.Equal(page.Entries[0], before[601]) {
			t.Errorf("%s: an act of before: %+v, %v", when, page, err)
		}
		if wrong, err := l.Check(t.Context()); err != nil || len(wrong) > 0 {
			t.Errorf("%s: %v, %v", when, wrong, err)
		}
	}
	same("put aside")
	proof, err := l.Prove(t.Context(), 5, root.Size)
	if err != nil {
		t.Fatal(err)
	}
	if err := evidence.CheckInclusion(root, 5, before[5].Public, proof); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = reopen()
	same("after a restart")

	// The file is what it says, for anybody with gzip.
	file := filepath.Join(dir, archive.Dir, closed[0].Name)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if lines := bytes.Split(plain, []byte("\n")); err != nil || len(lines) != 2*602+1 || !bytes.Equal(lines[2*601], before[601].Public) {
		t.Errorf("%d lines, %v", len(lines), err)
	}

	spoiled := bytes.Clone(text)
	spoiled[len(spoiled)/10] ^= 1
	for name, spoil := range map[string]func() error{
		"moved away": func() error { return os.Remove(file) },
		"changed":    func() error { return os.WriteFile(file, spoiled, 0o600) },
		"cut":        func() error { return os.WriteFile(file, text[:len(text)/10], 0o600) },
		"forged":     func() error { return os.WriteFile(file, forged(t, dir, text), 0o600) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.List(t.Context(), evidence.Query{Limit: 200}); !evidence.IsAway(err) || !strings.Contains(err.Error(), closed[0].Name) {
			t.Errorf("%s: %v", name, err)
		}
		if page, err := l.List(t.Context(), evidence.Query{After: young.Index}); err != nil || len(page.Entries) != 1 {
			t.Errorf("%s: what is not put aside is readable: %v", name, err)
		}
		if wrong, err := l.Check(t.Context()); err != nil || len(wrong) != 1 || !strings.Contains(wrong[0], closed[0].Name) {
			t.Errorf("%s: the check says %q, %v", name, wrong, err)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		same("once it is back, having been " + name)
	}

	// What is put aside next goes on where the last segment ended.
	closed, err = l.Retain(t.Context(), now.Add(time.Hour))
	if err != nil || len(closed) != 1 || closed[0].Entries != 1 {
		t.Errorf("closed %+v, %v", closed, err)
	}
	same("all of it put aside")
	if _, err := l.Append(t.Context(), act("later")); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, ledger.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		"UPDATE entry SET public = x'', private = NULL WHERE idx = 603", // in no segment
		"UPDATE entry SET public = x'01' WHERE idx = 5",
		"UPDATE entry SET who = 'x' WHERE idx = 5",
		"DELETE FROM entry WHERE idx = 5",
	} {
		if _, err := db.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v, want a refusal", statement, err)
		}
	}
	l = reopen()
}

// forged is a segment whose first member says something else in the same length.
func forged(t *testing.T, dir string, text []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	z.Multistream(false)
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	w, err := archive.Create(filepath.Join(dir, "forge"), "forged")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Add(bytes.Replace(plain, []byte("run:r1"), []byte("run:r2"), 1)); err != nil {
		t.Fatal(err)
	}
	f, err := w.Finish(0, 255)
	if err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(filepath.Join(dir, "forge", f.Name))
	if err != nil {
		t.Fatal(err)
	}
	return append(made, text[min(len(made), len(text)):]...)
}
