package intake_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"wellspring/ingest"
	"wellspring/ingest/intake"
	"wellspring/ingest/journal"
	"wellspring/lineage"
	"wellspring/ot2"
)

const (
	fragment = `{"runId":"r1","commands":[{"id":"c1","commandType":"home","status":"succeeded","params":{}}]}`
	page     = `{"data":[{"id":"c1","commandType":"home","status":"succeeded","params":{}}],"meta":{"totalLength":1}}`
	analysis = `{"id":"a1","status":"completed","result":"ok","commands":[]}`
)

// memory is a journal that remembers, or that can't write.
type memory struct {
	envelopes []ingest.Envelope
	err       error
}

func (m *memory) Append(_ context.Context, envelopes ...ingest.Envelope) ([]journal.Receipt, error) {
	if m.err != nil {
		return nil, m.err
	}
	receipts := make([]journal.Receipt, len(envelopes))
	for i := range envelopes {
		m.envelopes = append(m.envelopes, envelopes[i])
		receipts[i].Position = journal.Position(fmt.Sprint(len(m.envelopes)))
	}
	return receipts, nil
}

func heard() time.Time { return time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC) }

func event(attributes, data string) string {
	return `{"specversion":"1.0","id":"e1","source":"/robots/1",` + attributes + `"data":` + data + `}`
}

func TestAccept(t *testing.T) {
	cases := []struct {
		name          string
		message       intake.Message
		source, id    string // id empty: the payload's hash
		kind, subject string
	}{
		{"a document", intake.Message{Payload: []byte(fragment)}, "/http", "", ingest.TypeRun, "run:r1"},
		{"an analysis", intake.Message{Payload: []byte(analysis)}, "/http", "", ingest.TypePlan, "plan:a1"},
		{"an event", intake.Message{Payload: []byte(event(`"type":"wellspring.ot2.run.v1","subject":"run:r1",`, fragment))},
			"/robots/1", "e1", ingest.TypeRun, "run:r1"},
		{"an event whose subject names the run", intake.Message{Payload: []byte(event(`"type":"wellspring.ot2.run.v1","subject":"run:r2",`, page))},
			"/robots/1", "e1", ingest.TypeRun, "run:r2"},
		{"a page to a run's topic", intake.Message{Payload: []byte(page), Subject: "run:r3"}, "/http", "", ingest.TypeRun, "run:r3"},
		{"an event with a table", intake.Message{Payload: []byte(event(`"type":"wellspring.manifest.v1","datacontenttype":"text/csv",`, `"plate,well,lot\nP1,A1,L1\n"`))},
			"/robots/1", "e1", ingest.TypeManifest, "manifest:*"},
		{"what a door translated", intake.Message{Payload: []byte(`{"lab":1}`), Origin: "lab/1", Document: []byte(fragment)},
			"/http/lab/1", "", ingest.TypeRun, "run:r1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			kept := &memory{}
			c.message.Door = "http"
			receipts, err := intake.New(kept, intake.Options{Clock: heard}).Accept(t.Context(), c.message)
			if err != nil {
				t.Fatal(err)
			}
			e := kept.envelopes[0]
			if c.id == "" {
				c.id = e.Hash
			}
			want := []string{c.source, c.id, c.kind, strings.ReplaceAll(c.subject, "*", e.Hash), "1"}
			r := receipts[0]
			if diff := cmp.Diff(want, []string{r.Source, r.ID, r.Type, r.Subject, string(r.Position)}); diff != "" {
				t.Errorf("receipt (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want[:4], []string{e.Event.Source(), e.Event.ID(), e.Event.Type(), e.Event.Subject()}); diff != "" {
				t.Errorf("envelope (-want +got):\n%s", diff)
			}
			if !e.Observed.Equal(heard()) || e.Door != "http" || len(e.Hash) != 64 {
				t.Errorf("observed %v at door %s, hash %q", e.Observed, e.Door, e.Hash)
			}
			encoded, err := ingest.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := ingest.Decode(encoded); err != nil || string(again.Event.Data()) != string(e.Event.Data()) {
				t.Errorf("the envelope's data came back as %q, %v", again.Event.Data(), err)
			}
		})
	}
}

