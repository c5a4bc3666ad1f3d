package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wellspring/evidence"
	"wellspring/lineage"
)

// maxBatch is how many events one request may bring.
const maxBatch = 1000

func (s *server) ImportRun(ctx context.Context, request ImportRunRequestObject) (ImportRunResponseObject, error) {
	answer, waited, err := s.take(ctx, request.Body, "", waitOf(request.Params))
	if waited {
		return ImportRun200JSONResponse(answer), err
	}
	return ImportRun202JSONResponse(answer), err
}

// take hands a document to the intake, and waits for its processing, where
// that is wanted. waited: it was processed in that time.
func (s *server) take(ctx context.Context, body io.Reader, kind string, wait time.Duration) (answer Accepted, waited bool, err error) {
	payload, err := io.ReadAll(body)
	if err != nil {
		return Accepted{}, false, err
	}
	receipts, err := s.Intake.Accept(ctx, Message{Payload: payload, Type: kind})
	if err != nil {
		return Accepted{}, false, refused(err, payload)
	}
	answer = accepted(receipts[0])
	noteChange(ctx, receipts[0].Subject, nil, taken{Position: string(receipts[0].Position), SHA256: evidence.SHA256(payload), Duplicate: receipts[0].Duplicate})
	if wait == 0 {
		return answer, false, nil
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	processing, err := s.Pipeline.Wait(waiting, lineage.Owner(receipts[0].Subject), receipts[0].Position)
	switch {
	case err == nil:
	case waiting.Err() != nil && errors.Is(err, context.DeadlineExceeded):
		return answer, false, nil
	case lineage.KindOf(err) == lineage.ErrorInvalid:
		answer.Error = err.Error()
	default: // it is durable all the same
		s.Logger.WarnContext(ctx, "could not wait for a processing", "subject", answer.Subject, "error", err)
		return answer, false, nil
	}
	answer.Processing = processing
	return answer, true, nil
}

// taken is what the audit log says of a document: what it holds is in the journal.
type taken struct {
	Position  string `json:"position"`
	SHA256    string `json:"sha256"` // as received
	Duplicate bool   `json:"duplicate,omitempty"`
}

// waitOf is how long the client wants to wait: by parameter, else by the
// preference of RFC 7240. A preference that can't be read is none.
func waitOf(params ImportRunParams) time.Duration {
	seconds := params.Wait
	for preference := range strings.SplitSeq(params.Prefer, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(preference), "=")
		if n, err := strconv.Atoi(value); seconds == 0 && strings.EqualFold(name, "wait") && err == nil && n > 0 {
			seconds = n
		}
	}
	return min(time.Duration(seconds)*time.Second, maxWait)
}

func (s *server) PostEvents(ctx context.Context, request PostEventsRequestObject) (PostEventsResponseObject, error) {
	const op = "read events"
	var events []json.RawMessage
	switch {
	case request.ApplicationCloudeventsBatchPlusJSONBody != nil:
		if err := json.Unmarshal(*request.ApplicationCloudeventsBatchPlusJSONBody, &events); err != nil {
			return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: "body", Hint: "send a JSON array of CloudEvents", Err: err}
		}
	case request.ApplicationCloudeventsPlusJSONBody != nil:
		events = []json.RawMessage{*request.ApplicationCloudeventsPlusJSONBody}
	default:
		return nil, &routed{http.StatusUnsupportedMediaType, lineage.Invalid(op, "header Content-Type",
			"send application/cloudevents+json, or application/cloudevents-batch+json for an array")}
	}
	if len(events) > maxBatch {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorTooLarge, ID: "body", Hint: "send at most 1000 events at once"}
	}
	answer := PostEvents202JSONResponse{Accepted: []Accepted{}}
	if len(events) == 0 {
		return answer, nil
	}
	messages := make([]Message, 0, len(events))
	for i, event := range events {
		if err := json.Unmarshal(event, new(json.RawMessage)); err != nil {
			return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: "event " + strconv.Itoa(i), Hint: "send JSON", Err: err}
		}
		if !isEvent(event) {
			return nil, unreadable{lineage.Invalid(op, "event "+strconv.Itoa(i), "send CloudEvents 1.0 in structured JSON; POST /v1/runs takes bare documents")}
		}
		messages = append(messages, Message{Payload: event})
	}
	receipts, err := s.Intake.Accept(ctx, messages...)
	if err != nil {
		return nil, unreadable{err}
	}
	for _, receipt := range receipts {
		answer.Accepted = append(answer.Accepted, accepted(receipt))
	}
	return answer, nil
}

// isEvent tells an event from any other document.
func isEvent(payload []byte) bool {
	var look map[string]json.RawMessage
	return json.Unmarshal(payload, &look) == nil && look["specversion"] != nil
}

// refused tells a document that can't be understood (422) from what is no
// document at all (400): nothing, or JSON that breaks off. Text may be a table.
func refused(err error, payload []byte) error {
	start := bytes.TrimSpace(payload)
	if len(start) == 0 || (start[0] == '{' || start[0] == '[') && !json.Valid(payload) {
		return err
	}
	return unreadable{err}
}

// accepted says what became of a message, and where to go on.
func accepted(receipt Receipt) Accepted {
	answer := Accepted{
		Source: receipt.Source, ID: receipt.ID, Subject: receipt.Subject, Position: string(receipt.Position), Duplicate: receipt.Duplicate,
		Links: Links{"processing": "/v1/processing/" + url.PathEscape(receipt.Subject)},
	}
	for _, prefix := range []string{"run:", "plan:"} {
		if run, ok := strings.CutPrefix(receipt.Subject, prefix); ok {
			answer.Run = run
			answer.Links["run"] = "/v1/runs/" + url.PathEscape(run)
			answer.Links["graph"] = "/v1/runs/" + url.PathEscape(run) + "/graph"
		}
	}
	return answer
}
