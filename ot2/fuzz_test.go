package ot2_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"wellspring/lineage"
	"wellspring/ot2"
)

// seeds are small documents of every shape.
func seeds(f *testing.F) {
	for _, text := range []string{
		flat(`{"id": "c1", "commandType": "aspirate", "status": "succeeded", "startedAt": "2026-01-31T08:00:00.123456+00:00",
			"params": {"volume": 20, "wellLocation": {"origin": "bottom", "offset": {"x": 0, "y": 0, "z": 1.5}}}, "result": {"volume": 20, "position": {"x": 1, "y": 2, "z": 3}}}`),
		`{"data": {"id": "r1", "actions": [{"id": "a", "actionType": "play"}], "labware": [{"id": "l", "location": {"slotName": 3}}]},
			"commands": {"data": [{"id": "c", "params": {"location": "offDeck"}}], "meta": {"totalLength": 1}, "links": {"current": {"href": "/runs/r1/commands/c"}}}}`,
		`{"id": "p1", "status": "completed", "result": "ok", "liquids": [{"id": 1, "displayName": "dye"}], "commands": [{"commandType": "loadLiquid", "params": {"volumeByWell": {"A1": 5}}}]}`,
		`{"signedBy": "lab", "logPeriodId": "1", "headers": {"Authorization": "Bearer abcdefghij"}, "log": {"id": "r1", "commands": []}}`,
		`{"data": ["{\"id\": \"c\", \"commandType\": \"custom\", \"params\": {\"legacyCommandText\": \"é\\ud83d\"}}"]}`,
		`{"runId": "r1", "run": {"status": "running", "runTimeParameters": [{"variableName": "v", "value": [1]}]}, "commands": [{"result": {"definition": ` +
			labwareText("a", "b", "1", "2") + `}}]}`,
		`{"data": [{"id": "r1", "actions": []}]}`,
		`{"errors": [{"detail": "no"}]}`,
	} {
		f.Add([]byte(text))
	}
}

// fuzzed are small limits: what is bounded shows.
var fuzzed = ot2.Limits{Bytes: 1 << 16, Depth: 20, Commands: 50}

func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		document, err := ot2.Decode(bytes.NewReader(text), fuzzed)
		if checked := ot2.Check(bytes.NewReader(text), fuzzed); fmt.Sprint(checked) != fmt.Sprint(err) {
			t.Fatalf("Check says %v, Decode %v", checked, err)
		}
		if err != nil {
			var e *lineage.Error
			if !errors.As(err, &e) || e.Hint == "" || e.Kind == lineage.ErrorInternal || e.Kind == lineage.ErrorUnavailable {
				t.Fatalf("no error for a person: %v", err)
			}
			return
		}
		if !json.Valid(text) {
			t.Fatal("decoded what is no JSON")
		}
		run := document.Run
		if len(run.Commands) > fuzzed.Commands {
			t.Fatal(len(run.Commands), "commands")
		}
		for _, c := range run.Commands {
			if c.Params.Volume != nil && !(*c.Params.Volume >= 0) {
				t.Fatal("volume", *c.Params.Volume)
			}
			if c.RawParams != nil && !json.Valid(c.RawParams) || c.RawResult != nil && !json.Valid(c.RawResult) {
				t.Fatalf("raw %s %s", c.RawParams, c.RawResult)
			}
		}
		shape, id, plan, err := ot2.Detect(text, fuzzed)
		if err != nil || shape != document.Shape || plan != run.Plan || id != run.ID && len(run.Redacted) == 0 {
			t.Fatalf("Detect: %s %q %v %v, Decode: %s %q %v", shape, id, plan, err, document.Shape, run.ID, run.Plan)
		}
		if once, twice := ot2.Merge(run), ot2.Merge(run, run); !reflect.DeepEqual(once, twice) {
			t.Fatal("merged twice, it is another run")
		}
	})
}

func FuzzDetect(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		shape, id, plan, err := ot2.Detect(text, fuzzed)
		if err != nil && (shape != "" || id != "" || plan) || err == nil && shape == "" {
			t.Fatal(shape, id, plan, err)
		}
	})
}

func FuzzRedact(f *testing.F) {
	seeds(f)
	f.Add([]byte("token: abc\nCookie=a b\n-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END"))
	f.Fuzz(func(t *testing.T, text []byte) {
		clean, places := ot2.Redact(text)
		if (len(places) == 0) != bytes.Equal(clean, text) {
			t.Fatalf("changed: %q, places: %v", clean, places)
		}
		if json.Valid(text) && !json.Valid(clean) {
			t.Fatalf("no JSON any more: %s", clean)
		}
		if again, places := ot2.Redact(clean); !bytes.Equal(again, clean) {
			t.Fatalf("redacted twice: %q, then %q, %v", clean, again, places)
		}
	})
}

func FuzzParseDefinition(f *testing.F) {
	f.Add([]byte(labwareText("a", "b", "1", "2")))
	f.Add([]byte(`{"wells": {}, "parameters": {"loadName": "x"}, "ordering": [["A1"], null]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := ot2.ParseDefinition(text)
		if err == nil && (d.LoadName == "" || len(d.Content) != 64) {
			t.Fatalf("%+v", d)
		}
		var e *lineage.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatal(err)
		}
	})
}
