package verify_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"wellspring/evidence/pack"
	"wellspring/evidence/verify"
)

func check(t testing.TB, data []byte, o verify.Options) verify.Report {
	t.Helper()
	r, err := verify.Archive(bytes.NewReader(data), int64(len(data)), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestUntouched(t *testing.T) {
	b := newLab(t, 5, 6)
	first := b.pack(t, false)
	if r := check(t, first, verify.Options{Keys: []string{b.key()}}); !r.Valid || !r.Trusted || r.Answer.Records != 6 || r.Answer.Acts != 6 || r.Answer.Payloads != 6 {
		t.Errorf("%+v", r)
	}
	if !bytes.Equal(first, b.pack(t, false)) {
		t.Error("the same question gave other bytes")
	}
	if r := check(t, first, verify.Options{}); !r.Valid || r.Trusted {
		t.Errorf("%+v", r)
	}
}

// flips are the changes of one byte that are tried. Without EDITS: of one bit, in some
// bytes, and in each of those that the rest is judged by. make evidence-check sets it:
// one bit of every byte, and each bit and all of those.
func flips(i int, rests bool) []byte {
	check := os.Getenv("EDITS") != ""
	switch {
	case check && rests:
		return []byte{1, 2, 4, 8, 16, 32, 64, 128, 255}
	case check || rests || i%29 == 0:
		return []byte{1 << (i % 8)}
	}
	return nil
}

// restsOn reports whether other files of a package rest on one: it has their hashes, or
// keys and signatures.
func restsOn(name string) bool {
	return strings.HasPrefix(name, pack.FileSums) || path.Dir(name) == path.Dir(pack.FileKeys)
}

// structure says of each byte of a package whether it is the zip file's own, or of a
// file that others rest on.
func structure(t testing.TB, data []byte) []bool {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	of := slices.Repeat([]bool{true}, len(data))
	for _, f := range z.File {
		from, err := f.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		if !restsOn(f.Name) {
			clear(of[from : from+int64(f.CompressedSize64)])
		}
	}
	return of
}

// first ends a check at the first fault: whether there is one is what is asked.
func (b *lab) first() verify.Options {
	return verify.Options{Keys: []string{b.key()}, Limits: verify.Limits{Faults: 1}}
}

// A change of any byte of a package is found.
func TestEveryByte(t *testing.T) {
	b := newLab(t, 1, 1)
	data, o := b.pack(t, false), b.first()
	rests := structure(t, data)
	if r := check(t, data, o); !r.Valid {
		t.Fatalf("the test can't fail: %+v", r)
	}
	var all sync.WaitGroup
	var tried, missed atomic.Int64
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		all.Go(func() {
			own := bytes.Clone(data)
			for i := w; i < len(own); i += workers {
				for _, flip := range flips(i, rests[i]) {
					own[i] ^= flip
					tried.Add(1)
					if check(t, own, o).Valid {
						missed.Add(1)
						t.Errorf("byte %d of %d changed by %#x: not found", i, len(own), flip)
					}
					own[i] ^= flip
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d changes of %d bytes, %d not found", tried.Load(), len(data), missed.Load())
	for i := range data { // cut anywhere
		if i%29 == 0 && check(t, data[:i], o).Valid {
			t.Errorf("cut at %d: not found", i)
		}
	}
	if check(t, append(bytes.Clone(data), 0), o).Valid {
		t.Error("a byte more at the end: not found")
	}
}

// The same of an unpacked package, which has no seal: every file is covered by itself.
func TestEveryByteOfFiles(t *testing.T) {
	b := newLab(t, 1, 1)
	files, o := unpacked(t, b.pack(t, false)), b.first()
	var all sync.WaitGroup
	var tried, missed atomic.Int64
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		dir := t.TempDir()
		write(t, dir, files)
		all.Go(func() {
			for name, text := range files {
				own, place := bytes.Clone(text), filepath.Join(dir, filepath.FromSlash(name))
				for i := w; i < len(own); i += workers {
					for _, flip := range flips(i, restsOn(name)) {
						own[i] ^= flip
						tried.Add(1)
						failed := os.WriteFile(place, own, 0o600)
						own[i] ^= flip
						if r, err := verify.File(dir, o); failed != nil || err != nil || r.Valid {
							missed.Add(1)
							t.Errorf("byte %d of %s changed by %#x: not found (%v, %v)", i, name, flip, failed, err)
						}
					}
				}
				if err := os.WriteFile(place, own, 0o600); err != nil {
					t.Error(err)
				}
			}
			if r, err := verify.File(dir, o); err != nil || !r.Valid {
				t.Errorf("the test can't fail: %+v %v", r, err)
			}
		})
	}
	all.Wait()
	t.Logf("%d changes in %d files, %d not found", tried.Load(), len(files), missed.Load())
}

// A check that ends early says so, and names as many faults as it may.
func TestFaultsAreCut(t *testing.T) {
	b := newLab(t, 5, 6)
	files := unpacked(t, b.pack(t, false))
	for name := range files {
		if strings.HasPrefix(name, pack.DirPayloads) {
			files[name] = []byte("x")
		}
	}
	for most, want := range map[int]int{1: 2, 3: 4, 0: 13} { // 0: all; the file and its entry, and the seal
		r := check(t, repack(t, files, ""), verify.Options{Keys: []string{b.key()}, Limits: verify.Limits{Faults: most}})
		if cut := strings.Contains(r.Faults[len(r.Faults)-1].What, "there may be more"); r.Valid || len(r.Faults) != want || cut != (most > 0) {
			t.Errorf("at most %d: %+v", most, r.Faults)
		}
	}
}

func TestRedacted(t *testing.T) {
	b := newLab(t, 5, 6)
	data := b.pack(t, true)
	r := check(t, data, verify.Options{Keys: []string{b.key()}})
	if !r.Valid || r.Answer.Records != 6 || r.Answer.Payloads != 0 {
		t.Errorf("%+v", r)
	}
	for name, text := range unpacked(t, data) {
		if bytes.Contains(text, []byte(secret)) || bytes.Contains(text, []byte("mix-up")) {
			t.Errorf("%s holds personal data", name)
		}
	}
	whole := unpacked(t, b.pack(t, false))
	if !bytes.Contains(whole[pack.FileEntries], []byte(secret)) {
		t.Error("the test can't fail: the secret is in no package")
	}
}

// The report for people leaves out what the rest does, in both forms.
func TestRedactedReport(t *testing.T) {
	tools(t, "pdftotext")
	b := newLab(t, 5, 6)
	for _, redact := range []bool{false, true} {
		files := unpacked(t, b.pack(t, redact))
		for _, text := range []string{string(files[pack.FileReportHTML]), printed(t, files[pack.FileReportPDF])} {
			for _, personal := range []string{secret, "mix-up"} {
				if strings.Contains(text, personal) == redact {
					t.Errorf("redacted %v: %q is in a report: %v", redact, personal, !redact)
				}
			}
			if strings.Contains(text, pack.Redacted) != redact || !strings.Contains(text, "transfer") && !strings.Contains(text, "run:r1") {
				t.Errorf("redacted %v: what is left out is not said", redact)
			}
		}
	}
}

// printed is the text of a PDF.
func printed(t testing.TB, pdf []byte) string {
	t.Helper()
	cmd := exec.Command("pdftotext", "-layout", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func unpacked(t testing.TB, data []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// repack writes files into a new zip file; what has no content is left out.
func repack(t testing.TB, files map[string][]byte, comment string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range files {
		method := zip.Store
		if len(text) > 1<<20 { // a bomb
			method = zip.Deflate
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.SetComment(comment); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func write(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// recipe is the shell script in VERIFY.md, as it is written there.
func recipe(t testing.TB, text []byte) string {
	t.Helper()
	_, script, ok := strings.Cut(string(text), "```bash\n")
	script, _, ended := strings.Cut(script, "\n```\n")
	if !ok || !ended {
		t.Fatal("VERIFY.md has no recipe")
	}
	return script
}

func tools(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed", name)
		}
	}
}

// The recipe takes what is right and refuses what is not.
func TestRecipe(t *testing.T) {
	tools(t, "bash", "sha256sum", "openssl", "jq")
	b := newLab(t, 2, 3)
	files := unpacked(t, b.pack(t, false))
	script := recipe(t, files[pack.FileVerify])
	try := func(change func(files map[string][]byte)) (string, error) {
		dir, changed := t.TempDir(), map[string][]byte{}
		for name, text := range files {
			changed[name] = bytes.Clone(text)
		}
		change(changed)
		write(t, dir, changed)
		cmd := exec.Command("bash", "-c", script)
		cmd.Dir = dir
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	text, err := try(func(map[string][]byte) {})
	if err != nil || !strings.HasPrefix(text, "VALID: 6 entries of the log "+b.ledger.Origin()) {
		t.Fatalf("%v\n%s", err, text)
	}
	for name, change := range map[string]func(map[string][]byte){
		"a payload":   func(f map[string][]byte) { f["payloads/0.json"][3] ^= 1 },
		"lineage":     func(f map[string][]byte) { f[pack.FileLineage] = append(f[pack.FileLineage], '\n') },
		"a file more": func(f map[string][]byte) { f["note.txt"] = []byte("x") },
		"a file less": func(f map[string][]byte) { delete(f, pack.FileProvN) },
		"sums":        func(f map[string][]byte) { f[pack.FileSums] = f[pack.FileSums][70:] },
		"sums signed": func(f map[string][]byte) { f[pack.FileSumsNote][40] ^= 1 },
		"a checkpoint": func(f map[string][]byte) {
			f[pack.FileCheckpoint] = bytes.Replace(f[pack.FileCheckpoint], []byte("\n6\n"), []byte("\n7\n"), 1)
		},
		"a proof": func(f map[string][]byte) { // as one would who can sign sums anew
			f[pack.FileEntries] = bytes.Replace(f[pack.FileEntries], []byte(`"proof":["`), []byte(`"proof":["00`), 1)
			resum(f)
		},
	} {
		if text, err := try(change); err == nil || strings.Contains(text, "VALID") {
			t.Errorf("%s changed: %v\n%s", name, err, text)
		}
	}
}

// resum makes SHA256SUMS again, so that only what it covers is looked at next.
func resum(files map[string][]byte) {
	var list strings.Builder
	for name, text := range files {
		if !strings.HasPrefix(name, pack.FileSums) {
			list.WriteString(sum(text) + "  " + name + "\n")
		}
	}
	files[pack.FileSums] = []byte(list.String())
}

// An unpacked package is checked file by file.
func TestFolder(t *testing.T) {
	b := newLab(t, 2, 3)
	files := unpacked(t, b.pack(t, false))
	dir := t.TempDir()
	write(t, dir, files)
	r, err := verify.File(dir, verify.Options{Keys: []string{b.key()}})
	if err != nil || !r.Valid {
		t.Fatalf("%+v %v", r, err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if r, err = verify.File(dir, verify.Options{}); err != nil || r.Valid {
		t.Errorf("a link was taken: %+v %v", r, err)
	}
	if _, err := verify.File(filepath.Join(dir, "nowhere"), verify.Options{}); err == nil {
		t.Error("no error for a file that is not there")
	}
}
