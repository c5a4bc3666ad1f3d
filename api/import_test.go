package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"wellspring/api"
	"wellspring/examples"
	"wellspring/query"
)

// small is the smallest run that moves liquid.
const small = `{"data": {"id": "run-small", "status": "succeeded", "createdAt": "2026-03-02T09:00:00Z", "startedAt": "2026-03-02T09:00:01Z",
 "completedAt": "2026-03-02T09:01:00Z", "actions": [], "errors": [], "pipettes": [], "labware": [], "modules": [], "liquids": []},
 "commands": {"data": [], "meta": {"cursor": 0, "totalLength": 0}}}`

func TestImport(t *testing.T) {
	l := newLab(t, settings{})
	document, err := examples.Files.ReadFile(examples.StockDilution)
	must(t, err)
	var accepted api.Accepted
	must(t, json.Unmarshal(l.send(document).body, &accepted))
	if accepted.Run != "6f6ea665-d740-47bb-9399-fba49ea8c402" || accepted.Duplicate || accepted.Processing.Status != "done" || accepted.Error != "" {
		t.Errorf("it says %+v", accepted)
	}
	run := read[query.Run](l, accepted.Links["run"])
	if run.Run.Name == "" || len(run.Labware) == 0 || run.Features == nil {
		t.Errorf("the run is %+v", run)
	}

	before := read[query.Part](l, accepted.Links["graph"])
	must(t, json.Unmarshal(l.send(document).body, &accepted))
	if !accepted.Duplicate {
		t.Error("the same document again is a duplicate")
	}
	after := read[query.Part](l, accepted.Links["graph"])
	if a, b := fmt.Sprint(before), fmt.Sprint(after); a != b {
		t.Error("a duplicate changed the graph")
	}
}

func TestImportWithoutWaiting(t *testing.T) {
	l := newLab(t, settings{})
	answer := l.do(http.MethodPost, "/v1/runs", []byte(small))
	var accepted api.Accepted
	must(t, json.Unmarshal(answer.body, &accepted))
	if answer.StatusCode != http.StatusAccepted || accepted.Subject != "run:run-small" || accepted.Position == "" {
		t.Fatalf("%s %s", answer.Status, answer.body)
	}
	must(t, l.pipeline.Quiet(t.Context()))
	read[query.Run](l, accepted.Links["run"])
	if waited := l.do(http.MethodPost, "/v1/runs", []byte(small), "Prefer", "respond-async, wait=10"); waited.StatusCode != http.StatusOK {
		t.Errorf("with Prefer: wait: %s", waited.Status)
	}
}

func event(id, subject, data string) string {
	return fmt.Sprintf(`{"specversion": "1.0", "id": %q, "source": "/test", "type": "wellspring.ot2.run.v1", "subject": %q, "data": %s}`, id, subject, data)
}

func TestEvents(t *testing.T) {
	l := newLab(t, settings{})
	one := event("e1", "run:run-small", small)
	answer := l.do(http.MethodPost, "/v1/events", []byte(one), "Content-Type", "application/cloudevents+json")
	var events api.AcceptedEvents
	must(t, json.Unmarshal(answer.body, &events))
	if answer.StatusCode != http.StatusAccepted || len(events.Accepted) != 1 || events.Accepted[0].ID != "e1" || events.Accepted[0].Source != "/test" {
		t.Fatalf("%s %s", answer.Status, answer.body)
	}

	batch := "[" + one + "," + event("e2", "run:run-small", small) + "]"
	answer = l.do(http.MethodPost, "/v1/events", []byte(batch), "Content-Type", "application/cloudevents-batch+json; charset=utf-8")
	must(t, json.Unmarshal(answer.body, &events))
	if answer.StatusCode != http.StatusAccepted || len(events.Accepted) != 2 || !events.Accepted[0].Duplicate || events.Accepted[1].Duplicate {
		t.Fatalf("%s %s", answer.Status, answer.body)
	}

	// All or none: the second event can't be read, so the first is not taken.
	torn := "[" + event("e3", "run:run-3", strings.ReplaceAll(small, "run-small", "run-3")) + `,{"specversion": "1.0", "id": "e4", "source": "/test", "type": "wellspring.ot2.run.v1", "data": {"a": 1}}]`
	answer = l.do(http.MethodPost, "/v1/events", []byte(torn), "Content-Type", "application/cloudevents-batch+json")
	if answer.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%s %s", answer.Status, answer.body)
	}
	must(t, l.pipeline.Quiet(t.Context()))
	if got := l.get("/v1/runs/run-3").StatusCode; got != http.StatusNotFound {
		t.Errorf("half of a batch was taken: %d", got)
	}
}

