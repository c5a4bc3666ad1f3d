package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"wellspring/lineage"
)

// The types of entries.
const (
	TypeRecord  = "record"  // a record of the journal
	TypeDamaged = "damaged" // a record of the journal that could not be read when it was entered
	TypeAct     = "act"     // what somebody did
	TypeKey     = "key"     // the key that signs the log from here on
)

// Entry is one leaf of the ledger. Public is hashed into the tree: nothing in it
// is ever taken away. Private is what may have to be: names, reasons, free
// text. It holds a random salt, and Public holds its SHA-256, so that it can be
// shown or left out without a change of the tree.
type Entry struct {
	Index    int64     // from 0
	LoggedAt time.Time // never before an earlier entry's
	Public   []byte    // one JSON object on one line
	Private  []byte    // one JSON object on one line; nil: left out
}

// Public is what an entry's public part says. Fields that a type doesn't have
// are left out.
type Public struct {
	Version  int       `json:"v"` // 1
	Type     string    `json:"type"`
	LoggedAt time.Time `json:"logged_at"`
	Subject  string    `json:"subject,omitempty"` // run:ID, plan:ID, …; what an act was about

	// Of a record.
	Position       string     `json:"position,omitempty"` // in the journal
	AppendedAt     *time.Time `json:"appended_at,omitempty"`
	Kind           string     `json:"kind,omitempty"`            // the event's type
	ReceivedSHA256 string     `json:"received_sha256,omitempty"` // of the payload as received
	DataSHA256     string     `json:"data_sha256,omitempty"`     // of the payload as kept: without its secrets
	DataBytes      int64      `json:"data_bytes,omitempty"`

	// Of an act.
	Action    string `json:"action,omitempty"`  // declare, export, sign, …
	Outcome   string `json:"outcome,omitempty"` // done, accepted, refused, failed
	RequestID string `json:"request_id,omitempty"`

	// Of a key: NAME+HASH+KEY, as in signed notes.
	Key string `json:"key,omitempty"`

	Signed *Signed `json:"signed,omitempty"` // by a person; of a signature

	PrivateSHA256 string `json:"private_sha256"`
}

// Origin is the private part of a record: who sent it, under which name.
type Origin struct {
	Salt       string     `json:"salt"`
	Source     string     `json:"source,omitempty"`
	ID         string     `json:"id,omitempty"`
	Name       string     `json:"name,omitempty"`
	Time       *time.Time `json:"time,omitempty"` // the device's
	ObservedAt *time.Time `json:"observed_at,omitempty"`
	Door       string     `json:"door,omitempty"`
	MediaType  string     `json:"media_type,omitempty"`
	Redacted   []string   `json:"redacted,omitempty"` // the places from which a secret was taken
	Error      string     `json:"error,omitempty"`    // of a damaged record
}

// Details is the private part of an act.
type Details struct {
	Salt           string     `json:"salt"`
	Who            Actor      `json:"who"`
	Target         string     `json:"target,omitempty"` // as it was asked for
	Reason         string     `json:"reason,omitempty"`
	Old            any        `json:"old,omitempty"`
	New            any        `json:"new,omitempty"`
	DeviceTime     *time.Time `json:"device_time,omitempty"`      // by the clock of who asked
	DeviceOffsetMs *int64     `json:"device_offset_ms,omitempty"` // the server's clock minus the device's
	Remote         string     `json:"remote,omitempty"`           // address of who asked
	Status         int        `json:"status,omitempty"`           // of the answer
	ProvedAt       *time.Time `json:"proved_at,omitempty"`        // when a signer proved who they are
}

// Record is a record of the journal, as the ledger sees it.
type Record struct {
	Position   string
	AppendedAt time.Time
	Subject    string
	Kind       string
	Received   string // SHA-256, hex, of the payload as received
	Data       []byte // the payload as kept
	Origin     Origin // its salt is set by the ledger
	Damaged    error  // why it could not be read: then only Position is known
}

// Act is something that somebody did, or tried.
type Act struct {
	Action    string
	Outcome   string
	Subject   string
	RequestID string
	Signed    *Signed // of a signature
	Details   Details // its salt is set by the ledger
}

// The outcomes of an act.
const (
	OutcomeDone     = "done"
	OutcomeAccepted = "accepted" // it goes on
	OutcomeRefused  = "refused"
	OutcomeFailed   = "failed"
)

// Salt is the private part of an entry that has nothing to hide.
type Salt struct {
	Salt string `json:"salt"`
}

// Seal makes the entry of a record or an act: its private part with the salt,
// its public part with the private part's hash.
func Seal(public Public, private any) (Entry, error) {
	hidden, err := line(private)
	if err != nil {
		return Entry{}, err
	}
	public.Version, public.PrivateSHA256 = 1, SHA256(hidden)
	shown, err := line(public)
	return Entry{LoggedAt: public.LoggedAt, Public: shown, Private: hidden}, err
}

// Read reads an entry's public part and checks it against the private one,
// where that is there.
func (e Entry) Read() (Public, error) {
	const op = "read entry"
	var p Public
	if err := json.Unmarshal(e.Public, &p); err != nil {
		return p, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, Hint: "an entry is one JSON object", Err: err}
	}
	if e.Private != nil && SHA256(e.Private) != p.PrivateSHA256 {
		return p, lineage.Invalid(op, "private", "it is not what was entered: its SHA-256 differs")
	}
	return p, nil
}

// Details reads the private part of an act; the zero Details where it was left out.
func (e Entry) Details() (Details, error) {
	var d Details
	if e.Private == nil {
		return d, nil
	}
	if err := json.Unmarshal(e.Private, &d); err != nil {
		return d, &lineage.Error{Op: "read entry", Kind: lineage.ErrorInvalid, ID: "private", Err: err}
	}
	return d, nil
}

// line is v as one line of JSON, without the newline.
func line(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, &lineage.Error{Op: "write entry", Kind: lineage.ErrorInvalid, Err: err}
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// SHA256 is a hash in hexadecimal.
func SHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
