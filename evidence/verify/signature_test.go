package verify_test

import (
	"bytes"
	"context"
	"maps"
	"os/exec"
	"strings"
	"testing"
	"time"

	"wellspring/evidence"
	"wellspring/evidence/pack"
	"wellspring/evidence/verify"
)

// sign enters a signature of a person, about what the lab's packages are about.
func (b *lab) sign(t testing.TB, lineage string) {
	t.Helper()
	_, err := b.ledger.Append(context.Background(), evidence.Act{
		Action: evidence.ActionSigned, Outcome: evidence.OutcomeDone, Subject: "run:r1",
		Signed: &evidence.Signed{About: pack.AboutRun, Selector: "r1", AsOf: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), Meaning: evidence.MeaningApproved,
			Answer: evidence.Answer{LineageSHA256: lineage}},
		Details: evidence.Details{Who: evidence.Actor{Name: secret, Authenticated: true}, Reason: "controls in range, no mix-up"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Even who signs a package with the lab's own key can't say of a signature of a
// person what the log does not; neither the verifier nor the recipe takes it.
func TestSignaturesInPackages(t *testing.T) {
	tools(t, "bash", "sha256sum", "openssl", "jq")
	b := newLab(t, 1, 1)
	b.sign(t, sum(unpacked(t, b.pack(t, false))[pack.FileLineage]))
	b.sign(t, sum([]byte("another answer")))
	for _, redact := range []bool{false, true} {
		files := unpacked(t, b.pack(t, redact))
		r := b.resigned(t, files)
		if !r.Valid || len(r.Signatures) != 2 || r.Signatures[0].State != evidence.SignatureValid || r.Signatures[1].State != evidence.SignatureOutdated {
			t.Fatalf("%+v", r)
		}
		if name := r.Signatures[0].Who.Name; (name == secret) == redact {
			t.Errorf("redacted %v: signed by %s", redact, name)
		}
		replace := func(name, old, with string) func(map[string][]byte) {
			return func(f map[string][]byte) {
				changed := bytes.Replace(f[name], []byte(old), []byte(with), 1)
				if bytes.Equal(changed, f[name]) {
					t.Errorf("%s does not hold %s", name, old)
				}
				f[name] = changed
			}
		}
		for how, change := range map[string]func(map[string][]byte){
			"nothing":               nil,
			"outdated made valid":   replace(pack.FileSignatures, evidence.SignatureOutdated, evidence.SignatureValid),
			"another meaning":       replace(pack.FileSignatures, evidence.MeaningApproved, evidence.MeaningReviewed),
			"another time":          replace(pack.FileSignatures, "2026-03-02", "2026-03-03"),
			"all left out":          func(f map[string][]byte) { f[pack.FileSignatures] = []byte("[]\n") },
			"the entry's answer":    replace(pack.FileEntries, sum([]byte("another answer")), sum([]byte("x"))),
			"the answer's lineage":  replace(pack.FileQuestion, `"lineage_sha256": "`, `"lineage_sha256": "0`),
			"the subject":           replace(pack.FileQuestion, `"subject": "run:r1"`, `"subject": "run:r2"`),
			"another lineage":       func(f map[string][]byte) { f[pack.FileLineage] = nil },
			"the file is not there": func(f map[string][]byte) { delete(f, pack.FileSignatures) },
		} {
			forged := maps.Clone(files)
			if change != nil {
				change(forged)
			}
			if r := b.resigned(t, forged); r.Valid != (change == nil) {
				t.Errorf("%s, redacted %v: valid %v, %v", how, redact, r.Valid, r.Faults)
			}
			if how != "nothing" && (redact || !strings.Contains(how, "made valid") && !strings.Contains(how, "left out")) {
				continue // the recipe takes seconds
			}
			dir := t.TempDir()
			write(t, dir, forged)
			recipe := exec.Command("bash", "-c", recipe(t, files[pack.FileVerify]))
			recipe.Dir = dir
			if text, err := recipe.CombinedOutput(); (err == nil) != (change == nil) {
				t.Errorf("%s, redacted %v: the recipe: %v\n%s", how, redact, err, text)
			}
		}
	}
}

// resigned checks files under sums that the lab's own key signed.
func (b *lab) resigned(t testing.TB, files map[string][]byte) verify.Report {
	t.Helper()
	resum(files)
	note, err := b.ledger.SignText(pack.SumsText(sum(files[pack.FileSums])))
	if err != nil {
		t.Fatal(err)
	}
	files[pack.FileSumsNote] = note
	dir := t.TempDir()
	write(t, dir, files)
	r, err := verify.File(dir, verify.Options{Keys: []string{b.key()}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
