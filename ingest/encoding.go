package ingest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"slices"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"

	"wellspring/lineage"
)

// The CloudEvents extension attributes in which an envelope keeps what
// CloudEvents has no attribute for.
const (
	extObserved = "wsobserved" // RFC 3339
	extHash     = "wshash"
	extRedacted = "wsredacted" // a JSON array of strings
	extDoor     = "wsdoor"
	extReason   = "wsreason"
)

func extensions() []string {
	return []string{extObserved, extHash, extRedacted, extDoor, extReason}
}

// maxShallow is a size below which no JSON is nested deeper than a JSON reader goes.
const maxShallow = 9_000

// Encode writes an envelope as one CloudEvent in structured JSON: what the
// journal stores. The data stands in it byte for byte; where JSON can't hold it
// so (no JSON, or white space around it), as data_base64.
func Encode(e Envelope) ([]byte, error) {
	const op = "encode envelope"
	if err := e.Event.Validate(); err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: e.Hash, Hint: "an envelope is a valid CloudEvent", Err: err}
	}
	event := e.Event
	context := e.Event.Context.AsV1() // the sender's own context stays as it is
	event.Context = context
	redacted := ""
	if len(e.Redacted) > 0 {
		text, err := json.Marshal(e.Redacted)
		if err != nil {
			return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, ID: e.Hash, Err: err}
		}
		redacted = string(text)
	}
	own := []string{e.Observed.UTC().Format(time.RFC3339Nano), e.Hash, redacted, e.Door, e.Reason}
	context.Extensions = withExtensions(context.Extensions, own)

	if len(event.DataEncoded) == 0 {
		event.DataEncoded = nil // the SDK writes an empty one as no JSON
	}
	event.DataBase64 = !inline(event)
	encoded, err := marshal(event)
	if err == nil && !event.DataBase64 && len(event.DataEncoded) > maxShallow && !json.Valid(encoded) {
		event.DataBase64 = true
		encoded, err = marshal(event)
	}
	if err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, ID: e.Hash, Err: err}
	}
	return encoded, nil
}

// marshal writes an event. Its data comes last and is copied once: the SDK holds a
// large document four times over.
func marshal(event cloudevents.Event) ([]byte, error) {
	data := event.DataEncoded
	event.DataEncoded = nil
	head, err := event.MarshalJSON()
	if err != nil || len(data) == 0 {
		return head, err
	}
	head = head[:len(head)-1]
	if !event.DataBase64 {
		return slices.Concat(head, []byte(`,"data":`), data, []byte("}")), nil
	}
	const name = `,"data_base64":"`
	encoded := make([]byte, 0, len(head)+len(name)+base64.StdEncoding.EncodedLen(len(data))+len(`"}`))
	encoded = append(append(encoded, head...), name...)
	return append(base64.StdEncoding.AppendEncode(encoded, data), `"}`...), nil
}

func withExtensions(sender map[string]any, own []string) map[string]any {
	all := make(map[string]any, len(sender)+len(own))
	for name, value := range sender {
		all[name] = value
	}
	for i, name := range extensions() {
		delete(all, name)
		if own[i] != "" {
			all[name] = own[i]
		}
	}
	return all
}

// inline reports whether the event's data can stand in JSON as it is.
func inline(event cloudevents.Event) bool {
	data := event.DataEncoded
	if len(data) == 0 {
		return true
	}
	media, _, err := mime.ParseMediaType(event.DataContentType())
	if err != nil || media != cloudevents.ApplicationJSON {
		return false
	}
	return len(bytes.TrimSpace(data)) == len(data) && json.Valid(data)
}

// Decode reads what Encode wrote.
func Decode(encoded []byte) (Envelope, error) {
	const op = "decode envelope"
	event, err := DecodeEvent(encoded)
	if err != nil {
		return Envelope{}, err
	}
	own := make(map[string]string, 5)
	for _, name := range extensions() {
		if value, there := event.Extensions()[name]; there {
			text, err := types.Format(value)
			if err != nil {
				return Envelope{}, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: name, Err: err}
			}
			own[name] = text
		}
	}
	e := Envelope{Event: StripExtensions(event), Hash: own[extHash], Door: own[extDoor], Reason: own[extReason]}
	if e.Observed, err = time.Parse(time.RFC3339Nano, own[extObserved]); err != nil {
		return Envelope{}, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: extObserved, Err: err}
	}
	if own[extRedacted] != "" {
		if err := json.Unmarshal([]byte(own[extRedacted]), &e.Redacted); err != nil {
			return Envelope{}, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: extRedacted, Err: err}
		}
	}
	return e, nil
}

// StripExtensions returns the event without the extension attributes that are
// Wellspring's own: a sender may not set them.
func StripExtensions(event cloudevents.Event) cloudevents.Event {
	context := event.Context.AsV1()
	context.Extensions = withExtensions(context.Extensions, make([]string, len(extensions())))
	if len(context.Extensions) == 0 {
		context.Extensions = nil
	}
	event.Context = context
	return event
}

// DecodeEvent reads one CloudEvent 1.0 in structured JSON, of any sender, and
// validates it.
func DecodeEvent(encoded []byte) (cloudevents.Event, error) {
	const op = "decode CloudEvent"
	var event cloudevents.Event
	// The SDK's reader trusts its input: it ignores what follows the object, and
	// panics on a data_base64 that is no string and on some of version 0.3. So
	// look first, at every member of these names.
	var look struct {
		SpecVersion version `json:"specversion"`
		DataBase64  text    `json:"data_base64"`
	}
	if err := json.Unmarshal(encoded, &look); err != nil {
		return event, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, Hint: "send one CloudEvent 1.0 in structured JSON", Err: err}
	}
	if err := event.UnmarshalJSON(encoded); err != nil {
		return event, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, Hint: "send one CloudEvent 1.0 in structured JSON", Err: err}
	}
	if err := event.Validate(); err != nil {
		return event, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: event.ID(), Hint: "a CloudEvent has id, source, specversion and type", Err: err}
	}
	for name := range event.Extensions() {
		// Names that differ only in case were made equal by the reader.
		switch name {
		case "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data", "data_base64":
			return event, lineage.Invalid(op, event.ID()+": attribute "+name, "write attribute names in lower case")
		}
	}
	return event, nil
}

// text is a string or null, which nobody reads.
type text struct{}

func (text) UnmarshalJSON(text []byte) error {
	if text[0] != '"' && text[0] != 'n' {
		return errors.New("data_base64 is no string")
	}
	return nil
}

// version is a specversion that can only be 1.0.
type version struct{}

func (version) UnmarshalJSON(text []byte) error {
	if string(text) != `"1.0"` {
		return fmt.Errorf("specversion %s is not understood", text)
	}
	return nil
}
