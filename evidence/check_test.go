package evidence_test

import (
	"encoding/json"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"wellspring/evidence"
)

// entries draws a small log.
func entries(t *rapid.T) []evidence.Entry {
	var all []evidence.Entry
	at := time.Unix(1_800_000_000, 0).UTC()
	for i := range rapid.IntRange(1, 40).Draw(t, "entries") {
		at = at.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "wait")) * time.Second)
		e, err := evidence.Seal(evidence.Public{Type: evidence.TypeAct, LoggedAt: at, Action: rapid.StringN(0, 5, 10).Draw(t, "action")},
			evidence.Details{Salt: rapid.StringMatching(`[0-9a-f]{32}`).Draw(t, "salt"), Reason: rapid.String().Draw(t, "reason")})
		if err != nil {
			t.Fatal(err)
		}
		e.Index = int64(i)
		all = append(all, e)
	}
	return all
}

func signed(all []evidence.Entry, size int) evidence.Checkpoint {
	var tree evidence.Tree
	for _, e := range all[:size] {
		tree.Add(e.Public)
	}
	return evidence.Checkpoint{Size: int64(size), Root: tree.Root()}
}

func faults(all []evidence.Entry, checkpoints ...evidence.Checkpoint) []evidence.Fault {
	c := evidence.NewLogCheck(checkpoints...)
	for _, e := range all {
		c.Add(e.Index, e.Public, e.Private)
	}
	return c.Finish()
}

// What was not touched has no fault; any one change has.
func TestLogCheck(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := entries(t)
		n := len(all)
		end, middle := signed(all, n), signed(all, rapid.IntRange(0, n).Draw(t, "middle"))
		if f := faults(all, end, middle); len(f) > 0 {
			t.Fatalf("false alarm: %v", f)
		}
		at := rapid.IntRange(0, n-1).Draw(t, "at")
		changed := append([]evidence.Entry(nil), all...)
		switch rapid.SampledFrom([]string{"public", "private", "cut", "drop", "swap", "again"}).Draw(t, "change") {
		case "public":
			changed[at].Public = flip(t, changed[at].Public)
		case "private":
			changed[at].Private = flip(t, changed[at].Private)
		case "cut":
			changed = changed[:at]
		case "drop":
			changed = append(changed[:at], changed[at+1:]...)
		case "swap":
			other := (at + 1) % n
			if n == 1 {
				return
			}
			changed[at], changed[other] = changed[other], changed[at]
		case "again":
			changed = append(changed[:at+1], all[at:]...)
		}
		if f := faults(changed, end); len(f) == 0 {
			t.Fatal("the change was not found")
		}
	})
}

func flip(t *rapid.T, data []byte) []byte {
	again := append([]byte(nil), data...)
	again[rapid.IntRange(0, len(data)-1).Draw(t, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
	return again
}

// The tree is that of sumdb/tlog, whose vectors are those of RFC 6962.
func TestTree(t *testing.T) {
	var tree evidence.Tree
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(places []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(places))
		for i, p := range places {
			found[i] = stored[p]
		}
		return found, nil
	})
	for n := range int64(200) {
		want, err := tlog.TreeHash(n, reader)
		if err != nil || want != tree.Root() || tree.Size() != n {
			t.Fatalf("size %d: %v, want %v (%v)", n, tree.Root(), want, err)
		}
		leaf := []byte{byte(n)}
		fresh, err := tlog.StoredHashes(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, fresh...)
		tree.Add(leaf)
	}
}

// The private part is in the hash of the public one, and its salt keeps equal
// ones apart.
func TestSealIsReadBack(t *testing.T) {
	at := time.Now().UTC()
	e, err := evidence.Seal(evidence.Public{Type: evidence.TypeAct, LoggedAt: at}, evidence.Details{Salt: "00", Who: evidence.Actor{Name: "Ada <ada@lab>"}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Read()
	if err != nil || !p.LoggedAt.Equal(at) {
		t.Errorf("%+v: %v", p, err)
	}
	d, err := e.Details()
	if err != nil || d.Who.Name != "Ada <ada@lab>" {
		t.Errorf("%+v: %v", d, err)
	}
	e.Private = nil // left out
	if _, err := e.Read(); err != nil {
		t.Error(err)
	}
	if !json.Valid(e.Public) {
		t.Error("public is no JSON")
	}
}
