package pack

import (
	"cmp"
	"time"

	"wellspring/evidence"
	"wellspring/lineage"
)

// The kinds of questions: what a package is about.
const (
	AboutRun         = "run"
	AboutExperiment  = "experiment"
	AboutLot         = "lot"
	AboutMeasurement = "measurement"
	AboutPlate       = "plate"
	AboutWell        = "well"
	AboutSince       = "since" // everything that was entered from a time on
)

// Question is what a package answers. It is all that the bytes of the package
// depend on, beside what was known at AsOf.
type Question struct {
	About    string    `json:"about"`
	Selector string    `json:"selector,omitempty"` // of all but since
	Since    time.Time `json:"since,omitzero"`
	AsOf     time.Time `json:"as_of"`
	Redact   bool      `json:"redact,omitempty"`
}

// Validate names the first thing that is wrong.
func (q Question) Validate() error {
	const op = "export"
	switch q.About {
	case AboutRun, AboutExperiment, AboutLot, AboutMeasurement, AboutPlate, AboutWell:
		if q.Selector == "" || len(q.Selector) > 1024 {
			return lineage.Invalid(op, "selector", "name what the package is about, in at most 1024 bytes")
		}
	case AboutSince:
		if q.Since.IsZero() {
			return lineage.Invalid(op, "since", "give the time from which on everything is wanted")
		}
		if !q.AsOf.IsZero() && q.Since.After(q.AsOf) {
			return lineage.Invalid(op, "since", "it is after the time of the question")
		}
	default:
		return lineage.Invalid(op, "about "+q.About, "use run, experiment, lot, measurement, plate, well or since")
	}
	return nil
}

// Verdict says how far the answer can be trusted.
type Verdict struct {
	Complete     bool     `json:"complete"`
	Truncated    bool     `json:"truncated"` // a bound cut it: there is more than the package holds
	Reasons      []string `json:"reasons"`
	Explanations []string `json:"explanations"`
}

// Answer is question.json: what was asked, and what is in the package.
type Answer struct {
	Version       int      `json:"v"` // 1
	Question      Question `json:"question"`
	Verdict       Verdict  `json:"verdict"`
	Log           string   `json:"log"`      // its name
	LogSize       int64    `json:"log_size"` // of the checkpoint
	Nodes         int64    `json:"nodes"`
	Edges         int64    `json:"edges"`
	Records       int64    `json:"records"` // of the journal
	Acts          int64    `json:"acts"`
	Payloads      int64    `json:"payloads"`
	Revisions     int64    `json:"revisions,omitempty"`
	LineageSHA256 string   `json:"lineage_sha256"` // of lineage.ndjson
	// WholeLineageSHA256 is, in a redacted package, the hash that lineage.ndjson has
	// in one that is not: what signatures of people are bound to.
	WholeLineageSHA256 string `json:"whole_lineage_sha256,omitempty"`
	// Subject is what the question is about, however it was asked; empty of since.
	Subject string `json:"subject,omitempty"`
}

// Known is the answer as signatures of people are bound to it.
func (a Answer) Known() evidence.Answer {
	return evidence.Answer{
		LineageSHA256: cmp.Or(a.WholeLineageSHA256, a.LineageSHA256), Nodes: a.Nodes, Edges: a.Edges, Complete: a.Verdict.Complete,
	}
}

// Judge says of a signature how it stands to the answer of a package.
func (a Answer) Judge(s evidence.Signature) evidence.Signature {
	if s.Subject != a.Subject {
		return s
	}
	return s.Against(a.Known())
}

// Line is one line of entries.ndjson.
type Line struct {
	Index   int64    `json:"index"`
	Public  string   `json:"public"`
	Private string   `json:"private,omitempty"`
	Payload string   `json:"payload,omitempty"` // the file that holds it
	Proof   []string `json:"proof"`             // in hexadecimal, RFC 6962, 2.1.1
}

// Item is one line of lineage.ndjson: a node or an edge.
type Item struct {
	Node *lineage.Node `json:"node,omitempty"`
	Edge *lineage.Edge `json:"edge,omitempty"`
}

// The states of an export.
const (
	StateWaiting = "waiting"
	StateWorking = "working"
	StateDone    = "done"
	StateFailed  = "failed"
)

// Export is a package that was asked for.
type Export struct {
	ID       string   `json:"id"` // of the question
	State    string   `json:"state"`
	Question Question `json:"question"`
	Answer   Answer   `json:"answer,omitzero"`
	Bytes    int64    `json:"bytes,omitempty"`
	SHA256   string   `json:"sha256,omitempty"` // of the file
	Error    string   `json:"error,omitempty"`
}
