package notify

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"
)

// Each example of the contract is what the service writes of the same data, and is
// as its schema says.
func TestContract(t *testing.T) {
	text, err := os.ReadFile("../api/asyncapi-webhooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if text, err = yaml.YAMLToJSON(text); err != nil {
		t.Fatal(err)
	}
	type ref struct {
		Ref string `json:"$ref"`
	}
	var contract struct {
		Channels map[string]struct {
			Messages map[string]ref `json:"messages"`
		} `json:"channels"`
		Components struct {
			Messages map[string]struct {
				Payload  ref `json:"payload"`
				Examples []struct {
					Payload json.RawMessage `json:"payload"`
				} `json:"examples"`
			} `json:"messages"`
			Schemas json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &contract); err != nil {
		t.Fatal(err)
	}
	// The schemas are of the part of JSON Schema that OpenAPI has too.
	document, err := json.Marshal(map[string]any{"openapi": "3.0.3", "info": map[string]string{"title": "schemas", "version": "1"}, "paths": map[string]any{},
		"components": map[string]any{"schemas": contract.Components.Schemas}})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		message, schema string
		kind            Kind
		data            any
	}{
		{"runEnded", "RunEnded", RunEnded, &RunData{}},
		{"runFailed", "RunFailed", RunFailed, &RunData{}},
		{"finding", "Finding", Finding, &FindingData{}},
		{"deadLetter", "DeadLetter", DeadLetter, &DeadLetterData{}},
		{"resultChanged", "ResultChanged", ResultChanged, &ResultData{}},
		{"robotAlarm", "RobotAlarm", RobotAlarm, &RobotData{}},
		{"test", "Test", Test, &map[string]string{}},
	} {
		message := contract.Components.Messages[c.message]
		if len(message.Examples) != 1 || message.Payload.Ref != "#/components/schemas/"+c.schema || contract.Channels["notices"].Messages[c.message].Ref == "" {
			t.Errorf("%s: %+v", c.message, message)
			continue
		}
		var example struct {
			ID, Subject string
			Time        time.Time
			Data        json.RawMessage
		}
		if err := json.Unmarshal(message.Examples[0].Payload, &example); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(example.Data, c.data); err != nil {
			t.Fatal(err)
		}
		written, err := draft{kind: c.kind, subject: example.Subject, id: example.ID, data: reflect.ValueOf(c.data).Elem().Interface()}.encode(example.Time, trace.SpanContext{})
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		for text, into := range map[*any][]byte{&got: written, &want: message.Examples[0].Payload} {
			if err := json.Unmarshal(into, text); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-contract +service):\n%s", c.message, diff)
		}
		if err := loaded.Components.Schemas[c.schema].Value.VisitJSON(got); err != nil {
			t.Errorf("%s: %v", c.message, err)
		}
	}
	if n := len(contract.Components.Messages); n != len(Kinds())+1 {
		t.Errorf("%d messages, %d kinds and the test", n, len(Kinds()))
	}
}
