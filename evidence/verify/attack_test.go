package verify_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"wellspring/evidence"
	"wellspring/evidence/pack"
	"wellspring/evidence/verify"
)

func sum(text []byte) string { return evidence.SHA256(text) }

// edits are ways to falsify a package, each by somebody who does not have the
// laboratory's key. Some know how the package is made and make its hashes again.
type forger struct {
	rnd          *rand.Rand
	files, other map[string][]byte // of this package, and of another of the same log
	older        map[string][]byte // an earlier one about the same
	stranger     *lab
	comment      string
}

func (f *forger) name() string {
	names := slices.Sorted(maps.Keys(f.files))
	return names[f.rnd.IntN(len(names))]
}

func (f *forger) lines() (name string, lines [][]byte) {
	name = []string{pack.FileEntries, pack.FileLineage, pack.FileSums}[f.rnd.IntN(3)]
	return name, bytes.SplitAfter(bytes.Clone(f.files[name]), []byte("\n"))
}

// edit falsifies a copy of the files; it says how, empty where nothing changed.
func (f *forger) edit(t testing.TB) (files map[string][]byte, how string) {
	files = maps.Clone(f.files)
	name := f.name()
	text := bytes.Clone(f.files[name])
	switch kind := f.rnd.IntN(10); kind {
	case 0, 1: // change
		if len(text) == 0 {
			return files, ""
		}
		at := f.rnd.IntN(len(text))
		text[at] ^= byte(1 + f.rnd.IntN(255))
		files[name], how = text, fmt.Sprintf("byte %d of %s", at, name)
	case 2: // cut
		at := f.rnd.IntN(len(text))
		files[name], how = text[:at], fmt.Sprintf("%s cut at %d", name, at)
	case 3: // leave out
		delete(files, name)
		how = name + " left out"
	case 4: // reorder
		name, lines := f.lines()
		i, j := f.rnd.IntN(len(lines)), f.rnd.IntN(len(lines))
		if bytes.Equal(lines[i], lines[j]) {
			return files, ""
		}
		lines[i], lines[j] = lines[j], lines[i]
		files[name], how = bytes.Join(lines, nil), fmt.Sprintf("lines %d and %d of %s", i, j, name)
	case 5: // drop or double a line
		name, lines := f.lines()
		i := f.rnd.IntN(len(lines) - 1)
		if f.rnd.IntN(2) == 0 {
			lines = slices.Delete(lines, i, i+1)
		} else {
			lines = slices.Insert(lines, i, lines[i])
		}
		files[name], how = bytes.Join(lines, nil), fmt.Sprintf("line %d of %s", i, name)
	case 6: // swap between packages
		from := f.other
		if f.rnd.IntN(2) == 0 {
			from = f.older
		}
		if replaced, there := from[name]; there && !bytes.Equal(replaced, text) {
			files[name], how = replaced, name+" of another package"
		}
	case 7: // replay an older checkpoint, with its sums
		for _, part := range []string{pack.FileCheckpoint, pack.FileSums, pack.FileSumsNote} {
			if f.rnd.IntN(2) == 0 && !bytes.Equal(files[part], f.older[part]) {
				files[part] = f.older[part]
				how += part + " of an earlier one; "
			}
		}
	case 8: // sign with another key
		how = "signed with another key"
		f.resign(t, files)
	case 9: // put something in
		name = "payloads/" + strconv.Itoa(100000+f.rnd.IntN(1000)) + ".json"
		files[name], how = []byte("{}"), name+" put in"
	}
	if how != "" && f.rnd.IntN(3) == 0 && how != "signed with another key" {
		how += "; hashes made again"
		f.remake(files)
	}
	if maps.EqualFunc(files, f.files, bytes.Equal) {
		return files, "" // one edit undid the other
	}
	return files, how
}

// remake makes the hashes of all files again.
func (f *forger) remake(files map[string][]byte) {
	var list strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasPrefix(name, pack.FileSums) {
			fmt.Fprintf(&list, "%s  %s\n", sum(files[name]), name)
		}
	}
	files[pack.FileSums] = []byte(list.String())
}

// resign makes hashes, signatures and key anew, with a key of the forger's own.
func (f *forger) resign(t testing.TB, files map[string][]byte) {
	f.remake(files)
	note, err := f.stranger.ledger.SignText(pack.SumsText(sum(files[pack.FileSums])))
	if err != nil {
		t.Fatal(err)
	}
	files[pack.FileSumsNote] = note
	if f.rnd.IntN(2) == 0 {
		foreign := unpacked(t, f.stranger.pack(t, false))
		files[pack.FileKeys], files[pack.FileKeyPEM] = foreign[pack.FileKeys], foreign[pack.FileKeyPEM]
		f.remake(files)
	}
}

// edits says how many forgeries are tried; make evidence-check asks for 10,000 (EDITS).
func edits(t testing.TB) int {
	if n, err := strconv.Atoi(os.Getenv("EDITS")); err == nil {
		return n
	}
	if testing.Short() {
		return 50
	}
	return 150
}

