package journal

import (
	"context"
	"errors"
	"time"
)

// Retainer is a journal that can put the payloads of old records aside. The records
// stay where they are, with their names, order and checksums; only what they hold
// lies in segment files from then on, and is read from there like any other. The
// journal is whole as long as its segments are.
type Retainer interface {
	// Retain closes into segments what is held of subjects that nobody has said
	// anything of since a time, that every consumer is done with (but those that it was
	// told not to wait for), and that have no dead letter. Cut off, nothing is half done:
	// a segment counts once it is durable.
	Retain(ctx context.Context, before time.Time) ([]Segment, error)

	// Retainable says what Retain would close, and closes nothing.
	Retainable(ctx context.Context, before time.Time) (Retainable, error)

	// Segments lists all that were closed, in order.
	Segments(ctx context.Context) ([]Segment, error)
}

// Retainable is what may be put aside.
type Retainable struct {
	Records  int
	Subjects int
	Bytes    int64 // of what they hold, not compressed
}

// Segment is a file with the payloads of some records.
type Segment struct {
	Name     string    `json:"name"`
	Records  int       `json:"records"`
	Subjects int       `json:"subjects"`
	Bytes    int64     `json:"bytes"` // of the file
	SHA256   string    `json:"sha256"`
	First    time.Time `json:"first"` // when the oldest record was appended
	Last     time.Time `json:"last"`
	ClosedAt time.Time `json:"closed_at"`
	Present  bool      `json:"present"` // the file is there
}

// Archived says that what a record holds is in a segment that is not there, or not
// what it was. It is not damage: with the segment the record is whole again.
type Archived struct {
	Position Position
	Segment  string
	Err      error
}

func (a *Archived) Error() string {
	return "record " + string(a.Position) + " is in the segment " + a.Segment + ": " + a.Err.Error()
}

func (a *Archived) Unwrap() error { return a.Err }

// IsArchived reports whether a segment is missing that err complains of.
func IsArchived(err error) bool {
	var a *Archived
	return errors.As(err, &a)
}

// IsDamagedOrArchived reports whether err is about a record, and not about the journal.
func IsDamagedOrArchived(err error) bool {
	_, damaged := DamagedAt(err)
	return damaged || IsArchived(err)
}