// The bad input that issue after issue brings: each gets an answer that says
// what to do, and the service goes on.
func TestBadInput(t *testing.T) {
	l := newLab(t, settings{limits: api.Limits{BodyBytes: 1 << 20}})
	commands := func(commands string) string {
		return strings.Replace(small, `"commands": {"data": []`, `"commands": {"data": [`+commands+`]`, 1)
	}
	for _, test := range []struct {
		name, document string
		status         int
	}{
		{"empty", "", 400},
		{"blank", " \n", 400},
		{"no JSON", "hello", 422},
		{"cut JSON", small[:len(small)/2], 400},
		{"another tool's JSON", `{"name": "package", "version": "1.0.0"}`, 422},
		{"a list", `[1, 2, 3]`, 422},
		{"too large", `{"data": "` + strings.Repeat("x", 2<<20) + `"}`, 413},
		{"too deep", strings.Repeat(`{"data":`, 10_000) + "1" + strings.Repeat("}", 10_000), 413},
		{"a number that is none", commands(`{"id": "c", "commandType": "aspirate", "status": "succeeded", "params": {"volume": NaN}}`), 400},
		{"a negative volume", commands(`{"id": "c", "commandType": "aspirate", "status": "succeeded", "startedAt": "2026-03-02T09:00:02Z", "completedAt": "2026-03-02T09:00:03Z", "params": {"pipetteId": "p", "labwareId": "l", "wellName": "A1", "volume": -5}}`), 422},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer := l.do(http.MethodPost, "/v1/runs", []byte(test.document))
			if answer.StatusCode != test.status {
				t.Errorf("%s, want %d\n%s", answer.Status, test.status, answer.body)
			}
			problem(t, answer)
		})
	}
	if runs := read[query.Runs](l, "/v1/runs"); len(runs.Runs) != 0 {
		t.Errorf("something was half written: %v", runs.Runs)
	}
	l.send([]byte(small)) // it is alive
}

// A run that says odd things is taken, with findings.
func TestOddRunsAreTaken(t *testing.T) {
	l := newLab(t, settings{})
	l.send([]byte(small))
	run := read[query.Run](l, "/v1/runs/run-small")
	if run.Complete || len(run.Findings) == 0 || run.Findings[0].Kind != "no-commands" {
		t.Errorf("a run without commands: complete %v, findings %v", run.Complete, run.Findings)
	}
}

func TestBadEvents(t *testing.T) {
	l := newLab(t, settings{})
	for _, test := range []struct {
		name, media, body string
		status            int
	}{
		{"another media type", "application/json", "{}", 415},
		{"none", "", "{}", 415},
		{"no event", "application/cloudevents+json", `{"data": {}}`, 422},
		{"a list where one is said", "application/cloudevents+json", `[]`, 422},
		{"one where a list is said", "application/cloudevents-batch+json", `{}`, 400},
		{"cut", "application/cloudevents+json", `{"specversion": "1.0", "id": "x"`, 400},
		{"too many", "application/cloudevents-batch+json", "[" + strings.Repeat("{},", 1000) + "{}]", 413},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer := l.do(http.MethodPost, "/v1/events", []byte(test.body), "Content-Type", test.media)
			if answer.StatusCode != test.status {
				t.Errorf("%s, want %d\n%s", answer.Status, test.status, answer.body)
			}
			problem(t, answer)
		})
	}
}

// problem reads an answer that must be a problem.
func problem(t *testing.T, answer reply) api.Problem {
	t.Helper()
	var p api.Problem
	if media := answer.Header.Get("Content-Type"); media != "application/problem+json" {
		t.Errorf("it is %s: %s", media, answer.body)
	}
	if err := json.Unmarshal(answer.body, &p); err != nil {
		t.Fatalf("%v\n%s", err, answer.body)
	}
	if p.Status != answer.StatusCode || p.Title == "" || p.Detail == "" || p.Kind == "" || p.RequestID == "" || p.Instance == "" {
		t.Errorf("the problem lacks something: %s", answer.body)
	}
	if p.Kind != "internal" && p.Hint == "" {
		t.Errorf("the problem names no remedy: %s", answer.body)
	}
	return p
}

func TestNoSecretsInLogsOrGraph(t *testing.T) {
	l := newLab(t, settings{})
	const secret = "tok-5e1f5e1f5e1f"
	document := strings.Replace(small, `{"data": {"id"`, `{"headers": {"authorization": "Bearer `+secret+`"}, "data": {"id"`, 1)
	answer := l.do(http.MethodPost, "/v1/runs?wait=30", []byte(document), "Authorization", "Bearer "+secret)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s", answer.Status, answer.body)
	}
	l.do(http.MethodPost, "/v1/runs?token="+secret, []byte(`{"password": "`+secret+`"`), "Cookie", "session="+secret)
	if graph := l.get("/v1/runs/run-small/graph"); strings.Contains(string(graph.body), secret) {
		t.Error("the graph tells a secret")
	}
	if strings.Contains(l.log.String(), secret) {
		t.Errorf("the log tells a secret:\n%s", l.log)
	}
}
