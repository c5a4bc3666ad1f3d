// Package verify checks an evidence package offline.
//
// It stands outside of the road of a fact: it has the package, and a public key
// that came on another way. It reads everything as a stream, so neither a large
// package nor a hostile one fills memory or disk.
//
// It refuses to trust what it reads: nothing is unpacked, and no word of a
// package is believed that its signatures do not cover.
package verify

import (
	"archive/zip"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"wellspring/evidence"
	"wellspring/evidence/pack"
	"wellspring/lineage"
)

// Limits bound what a package may cost. Zero fields take the defaults.
type Limits struct {
	Files int   // default 1,000,000
	Bytes int64 // of all files, unpacked; default 64 GiB
	Small int64 // of a file that is read whole (checkpoint, keys, sums); default 256 MiB
	Line  int   // of entries.ndjson, bytes; default 64 MiB
	// Faults are how many are named, after which the check ends and says so; default
	// 100, as the first ones tell most.
	Faults int
}

func (l *Limits) fill() {
	if l.Files == 0 {
		l.Files = 1_000_000
	}
	if l.Bytes == 0 {
		l.Bytes = 64 << 30
	}
	if l.Small == 0 {
		l.Small = 256 << 20
	}
	if l.Line == 0 {
		l.Line = 64 << 20
	}
	if l.Faults == 0 {
		l.Faults = 100
	}
}

// Options of a check.
type Options struct {
	Keys        []string // the public keys to trust, NAME+HASH+KEY; empty: none
	Checkpoints [][]byte // of the same log, that were kept elsewhere
	Trust       evidence.Trust
	Limits      Limits
}

// Report is what a check found.
type Report struct {
	Valid   bool             `json:"valid"`
	Faults  []evidence.Fault `json:"faults"`
	Trusted bool             `json:"trusted"` // signed by a key that was named, or by one that it handed over to
	Key     string           `json:"key"`     // that signed
	Answer  pack.Answer      `json:"answer"`
	// Anchors are the checkpoints before the package's that were left outside.
	Anchors []evidence.Anchored `json:"anchors"`
	// Signatures of people, as the log has them, and how each stands to the answer.
	Signatures []evidence.Signature `json:"signatures"`
	// Unproven are checkpoints that the package can't be compared with: the log
	// was not of their size when it was made.
	Unproven []int64 `json:"unproven"`
}

// File checks a package in a file, or one that was unpacked into a folder.
func File(name string, o Options) (Report, error) {
	info, err := os.Stat(name)
	if err != nil {
		return Report{}, &lineage.Error{Op: "verify", Kind: lineage.ErrorNotFound, ID: name, Hint: "name a package, or the folder that it was unpacked into", Err: err}
	}
	if info.IsDir() {
		return folder(os.DirFS(name), o)
	}
	f, err := os.Open(name)
	if err != nil {
		return Report{}, &lineage.Error{Op: "verify", Kind: lineage.ErrorUnavailable, ID: name, Hint: "see that you may read it", Err: err}
	}
	defer f.Close()
	return Archive(f, info.Size(), o)
}

// Archive checks a package. An error says that it could not be read from its
// medium; whatever is wrong with it is in the report.
func Archive(r io.ReaderAt, size int64, o Options) (Report, error) {
	c := newCheck(o)
	z, err := zip.NewReader(r, size)
	if err != nil {
		c.fault("package", "it is no zip file, or was cut: %v", err)
		return c.report, nil
	}
	c.list(z)
	if len(c.report.Faults) > 0 {
		return c.finish(), nil
	}
	c.check()
	c.seal(r, size, z.Comment)
	return c.finish(), nil
}

func folder(dir fs.FS, o Options) (Report, error) {
	c := newCheck(o)
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
		case !d.Type().IsRegular():
			c.fault(name, "it is no plain file")
		default:
			c.files[name] = func() (io.ReadCloser, error) { return dir.Open(name) }
		}
		return nil
	})
	if err != nil {
		return Report{}, &lineage.Error{Op: "verify", Kind: lineage.ErrorUnavailable, Err: err}
	}
	c.check()
	return c.finish(), nil
}

// check is one check of one package.
type check struct {
	options  Options
	report   Report
	files    map[string]func() (io.ReadCloser, error)
	left     int64 // bytes that may still be read
	keys     []evidence.SigningKey
	origin   string
	signer   note.Verifier
	sums     map[string]string
	actual   map[string]string // hashes of payloads, by name
	at       evidence.Checkpoint
	roots    map[int64]tlog.Hash // of the log, by size, as far as it is proven
	payloads map[string]bool     // that an entry names
	cut      bool                // there were more faults than are named, or may be
}

