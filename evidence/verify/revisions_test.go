package verify_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"wellspring/evidence/pack"
	"wellspring/evidence/verify"
	"wellspring/lineage"
)

// Packages tell what nodes were before, and the verifier finds what can't have been,
// even where it was signed.
func TestRevisions(t *testing.T) {
	b := newLab(t, 3, 2)
	data := b.pack(t, false)
	if r := check(t, data, verify.Options{Keys: []string{b.key()}}); !r.Valid || r.Answer.Revisions != 2 {
		t.Fatalf("%+v", r)
	}
	files := unpacked(t, data)
	lines := bytes.SplitAfter(files[pack.FileRevisions], []byte("\n"))
	var was lineage.Revision
	if err := json.Unmarshal(lines[0], &was); err != nil || was.Node == nil || was.Node.Attributes["volumeUl"] != 9. || was.RetractedAt == nil {
		t.Errorf("%s: %v", lines[0], err)
	}
	first, second := string(lines[0]), string(lines[1])
	alien := strings.ReplaceAll(first, was.Node.ID.String(), lineage.LotID("alien").String())
	later := strings.Replace(first, `"retracted_at":"2026-03-01T12`, `"retracted_at":"2026-03-03T12`, 1)
	for name, forged := range map[string]struct{ text, says string }{
		"left out":       {first, "it speaks of 2 revisions; there are 1"},
		"put in":         {first + second + second, "it speaks of 2 revisions; there are 3"},
		"of a stranger":  {alien + second, pack.FileRevisions + ", line 1"},
		"in force":       {later + second, "still in force"},
		"never over":     {strings.Replace(first, `"retracted_at":"2026-03-01T12:00:00Z"`, `"retracted_at":null`, 1) + second, "it is no revision"},
		"over too early": {strings.Replace(first, `"retracted_at":"2026-03-01T12`, `"retracted_at":"2026-03-01T09`, 1) + second, "retracted before"},
		"of nothing":     {`{"created_at":"2026-03-01T11:00:00Z","retracted_at":"2026-03-01T12:00:00Z"}` + "\n" + second, "neither a node nor an edge"},
	} {
		if forged.text == first+second {
			t.Fatalf("%s: nothing is forged", name)
		}
		changed := unpacked(t, data)
		changed[pack.FileRevisions] = []byte(forged.text)
		r := b.resigned(t, changed)
		if r.Valid || !strings.Contains(faults(r), forged.says) {
			t.Errorf("%s: %+v, want %q", name, r.Faults, forged.says)
		}
	}
	if r := b.resigned(t, unpacked(t, data)); !r.Valid {
		t.Errorf("nothing is forged, and: %v", r.Faults)
	}
}

func faults(r verify.Report) string {
	var all strings.Builder
	for _, f := range r.Faults {
		all.WriteString(f.String() + "\n")
	}
	return all.String()
}
