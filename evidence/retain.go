package evidence

import (
	"errors"
	"fmt"
	"time"
)

// Segment is a file that old entries were put aside into. They are part of the log as
// before: their hashes are in the tree, and what is read from the file is held against them.
type Segment struct {
	Name     string
	Entries  int
	Subjects int
	Bytes    int64
	SHA256   string
	First    time.Time // when the oldest entry was entered
	Last     time.Time
	ClosedAt time.Time
	Present  bool // the file is there
}

// Away says that an entry is in a segment that is not there, or not what it was. With
// the segment the entry is whole again.
type Away struct {
	Index   int64
	Segment string
	Err     error
}

func (a *Away) Error() string {
	return fmt.Sprintf("entry %d is in the segment %s: %v", a.Index, a.Segment, a.Err)
}

func (a *Away) Unwrap() error { return a.Err }

// IsAway reports whether a segment is missing that err complains of.
func IsAway(err error) bool {
	var a *Away
	return errors.As(err, &a)
}