func TestForgeries(t *testing.T) {
	b := newLab(t, 20, 20)
	older := b.pack(t, false)
	b.act(t, "correct")
	data, other := b.pack(t, false), b.pack(t, true)
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f := &forger{rnd: rand.New(rand.NewPCG(1, 2)), files: unpacked(t, data), other: unpacked(t, other), older: unpacked(t, older), stranger: newLab(t, 3, 3), comment: z.Comment}
	found, alarms, tried := 0, 0, 0
	for range edits(t) {
		files, how := f.edit(t)
		if how == "" {
			continue
		}
		tried++
		// As a folder, so that the zip file's own seal does not help.
		r := checkFiles(t, files, verify.Options{Keys: []string{b.key()}})
		if !r.Valid {
			found++
		} else {
			t.Errorf("not found: %s", how)
		}
		if tried%100 == 0 && !check(t, data, verify.Options{Keys: []string{b.key()}}).Valid {
			alarms++
		}
	}
	if alarms > 0 {
		t.Errorf("%d false alarms", alarms)
	}
	t.Logf("%d forgeries, %d found, %d false alarms", tried, found, alarms)
}

// checkFiles checks unpacked files without a seal: faults of the seal don't count.
func checkFiles(t testing.TB, files map[string][]byte, o verify.Options) verify.Report {
	t.Helper()
	r := check(t, repack(t, files, ""), o)
	r.Faults = slices.DeleteFunc(r.Faults, func(f evidence.Fault) bool { return f.Place == "seal" })
	r.Valid = len(r.Faults) == 0
	return r
}

// What was packed again with nothing changed has only the seal broken.
func TestForgerIsNotFoundByItself(t *testing.T) {
	b := newLab(t, 3, 3)
	files := unpacked(t, b.pack(t, false))
	if r := checkFiles(t, files, verify.Options{Keys: []string{b.key()}}); !r.Valid {
		t.Errorf("%+v", r)
	}
	if r := check(t, repack(t, files, ""), verify.Options{Keys: []string{b.key()}}); r.Valid {
		t.Error("a zip file that was written again passes for the original")
	}
}

// Names that would end up elsewhere are refused, whatever else is right.
func TestZipSlip(t *testing.T) {
	b := newLab(t, 1, 1)
	for _, name := range []string{"../evil", "/etc/passwd", "a/../../evil", `..\evil`, `C:\evil`, "a//b", "./a", "a\x00b", "a\nb", "con:", strings.Repeat("x", 300)} {
		files := unpacked(t, b.pack(t, false))
		files[name] = []byte("x")
		if r := check(t, repack(t, files, ""), verify.Options{Keys: []string{b.key()}}); r.Valid || len(r.Faults) == 0 || strings.Contains(r.Faults[0].What, "SHA256SUMS") {
			t.Errorf("%q: %+v", name, r.Faults)
		}
	}
	if verify.Plain("dir/") || verify.Plain("") {
		t.Error("a folder was taken for a file")
	}
	for _, good := range []string{"payloads/1.json", "VERIFY.md", "ä.txt"} {
		if !verify.Plain(good) {
			t.Errorf("%q was refused", good)
		}
	}
}

// A file that unpacks to more than it may costs no memory and no time.
func TestBombs(t *testing.T) {
	b := newLab(t, 1, 1)
	limits := verify.Limits{Bytes: 1 << 20, Small: 64 << 10, Line: 64 << 10, Files: 50}
	for name, spoil := range map[string]func(map[string][]byte){
		"zip bomb":        func(f map[string][]byte) { f[pack.FileLineage] = make([]byte, 64<<20) },
		"huge keys":       func(f map[string][]byte) { f[pack.FileKeys] = bytes.Repeat([]byte("["), 1<<20) },
		"huge checkpoint": func(f map[string][]byte) { f[pack.FileCheckpoint] = make([]byte, 1<<20) },
		"deep JSON":       func(f map[string][]byte) { f[pack.FileQuestion] = bytes.Repeat([]byte(`{"a":`), 10_000) },
		"a line without end": func(f map[string][]byte) {
			f[pack.FileEntries] = append([]byte(`{"index":0,"public":"`), bytes.Repeat([]byte("x"), 1<<20)...)
		},
		"many files": func(f map[string][]byte) {
			for i := range 100 {
				f["payloads/x"+strconv.Itoa(i)] = nil
			}
		},
		"a long proof": func(f map[string][]byte) {
			f[pack.FileEntries] = []byte(`{"index":0,"public":"{}","proof":["` + strings.Repeat(`00","`, 5000) + `00"]}` + "\n")
		},
		"many keys": func(f map[string][]byte) { f[pack.FileKeys] = []byte("[" + strings.Repeat("{},", 10_000) + "{}]") },
	} {
		files := unpacked(t, b.pack(t, false))
		spoil(files)
		resum(files)
		if r := check(t, repack(t, files, ""), verify.Options{Keys: []string{b.key()}, Limits: limits}); r.Valid || len(r.Faults) == 0 || len(r.Faults) > 101 {
			t.Errorf("%s: %d faults", name, len(r.Faults))
		}
	}
}

// Whatever is read, nothing breaks and nothing foreign is valid.
func FuzzArchive(f *testing.F) {
	b := newLab(f, 1, 1)
	f.Add(b.pack(f, false))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := verify.Archive(bytes.NewReader(data), int64(len(data)), verify.Options{Keys: []string{b.key()}, Limits: verify.Limits{Bytes: 1 << 22, Small: 1 << 20, Line: 1 << 20, Files: 100}})
		if err == nil && r.Valid && !bytes.Equal(data, b.pack(t, false)) {
			t.Error("another package is valid")
		}
	})
}
