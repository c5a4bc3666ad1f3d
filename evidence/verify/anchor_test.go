package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/mod/sumdb/note"

	"wellspring/evidence"
	"wellspring/evidence/anchor"
	"wellspring/evidence/ledger"
	"wellspring/evidence/pack"
	"wellspring/evidence/verify"
	"wellspring/internal/tsatest"
)

// outside is where a lab leaves its checkpoints.
type outside struct {
	file  string
	tsa   tsatest.Authority
	trust evidence.Trust
	keep  func(t *testing.T, b *lab)
}

func newOutside(t *testing.T, of *lab) outside {
	t.Helper()
	o := outside{file: filepath.Join(t.TempDir(), "checkpoints"), tsa: tsatest.New(t)}
	dir := t.TempDir()
	second, err := ledger.Open(t.Context(), filepath.Join(dir, ledger.FileName), ledger.Options{KeyFile: filepath.Join(dir, ledger.KeyFileName)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = second.Close() })
	w, err := ledger.NewWitness(second, filepath.Join(dir, ledger.WitnessKeyFileName), []string{of.key()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s, err := evidence.ParseSubmission(body)
		line := ""
		if err == nil {
			line, err = w.Cosign(context.WithoutCancel(r.Context()), s)
		}
		if err != nil {
			rw.WriteHeader(http.StatusUnprocessableEntity)
		}
		_, _ = io.WriteString(rw, line)
	}))
	t.Cleanup(server.Close)
	v, err := evidence.ReadWitness(w.Key())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(o.tsa.Roots)
	if err != nil {
		t.Fatal(err)
	}
	roots, err := evidence.ReadRoots(text)
	if err != nil {
		t.Fatal(err)
	}
	o.trust = evidence.Trust{Witnesses: []note.Verifier{v}, Roots: roots}
	o.keep = func(t *testing.T, b *lab) {
		t.Helper()
		k, err := anchor.New(b.ledger, anchor.Options{Witnesses: o.trust.Witnesses, Roots: roots, Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
		if err != nil {
			t.Fatal(err)
		}
		for kind, address := range map[string]string{"file": o.file, "witness": server.URL, "timestamp": o.tsa.URL} {
			if _, err := k.Leave(t.Context(), anchor.Place{Kind: kind, Address: address}); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
		}
	}
	return o
}

// kept are the checkpoints in the file outside.
func (o outside) kept(t *testing.T) [][]byte {
	t.Helper()
	text, err := os.ReadFile(o.file)
	if err != nil {
		t.Fatal(err)
	}
	checkpoints, err := evidence.SplitCheckpoints(text)
	if err != nil {
		t.Fatal(err)
	}
	return checkpoints
}

func TestAnchorsInPackages(t *testing.T) {
	b := newLab(t, 3, 6)
	o := newOutside(t, b)
	o.keep(t, b)
	b.act(t, "declare")
	o.keep(t, b)
	b.act(t, "declare")
	data := b.pack(t, false)
	options := verify.Options{Keys: []string{b.key()}, Trust: o.trust, Checkpoints: o.kept(t)}
	r := check(t, data, options)
	if !r.Valid || len(r.Anchors) != 3 || len(r.Unproven) != 1 {
		t.Fatalf("%+v", r)
	}
	for _, a := range r.Anchors {
		if a.Size != 13 || a.Trusted != (a.Kind != "file") {
			t.Errorf("%+v", a)
		}
	}
	files := unpacked(t, data)
	change := func(name string, f func(anchors []pack.Anchor) []pack.Anchor) {
		t.Run(name, func(t *testing.T) {
			var anchors []pack.Anchor
			if err := json.Unmarshal(files[pack.FileAnchors], &anchors); err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(f(anchors))
			if err != nil {
				t.Fatal(err)
			}
			if r := b.withSums(t, files, pack.FileAnchors, text, options); r.Valid {
				t.Errorf("it was taken: %+v", r)
			}
		})
	}
	// As somebody would who has stolen the log's key, and signs the package again.
	change("left out", func([]pack.Anchor) []pack.Anchor { return []pack.Anchor{} })
	for i := range r.Anchors {
		change(r.Anchors[i].Kind+" without its proof", func(a []pack.Anchor) []pack.Anchor { a[i].Proof = []string{}; return a })
		change(r.Anchors[i].Kind+" with another proof", func(a []pack.Anchor) []pack.Anchor { a[i].Proof[0] = strings.Repeat("00", 32); return a })
		change(r.Anchors[i].Kind+" of another checkpoint", func(a []pack.Anchor) []pack.Anchor {
			a[i].Checkpoint = string(o.kept(t)[0])
			return a
		})
		if r.Anchors[i].Kind != "file" {
			change(r.Anchors[i].Kind+" left out", func(a []pack.Anchor) []pack.Anchor { return append(a[:i], a[i+1:]...) })
			change(r.Anchors[i].Kind+" without its token", func(a []pack.Anchor) []pack.Anchor { a[i].Token = nil; return a })
		}
	}
}

// withSums replaces a file, makes hashes and signature again with the log's own
// key, and checks.
func (b *lab) withSums(t *testing.T, files map[string][]byte, name string, text []byte, o verify.Options) verify.Report {
	t.Helper()
	changed := map[string][]byte{}
	for n, data := range files {
		changed[n] = data
	}
	changed[name] = text
	resum(changed)
	signed, err := b.ledger.SignText(pack.SumsText(sum(changed[pack.FileSums])))
	if err != nil {
		t.Fatal(err)
	}
	changed[pack.FileSumsNote] = signed
	return checkFiles(t, changed, o)
}

// Somebody steals the key, writes another history and signs all of it again.
// Without what is outside nobody could tell; with any of it everybody can.
func TestStolenKey(t *testing.T) {
	b := newLab(t, 3, 6)
	o := newOutside(t, b)
	o.keep(t, b)
	b.act(t, "declare")
	key, err := os.ReadFile(b.keyFile)
	if err != nil {
		t.Fatal(err)
	}
	forged := openLab(t, 3, key)
	for range 3 {
		forged.record(t)
		forged.act(t, "correct") // not what was said
	}
	for range 10 {
		forged.act(t, "declare")
	}
	anchors, _, err := b.ledger.Anchors(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	bare := forged.pack(t, false)
	if r := check(t, bare, verify.Options{Keys: []string{b.key()}}); !r.Valid {
		t.Fatalf("the test shows nothing: %+v", r)
	}
	for name, options := range map[string]verify.Options{
		"a witness":   {Trust: evidence.Trust{Witnesses: o.trust.Witnesses}},
		"a timestamp": {Trust: evidence.Trust{Roots: o.trust.Roots}},
	} {
		options.Keys = []string{b.key()}
		if r := check(t, bare, options); r.Valid {
			t.Errorf("%s asked for: a package of the forged log is valid", name)
		}
	}
	// The forger puts the true anchors in, with proofs of the forged log.
	files := unpacked(t, bare)
	var with []pack.Anchor
	for _, a := range anchors {
		proof, err := forged.ledger.ProveGrowth(t.Context(), 12, forged.ledger.Size())
		if err != nil {
			t.Fatal(err)
		}
		with = append(with, pack.Anchor{Anchor: a, Proof: hexes(proof)})
	}
	text, err := json.Marshal(with)
	if err != nil {
		t.Fatal(err)
	}
	if r := forged.withSums(t, files, pack.FileAnchors, text, verify.Options{Keys: []string{b.key()}}); r.Valid || len(r.Faults) != 3 {
		t.Errorf("the true anchors fit the forged log: %+v", r.Faults)
	}
	// A file outside, against the whole log.
	keys, err := evidence.CheckChain(b.ledger.Origin(), b.ledger.Keys())
	if err != nil {
		t.Fatal(err)
	}
	for of, wrong := range map[*lab]bool{b: false, forged: true} {
		var outside []evidence.Checkpoint
		for _, signed := range o.kept(t) {
			c, err := evidence.OpenCheckpoint(signed, b.ledger.Origin(), keys)
			if err != nil {
				t.Fatal(err)
			}
			outside = append(outside, c)
		}
		log := evidence.NewLogCheck(outside...)
		err := of.Entries(t.Context(), pack.Question{}, nil, of.ledger.Size(), func(e evidence.Entry) error {
			log.Add(e.Index, e.Public, e.Private)
			return nil
		})
		if faults := log.Finish(); err != nil || (len(faults) > 0) != wrong {
			t.Errorf("forged: %v, faults: %v, %v", wrong, faults, err)
		}
	}
}

// The recipe checks consistency proofs of every shape, and a timestamp.
func TestRecipeWithAnchors(t *testing.T) {
	tools(t, "bash", "sha256sum", "openssl", "jq")
	b := newLab(t, 1, 2)
	o := newOutside(t, b)
	o.keep(t, b)
	b.act(t, "declare")
	data := b.pack(t, false)
	files := unpacked(t, data)
	run := func(files map[string][]byte) (string, error) {
		dir := t.TempDir()
		write(t, dir, files)
		cmd := exec.Command("bash", "-c", recipe(t, files[pack.FileVerify]))
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "TSA="+o.tsa.Roots)
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	text, err := run(files)
	if err != nil || !strings.HasPrefix(text, "TIMESTAMPED: size 4 at ") || !strings.Contains(text, "\nVALID: 5 entries") {
		t.Fatalf("%v\n%s", err, text)
	}
	o.tsa = tsatest.New(t)
	if text, err := run(files); err == nil {
		t.Errorf("a timestamp of a strange authority was taken:\n%s", text)
	}
	// Only proofs, of every earlier size.
	script := recipe(t, files[pack.FileVerify])
	begin, end := strings.Index(script, "# 6."), strings.Index(script, "# 7.")
	node := script[strings.Index(script, "# A hash is"):strings.Index(script, "# signed FILE")]
	for b.ledger.Size() < 9 {
		b.act(t, "declare")
	}
	last, err := evidence.ReadUnsigned(must(b.ledger.Checkpoint(t.Context())))
	if err != nil {
		t.Fatal(err)
	}
	var all []pack.Anchor
	for size := int64(1); size <= 9; size++ {
		proof := must(b.ledger.ProveGrowth(t.Context(), size, 9))
		all = append(all, pack.Anchor{Anchor: evidence.Anchor{Kind: "file", Checkpoint: string(must(b.ledger.CheckpointAt(t.Context(), size)))}, Proof: hexes(proof)})
	}
	spoiled := all[5]
	spoiled.Proof = append(spoiled.Proof[:len(spoiled.Proof):len(spoiled.Proof)], strings.Repeat("0", 64))
	for name, anchors := range map[string][]pack.Anchor{"right": all, "spoiled": {spoiled}} {
		text, err := json.Marshal(anchors)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		write(t, dir, map[string][]byte{pack.FileAnchors: text})
		cmd := exec.Command("bash", "-c", "set -euo pipefail\nwork=$(mktemp -d)\n"+node+"size=9\nroot="+hexes(hashesOf(last))[0]+"\n"+script[begin:end]+"rm -r \"$work\"\n")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); (err == nil) != (name == "right") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// The same question as of the same time gives the same bytes, though the log was
// anchored again since.
func TestAnchorsStay(t *testing.T) {
	b := newLab(t, 3, 6)
	o := newOutside(t, b)
	o.keep(t, b)
	size, then := b.ledger.Size(), b.ledger.Now()
	first := b.packAt(t, size, then)
	b.act(t, "declare")
	o.keep(t, b)
	if !bytes.Equal(first, b.packAt(t, size, then)) {
		t.Error("the same question gave other bytes")
	}
	if r := check(t, b.packAt(t, size, then.Add(-time.Hour)), verify.Options{}); len(r.Anchors) != 0 {
		t.Errorf("anchors of later: %+v", r.Anchors)
	}
}
