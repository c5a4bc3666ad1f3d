package ingest_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wellspring/ingest"
	"wellspring/lineage"
)

func envelope(t testing.TB, contentType string, data []byte) ingest.Envelope {
	t.Helper()
	event := cloudevents.New()
	event.SetID("e-1")
	event.SetSource("/robots/OT2CEP1")
	event.SetType(ingest.TypeRun)
	event.SetSubject("run:r-1")
	event.SetTime(time.Date(2026, 3, 4, 5, 6, 7, 89, time.UTC))
	event.SetExtension("traceparent", "00-1-2-01")
	if err := event.SetData(contentType, data); err != nil {
		t.Fatal(err)
	}
	return ingest.Envelope{
		Event: event, Observed: time.Date(2026, 3, 4, 5, 6, 8, 1, time.UTC), Hash: strings.Repeat("ab", 32),
		Redacted: []string{"headers.Authorization", `a, "b"`}, Door: "mqtt", Reason: "none",
	}
}

// How the data is written down is not part of what the envelope says.
var sameEnvelope = cmp.Options{
	cmpopts.IgnoreFields(cloudevents.Event{}, "DataBase64", "FieldErrors"),
	cmpopts.EquateEmpty(),
}

func TestEnvelopeRoundTrip(t *testing.T) {
	deep := strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999)
	cases := []struct{ name, contentType, data string }{
		{"compact JSON", "application/json", `{"data":{"id":"r-1"}}`},
		{"JSON with inner space", "application/json", "{\n  \"volume\": 1.50e1\n}"},
		{"JSON with a newline at its end", "application/json", "{}\n"},
		{"no JSON at all", "application/json", `{"cut":`},
		{"two values, forged", "application/json", `1,"id":"other"`},
		{"JSON as deep as a reader goes", "application/json", deep},
		{"invalid UTF-8 in a string", "application/json", "\"\xff\""},
		{"bytes", "application/octet-stream", "\x00\x01\xff"},
		{"text", "text/csv; charset=utf-8", "well,value\nA1,0.5\n"},
		{"nothing", "application/json", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want := envelope(t, c.contentType, []byte(c.data))
			encoded, err := ingest.Encode(want)
			if err != nil {
				t.Fatal(err)
			}
			if !json.Valid(encoded) {
				t.Fatalf("not JSON: %.200s", encoded)
			}
			got, err := ingest.Decode(encoded)
			if err != nil {
				t.Fatalf("%v\n%.300s", err, encoded)
			}
			if diff := cmp.Diff(want, got, sameEnvelope); diff != "" {
				t.Errorf("after the round trip (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEncodeLeavesTheEnvelopeAlone(t *testing.T) {
	e := envelope(t, "application/json", []byte("{}"))
	if _, err := ingest.Encode(e); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"traceparent": "00-1-2-01"}, e.Event.Extensions()); diff != "" {
		t.Errorf("extensions after encoding (-want +got):\n%s", diff)
	}
}

func TestDecodeEventRefuses(t *testing.T) {
	cases := map[string]string{
		"no JSON":                     `{"specversion":`,
		"two documents":               `{"specversion":"1.0","id":"1","source":"/s","type":"t"} {}`,
		"version 0.3":                 `{"specversion":"0.3","id":"1","source":"/s","type":"t"}`,
		"a version hidden by a later": `{"datacontentencoding":"","specversion":"0.3","specversion":"1.0","id":"1","source":"/s","type":"t"}`,
		"data_base64 no string":       `{"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":1}`,
		"data_base64 no base64":       `{"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":"%"}`,
		"no id":                       `{"specversion":"1.0","source":"/s","type":"t"}`,
		"no type":                     `{"specversion":"1.0","id":"1","source":"/s"}`,
		"time of no calendar":         `{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"yesterday"}`,
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := ingest.DecodeEvent([]byte(text))
			if lineage.KindOf(err) != lineage.ErrorInvalid {
				t.Errorf("got %v, want an error of kind invalid", err)
			}
		})
	}
}

// Whatever can be read as an event can be kept and read again.
func FuzzDecodeEvent(f *testing.F) {
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":1}}`))
	f.Add([]byte(`{"data_base64":"e30=","specversion":"1.0","id":"1","source":"/s","type":"t","x":true}`))
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"text/plain","data":"a"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		event, err := ingest.DecodeEvent(text)
		if err != nil {
			return
		}
		encoded, err := ingest.Encode(ingest.Envelope{Event: event, Observed: time.Unix(1, 0), Hash: "h", Door: "http"})
		if err != nil {
			t.Fatalf("read, but can't be kept: %v", err)
		}
		got, err := ingest.Decode(encoded)
		if err != nil {
			t.Fatalf("kept, but can't be read again: %v\n%s", err, encoded)
		}
		if got.Event.ID() != event.ID() || got.Event.Source() != event.Source() || !bytes.Equal(got.Event.Data(), event.Data()) {
			t.Fatalf("changed by keeping: %s\n%s", event, got.Event)
		}
	})
}
