package intake

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"wellspring/ingest"
	"wellspring/lineage"
	"wellspring/ot2"
)

const (
	op = "take in"
	// maxName bounds ids, subjects, sources and names, in bytes: they are keys.
	maxName = 512
	extName = "name"
)

// wrap makes a message into the envelope that the journal keeps. Only a strict
// message can fail.
func (in *Intake) wrap(m Message) (ingest.Envelope, error) {
	event, data, err := in.open(m)
	if err == nil {
		err = m.Fault
	}
	var f filed
	if err == nil {
		f, err = in.file(m, event, data)
	}
	if err != nil {
		if m.Policy == Strict {
			return ingest.Envelope{}, err
		}
		f = unknown(m, err)
	}
	event.SetType(f.kind)
	event.SetSubject(f.subject)
	if err := event.SetData(f.contentType, f.data); err != nil {
		return ingest.Envelope{}, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, ID: m.Name, Err: err}
	}
	if event.ID() == "" {
		id := f.hash
		if f.reason != "" {
			// What can't be read here may be readable where it comes next: on the
			// right topic, say. It must not be taken for a duplicate then.
			id = "unknown-" + id
		}
		event.SetID(id)
	}
	return ingest.Envelope{
		Event: event, Observed: in.options.Clock().UTC(), Hash: f.hash, Redacted: f.redacted, Door: m.Door, Reason: f.reason,
	}, nil
}

// filed is what was found out about a payload.
type filed struct {
	kind, subject string
	contentType   string
	data          []byte // redacted
	hash          string // of the payload as received
	redacted      []string
	reason        string
}

// open returns the event to fill in, and the payload proper. The event has an
// id only if the sender gave one.
func (in *Intake) open(m Message) (cloudevents.Event, []byte, error) {
	event := cloudevents.New()
	event.SetSource((&url.URL{Path: "/" + m.Door + strings.TrimSuffix("/"+m.Origin, "/")}).String())
	if m.Name != "" {
		event.SetExtension(extName, clip(m.Name))
	}
	if int64(len(m.Payload)) > in.options.Limits.Bytes {
		return event, nil, &lineage.Error{Op: op, Kind: lineage.ErrorTooLarge, ID: m.Name,
			Hint: fmt.Sprintf("send at most %d bytes at once, or raise the limit", in.options.Limits.Bytes)}
	}
	if len(bytes.TrimSpace(m.Payload)) == 0 {
		return event, nil, lineage.Invalid(op, m.Name, "the payload is empty: send a JSON document")
	}
	if !IsCloudEvent(m.Payload) {
		return event, m.Payload, nil
	}
	sent, err := ingest.DecodeEvent(m.Payload)
	if err != nil {
		return event, nil, err
	}
	if len(sent.ID()) > maxName || len(sent.Source()) > maxName {
		return event, nil, &lineage.Error{Op: op, Kind: lineage.ErrorTooLarge, ID: sent.ID()[:min(len(sent.ID()), 40)],
			Hint: fmt.Sprintf("use an id and a source of at most %d bytes", maxName)}
	}
	data := sent.Data()
	sent.DataEncoded = nil
	return ingest.StripExtensions(sent), data, nil
}

// IsCloudEvent reports whether a payload is a JSON object with a specversion.
func IsCloudEvent(payload []byte) bool {
	if !bytes.Contains(payload, []byte(`"specversion"`)) {
		return false
	}
	var look struct {
		SpecVersion *string `json:"specversion"`
	}
	return json.Unmarshal(payload, &look) == nil && look.SpecVersion != nil
}

