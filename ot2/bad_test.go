package ot2_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/lineage"
	"wellspring/ot2"
)

// flat is a flat log with these commands.
func flat(commands string) string {
	return `{"id": "r1", "robotSerial": "OT2-1", "status": "succeeded", "commands": [` + commands + `]}`
}

// What is wrong with a document is said with its place and a remedy.
func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct {
		name, text string
		kind       lineage.ErrorKind
		id, say    string // the place, and a part of the message
	}{
		{"empty", "", lineage.ErrorInvalid, "", "the document is empty"},
		{"blank", " \n", lineage.ErrorInvalid, "", "cut off"},
		{"not JSON", "well,volume\nA1,20\n", lineage.ErrorInvalid, "", "line 1, byte 0"},
		{"not JSON within", "{\"id\": \"r1\",\n\"commands\": [{\"id\": x}]}", lineage.ErrorInvalid, "", "line 2, byte 33"},
		{"cut off", flat(`{"id": "c1", "commandType": "aspirate"}`)[:90], lineage.ErrorInvalid, "", "cut off at line 1, byte 90"},
		{"a list", `[{"id": "r1"}]`, lineage.ErrorInvalid, "", "no JSON object"},
		{"two documents", flat("") + flat(""), lineage.ErrorInvalid, "", "something follows"},
		{"an empty object", `{}`, lineage.ErrorInvalid, "an empty object", "app download"},
		{"another tool's", `{"version": 3, "nodes": [], "edges": []}`, lineage.ErrorInvalid, "version, nodes, edges", "app download"},
		{"a JSON protocol", `{"metadata": {}, "commandSchemaId": "x", "commands": []}`, lineage.ErrorInvalid, "a JSON protocol", "import its analysis"},
		{"a labware definition", `{"wells": {"A1": {}}, "parameters": {"loadName": "x"}}`, lineage.ErrorInvalid, "a labware definition", "folder"},
		{"a list of runs", `{"data": [{"id": "r1", "actions": []}], "meta": {}}`, lineage.ErrorInvalid, "a list of runs", "each run"},
		{"an error of the robot", `{"errors": [{"id": "RunNotFound", "title": "Run Not Found"}]}`, lineage.ErrorInvalid, "an error that the robot", "ask the robot again"},
		{"too large", flat(`{"id": "` + strings.Repeat("c", 1_000_000) + `"}`), lineage.ErrorTooLarge, "1000000 bytes", "raise the limit"},
		{"too deep", strings.Repeat(`{"data":`, 10_000) + "1" + strings.Repeat("}", 10_000), lineage.ErrorTooLarge, "64 deep at byte 512", "raise the limit of depth"},
		{"too deep in a string", `{"data": ["` + strings.Repeat("[", 10_000) + `"]}`, lineage.ErrorTooLarge, "64 deep", ""},
		{"too many commands", flat(strings.Repeat(`{},`, 1000) + `{}`), lineage.ErrorTooLarge, "1000 commands", "raise the limit of commands"},
		{"NaN", flat(`{"id": "c1", "commandType": "aspirate", "params": {"volume": NaN}}`), lineage.ErrorInvalid, "", "NaN and Infinity are no JSON"},
		{"a negative volume", flat(`{}, {"commandType": "aspirate", "params": {"volume": -3}}`), lineage.ErrorInvalid, "commands[1].params.volume", "can't be negative"},
		{"a negative result", flat(`{"commandType": "dispense", "params": {}, "result": {"volume": -3}}`), lineage.ErrorInvalid, "commands[0].result.volume", "negative"},
		{"a negative liquid", flat(`{"commandType": "loadLiquid", "params": {"volumeByWell": {"A1": 1, "B1": -1}}}`), lineage.ErrorInvalid, "commands[0].params.volumeByWell.B1", "negative"},
		{"a volume too large", flat(`{"commandType": "aspirate", "params": {"volume": 1e8}}`), lineage.ErrorInvalid, "commands[0].params.volume", "10 L"},
		{"a volume out of range", flat(`{"commandType": "aspirate", "params": {"volume": 1e999}}`), lineage.ErrorInvalid, "commands[0].params.volume", "out of range"},
		{"a volume as text", flat(`{"commandType": "aspirate", "params": {"volume": "20"}}`), lineage.ErrorInvalid, "commands[0].params.volume", `the string "20", not a number`},
		{"a command that is none", flat(`{}, 17`), lineage.ErrorInvalid, "commands[1]", "17, not an object"},
		{"no time", flat(`{"startedAt": "yesterday"}`), lineage.ErrorInvalid, "commands[0].startedAt", "RFC 3339"},
		{"commands that are none", `{"id": "r1", "commands": "many"}`, lineage.ErrorInvalid, "commands", "no list"},
		{"a name twice", `{"id": "r1", "id": "r2", "commands": []}`, lineage.ErrorInvalid, "id", "twice"},
		{"a header that is none", `{"data": {"id": "r1", "actions": [{"createdAt": 5}]}}`, lineage.ErrorInvalid, "actions[0].createdAt", "not a string"},
		{"a definition without a name", flat(`{"commandType": "loadLabware", "result": {"definition": {"wells": {}}}}`), lineage.ErrorInvalid, "commands[0].result.definition.parameters.loadName", "is missing"},
		{"a text that is no command", `{"data": ["hello"]}`, lineage.ErrorInvalid, "commands[0]", "pre-serialized"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ot2.Decode(strings.NewReader(c.text), ot2.Limits{Bytes: 1_000_000, Commands: 1000})
			var e *lineage.Error
			if !errors.As(err, &e) {
				t.Fatalf("error = %v", err)
			}
			if e.Kind != c.kind || !strings.Contains(e.ID, c.id) || !strings.Contains(e.Error(), c.say) || e.Hint == "" {
				t.Errorf("%s: %v", e.Kind, e)
			}
		})
	}
}

