// Package journal keeps every envelope durably and in order.
//
// On the road of a fact it is the line between "heard" and "known": nothing is
// acknowledged before Append has returned. It is the truth: the graph and every
// view are made from it and can be made again.
//
// It refuses to forget: a record never leaves. What old ones hold may be put aside
// into segments (Retainer).
package journal

import (
	"context"
	"time"

	"wellspring/ingest"
)

// Position is a place in the journal, opaque to its holder. The empty Position
// is before the first record. Engines with partitions encode one offset each.
type Position string

// Record is an envelope in the journal.
type Record struct {
	Position   Position
	AppendedAt time.Time // the journal's time, never before an earlier record's: created_at of what is derived from it
	Envelope   ingest.Envelope
}

// Receipt says what became of an appended envelope.
type Receipt struct {
	Position  Position
	Duplicate bool // (source, id) was there already; Position is the first one's
}

// Journal is an ordered log, partitioned by subject: records of one subject are
// in order, always. Engines pass journaltest.
type Journal interface {
	// Append makes envelopes durable and then returns, one receipt each. All or
	// none. Concurrent calls share one sync. An envelope whose source and id are
	// there already with the same hash is a duplicate and is not written again;
	// with another hash it is a new record: a correction under an old name loses nothing.
	Append(ctx context.Context, envelopes ...ingest.Envelope) ([]Receipt, error)

	// Read returns up to limit records after a position, in order. When there is
	// none it waits until there is or ctx ends. It stops before a damaged record;
	// a damaged one that comes first is an error wrapping *Damaged, and the reader
	// goes on from its position.
	Read(ctx context.Context, after Position, limit int) ([]Record, error)

	// Subject returns all records of one subject, in order. When some are damaged
	// it returns the others together with an error wrapping *Damaged; when some are in
	// a segment that is not there, one wrapping *Archived.
	Subject(ctx context.Context, subject string) ([]Record, error)

	// Commit remembers, durably, that a consumer is done with everything up to
	// and including a position; Committed tells it after a restart.
	Commit(ctx context.Context, consumer string, done Position) error
	Committed(ctx context.Context, consumer string) (Position, error)

	// Lag returns how many records come after a position, and the age of the oldest of them.
	Lag(ctx context.Context, after Position) (records int64, oldest time.Duration, err error)

	Close() error
}

// DeadLetter is a record that could not be processed. It stays until a person
// retries or drops it, and keeps its history.
type DeadLetter struct {
	ID       string // of the envelope's position
	Record   Record
	Stage    string // extract, transform, load, verify
	Error    string
	Remedy   string
	Attempts int
	DiedAt   time.Time
	State    string // StateDead, StateRetried, StateDropped
	History  []Turn // what happened to it, oldest first
}

// The states of a dead letter.
const (
	StateDead    = "dead"
	StateRetried = "retried"
	StateDropped = "dropped"
)

// Turn is one change of a dead letter's state.
type Turn struct {
	At       time.Time
	State    string
	Stage    string // where it died, of StateDead
	Error    string
	Attempts int
}

// DeadLetters keeps what failed for good. The engines of Journal implement it too.
type DeadLetters interface {
	// Bury is idempotent by the record's position: a letter that is dead, or that
	// a person dropped, stays as it is; one that was retried is dead again.
	Bury(ctx context.Context, letter DeadLetter) error
	Letters(ctx context.Context, after string, limit int) ([]DeadLetter, error)
	Letter(ctx context.Context, id string) (DeadLetter, error)
	// Settle marks a letter retried or dropped, and notes it in its history.
	Settle(ctx context.Context, id, state string) error
}
