package evidence

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"wellspring/lineage"
)

// Checkpoint is what the log says of itself at one size. As text it is a
// tlog-checkpoint: origin, size, root in base64, and one line of extension with
// the time of the last entry.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
	At     time.Time // of the last entry
}

// Text is what is signed.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\nat %s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]), c.At.UTC().Format(time.RFC3339Nano))
}

// ParseCheckpoint reads the text of a checkpoint: what Text writes, and nothing else.
func ParseCheckpoint(text string) (Checkpoint, error) {
	wrong := func(what string) (Checkpoint, error) {
		return Checkpoint{}, lineage.Invalid("read checkpoint", what, "a checkpoint has four lines: origin, size, root, at TIME")
	}
	lines := strings.Split(text, "\n")
	if len(lines) != 5 || lines[0] == "" || lines[4] != "" {
		return wrong("lines")
	}
	c := Checkpoint{Origin: lines[0]}
	var err error
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 {
		return wrong("size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return wrong("root")
	}
	copy(c.Root[:], root)
	if c.At, err = time.Parse(time.RFC3339Nano, strings.TrimPrefix(lines[3], "at ")); err != nil {
		return wrong("time")
	}
	if c.Text() != text {
		return wrong("form")
	}
	return c, nil
}