// unreadable are payloads that a strict intake refuses, and a lenient one keeps.
func unreadable() map[string]struct {
	message intake.Message
	want    lineage.ErrorKind
} {
	type unread = struct {
		message intake.Message
		want    lineage.ErrorKind
	}
	of := func(payload string) intake.Message { return intake.Message{Payload: []byte(payload)} }
	return map[string]unread{
		"no JSON":                {of("hello"), lineage.ErrorInvalid},
		"cut JSON":               {of(fragment[:40]), lineage.ErrorInvalid},
		"empty":                  {of(" \n"), lineage.ErrorInvalid},
		"another tool's":         {of(`{"kind":"Pod"}`), lineage.ErrorInvalid},
		"a list":                 {of(`[1]`), lineage.ErrorInvalid},
		"too large":              {of(`{"pad":"` + strings.Repeat("x", 2000) + `"}`), lineage.ErrorTooLarge},
		"too deep":               {of(strings.Repeat(`{"run":`, 500) + `{}` + strings.Repeat(`}`, 500)), lineage.ErrorTooLarge},
		"no run named":           {of(page), lineage.ErrorInvalid},
		"two runs named":         {intake.Message{Payload: []byte(fragment), Subject: "run:other"}, lineage.ErrorConflict},
		"a plan called a run":    {of(event(`"type":"wellspring.ot2.run.v1",`, analysis)), lineage.ErrorConflict},
		"a type that is none":    {of(event(`"type":"com.example.coffee",`, fragment)), lineage.ErrorInvalid},
		"an event without id":    {of(`{"specversion":"1.0","source":"/a","type":"wellspring.ot2.run.v1","data":{}}`), lineage.ErrorInvalid},
		"an event of another v.": {of(`{"specversion":"0.3","id":"1","source":"/a","type":"wellspring.ot2.run.v1","data":{}}`), lineage.ErrorInvalid},
		"an id without end":      {of(`{"specversion":"1.0","id":"` + strings.Repeat("x", 600) + `","source":"/a","type":"t"}`), lineage.ErrorTooLarge},
		"not translated":         {intake.Message{Payload: []byte(`{"lab":1}`), Fault: lineage.Invalid("map", "well", "say it")}, lineage.ErrorInvalid},
	}
}

func limits() ot2.Limits { return ot2.Limits{Bytes: 1500, Depth: 64, Commands: 100} }

func TestStrictRefuses(t *testing.T) {
	for name, c := range unreadable() {
		t.Run(name, func(t *testing.T) {
			kept := &memory{}
			refused := 0
			in := intake.New(kept, intake.Options{Limits: limits(), OnRefuse: func(intake.Message, error) { refused++ }})
			_, err := in.Accept(t.Context(), intake.Message{Payload: []byte(fragment)}, c.message)
			var e *lineage.Error
			if !errors.As(err, &e) || e.Kind != c.want || e.Error() == "" {
				t.Errorf("got %v, want kind %s", err, c.want)
			}
			if len(kept.envelopes) != 0 || refused != 1 {
				t.Errorf("%d envelopes kept, %d refusals told, want none and one", len(kept.envelopes), refused)
			}
		})
	}
	bad := `{"runId":"r1","commands":[{"id":"c1","commandType":"aspirate","status":"succeeded","params":{"volume":-3}}]}`
	_, err := intake.New(&memory{}, intake.Options{}).Accept(t.Context(), intake.Message{Payload: []byte(bad), Name: "run.json"})
	if err == nil || !strings.Contains(err.Error(), "run.json") || !strings.Contains(err.Error(), "commands[0].params.volume") {
		t.Errorf("a negative volume: got %v, want an error that names file and place", err)
	}
}

