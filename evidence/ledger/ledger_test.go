package ledger_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"wellspring/evidence"
	"wellspring/evidence/ledger"
	"wellspring/lineage"
)

func open(t *testing.T, dir string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), filepath.Join(dir, ledger.FileName), ledger.Options{KeyFile: filepath.Join(dir, ledger.KeyFileName)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func act(action string) evidence.Act {
	return evidence.Act{Action: action, Outcome: evidence.OutcomeDone, Subject: "run:r1", RequestID: "q",
		Details: evidence.Details{Who: evidence.Actor{Name: "Ada"}, Reason: "mix-up", Old: "A", New: "B"}}
}

func record(n int) evidence.Record {
	return evidence.Record{Position: strconv.Itoa(n), AppendedAt: time.Unix(int64(n), 0), Subject: "run:r1", Kind: "k",
		Received: evidence.SHA256([]byte{byte(n)}), Data: []byte{byte(n)}, Origin: evidence.Origin{Source: "/files", ID: strconv.Itoa(n)}}
}

// fill enters n records and two acts.
func fill(t *testing.T, l *ledger.Ledger, n int) {
	t.Helper()
	if _, err := l.Append(t.Context(), act("declare")); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := l.Follow(t.Context(), []evidence.Record{record(i + 1)}, strconv.Itoa(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Append(t.Context(), act("export")); err != nil {
		t.Fatal(err)
	}
}

func all(t *testing.T, l *ledger.Ledger) []evidence.Entry {
	t.Helper()
	var entries []evidence.Entry
	for after := int64(0); ; {
		page, err := l.List(t.Context(), evidence.Query{After: after, Limit: 7})
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, page.Entries...)
		if after = page.Next; after == 0 {
			return entries
		}
	}
}

func checkpoint(t *testing.T, l *ledger.Ledger, size int64) evidence.Checkpoint {
	t.Helper()
	signed, err := l.CheckpointAt(t.Context(), size)
	if err != nil {
		t.Fatal(err)
	}
	keys := l.Keys()
	v, err := note.NewVerifier(keys[len(keys)-1].Verifier)
	if err != nil {
		t.Fatal(err)
	}
	text, err := evidence.OpenNote(signed, v)
	if err != nil {
		t.Fatal(err)
	}
	c, err := evidence.ParseCheckpoint(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every entry is in every later tree, and every tree is the beginning of every later one.
func TestProofs(t *testing.T) {
	l := open(t, t.TempDir())
	fill(t, l, 19)
	entries := all(t, l)
	var tree evidence.Tree
	var roots []tlog.Hash
	for i, e := range entries {
		if e.Index != int64(i) {
			t.Fatalf("entry %d has index %d", i, e.Index)
		}
		if _, err := e.Read(); err != nil {
			t.Error(err)
		}
		tree.Add(e.Public)
		roots = append(roots, tree.Root())
	}
	if len(entries) != 21 || l.Size() != 21 {
		t.Fatalf("%d entries, size %d, want 21", len(entries), l.Size())
	}
	for size := int64(1); size <= 21; size++ {
		c := checkpoint(t, l, size)
		if c.Root != roots[size-1] || c.Size != size || !c.At.Equal(entries[size-1].LoggedAt) {
			t.Errorf("checkpoint %d: %+v does not fit", size, c)
		}
		for index := range size {
			proof, err := l.Prove(t.Context(), index, size)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckRecord(proof, size, c.Root, index, tlog.RecordHash(entries[index].Public)); err != nil {
				t.Errorf("entry %d in %d: %v", index, size, err)
			}
			grown, err := l.ProveGrowth(t.Context(), index+1, size)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckTree(grown, size, c.Root, index+1, roots[index]); err != nil {
				t.Errorf("tree %d in %d: %v", index+1, size, err)
			}
		}
	}
}

func TestRestartGoesOn(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	fill(t, first, 3)
	before, entries := checkpoint(t, first, 5), all(t, first)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	if at, _ := again.Followed(); at != "3" {
		t.Errorf("followed to %q, want 3", at)
	}
	fill(t, again, 0)
	if diff := cmp.Diff(entries, all(t, again)[:5]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, checkpoint(t, again, 5)); diff != "" {
		t.Error(diff)
	}
	info, err := os.Stat(filepath.Join(dir, ledger.KeyFileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v %v, want mode 0600", info.Mode(), err)
	}
}

// What is entered at once by many is all there, once.
func TestConcurrentActs(t *testing.T) {
	l := open(t, t.TempDir())
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 5 {
				if _, err := l.Append(context.Background(), act("declare")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	var tree evidence.Tree
	last := time.Time{}
	for _, e := range all(t, l) {
		tree.Add(e.Public)
		if e.LoggedAt.Before(last) {
			t.Error("the time goes back")
		}
		last = e.LoggedAt
	}
	if tree.Size() != 40 || checkpoint(t, l, 40).Root != tree.Root() {
		t.Errorf("%d entries, or another root", tree.Size())
	}
}

func TestNothingIsTakenBack(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	fill(t, l, 1)
	db, err := sql.Open("sqlite", filepath.Join(dir, ledger.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{"DELETE FROM entry", "UPDATE entry SET who = 'x'", "UPDATE entry SET private = NULL"} {
		if _, err := db.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v, want a refusal", statement, err)
		}
	}
}

func TestFilters(t *testing.T) {
	l := open(t, t.TempDir())
	fill(t, l, 3)
	for name, test := range map[string]struct {
		query evidence.Query
		want  int
	}{
		"all":          {evidence.Query{}, 5},
		"acts":         {evidence.Query{Type: evidence.TypeAct}, 2},
		"subject":      {evidence.Query{Subject: "run:r1"}, 5},
		"none":         {evidence.Query{Subject: "run:r2"}, 0},
		"action":       {evidence.Query{Action: "export"}, 1},
		"who":          {evidence.Query{Who: "Ada"}, 2},
		"who else":     {evidence.Query{Who: "' OR 1=1 --"}, 0},
		"future":       {evidence.Query{From: time.Now().Add(time.Hour)}, 0},
		"past":         {evidence.Query{To: time.Now().Add(-time.Hour)}, 0},
		"both":         {evidence.Query{Subject: "run:r1", Type: evidence.TypeRecord}, 3},
		"not the last": {evidence.Query{Below: 4}, 4},
	} {
		page, err := l.List(t.Context(), test.query)
		if err != nil || len(page.Entries) != test.want {
			t.Errorf("%s: %d entries (%v), want %d", name, len(page.Entries), err, test.want)
		}
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	fill(t, l, 1)
	old := l.Keys()[0]
	if _, err := l.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	fill(t, l, 1)
	_ = checkpoint(t, l, 7) // by the new key
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir)
	keys := l.Keys()
	chain := append([]evidence.Key(nil), keys...)
	verifiers, err := evidence.CheckChain(l.Origin(), chain)
	if err != nil || len(verifiers) != 2 || chain[0].Verifier != old.Verifier {
		t.Fatalf("chain %+v: %v", chain, err)
	}
	if _, err := os.Stat(filepath.Join(dir, ledger.KeyFileName+"."+evidence.KeyID(verifiers[0]))); err != nil {
		t.Error(err)
	}
	log := evidence.NewLogCheck(checkpoint(t, l, 7))
	log.Keys(keys)
	others := evidence.NewLogCheck() // as one would see it who was told of the first key only
	page, err := l.List(t.Context(), evidence.Query{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Entries {
		log.Add(e.Index, e.Public, e.Private)
		others.Add(e.Index, e.Public, e.Private)
	}
	if faults := log.Finish(); len(faults) > 0 {
		t.Errorf("a log with two keys has faults: %v", faults)
	}
	if faults := others.Finish(); len(faults) != 1 || faults[0].Place != "entry 3" {
		t.Errorf("a key that nobody tells of was not found: %v", faults)
	}
	none := evidence.NewLogCheck()
	none.Keys(keys)
	if faults := none.Finish(); len(faults) != 1 || faults[0].Place != "entry 3" {
		t.Errorf("a key that the log does not name was not found: %v", faults)
	}
	// The old key, stolen, signs nothing of later.
	stolen, err := os.ReadFile(filepath.Join(dir, ledger.KeyFileName+"."+evidence.KeyID(verifiers[0])))
	if err != nil {
		t.Fatal(err)
	}
	thief, err := note.NewSigner(strings.TrimSpace(string(stolen)))
	if err != nil {
		t.Fatal(err)
	}
	for size, fine := range map[int64]bool{3: true, 4: false, 7: false} {
		c := evidence.Checkpoint{Origin: l.Origin(), Size: size, At: time.Unix(1, 0)}
		text, err := evidence.Sign(c.Text(), thief)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := evidence.OpenCheckpoint(text, l.Origin(), verifiers); (err == nil) != fine {
			t.Errorf("size %d by the old key: %v", size, err)
		}
	}
	// A stranger's key is in no chain.
	stranger := open(t, t.TempDir()).Keys()[0]
	chain[1] = evidence.Key{Verifier: stranger.Verifier, Note: stranger.Note}
	if _, err := evidence.CheckChain(l.Origin(), chain); err == nil {
		t.Error("a stranger's key was taken")
	}
	chain[1] = evidence.Key{Verifier: keys[1].Verifier, Note: keys[0].Note}
	if _, err := evidence.CheckChain(l.Origin(), chain); err == nil {
		t.Error("a key that nobody named was taken")
	}
}

// A ledger of before there were witnesses is opened.
func TestOlderSchema(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	fill(t, l, 1)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, ledger.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "DROP TABLE archived; DROP TABLE segment; DROP TABLE witnessed; PRAGMA user_version = 1"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir)
	w, err := ledger.NewWitness(l, filepath.Join(dir, ledger.WitnessKeyFileName), nil)
	if err != nil {
		t.Fatal(err)
	}
	if seen, err := w.Seen(t.Context()); err != nil || len(seen) != 0 || l.Size() != 3 {
		t.Errorf("%v %v, size %d", seen, err, l.Size())
	}
}

func TestLostKeyIsSaid(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	_ = open(t, other)
	for name, spoil := range map[string]func(file string) error{
		"gone":    os.Remove,
		"garbage": func(file string) error { return os.WriteFile(file, []byte("x"), 0o600) },
		"another": func(file string) error {
			text, err := os.ReadFile(filepath.Join(other, ledger.KeyFileName))
			return errors.Join(err, os.WriteFile(file, text, 0o600))
		},
	} {
		key := filepath.Join(dir, ledger.KeyFileName)
		kept, err := os.ReadFile(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := spoil(key); err != nil {
			t.Fatal(err)
		}
		_, err = ledger.Open(t.Context(), filepath.Join(dir, ledger.FileName), ledger.Options{KeyFile: key})
		var e *lineage.Error
		if !errors.As(err, &e) || e.Hint == "" || strings.Contains(err.Error(), string(bytes.TrimSpace(kept))) {
			t.Errorf("%s: %v, want an error with a remedy and without the key", name, err)
		}
		if err := os.WriteFile(key, kept, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Every change of one byte of a signed note is found.
func TestSignedNoteHasOneForm(t *testing.T) {
	l := open(t, t.TempDir())
	signed, err := l.SignText("hello\nworld\n")
	if err != nil {
		t.Fatal(err)
	}
	v, err := l.Verifier()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.OpenNote(signed, v); err != nil {
		t.Fatal(err)
	}
	for i := range signed {
		for bit := range 8 {
			changed := bytes.Clone(signed)
			changed[i] ^= 1 << bit
			if _, err := evidence.OpenNote(changed, v); err == nil {
				t.Errorf("byte %d, bit %d: not found", i, bit)
			}
		}
		if _, err := evidence.OpenNote(append(append(bytes.Clone(signed[:i]), '\n'), signed[i:]...), v); err == nil {
			t.Errorf("a newline before byte %d: not found", i)
		}
	}
}

func TestCheckpointHasOneForm(t *testing.T) {
	text := evidence.Checkpoint{Origin: "o", Size: 7, At: time.Unix(1, 2000).UTC()}.Text()
	if _, err := evidence.ParseCheckpoint(text); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"", text + "\n", strings.Replace(text, "7", "07", 1), strings.Replace(text, "7", "-7", 1),
		strings.Replace(text, "at ", "", 1), strings.Replace(text, "AAA", "AA", 1), strings.Replace(text, "Z", "+00:00", 1)} {
		if _, err := evidence.ParseCheckpoint(wrong); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}
