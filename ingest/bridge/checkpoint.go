package bridge

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"wellspring/lineage"
)

// mostGaps is how many gaps a checkpoint remembers; the journal has them all.
const mostGaps = 100

// checkpoint is what the bridge remembers of one robot: what it has seen, and
// what of that the journal has acknowledged. It is written as a whole, and only
// after the journal's yes; so what it lacks is read and journaled again, where
// the journal knows it by its id.
type checkpoint struct {
	Version int             `json:"version"`
	Serial  string          `json:"serial,omitempty"`
	Contact time.Time       `json:"contact"` // when the robot last answered
	Order   []string        `json:"order"`   // the runs that the robot had then, oldest first
	Runs    map[string]*run `json:"runs"`
	Plans   map[string]bool `json:"plans,omitempty"` // analyses that the journal has
	Gaps    []Gap           `json:"gaps,omitempty"`  // newest last
}

// run is one run that the robot holds, or held.
type run struct {
	CreatedAt time.Time `json:"createdAt"`
	Seen      time.Time `json:"seen"`
	Status    string    `json:"status"`
	Protocol  string    `json:"protocol,omitempty"`
	Header    string    `json:"header,omitempty"` // hash of the last one that the journal has
	Next      int       `json:"next"`             // commands before this index are journaled, at their end
	Total     int       `json:"total"`            // commands that the robot has counted
	Plan      string    `json:"plan,omitempty"`   // the analysis that it carries out; none: it has none
	Harvested time.Time `json:"harvested"`        // zero: there is more to read
	Lost      bool      `json:"lost,omitempty"`   // what is missing can't be read any more
	// What was so when it was first seen, if it had not ended by then.
	Live     bool              `json:"live,omitempty"`
	Software string            `json:"software,omitempty"`
	Robot    string            `json:"robot,omitempty"`
	Pipettes map[string]string `json:"pipettes,omitempty"` // serial numbers by mount
	Name     string            `json:"name,omitempty"`     // of the protocol

	// Of this process only.
	told    map[string]string // statuses of commands at Next and after it that the journal has
	balked  map[string]int    // how often the robot refused a command
	tries   int               // to harvest that failed
	trouble string            // why the last one did
	again   time.Time         // when to try next
	ask     time.Time         // when to ask for its plan next
	asked   int               // for its plan
	newest  *header           // as the robot told it last
}

func (r *run) harvested() bool { return !r.Harvested.IsZero() }

// Gap is what the bridge knows to be missing, and can't read any more.
type Gap struct {
	At     time.Time `json:"at"`
	Run    string    `json:"run,omitempty"` // empty: runs that nobody ever saw
	Kind   string    `json:"kind"`
	Detail string    `json:"detail"`
}

// The kinds of gaps.
const (
	GapDeleted = "deleted" // the robot, or somebody, deleted the run before it was read
	GapLost    = "lost"    // the robot died and lost the run's commands
	GapHole    = "hole"    // commands are missing in the robot's own list
	GapUnseen  = "unseen"  // runs may have come and gone while nobody looked
)

// checkpointFile is where what is known of a robot lies.
func checkpointFile(dir, name, serial string) string {
	if serial != "" {
		name += "." + plain.ReplaceAllString(serial, "-")
	}
	return filepath.Join(dir, name+".json")
}

func readCheckpoint(path string) (*checkpoint, error) {
	c := &checkpoint{Version: 1, Runs: map[string]*run{}, Plans: map[string]bool{}}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(text, c)
	}
	if err == nil && c.Version != 1 {
		err = errors.New("it is of a newer version")
	}
	if err != nil {
		return nil, &lineage.Error{Op: "read checkpoint", Kind: lineage.ErrorInvalid, ID: path,
			Hint: "move the file away: what the robot still holds is then read again, and the journal drops what it knows", Err: err}
	}
	for id, r := range c.Runs {
		if r == nil {
			delete(c.Runs, id)
		}
	}
	if c.Plans == nil {
		c.Plans = map[string]bool{}
	}
	return c, nil
}

// write puts the checkpoint in the place of the old one: after a crash or a power
// cut there is the one or the other.
func (c *checkpoint) write(path string) (err error) {
	const op = "write checkpoint"
	failed := func(err error) error {
		return &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: path, Hint: "is the disk full, or read-only?", Err: err}
	}
	text, err := json.Marshal(c)
	if err != nil {
		return &lineage.Error{Op: op, Kind: lineage.ErrorInternal, ID: path, Err: err}
	}
	next, err := os.OpenFile(path+".next", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return failed(err)
	}
	_, err = next.Write(text)
	if err == nil {
		err = next.Sync()
	}
	if err = errors.Join(err, next.Close()); err != nil {
		return failed(err)
	}
	if err := os.Rename(next.Name(), path); err != nil {
		return failed(err)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return failed(err)
	}
	if err = errors.Join(folder.Sync(), folder.Close()); err != nil {
		return failed(err)
	}
	return nil
}

// note remembers a gap, and lets go of the oldest.
func (c *checkpoint) note(g Gap) {
	c.Gaps = append(c.Gaps, g)
	if n := len(c.Gaps) - mostGaps; n > 0 {
		c.Gaps = c.Gaps[n:]
	}
}

// forgetPlans lets go of analyses that no run carries out any more.
func (c *checkpoint) forgetPlans() {
	used := map[string]bool{}
	for _, r := range c.Runs {
		used[r.Plan] = true
	}
	for id := range c.Plans {
		if !used[id] {
			delete(c.Plans, id)
		}
	}
}
