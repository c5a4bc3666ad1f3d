package mqtt_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"wellspring/ingest"
	"wellspring/ingest/intake"
	"wellspring/ingest/journal"
	"wellspring/ingest/mqtt"
)

// contract is api/asyncapi.yaml, as far as the door is concerned.
type contract struct {
	AsyncAPI string `json:"asyncapi"`
	Channels map[string]struct {
		Address    string                     `json:"address"`
		Parameters map[string]json.RawMessage `json:"parameters"`
		Messages   map[string]reference       `json:"messages"`
	} `json:"channels"`
	Operations map[string]struct {
		Action  string    `json:"action"`
		Channel reference `json:"channel"`
	} `json:"operations"`
	Components struct {
		Messages map[string]struct {
			Payload  reference `json:"payload"`
			Examples []struct {
				Name    string          `json:"name"`
				Payload json.RawMessage `json:"payload"`
			} `json:"examples"`
		} `json:"messages"`
		Schemas json.RawMessage `json:"schemas"`
	} `json:"components"`

	text    []byte
	schemas openapi3.Schemas
}

type reference struct {
	Ref string `json:"$ref"`
}

// name is the last part of a reference.
func (r reference) name() string { return r.Ref[strings.LastIndex(r.Ref, "/")+1:] }

func readContract(t *testing.T) *contract {
	t.Helper()
	text, err := os.ReadFile("../../api/asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := &contract{}
	if c.text, err = yaml.YAMLToJSON(text); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(c.text, c); err != nil {
		t.Fatal(err)
	}
	// The schemas are of the part of JSON Schema that OpenAPI has too.
	document, err := json.Marshal(map[string]any{
		"openapi": "3.0.3", "info": map[string]string{"title": "schemas", "version": "1"}, "paths": map[string]any{},
		"components": map[string]any{"schemas": c.Components.Schemas},
	})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := loaded.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.schemas = loaded.Components.Schemas
	return c
}

// sample is an example of the contract with the topic that it goes to.
type sample struct {
	name, topic string
	payload     json.RawMessage
}

// samples are the examples of all channels. A topic's parameters are those that
// the payloads name.
func (c *contract) samples(t *testing.T) []sample {
	t.Helper()
	fill := strings.NewReplacer("{run}", "run-1", "{analysis}", "analysis-1", "{robot}", "OT2CEP20240218R04")
	var all []sample
	for channel, said := range c.Channels {
		topic := fill.Replace(said.Address)
		if strings.Contains(topic, "{") || strings.Count(said.Address, "{") != len(said.Parameters) {
			t.Errorf("channel %s: the parameters of %s are %v", channel, said.Address, said.Parameters)
		}
		for _, ref := range said.Messages {
			message, there := c.Components.Messages[ref.name()]
			if !there || len(message.Examples) == 0 {
				t.Errorf("channel %s: message %s has no example", channel, ref.Ref)
			}
			for _, example := range message.Examples {
				all = append(all, sample{channel + "/" + ref.name() + "/" + example.Name, topic, example.Payload})
				c.validate(t, ref.name(), message.Payload.name(), example.Payload)
			}
		}
	}
	return all
}

func (c *contract) validate(t *testing.T, message, schema string, payload json.RawMessage) {
	t.Helper()
	var value any
	if err := json.Unmarshal(payload, &value); err != nil {
		t.Fatal(err)
	}
	if err := c.schemas[schema].Value.VisitJSON(value); err != nil {
		t.Errorf("example of %s: %v", message, err)
	}
}

// through publishes one message to an open door and returns what became of it.
func through(t *testing.T) (pass func(topic string, payload []byte) intake.Receipt, kept journal.Journal) {
	t.Helper()
	b, records := embedded(t), openJournal(t)
	accepted := make(chan intake.Receipt, 1)
	up, _ := open(t, b.url, intake.New(records, intake.Options{OnAccept: func(_ ingest.Envelope, r intake.Receipt) { accepted <- r }}))
	await(t, up)
	client := publisher(t, b.url)
	return func(topic string, payload []byte) intake.Receipt {
		t.Helper()
		done(t, client.Publish(topic, 1, false, payload))
		select {
		case r := <-accepted:
			return r
		case <-time.After(30 * time.Second):
			t.Fatalf("the message on %s did not come", topic)
		}
		return intake.Receipt{}
	}, records
}

// Every example of the contract goes through the door and is understood, to the end.
func TestContractsExamplesAreUnderstood(t *testing.T) {
	samples := readContract(t).samples(t)
	if len(samples) < 10 {
		t.Fatalf("only %d examples", len(samples))
	}
	pass, kept := through(t)
	for _, s := range samples {
		if r := pass(s.topic, s.payload); r.Type == ingest.TypeUnknown {
			t.Errorf("%s: can't be read: %s", s.name, r.Reason)
		}
	}
	n, _, err := kept.Lag(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	strict := intake.New(openJournal(t), intake.Options{})
	for _, r := range readAll(t, kept, int(n)) {
		event := r.Envelope.Event
		_, err := strict.Accept(t.Context(), intake.Message{Door: "test", Payload: event.Data(), Type: event.Type(), Subject: event.Subject()})
		if err != nil {
			t.Errorf("%s of %s: %v", event.Type(), event.Subject(), err)
		}
	}
}

// What the contract's schemas rule out, the door can't read either.
func TestContractRulesOutWhatCantBeRead(t *testing.T) {
	c := readContract(t)
	pass, _ := through(t)
	const events, lab = "wellspring/v1/events", "command/ot2/R1/pipette"
	for _, bad := range []struct{ schema, topic, payload string }{
		{"CloudEvent", events, `{"specversion":"1.0","source":"/a","type":"wellspring.ot2.run.v1","data":{"runId":"r","commands":[]}}`},
		{"CloudEvent", events, `{"specversion":"1.0","id":"","source":"/a","type":"wellspring.ot2.run.v1","data":{"runId":"r","commands":[]}}`},
		{"CloudEvent", events, `{"specversion":"0.3","id":"1","source":"/a","type":"wellspring.ot2.run.v1","data":{"runId":"r","commands":[]}}`},
		{"CloudEvent", events, `{"specversion":"1.0","id":"1","source":"/a","type":"com.example.other","data":{"runId":"r","commands":[]}}`},
		{"CloudEvent", events, `{"specversion":"1.0","id":"` + strings.Repeat("x", 513) + `","source":"/a","type":"wellspring.ot2.run.v1"}`},
		{"Fragment", events, `{"runId":"r"}`},
		{"RunDocument", events, `{}`},
		{"Manifest", events, `{"declarations":{}}`},
		{"Steps", events, `{"steps":[{"do":"mix"}]}`},
		{"LabCommand", lab, `{"command":{"R":-1,"well":"B2"},"session_id":"s"}`},
		{"LabCommand", lab, `{"command":{"R":"much","well":"B2"},"session_id":"s"}`},
		{"LabCommand", lab, `{"command":{"R":1,"well":"B2"}}`},
		{"LabCommand", lab, `{"command":"stop","session_id":"s"}`},
		{"LabCommand", lab, `{"session_id":"s"}`},
	} {
		var value any
		if err := json.Unmarshal([]byte(bad.payload), &value); err != nil {
			t.Fatal(err)
		}
		if c.schemas[bad.schema].Value.VisitJSON(value) == nil {
			t.Errorf("the schema %s allows %s", bad.schema, bad.payload)
		}
		if r := pass(bad.topic, []byte(bad.payload)); r.Type != ingest.TypeUnknown || r.Reason == "" {
			t.Errorf("the door takes %s as %s of %s", bad.payload, r.Type, r.Subject)
		}
	}
}

func TestContractNamesTheDoorsTopicsAndTypes(t *testing.T) {
	c := readContract(t)
	if !strings.HasPrefix(c.AsyncAPI, "3.") {
		t.Errorf("AsyncAPI %q", c.AsyncAPI)
	}
	var mapped []string
	own := strings.TrimSuffix(mqtt.Topics, "#")
	for _, channel := range c.Channels {
		if !strings.HasPrefix(channel.Address, own) {
			mapped = append(mapped, channel.Address)
		}
	}
	var mappings []string
	for _, m := range mqtt.LabMappings() {
		mappings = append(mappings, m.Topic)
	}
	if diff := cmp.Diff(mappings, mapped); diff != "" {
		t.Errorf("mapped topics (-door +contract):\n%s", diff)
	}
	received := map[string]bool{}
	for name, operation := range c.Operations {
		if operation.Action != "receive" {
			t.Errorf("operation %s: %s", name, operation.Action)
		}
		received[operation.Channel.name()] = true
	}
	if len(received) != len(c.Channels) {
		t.Errorf("%d of %d channels are received", len(received), len(c.Channels))
	}
	var types []string
	for _, value := range c.schemas["CloudEvent"].Value.Properties["type"].Value.Enum {
		types = append(types, value.(string))
	}
	want := []string{ingest.TypeRun, ingest.TypePlan, ingest.TypeManifest, ingest.TypeReading, ingest.TypeSteps}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("event types (-door +contract):\n%s", diff)
	}
}

func TestContractsReferencesLeadSomewhere(t *testing.T) {
	c := readContract(t)
	var document any
	if err := json.Unmarshal(c.text, &document); err != nil {
		t.Fatal(err)
	}
	resolves := func(ref string) bool {
		at := document
		for _, part := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			object, isObject := at.(map[string]any)
			next, there := object[part]
			if !isObject || !there {
				return false
			}
			at = next
		}
		return true
	}
	references := 0
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				references++
				if !resolves(ref) {
					t.Errorf("%s leads nowhere", ref)
				}
			}
			for _, member := range v {
				walk(member)
			}
		case []any:
			for _, element := range v {
				walk(element)
			}
		}
	}
	walk(document)
	if references < 10 {
		t.Errorf("only %d references", references)
	}
}
