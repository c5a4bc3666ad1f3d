package verify_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"wellspring/evidence"
	"wellspring/evidence/pack"
	"wellspring/evidence/verify"
)

func sum(text []byte) string { return evidence.SHA256(text) }

// forger knows ways to falsify a package, each by somebody who does not have the
// laboratory's key. Some know how the package is made and make its hashes again.
type forger struct {
	rnd          *rand.Rand
	files, other map[string][]byte // of this package, and of another of the same log
	older        map[string][]byte // an earlier one about the same
	stranger     *lab
	archive      []byte
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

// large is a lab whose package has some size where many forgeries are asked for,
// with a key that took over from another and an anchor.
func large(t *testing.T) *lab {
	states, records := 20, 20
	if os.Getenv("EDITS") != "" {
		states, records = 300, 200
	}
	b := newLab(t, states, records)
	if _, err := b.ledger.CheckpointAt(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	if err := b.ledger.KeepAnchor(t.Context(), 7, evidence.Anchor{Kind: evidence.AnchorFile, Place: "/media/vault"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ledger.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.act(t, "declare")
	return b
}

func TestForgeries(t *testing.T) {
	b := large(t)
	older := b.pack(t, false)
	b.act(t, "correct")
	data, other := b.pack(t, false), b.pack(t, true)
	key, stranger := b.ledger.Keys()[0].Verifier, newLab(t, 3, 3) // the key that handed over is the one that is trusted
	entries := bytes.Count(unpacked(t, data)[pack.FileEntries], []byte("\n"))
	var tried, found atomic.Int64
	t.Run("all", func(t *testing.T) {
		const workers = 4
		for seed := range uint64(workers) {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				f := &forger{rnd: rand.New(rand.NewPCG(1, seed)), archive: data, files: unpacked(t, data), other: unpacked(t, other), older: unpacked(t, older), stranger: stranger}
				for i := 0; i < edits(t)/workers; {
					valid, how := f.try(t, key)
					if how == "" {
						continue
					}
					i++
					tried.Add(1)
					if valid {
						t.Errorf("not found: %s", how)
					} else {
						found.Add(1)
					}
				}
			})
		}
	})
	t.Logf("%d forgeries of a package of %d bytes and %d entries, %d found", tried.Load(), len(data), entries, found.Load())
}

// try makes one forgery and checks it: of the archive as a whole, or, so that its
// seal does not help, of the files in it.
func (f *forger) try(t *testing.T, key string) (valid bool, how string) {
	o := verify.Options{Keys: []string{key}, Limits: verify.Limits{Faults: 1}}
	if f.rnd.IntN(5) == 0 {
		forged, how := f.bytes()
		if how == "" || bytes.Equal(forged, f.archive) {
			return false, ""
		}
		return check(t, forged, o).Valid, how
	}
	files, how := f.edit(t)
	if how == "" {
		return false, ""
	}
	return checkFiles(t, files, o).Valid, how
}

// bytes falsifies the archive without a look at what is in it.
func (f *forger) bytes() (forged []byte, how string) {
	n := len(f.archive)
	from := f.rnd.IntN(n)
	to := min(n, from+1+f.rnd.IntN(4096))
	switch f.rnd.IntN(4) {
	case 0:
		forged = bytes.Clone(f.archive)
		forged[from] ^= byte(1 + f.rnd.IntN(255))
		how = "a byte"
	case 1:
		forged, how = slices.Concat(f.archive[:from], f.archive[to:]), "left out"
	case 2:
		forged, how = slices.Concat(f.archive[:to], f.archive[from:]), "doubled"
	case 3: // two neighbours of the same length change places
		to = min(to, from+(n-from)/2)
		forged, how = slices.Concat(f.archive[:from], f.archive[to:2*to-from], f.archive[from:to], f.archive[2*to-from:]), "reordered"
	}
	return forged, fmt.Sprintf("bytes %d to %d of the archive: %s", from, to, how)
}

// What nobody touched is never a false alarm, whatever it is about.
func TestNoFalseAlarm(t *testing.T) {
	n := max(8, edits(t)/100)
	packages, alarms := 0, 0
	rnd := rand.New(rand.NewPCG(3, 4))
	for packages < n {
		b := newLab(t, rnd.IntN(10), rnd.IntN(12))
		trusted := b.key()
		for range 4 {
			switch rnd.IntN(4) {
			case 0:
				if _, err := b.ledger.Rotate(t.Context()); err != nil {
					t.Fatal(err)
				}
			case 1:
				if size := b.ledger.Size(); size > 0 {
					if _, err := b.ledger.Checkpoint(t.Context()); err != nil {
						t.Fatal(err)
					}
					if err := b.ledger.KeepAnchor(t.Context(), size, evidence.Anchor{Kind: evidence.AnchorFile, Place: "/media/vault"}); err != nil {
						t.Fatal(err)
					}
				}
			case 2:
				b.record(t)
			}
			b.act(t, "declare")
			packages++
			if r := check(t, b.pack(t, rnd.IntN(3) == 0), verify.Options{Keys: []string{trusted}}); !r.Valid || !r.Trusted {
				alarms++
				t.Errorf("a false alarm: %+v", r.Faults)
			}
		}
	}
	t.Logf("%d untouched packages, %d false alarms", packages, alarms)
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
