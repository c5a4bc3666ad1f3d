package bridge

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"wellspring/ingest"
	"wellspring/ingest/intake"
	"wellspring/lineage"
)

// fragment is a piece of a run, or its whole record: see docs/events.md. What the
// bridge adds to the robot's own words stands beside them, before run and data:
// of two that say the same thing the outer one is read.
type fragment struct {
	RunID    string                       `json:"runId,omitempty"`
	Serial   string                       `json:"robotSerial,omitempty"`
	Robot    string                       `json:"robotName,omitempty"`
	Software string                       `json:"robotSoftwareVersion,omitempty"`
	Protocol string                       `json:"protocolName,omitempty"`
	Pipettes []map[string]json.RawMessage `json:"pipettes,omitempty"`
	Gaps     []gap                        `json:"gaps,omitempty"`
	Run      json.RawMessage              `json:"run,omitempty"`
	Data     json.RawMessage              `json:"data,omitempty"` // of a record: the run
	Commands *commands                    `json:"commands,omitempty"`
	Errors   []json.RawMessage            `json:"commandErrors,omitempty"`
}

type gap struct {
	Kind   string `json:"kind"`
	Detail string `json:"detail"`
}

type commands struct {
	Data []json.RawMessage `json:"data"`
	Meta meta              `json:"meta"`
}

type meta struct {
	Cursor      int `json:"cursor"`
	TotalLength int `json:"totalLength"`
}

// about is a fragment with what the bridge knows of a run beside the robot's words.
func (b *Bridge) about(id string, r *run) fragment {
	f := fragment{RunID: id, Serial: b.robot.Serial, Protocol: r.Name}
	if r.Live {
		f.Robot, f.Software = r.Robot, r.Software
	}
	if r.newest == nil || len(r.Pipettes) == 0 {
		return f
	}
	serials := false
	for _, p := range r.newest.Pipettes {
		var mount string
		with := make(map[string]json.RawMessage, len(p)+1)
		for key, value := range p {
			with[key] = value
		}
		if json.Unmarshal(p["mount"], &mount) == nil && r.Pipettes[mount] != "" && p["serialNumber"] == nil {
			with["serialNumber"], _ = json.Marshal(r.Pipettes[mount]) // a string always encodes
			serials = true
		}
		f.Pipettes = append(f.Pipettes, with)
	}
	if !serials {
		f.Pipettes = nil
	}
	return f
}

// headed is a fragment with the run's header.
func (b *Bridge) headed(id string, r *run) fragment {
	f := b.about(id, r)
	if r.newest != nil {
		f.Run = r.newest.raw
		return f
	}
	f.Run, _ = json.Marshal(map[string]any{"id": id, "status": r.Status, "createdAt": r.CreatedAt}) // these always encode
	return f
}

// event is what goes to the journal.
type event struct {
	kind    string
	subject lineage.Owner
	data    json.RawMessage
	at      time.Time // the device's time
}

func runEvent(id string, f fragment, at time.Time) (event, error) {
	data, err := encode(f)
	return event{ingest.TypeRun, lineage.RunOwner(id), data, at}, err
}

// journalError is what the journal said.
type journalError struct{ error }

func (e journalError) Unwrap() error { return e.error }

// accept returns once the journal has the events. The same event has the same id
// whenever and by whichever bridge it is read.
func (b *Bridge) accept(ctx context.Context, events ...event) error {
	source := (&url.URL{Path: "/robots/" + cmp.Or(b.robot.Serial, b.options.Robot.Name)}).String()
	messages := make([]intake.Message, len(events))
	for i, e := range events {
		hash := sha256.New()
		for _, part := range []string{e.kind, string(e.subject), string(e.data)} {
			hash.Write([]byte(part + "\x00")) // a hash takes all
		}
		envelope := struct {
			Version string          `json:"specversion"`
			ID      string          `json:"id"`
			Source  string          `json:"source"`
			Type    string          `json:"type"`
			Subject string          `json:"subject"`
			Time    string          `json:"time,omitempty"`
			Content string          `json:"datacontenttype"`
			Data    json.RawMessage `json:"data"`
		}{"1.0", hex.EncodeToString(hash.Sum(nil)[:16]), source, e.kind, string(e.subject), "", "application/json", e.data}
		if !e.at.IsZero() {
			envelope.Time = e.at.UTC().Format(time.RFC3339Nano)
		}
		payload, err := encode(envelope)
		if err != nil {
			return err
		}
		// Lenient: what a newer robot says must not stop the reading of the rest.
		messages[i] = intake.Message{Door: "bridge", Payload: payload, Policy: intake.Lenient, Name: b.options.Robot.Name}
	}
	if _, err := b.intake.Accept(ctx, messages...); err != nil {
		return journalError{err}
	}
	return nil
}

// encode writes JSON as the robot wrote it: without escaping for web pages.
func encode(v any) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, &lineage.Error{Op: "write event", Kind: lineage.ErrorInternal, Err: err}
	}
	return bytes.TrimSpace(text.Bytes()), nil
}

func isJournal(err error) bool {
	var e journalError
	return errors.As(err, &e)
}

// isOurs reports whether an error is about our own disk.
func isOurs(err error) bool {
	var e *lineage.Error
	return errors.As(err, &e)
}