// What a run lacks is no reason to refuse it: the fold and the quality checks say so.
func TestDecodeTakes(t *testing.T) {
	volume := 20.0
	for _, c := range []struct {
		name, text string
		want       []ot2.Command
	}{
		{"no commands", flat(""), nil},
		{"commands null", `{"id": "r1", "actions": [], "commands": null}`, nil},
		{"an unknown command", flat(`{"id": "c1", "commandType": "flapWings", "params": {"volume": "loud"}}`),
			[]ot2.Command{{ID: "c1", Type: "flapWings", RawParams: []byte(`{"volume":"loud"}`)}}},
		{"a command before its labware", flat(`{"id": "c1", "commandType": "aspirate", "params": {"labwareId": "l1", "wellName": "A1", "volume": 20}}`),
			[]ot2.Command{{ID: "c1", Type: "aspirate", Params: ot2.Params{LabwareID: "l1", WellName: "A1", Volume: &volume},
				RawParams: []byte(`{"labwareId":"l1","wellName":"A1","volume":20}`)}}},
		{"null everywhere", flat(`null, {"id": null, "commandType": null, "status": null, "params": null, "result": null, "error": null, "startedAt": null, "notes": null}`),
			[]ot2.Command{{ID: "#0"}}},
		{"a height without an origin is from the top, as the robot takes it", flat(`{"id": "c1", "params": {"wellLocation": {"origin": null, "offset": {"z": 3}}}}`),
			[]ot2.Command{{ID: "c1", Params: ot2.Params{WellLocation: &ot2.WellLocation{Origin: ot2.OriginTop, OffsetZ: 3}}, RawParams: []byte(`{"wellLocation":{"origin":null,"offset":{"z":3}}}`)}}},
		{"null parameters", flat(`{"id": "c1", "params": {"volume": null, "wellLocation": null, "labwareId": null, "location": null}}`),
			[]ot2.Command{{ID: "c1", RawParams: []byte(`{"volume":null,"wellLocation":null,"labwareId":null,"location":null}`)}}},
		{"float noise", flat(`{"id": "c1", "commandType": "aspirate", "params": {"volume": -1e-12}}`),
			[]ot2.Command{{ID: "c1", Type: "aspirate", Params: ot2.Params{Volume: new(float64)}, RawParams: []byte(`{"volume":-1e-12}`)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			document, err := ot2.Decode(strings.NewReader(c.text), ot2.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, document.Run.Commands); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Pieces of a run name it, whatever they hold.
func TestDecodeFragments(t *testing.T) {
	for _, c := range []struct {
		name, text string
		shape      ot2.Shape
		id, status string
		commands   int
	}{
		{"commands", `{"runId": "r1", "commands": [{"id": "c1"}, "{\"id\": \"c2\"}"]}`, ot2.ShapeFragment, "r1", "", 2},
		{"header", `{"runId": "r1", "run": {"id": "r1", "status": "running", "actions": []}}`, ot2.ShapeFragment, "r1", "running", 0},
		{"both", `{"runId": "r1", "run": {"id": "r1", "status": "running"}, "commands": [{"id": "c1"}]}`, ot2.ShapeFragment, "r1", "running", 1},
		{"an answer: run", `{"data": {"id": "r1", "status": "running", "actions": []}}`, ot2.ShapeHTTP, "r1", "running", 0},
		{"an answer: page", `{"data": [{"id": "c1", "commandType": "home"}], "links": {"current": {"href": "/runs/r1/commands/c1"}}, "meta": {"cursor": 0, "totalLength": 9}}`, ot2.ShapeHTTP, "r1", "", 1},
		{"an answer: command", `{"data": {"id": "c1", "commandType": "home", "status": "succeeded"}}`, ot2.ShapeHTTP, "", "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			document, err := ot2.Decode(strings.NewReader(c.text), ot2.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			run := document.Run
			if document.Shape != c.shape || run.ID != c.id || run.Status != c.status || len(run.Commands) != c.commands || run.Plan {
				t.Errorf("%s %+v", document.Shape, run)
			}
			shape, id, plan, err := ot2.Detect([]byte(c.text), ot2.Limits{})
			if shape != c.shape || id != c.id || plan || err != nil {
				t.Errorf("Detect = %s, %q, %v, %v", shape, id, plan, err)
			}
		})
	}
}

// slow is a source that gives one byte at a time, and then fails.
type slow struct {
	text string
	err  error
}

func (s *slow) Read(p []byte) (int, error) {
	if s.text == "" {
		return 0, s.err
	}
	n := copy(p, s.text[:1])
	s.text = s.text[n:]
	return n, nil
}

func TestDecodeStreams(t *testing.T) {
	text := flat(`{"id": "c1", "commandType": "home"}`)
	if _, err := ot2.Decode(&slow{text, io.EOF}, ot2.Limits{}); err != nil {
		t.Error(err)
	}
	broken := errors.New("connection lost")
	_, err := ot2.Decode(&slow{text[:40], broken}, ot2.Limits{})
	if lineage.KindOf(err) != lineage.ErrorUnavailable || !errors.Is(err, broken) {
		t.Error(err)
	}
	// 200 MB are not read to be refused.
	source := &counting{Reader: io.MultiReader(strings.NewReader(`{"id": "`), &endless{})}
	_, err = ot2.Decode(source, ot2.Limits{Bytes: 1 << 20})
	if lineage.KindOf(err) != lineage.ErrorTooLarge || source.n > 4<<20 {
		t.Error(source.n, err)
	}
}

type endless struct{}

func (*endless) Read(p []byte) (int, error) {
	copy(p, bytes.Repeat([]byte("x"), len(p)))
	return len(p), nil
}

type counting struct {
	io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}