// A sender who can't be told has it kept as it came, with the reason.
func TestLenientKeeps(t *testing.T) {
	for name, c := range unreadable() {
		t.Run(name, func(t *testing.T) {
			kept := &memory{}
			c.message.Policy, c.message.Door = intake.Lenient, "mqtt"
			receipts, err := intake.New(kept, intake.Options{Limits: limits()}).Accept(t.Context(), c.message)
			if err != nil {
				t.Fatal(err)
			}
			e := kept.envelopes[0]
			if e.Event.Type() != ingest.TypeUnknown || e.Reason == "" || receipts[0].Reason != e.Reason {
				t.Errorf("filed as %s because of %q, want %s and a reason", e.Event.Type(), e.Reason, ingest.TypeUnknown)
			}
			if string(e.Event.Data()) != string(c.message.Payload) {
				t.Errorf("kept %q", e.Event.Data())
			}
			if _, err := ingest.Encode(e); err != nil {
				t.Error(err)
			}
		})
	}
}

// The same payload, first under a wrong run, then under the right one, is no duplicate.
func TestUnreadableIsNoDuplicateOfReadable(t *testing.T) {
	kept := &memory{}
	in := intake.New(kept, intake.Options{})
	for _, subject := range []string{"run:wrong", "run:r1"} {
		if _, err := in.Accept(t.Context(), intake.Message{Payload: []byte(fragment), Subject: subject, Policy: intake.Lenient}); err != nil {
			t.Fatal(err)
		}
	}
	wrong, right := kept.envelopes[0], kept.envelopes[1]
	if wrong.Event.Type() != ingest.TypeUnknown || right.Event.Type() != ingest.TypeRun || wrong.Event.ID() == right.Event.ID() {
		t.Errorf("filed as %s %s and %s %s", wrong.Event.Type(), wrong.Event.ID(), right.Event.Type(), right.Event.ID())
	}
}

func TestSecretsStayOutside(t *testing.T) {
	kept := &memory{}
	payload := `{"runId":"r1","commands":[],"headers":{"Authorization":"Bearer planted"}}`
	for _, policy := range []intake.Policy{intake.Strict, intake.Lenient} {
		for _, text := range []string{payload, "not JSON\nAuthorization: Bearer planted"} {
			_, err := intake.New(kept, intake.Options{}).Accept(t.Context(), intake.Message{Payload: []byte(text), Policy: policy})
			if err != nil && policy == intake.Lenient {
				t.Fatal(err)
			}
		}
	}
	if len(kept.envelopes) != 3 {
		t.Fatalf("%d envelopes, want 3", len(kept.envelopes))
	}
	for _, e := range kept.envelopes {
		if strings.Contains(string(e.Event.Data()), "planted") || len(e.Redacted) == 0 {
			t.Errorf("kept %s, redacted %v", e.Event.Data(), e.Redacted)
		}
	}
}

// The journal's failure is the door's to retry: nothing is told as accepted.
func TestJournalFails(t *testing.T) {
	kept := &memory{err: &lineage.Error{Op: "append", Kind: lineage.ErrorUnavailable}}
	in := intake.New(kept, intake.Options{OnAccept: func(ingest.Envelope, intake.Receipt) { t.Error("told as accepted") }})
	if _, err := in.Accept(t.Context(), intake.Message{Payload: []byte(fragment)}); lineage.KindOf(err) != lineage.ErrorUnavailable {
		t.Errorf("got %v, want the journal's error", err)
	}
}