func newCheck(o Options) *check {
	o.Limits.fill()
	return &check{options: o, files: map[string]func() (io.ReadCloser, error){}, left: o.Limits.Bytes, sums: map[string]string{}, actual: map[string]string{},
		payloads: map[string]bool{}, roots: map[int64]tlog.Hash{}, report: Report{Faults: []evidence.Fault{}, Unproven: []int64{}, Anchors: []evidence.Anchored{}, Signatures: []evidence.Signature{}}}
}

func (c *check) fault(place, format string, args ...any) {
	if !c.full() {
		c.report.Faults = append(c.report.Faults, evidence.Fault{Place: place, What: fmt.Sprintf(format, args...)})
	}
}

// full reports whether no more faults are named, and notes that more was to be looked at.
func (c *check) full() bool {
	full := len(c.report.Faults) >= c.options.Limits.Faults
	c.cut = c.cut || full
	return full
}

func (c *check) finish() Report {
	if c.cut {
		c.report.Faults = append(c.report.Faults, evidence.Fault{Place: "package", What: fmt.Sprintf("the check ended after %d faults: there may be more", len(c.report.Faults))})
	}
	c.report.Valid = len(c.report.Faults) == 0
	return c.report
}

// list notes the files of a zip file, and refuses names that a package never has.
func (c *check) list(z *zip.Reader) {
	if len(z.File) > c.options.Limits.Files {
		c.fault("package", "it holds %d files, more than the bound of %d", len(z.File), c.options.Limits.Files)
		return
	}
	for _, f := range z.File {
		switch {
		case !Plain(f.Name):
			c.fault(fmt.Sprintf("%.100q", f.Name), "no package has a file of that name: it would end up outside of its folder")
		case c.files[f.Name] != nil:
			c.fault(f.Name, "it is there twice")
		default:
			c.files[f.Name] = f.Open
		}
	}
}

// Plain reports whether a name is that of a file within the package's folder.
func Plain(name string) bool {
	return name != "" && len(name) < 256 && utf8.ValidString(name) && fs.ValidPath(name) && path.Clean(name) == name &&
		!strings.ContainsAny(name, `\:`) && !strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

// check goes from the keys to the signatures to the hashes to the entries.
func (c *check) check() {
	for _, step := range []func() error{c.readKeys, c.readSums, c.hashFiles, c.readCheckpoint, c.readAnchors, c.readEntries, c.readQuestion, c.readRevisions, c.readSignatures} {
		if c.full() {
			return
		}
		if err := step(); err != nil {
			var f located
			if errors.As(err, &f) {
				c.fault(f.place, "%v", f.err)
			} else {
				c.fault("package", "%v", err)
			}
		}
		if c.keys == nil {
			return // nothing else can be judged
		}
	}
	c.compare()
}

// located is an error about a file.
type located struct {
	place string
	err   error
}

func (l located) Error() string { return l.place + ": " + l.err.Error() }
func (l located) Unwrap() error { return l.err }

// whole reads a small file.
func (c *check) whole(name string) ([]byte, error) {
	open := c.files[name]
	if open == nil {
		return nil, located{name, errors.New("it is missing")}
	}
	r, err := open()
	if err != nil {
		return nil, located{name, err}
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, c.options.Limits.Small+1))
	if err == nil && int64(len(data)) > c.options.Limits.Small {
		err = fmt.Errorf("it has more than %d bytes", c.options.Limits.Small)
	}
	if err != nil {
		return nil, located{name, err}
	}
	return data, nil
}

// readKeys checks the chain of keys, and which of them is to be trusted.
func (c *check) readKeys() error {
	text, err := c.whole(pack.FileKeys)
	if err != nil {
		return err
	}
	var chain []evidence.Key
	if err := json.Unmarshal(text, &chain); err != nil || len(chain) == 0 {
		return located{pack.FileKeys, errors.New("it holds no list of keys")}
	}
	origin, _, _ := strings.Cut(chain[0].Verifier, "+")
	keys, err := evidence.CheckChain(origin, chain)
	if err != nil {
		return located{pack.FileKeys, err}
	}
	c.keys, c.origin, c.signer = keys, origin, keys[len(keys)-1]
	c.report.Key = chain[len(chain)-1].Verifier
	if len(c.options.Keys) > 0 {
		c.report.Trusted = slices.ContainsFunc(chain, func(k evidence.Key) bool { return slices.Contains(c.options.Keys, k.Verifier) })
		if !c.report.Trusted {
			c.fault(pack.FileKeys, "the package is signed by %s, which is neither a key that you trust nor one that it handed over to", c.report.Key)
		}
	}
	pem, err := c.whole(pack.FileKeyPEM)
	if err != nil {
		return err
	}
	want, err := pack.PEM(c.report.Key)
	if err != nil || string(want) != string(pem) {
		return located{pack.FileKeyPEM, errors.New("it is not the key that signed")}
	}
	return nil
}

