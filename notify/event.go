package notify

import (
	"encoding/json"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"

	"wellspring/ingest"
	"wellspring/lineage"
)

// Kind of a notice. Its CloudEvents type is wellspring.<kind>.v1.
type Kind string

// The kinds of notices.
const (
	RunEnded      Kind = "run.ended"      // as it should, or stopped by a person
	RunFailed     Kind = "run.failed"     // the robot gave it up
	Finding       Kind = "finding"        // of severity error or warning, by kind of finding and run
	DeadLetter    Kind = "dead-letter"    // something that came in can't be processed
	ResultChanged Kind = "result.changed" // what is known of a run's wells, or of a reading, is another than was told
	RobotAlarm    Kind = "robot.alarm"    // a robot needs somebody
	Test          Kind = "test"           // somebody wants to know whether it arrives

	lineageRun Kind = "openlineage.run" // our own processing; not for webhooks
)

// Kinds are those that a webhook can choose from; Test comes to each.
func Kinds() []Kind {
	return []Kind{RunEnded, RunFailed, Finding, DeadLetter, ResultChanged, RobotAlarm}
}

// source of our events.
const source = "/wellspring"

// draft is a notice before it is known who gets it.
type draft struct {
	kind    Kind
	subject string
	at      time.Time // the journal's time of what it rests on: older than a receiver is, it is no news to him
	id      string
	data    any    // of an event
	body    []byte // of what is no event; nil: an event is written
}

// newID is the id of an event: of what it says, so that the same is told under the same id.
func newID(parts ...string) string {
	text, _ := json.Marshal(parts) // strings always encode
	return uuid.NewSHA1(lineage.Namespace, text).String()
}

// encode writes a draft as one CloudEvent in structured JSON.
func (d draft) encode(now time.Time, span trace.SpanContext) ([]byte, error) {
	if d.body != nil {
		return d.body, nil
	}
	e := cloudevents.New()
	e.SetID(d.id)
	e.SetSource(source)
	e.SetType("wellspring." + string(d.kind) + ".v1")
	e.SetSubject(d.subject)
	e.SetTime(now.UTC())
	ingest.SetTrace(&e, span)
	err := e.SetData(cloudevents.ApplicationJSON, d.data)
	if err != nil {
		return nil, &lineage.Error{Op: "write notice", Kind: lineage.ErrorInternal, ID: d.subject, Err: err}
	}
	return e.MarshalJSON()
}

// RunData says how a run ended.
type RunData struct {
	Run         string   `json:"run"`
	Name        string   `json:"name"`
	Status      string   `json:"status"` // succeeded, completed, stopped; failed
	RobotSerial string   `json:"robot_serial,omitempty"`
	RobotName   string   `json:"robot_name,omitempty"`
	StartedAt   string   `json:"started_at,omitempty"` // by the robot's clock
	CompletedAt string   `json:"completed_at,omitempty"`
	Commands    int      `json:"commands"`
	Findings    int      `json:"findings"`
	Complete    bool     `json:"complete"`   // whether the record is all of the truth
	Incomplete  []string `json:"incomplete"` // why not
}

// FindingData is one kind of finding of one run.
type FindingData struct {
	Run      string  `json:"run"`
	Name     string  `json:"name"`
	Finding  string  `json:"finding"`  // its kind
	Severity string  `json:"severity"` // error or warning
	Total    int     `json:"total"`    // how many there are; 0: too many to be listed
	Places   []Place `json:"places"`   // the first of them, ten at most
}

// Place is where one finding is.
type Place struct {
	Command string  `json:"command,omitempty"`
	Labware string  `json:"labware,omitempty"`
	Well    string  `json:"well,omitempty"`
	Missing float64 `json:"missing_ul,omitempty"`
	Detail  string  `json:"detail,omitempty"`
}

// DeadLetterData is what could not be processed. What it holds is not told.
type DeadLetterData struct {
	ID       string `json:"id"` // for GET /v1/deadletters/{id}
	Stage    string `json:"stage"`
	Error    string `json:"error"`
	Remedy   string `json:"remedy"`
	Envelope string `json:"envelope,omitempty"` // its id
	Source   string `json:"source,omitempty"`
	Door     string `json:"door,omitempty"`
}

// ResultData says that what is known of an owner is another than what was told.
type ResultData struct {
	Owner   string          `json:"owner"` // run:<id> or reading:<id>
	Run     string          `json:"run,omitempty"`
	Name    string          `json:"name,omitempty"`
	Cause   string          `json:"cause"` // record: its own record was corrected; others: what it rests on changed
	KnownAt time.Time       `json:"known_at"`
	Before  string          `json:"before"` // SHA-256 of the results
	After   string          `json:"after"`
	Applied lineage.Applied `json:"applied"` // what changed in the graph; all 0: it was written before a restart
}

// RobotData is what a person should see to at a robot.
type RobotData struct {
	Robot  string `json:"robot"`
	Alarm  string `json:"alarm"` // eviction, lost, contact, record
	Detail string `json:"detail"`
}