// What is no run is found out too; a sender may say what it is.
func TestBench(t *testing.T) {
	const (
		manifest = "plate,well,lot\nP1,A1,L1\n"
		steps    = `{"id":"s1","started_at":"2026-11-23T13:00:00Z","steps":[{"do":"fill","to":"P1/A1","lot":"L1","volume_ul":10}]}`
		reading  = "plate,well,read_at,value,unit\nP1,A1,2026-11-23T14:00:00Z,0.5,OD\n"
	)
	accept := func(policy intake.Policy, payload string) (intake.Receipt, *memory, error) {
		kept := &memory{}
		receipts, err := intake.New(kept, intake.Options{}).Accept(t.Context(), intake.Message{Payload: []byte(payload), Policy: policy, Name: "a file"})
		if err != nil {
			return intake.Receipt{}, kept, err
		}
		return receipts[0], kept, nil
	}
	asEvent := func(kind, subject, data string) string {
		text, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(data, "{") {
			text = []byte(data)
		}
		return event(fmt.Sprintf(`"type":%q,"subject":%q,`, kind, subject), string(text))
	}
	for payload, want := range map[string][2]string{
		manifest: {ingest.TypeManifest, "manifest:"},
		reading:  {ingest.TypeReading, "measurement:"},
		steps:    {ingest.TypeSteps, "run:s1"},
		fragment: {ingest.TypeRun, "run:r1"},
		asEvent("wellspring.steps.v1", "run:s1", steps): {ingest.TypeSteps, "run:s1"},
	} {
		for _, policy := range []intake.Policy{intake.Strict, intake.Lenient} {
			got, kept, err := accept(policy, payload)
			if err != nil || got.Type != want[0] || !strings.HasPrefix(got.Subject, want[1]) {
				t.Errorf("%s: %s of %s, %v, want %v", payload, got.Type, got.Subject, err, want)
				continue
			}
			encoded, err := ingest.Encode(kept.envelopes[0])
			if err != nil {
				t.Error(err)
			}
			if again, err := ingest.Decode(encoded); err != nil || !strings.Contains(payload, string(again.Event.Data())) {
				t.Errorf("%s came back as %q, %v", payload, again.Event.Data(), err)
			}
		}
	}
	for payload, want := range map[string]string{
		`{"declarations":[{"lot":"L1"}]}`: "declarations[0]",            // a manifest with a mistake
		`{"kind":"Pod"}`:                  "is no OT-2 run or analysis", // nobody knows it
		"a,b\n1,2\n":                      "a table without a known header",
		`{"steps":[1]}`:                   "give the steps an id",
		asEvent("wellspring.steps.v1", "", `{"declarations":[]}`):      "send it as what it is: a manifest",
		asEvent("wellspring.steps.v1", "run:x", steps):                 "it was sent as run:x",
		strings.Replace(steps, "s1", strings.Repeat("s", 600), 1):      "use an id of at most",
		asEvent("wellspring.manifest.v1", "", `{"declarations":"no"}`): "a file",
	} {
		if _, kept, err := accept(intake.Strict, payload); err == nil || !strings.Contains(err.Error(), want) || len(kept.envelopes) > 0 {
			t.Errorf("%s: %v, want an error that says %q", payload, err, want)
		}
	}
}

// The same document in another trace is the same document.
func TestATraceMakesNoOtherDocument(t *testing.T) {
	kept := &memory{}
	in := intake.New(kept, intake.Options{Tracer: sdktrace.NewTracerProvider().Tracer("")})
	for _, said := range []string{"", `"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",`} {
		payload := `{"specversion":"1.0","id":"1","source":"/r",` + said + `"type":"wellspring.ot2.run.v1","data":` + fragment + `}`
		if _, err := in.Accept(t.Context(), intake.Message{Door: "http", Payload: []byte(payload)}); err != nil {
			t.Fatal(err)
		}
	}
	one, other := kept.envelopes[0], kept.envelopes[1]
	if one.Hash != other.Hash || one.Event.ID() != other.Event.ID() || one.Event.Source() != other.Event.Source() {
		t.Errorf("%v and %v differ", one, other)
	}
	if a, b := ingest.TraceOf(one.Event), ingest.TraceOf(other.Event); !a.IsValid() || b.TraceID().String() != "0af7651916cd43dd8448eb211c80319c" || a.TraceID() == b.TraceID() {
		t.Errorf("traces %v and %v", a, b)
	}
}