// readSums checks the signature over the hashes of all files.
func (c *check) readSums() error {
	text, err := c.whole(pack.FileSums)
	if err != nil {
		return err
	}
	signed, err := c.whole(pack.FileSumsNote)
	if err != nil {
		return err
	}
	said, err := evidence.OpenNote(signed, c.signer)
	if err != nil {
		return located{pack.FileSumsNote, err}
	}
	if said != pack.SumsText(evidence.SHA256(text)) {
		return located{pack.FileSums, errors.New("it is not what was signed")}
	}
	for line := range strings.Lines(string(text)) {
		hash, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok || len(hash) != 2*sha256.Size || !Plain(name) || c.sums[name] != "" {
			return located{pack.FileSums, fmt.Errorf("the line %.80q names no file, or one twice", line)}
		}
		c.sums[name] = hash
	}
	return nil
}

// hashFiles reads every file once.
func (c *check) hashFiles() error {
	for name := range c.files {
		if name != pack.FileSums && name != pack.FileSumsNote && c.sums[name] == "" {
			c.fault(name, "SHA256SUMS does not name it: it was put in later")
		}
	}
	names := make([]string, 0, len(c.sums))
	for name := range c.sums {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if c.full() {
			return nil
		}
		if c.files[name] == nil {
			c.fault(name, "it is missing")
			continue
		}
		hash, err := c.hash(name)
		switch {
		case err != nil:
			c.fault(name, "it can't be read: %v", err)
		case hash != c.sums[name]:
			c.fault(name, "it is not what was signed: its SHA-256 is %s", hash)
		}
		c.actual[name] = hash
		if c.left < 0 {
			return fmt.Errorf("unpacked it has more than %d bytes", c.options.Limits.Bytes)
		}
	}
	return nil
}

func (c *check) hash(name string) (string, error) {
	r, err := c.files[name]()
	if err != nil {
		return "", err
	}
	defer r.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(r, c.left+1))
	c.left -= n
	return hex.EncodeToString(sum.Sum(nil)), err
}

func (c *check) readCheckpoint() error {
	signed, err := c.whole(pack.FileCheckpoint)
	if err != nil {
		return err
	}
	// A checkpoint may have been signed before the key was changed.
	if c.at, err = evidence.OpenCheckpoint(signed, c.origin, c.keys); err != nil {
		return located{pack.FileCheckpoint, err}
	}
	c.roots[c.at.Size] = c.at.Root
	return nil
}

// compare holds checkpoints that were kept elsewhere against the package's.
func (c *check) compare() {
	for i, signed := range c.options.Checkpoints {
		place := fmt.Sprintf("kept checkpoint %d", i+1)
		kept, err := evidence.OpenCheckpoint(signed, c.origin, c.keys)
		root, proven := c.roots[kept.Size]
		switch {
		case err != nil:
			c.fault(place, "%v", err)
		case proven && root != kept.Root:
			c.fault(pack.FileCheckpoint, "it contradicts the checkpoint of size %d that was kept: the log was forked", kept.Size)
		case !proven:
			c.report.Unproven = append(c.report.Unproven, kept.Size)
		}
	}
}

// seal checks that the zip file as a whole is the one that was written.
func (c *check) seal(r io.ReaderAt, size int64, comment string) {
	if c.signer == nil || c.full() {
		return
	}
	said, err := evidence.OpenNote([]byte(comment), c.signer)
	if err != nil {
		c.fault("seal", "the zip file was written again or changed: %v", err)
		return
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(r, 0, size-int64(len(comment)))); err != nil {
		c.fault("seal", "it can't be read: %v", err)
		return
	}
	if said != pack.SealText(hex.EncodeToString(sum.Sum(nil))) {
		c.fault("seal", "the zip file was written again or changed, be it in bytes that no file is made of")
	}
}

// lines calls f with every line of a file.
func (c *check) lines(name string, f func(n int, line []byte) error) error {
	open := c.files[name]
	if open == nil {
		return located{name, errors.New("it is missing")}
	}
	r, err := open()
	if err != nil {
		return located{name, err}
	}
	defer r.Close()
	scanner := bufio.NewScanner(io.LimitReader(r, c.options.Limits.Bytes))
	scanner.Buffer(make([]byte, 0, 64<<10), c.options.Limits.Line)
	n := 0
	for scanner.Scan() {
		n++
		if err := f(n, scanner.Bytes()); err != nil {
			return located{fmt.Sprintf("%s, line %d", name, n), err}
		}
	}
	if err := scanner.Err(); err != nil {
		return located{fmt.Sprintf("%s, line %d", name, n+1), err}
	}
	return nil
}
