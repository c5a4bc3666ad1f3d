package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"wellspring/lineage"
)

// Fault is something that is not as it was signed.
type Fault struct {
	Place string `json:"place"` // a file, an entry
	What  string `json:"what"`
}

func (f Fault) String() string { return f.Place + ": " + f.What }

// LogCheck computes a log again from its entries, given one after the other,
// and compares it with what was signed of it. Memory does not grow with the log.
type LogCheck struct {
	Faults []Fault

	tree  Tree
	last  time.Time
	known map[int64][]Checkpoint // still to be compared, by size
	keys  map[int64]string       // still to be found, by index
}

// maxFaults is how many faults a check names; the first ones tell most.
const maxFaults = 100

// NewLogCheck checks a log against checkpoints that were signed of it.
func NewLogCheck(checkpoints ...Checkpoint) *LogCheck {
	c := &LogCheck{known: map[int64][]Checkpoint{}, keys: map[int64]string{}}
	for _, p := range checkpoints {
		c.known[p.Size] = append(c.known[p.Size], p)
	}
	c.compare()
	return c
}

// Keys says which keys have signed: every one after the first must be in the log.
func (c *LogCheck) Keys(chain []Key) {
	for _, k := range chain[min(1, len(chain)):] {
		c.keys[k.Since] = k.Verifier
	}
}

// Fault notes a fault.
func (c *LogCheck) Fault(place, format string, args ...any) {
	if len(c.Faults) < maxFaults {
		c.Faults = append(c.Faults, Fault{place, fmt.Sprintf(format, args...)})
	}
}

// Add takes the next entry. private may be empty: left out.
func (c *LogCheck) Add(index int64, public, private []byte) {
	place := fmt.Sprintf("entry %d", index)
	if index != c.tree.Size() {
		c.Fault(place, "it stands where entry %d should", c.tree.Size())
	}
	if len(private) == 0 {
		private = nil
	}
	p, err := Entry{Public: public, Private: private}.Read()
	if err != nil {
		c.Fault(place, "%v", err)
	}
	if p.LoggedAt.Before(c.last) {
		c.Fault(place, "its time is before that of the entry before it")
	}
	c.last = p.LoggedAt
	if p.Key != c.keys[index] {
		c.Fault(place, "the key that it names and the one that took over here differ")
	}
	delete(c.keys, index)
	c.tree.Add(public)
	c.compare()
}

// compare holds the tree so far against the checkpoints of its size.
func (c *LogCheck) compare() {
	for _, p := range c.known[c.tree.Size()] {
		if p.Root != c.tree.Root() {
			c.Fault(fmt.Sprintf("checkpoint of size %d", p.Size), "the entries before it are not those that were signed")
		}
	}
	delete(c.known, c.tree.Size())
}

// Size is how many entries were taken.
func (c *LogCheck) Size() int64 { return c.tree.Size() }

// Finish says what is missing at the end.
func (c *LogCheck) Finish() []Fault {
	for size := range c.known {
		c.Fault(fmt.Sprintf("checkpoint of size %d", size), "the log ends before it, at %d entries: it was cut, or is another one", c.tree.Size())
	}
	for index, key := range c.keys {
		c.Fault(fmt.Sprintf("entry %d", index), "it should name the key %s, and is missing", key)
	}
	return c.Faults
}

// OpenCheckpoint reads a signed checkpoint, signed by any of the keys.
func OpenCheckpoint(signed []byte, origin string, keys []SigningKey) (Checkpoint, error) {
	if len(keys) == 0 {
		return Checkpoint{}, lineage.Invalid("open checkpoint", "keys", "there is none")
	}
	var failures []error
	for _, key := range keys {
		text, err := OpenNote(signed, key)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		c, err := ParseCheckpoint(text)
		switch {
		case err == nil && c.Origin != origin:
			err = lineage.Invalid("open checkpoint", c.Origin, "it is of another log than "+origin)
		case err == nil && c.Size > key.Until:
			err = lineage.Invalid("open checkpoint", fmt.Sprintf("size %d", c.Size), fmt.Sprintf("it is signed by key %s, which had handed over to another at size %d", KeyID(key), key.Until))
		}
		return c, err
	}
	return Checkpoint{}, errors.Join(failures[len(failures)-1:]...)
}

// ReadUnsigned reads a checkpoint without a look at its signatures.
func ReadUnsigned(signed []byte) (Checkpoint, error) {
	text, _, _ := strings.Cut(string(signed), "\n\n")
	return ParseCheckpoint(text + "\n")
}

// CheckInclusion checks the proof that the tree of a checkpoint holds an entry.
func CheckInclusion(c Checkpoint, index int64, public []byte, proof []tlog.Hash) error {
	if err := tlog.CheckRecord(proof, c.Size, c.Root, index, tlog.RecordHash(public)); err != nil {
		return &lineage.Error{Op: "check inclusion", Kind: lineage.ErrorInvalid, ID: fmt.Sprintf("entry %d", index), Hint: "it is not in the log that was signed", Err: err}
	}
	return nil
}

// CheckGrowth checks the proof that the log of one checkpoint is the beginning
// of that of a later one.
func CheckGrowth(earlier, later Checkpoint, proof []tlog.Hash) error {
	if err := tlog.CheckTree(proof, later.Size, later.Root, earlier.Size, earlier.Root); err != nil {
		return &lineage.Error{Op: "check growth", Kind: lineage.ErrorInvalid, ID: fmt.Sprintf("size %d to %d", earlier.Size, later.Size), Hint: "the later log does not begin with the earlier one", Err: err}
	}
	return nil
}

// SplitCheckpoints reads a file of signed checkpoints, each followed by an empty
// line; the last one need not be.
func SplitCheckpoints(text []byte) ([][]byte, error) {
	parts := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n\n"))
	if len(parts)%2 != 0 {
		return nil, lineage.Invalid("read checkpoints", "end", "the file ends within a checkpoint")
	}
	var all [][]byte
	for ; len(parts) > 0; parts = parts[2:] {
		all = append(all, slices.Concat(parts[0], []byte("\n\n"), bytes.TrimSuffix(parts[1], []byte("\n")), []byte("\n")))
	}
	return all, nil
}
