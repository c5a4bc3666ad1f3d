package evidence

import (
	"slices"
	"strings"
	"time"
)

// ActionSigned is the action of the entry that is a signature.
const ActionSigned = "signed"

// What a signature can mean.
const (
	MeaningAuthored = "authored"
	MeaningReviewed = "reviewed"
	MeaningApproved = "approved"
	MeaningRejected = "rejected"
)

// Meanings lists all of them.
func Meanings() []string {
	return []string{MeaningAuthored, MeaningReviewed, MeaningApproved, MeaningRejected}
}

// Signed is what a person's signature is bound to. It stands in the public part
// of its entry, so it is hashed into the log and is in redacted packages as well.
type Signed struct {
	About    string    `json:"about"`    // run, experiment, lot, measurement, plate, well
	Selector string    `json:"selector"` // what it is about, by its own id or name
	AsOf     time.Time `json:"as_of"`
	Meaning  string    `json:"meaning"`
	Answer
}

// Answer is what was known of a question: the hash of its lineage.ndjson, byte
// for byte, and how much that is.
type Answer struct {
	LineageSHA256 string `json:"lineage_sha256"`
	Nodes         int64  `json:"nodes"`
	Edges         int64  `json:"edges"`
	Complete      bool   `json:"complete"`
}

// How a signature stands to what is known.
const (
	SignatureValid     = "valid"     // the same is known as when it was signed
	SignatureOutdated  = "outdated"  // something else is known by now
	SignatureUnchecked = "unchecked" // it is about another question than the one that was answered
)

// Signature is one signature of a person, as its entry says it.
type Signature struct {
	Index    int64     `json:"index"` // of its entry
	Subject  string    `json:"subject"`
	SignedAt time.Time `json:"signed_at"` // by the service's clock
	Signed
	Who    Actor      `json:"who"`
	Reason string     `json:"reason"`
	Proved *time.Time `json:"proved_at,omitempty"` // when the signer proved who they are

	State string `json:"state"`
	// Now is what is known by now, of an outdated one; nil where nothing is.
	Now *Answer `json:"now,omitempty"`
}

// Left stands in the place of what was left out.
const Left = "[redacted]"

// SignatureOf reads a signature from its entry; false where that is none.
func SignatureOf(e Entry) (Signature, bool, error) {
	public, err := e.Read()
	if err != nil || public.Signed == nil || public.Action != ActionSigned || public.Outcome != OutcomeDone {
		return Signature{}, false, err
	}
	s := Signature{
		Index: e.Index, Subject: public.Subject, SignedAt: public.LoggedAt, Signed: *public.Signed,
		Who: Actor{Name: Left}, Reason: Left, State: SignatureUnchecked,
	}
	if e.Private == nil {
		return s, true, nil
	}
	d, err := e.Details()
	s.Who, s.Reason, s.Proved = d.Who, d.Reason, d.ProvedAt
	return s, true, err
}

// Against says how the signature stands to what is known of its subject now.
func (s Signature) Against(now Answer) Signature {
	if s.State = SignatureValid; s.LineageSHA256 != now.LineageSHA256 {
		s.State, s.Now = SignatureOutdated, &now
	}
	return s
}

// CheckSigned says what is missing for a signature; empty: nothing.
func CheckSigned(meaning, reason string) (place, hint string) {
	switch {
	case !slices.Contains(Meanings(), meaning):
		return "meaning", "say what the signature means: " + strings.Join(Meanings(), ", ")
	case strings.TrimSpace(reason) == "":
		return "reason", "say why you sign, in the header Wellspring-Reason"
	}
	return "", ""
}
