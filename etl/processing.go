package etl

import (
	"context"
	"time"

	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// Stage of a processing.
type Stage string

const (
	Extract   Stage = "extract"
	Transform Stage = "transform"
	Load      Stage = "load"
	Verify    Stage = "verify"
)

// Status of a processing.
type Status string

const (
	Pending  Status = "pending"
	Running  Status = "running"
	Retrying Status = "retrying"
	Failed   Status = "failed"
	Done     Status = "done"
	// Cancelled is what a person ended: nothing of it is lost, and nothing goes on
	// by itself.
	Cancelled Status = "cancelled"
)

// Processing is the state of one owner's processing, the latest.
type Processing struct {
	ID        string        `json:"id"` // UUID, new for each processing
	Owner     lineage.Owner `json:"owner"`
	Status    Status        `json:"status"`
	Stage     Stage         `json:"stage,omitempty"`
	Attempts  int           `json:"attempts"` // of the current stage
	Envelopes int           `json:"envelopes"`
	// Position of the owner's last envelope that is settled: in the graph, or
	// buried. While a processing runs it is that of the one before.
	Position  journal.Position `json:"position"`
	StartedAt time.Time        `json:"started_at"`
	EndedAt   *time.Time       `json:"ended_at"`
	Error     string           `json:"error,omitempty"`
	Remedy    string           `json:"remedy,omitempty"`
	Applied   lineage.Applied  `json:"applied"`
	// Seconds per window.
	Seconds Windows `json:"seconds"`
	// Left are the envelopes that a cancelled processing left for the next one.
	Left []journal.Position `json:"left,omitempty"`
}

// Windows is the time spent per window, in seconds, of the oldest envelope that
// a processing covers. All by our own clock: a device's may be off by years.
type Windows struct {
	Collect float64 `json:"collect"` // from the door to the journal
	Process float64 `json:"process"` // extract and transform
	Store   float64 `json:"store"`   // load
	Verify  float64 `json:"verify"`
	Total   float64 `json:"total"` // from the door to the end, waiting included
}

// States keeps the state of processings durably.
type States interface {
	// Put keeps a processing under its owner, replacing the owner's earlier one.
	Put(ctx context.Context, p Processing) error
	// Get returns the latest of an owner; ErrorNotFound where there is none.
	Get(ctx context.Context, owner lineage.Owner) (Processing, error)
	// List returns the most recently started first, after a cursor.
	List(ctx context.Context, q StatesQuery) (StatesPage, error)
	// Counts says how many owners stand where.
	Counts(ctx context.Context) (map[Status]int64, error)
}

// StatesQuery asks for processings. Zero fields don't restrict.
type StatesQuery struct {
	Status Status
	After  lineage.Cursor
	Limit  int // 1..1000; 0 means 100
}

// StatesPage is one part of the answer.
type StatesPage struct {
	Processings []Processing
	Next        lineage.Cursor
}