// file finds out what a payload is and whom it belongs to.
func (in *Intake) file(m Message, event cloudevents.Event, data []byte) (filed, error) {
	kind, subject := event.Type(), event.Subject()
	if m.Type != "" {
		kind = m.Type
	}
	if m.Subject != "" {
		subject = m.Subject
	}
	f := filed{kind: kind, hash: contentHash(data), contentType: contentType(event, data)}
	if m.Document != nil {
		data, f.contentType = m.Document, cloudevents.ApplicationJSON
	}
	f.data, f.redacted = ot2.Redact(data)
	var err error
	switch kind {
	case ingest.TypeManifest, ingest.TypeReading, ingest.TypeSteps, ingest.TypeJob:
		err = in.other(kind, subject, &f, nil)
	case ingest.TypeRun, ingest.TypePlan, "":
		f.kind, f.subject, err = in.owner(kind, subject, f)
		if err != nil && kind == "" && lineage.KindOf(err) == lineage.ErrorInvalid {
			err = in.other("", subject, &f, err)
		}
	default:
		err = lineage.Invalid(op, "type "+clip(kind), "use one of the documented event types")
	}
	if err != nil {
		return f, named(m, err)
	}
	if m.Policy == Strict {
		err = in.check(m.Name, f)
	}
	return f, named(m, err)
}

// contentType is what the sender says, else JSON or, of a table, CSV.
func contentType(event cloudevents.Event, data []byte) string {
	if said := event.DataContentType(); said != "" {
		return said
	}
	if isObject(data) {
		return cloudevents.ApplicationJSON
	}
	return "text/csv"
}

// owner finds the run or analysis that a payload is about: from the payload,
// else from what the sender or the door said, else, for a whole document, from
// its content.
func (in *Intake) owner(kind, subject string, f filed) (string, string, error) {
	shape, id, plan, err := ot2.Detect(f.data, in.options.Limits)
	if err != nil {
		return "", "", err
	}
	said, saidPlan := strings.CutPrefix(subject, "plan:")
	if !saidPlan {
		said = strings.TrimPrefix(subject, "run:")
	}
	fragment := shape == ot2.ShapeHTTP
	if id == "" && fragment {
		plan = saidPlan // a fragment doesn't say; the sender does
	}
	switch {
	case id == "" && said == "" && fragment:
		return "", "", lineage.Invalid(op, "", "the payload names no run: send it with the subject run:<id>, or to the run's topic")
	case id == "" && said == "":
		id = f.hash
	case id == "":
		id = said
	case said != "" && said != id:
		return "", "", &lineage.Error{Op: op, Kind: lineage.ErrorConflict, ID: clip(id), Hint: "send a payload under the run that it is about",
			Err: fmt.Errorf("it was sent as %s", clip(said))}
	}
	found, owner := ingest.TypeRun, lineage.RunOwner(id)
	if plan {
		found, owner = ingest.TypePlan, lineage.PlanOwner(id)
	}
	if kind != "" && kind != found || subject != "" && plan != saidPlan {
		return "", "", &lineage.Error{Op: op, Kind: lineage.ErrorConflict, ID: string(owner), Hint: "send runs as runs and analyses as plans"}
	}
	if len(id) > maxName {
		return "", "", tooLong(id)
	}
	return found, string(owner), nil
}

// unknown files a payload that could not be read, as it came.
func unknown(m Message, reason error) filed {
	f := filed{
		kind: ingest.TypeUnknown, hash: contentHash(m.Payload), contentType: "application/octet-stream",
		data: m.Payload, reason: reason.Error(),
	}
	f.subject = "unknown:" + f.hash
	f.data, f.redacted = ot2.Redact(m.Payload)
	return f
}

// named puts the payload's name in front of the place that an error names.
func named(m Message, err error) error {
	var e *lineage.Error
	if m.Name == "" || !errors.As(err, &e) {
		return err
	}
	clone := *e
	clone.ID = strings.TrimSuffix(m.Name+": "+e.ID, ": ")
	return &clone
}

func contentHash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// clip shortens what a sender wrote to what is shown and kept.
func clip(text string) string {
	if len(text) <= 80 {
		return strings.ToValidUTF8(text, "")
	}
	return strings.ToValidUTF8(text[:80], "") + "…"
}
