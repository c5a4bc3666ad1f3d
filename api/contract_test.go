package api_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"wellspring/lineage"
	"wellspring/query/querytest"
)

// exercise is one request and the status that it must get.
type exercise struct {
	method, path string
	body         string
	headers      []string
	status       int
}

// job is the least that an event of OpenLineage says.
const job = `{"eventType":"COMPLETE","eventTime":"2026-11-23T15:00:00Z","producer":"https://example.org/etl","schemaURL":"https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
	"run":{"runId":"0199c0de-0000-7000-8000-000000000001"},"job":{"namespace":"lab","name":"fit"},"inputs":[{"namespace":"wellspring","name":"plate:PB-1"}],"outputs":[{"namespace":"lab","name":"curves"}]}`

// exercises are at least one for every operation and every status that
// openapi.yaml documents, "default" (a problem) included.
func exercises(t *testing.T, l *lab) []exercise {
	run := "/v1/runs/" + querytest.Dilution
	well := url.PathEscape(querytest.Dilution + "/2/B1")
	lot := url.PathEscape("lot:LOT-7")
	const nowhere = "4711" // in the form of a position
	letter := bury(t, l, "dead-1")
	retried := bury(t, l, "dead-2")
	key := newKey(t, l)
	signed := read[struct{ Note string }](l, "/v1/checkpoint").Note
	plain := []string{"Content-Type", "text/plain"}
	cloud := []string{"Content-Type", "application/cloudevents+json"}
	get := func(path string, status int, headers ...string) exercise {
		return exercise{method: http.MethodGet, path: path, status: status, headers: headers}
	}
	post := func(path, body string, status int, headers ...string) exercise {
		return exercise{http.MethodPost, path, body, headers, status}
	}
	all := []exercise{
		post("/v1/runs", small, 202),
		post("/v1/runs?wait=30", small, 200),
		post("/v1/runs", "", 400),
		post("/v1/runs?wait=-1", small, 400),
		post("/v1/events", event("contract", "run:run-small", small), 202, cloud...),
		post("/v1/events", "{", 400, cloud...),
		post("/api/v1/lineage", job, 201),
		post("/api/v1/lineage", "{}", 422),
		post("/v1/declarations", "run,liquid,lot\nrun-small,Water,LOT-8\n", 202),
		post("/v1/declarations?wait=30", "run,liquid,lot\nrun-small,Water,LOT-9\n", 200),
		post("/v1/declarations", "lot\nLOT-8\n", 422),
		post("/v1/declarations/preview", "run,liquid,lot\nrun-small,Water,LOT-10\n", 200),
		post("/v1/declarations/preview", "", 400),
		get(run+"/candidates", 200),
		get(run+"/candidates?format=ndjson", 200),
		get("/v1/runs/nowhere/candidates", 404),
		get("/v1/runs", 200),
		get("/v1/runs?limit=1", 200),
		get("/v1/runs", 200, "Accept", "application/x-ndjson"),
		get("/v1/runs?format=csv", 200),
		get("/v1/runs?limit=0", 400),
		get("/v1/runs?cursor=nonsense", 400),
		get(run, 200),
		get("/v1/runs/latest", 200),
		get("/v1/runs/nowhere", 404),
		get("/v1/experiments", 200),
		get("/v1/experiments?format=csv&limit=1", 200),
		get("/v1/experiments?cursor=nonsense", 400),
		post("/v1/declarations?wait=30", "experiment,run\nE-7,"+querytest.Dilution+"\n", 200),
		get("/v1/experiments/E-7", 200),
		get("/v1/experiments/experiment:E-7?asOf=2026-03-03T00:00:00Z", 404),
		get("/v1/experiments/E-8", 404),
		get(run+"/graph", 200),
		get(run+"/graph?format=ndjson", 200),
		get(run+"/graph?asOf=2026-03-03T00:00:00Z", 200),
		get("/v1/runs/nowhere/graph", 404),
		get(run+"/diff?with="+querytest.Assay, 200),
		get(run+"/diff?with=plan", 404),
		get("/v1/wells/"+querytest.Dilution+"/2/B1", 200),
		get("/v1/wells/latest/PB-1/A1", 200),
		get("/v1/wells/"+querytest.Dilution+"/spare/A1", 409),
		get("/v1/wells/"+querytest.Dilution+"/2/Z9", 404),
		get("/v1/wells/"+well, 200),
		get("/v1/wells/"+url.PathEscape("plate:PB-1/A1"), 200),
		get("/v1/wells/"+url.PathEscape("plate:PB-1/Z9"), 404),
		get("/v1/wells/latest", 400),
		get("/v1/wells/"+well+"?at=2026-11-23T13:00:00Z", 200),
		get("/v1/wells/"+well+"?at=noon", 400),
		get("/v1/resolve?selector="+lot, 200),
		get("/v1/resolve?all=true&selector="+url.QueryEscape("lot:Water"), 200),
		get("/v1/resolve?selector="+url.QueryEscape("lot:Water"), 409),
		get("/v1/resolve", 400),
		get("/v1/nodes/"+lot, 200),
		get("/v1/nodes/"+well, 200),
		get("/v1/nodes/"+lineage.RunID(querytest.Assay).String()+"?asOf=2026-03-03T00:00:00Z", 200),
		get("/v1/nodes/"+lot+"?asOf=yesterday", 400),
		get("/v1/nodes/"+url.PathEscape("lot:nothing"), 404),
		get("/v1/nodes/"+well+"/ancestry?carryOver=true&depth=3&kinds=WellState,Lot&minFraction=0.1&limit=2", 200),
		get("/v1/nodes/"+well+"/ancestry?format=csv", 200),
		get("/v1/nodes/"+well+"/ancestry?minFraction=2", 400),
		get("/v1/nodes/"+well+"/ancestry?kinds=Wells", 400),
		get("/v1/nodes/"+lot+"/impact?types=DERIVED_FROM", 200),
		get("/v1/nodes/"+lot+"/impact", 200, "Accept", "application/x-ndjson"),
		get("/v1/nodes/"+lot+"/impact?depth=1001", 400),
		get("/v1/nodes/"+lot+"/impact/summary", 200),
		get("/v1/nodes/"+lot+"/touched", 200),
		get("/v1/nodes/"+lot+"/touched?limit=2", 200),
		get("/v1/nodes/"+lot+"/touched", 200, "Accept", "text/csv"),
		get("/v1/nodes/"+lot+"/touched?limit=10001", 400),
		get("/v1/nodes/"+lot+"/touched?cursor=none", 400),
		get("/v1/nodes/robot:OT2-1/touched", 400),
		get("/v1/nodes/robot:OT2-1/impact/summary?from=2026-03-01T00:00:00Z", 200),
		get("/v1/nodes/"+lot+"/impact/summary?depth=1001", 400),
		get("/v1/nodes/"+lot+"/history", 200),
		get("/v1/nodes/"+lot+"/history?format=csv", 200),
		get("/v1/nodes/"+url.PathEscape("lot:nothing")+"/history", 404),
		get("/v1/processing", 200),
		get("/v1/pulse", 200),
		post("/v1/processing/"+url.PathEscape("run:"+querytest.Dilution)+"/rerun?from=nonsense", "", 400),
		post("/v1/processing/run:nobody/rerun", "", 404),
		post("/v1/processing/run:nobody/cancel", "", 404),
		post("/v1/processing/run:run-small/rerun?from=verify", "", 200),
		get("/v1/processing?status=done&format=csv", 200),
		get("/v1/processing?status=finished", 400),
		get("/v1/processing/run:run-small", 200),
		get("/v1/processing/run:nowhere", 404),
		post("/v1/declarations", "", 400, "Wellspring-Device-Time", "noon"),
		post("/v1/exports?about=run&selector=r1&wait=1", "", 200),
		post("/v1/exports?about=run&selector=slow", "", 202),
		post("/v1/exports?about=run", "", 400),
		post("/v1/exports?about=everything", "", 400),
		get("/v1/exports", 200),
		get("/v1/exports/x1", 200),
		get("/v1/exports/x2", 404),
		get("/v1/exports/x1/package", 200),
		get("/v1/exports/x1/package", 206, "Range", "bytes=1-2"),
		get("/v1/exports/x2/package", 404),
		post("/v1/signatures?about=run&selector=r1&meaning=reviewed", "", 201, "Wellspring-Reason", "checked", "Wellspring-Credential", proof),
		post("/v1/signatures?about=run&selector=r1&meaning=reviewed", "", 400, "Wellspring-Credential", proof),
		post("/v1/signatures?about=run&selector=r1&meaning=liked", "", 400, "Wellspring-Reason", "checked"),
		get("/v1/signatures", 200),
		get("/v1/signatures?about=run&selector=r1&limit=5&cursor=2", 200),
		get("/v1/signatures?about=run", 400),
		get("/v1/signatures/1", 200),
		get("/v1/signatures/2", 404),
		get("/v1/audit", 200),
		get("/v1/audit?action=importRun&format=csv", 200),
		get("/v1/audit?format=ndjson&limit=1", 200),
		get("/v1/audit?cursor=nonsense", 400),
		get("/v1/checkpoint", 200),
		get("/v1/checkpoint?size=1", 200),
		get("/v1/checkpoint?size=100000", 404),
		get("/v1/log/entries?first=1&limit=2&journal=true", 200),
		get("/v1/log/entries?limit=0", 400),
		get("/v1/log/checkpoint", 200),
		get("/v1/log/tile/0/000.p%2F1", 200),
		get("/v1/log/tile/entries/000.p%2F1", 200),
		get("/v1/log/tile/0/999", 404),
		get("/v1/log/proof?index=0&size=1", 200),
		get("/v1/log/proof?index=1&size=1", 404),
		get("/v1/log/growth?from=1&to=2", 200),
		get("/v1/log/growth?from=2&to=1", 404),
		get("/v1/log/anchors?limit=1", 200),
		get("/v1/log/anchors?cursor=nonsense", 400),
		get("/v1/witness", 200),
		post("/v1/witness/add-checkpoint", "old 5\n\n"+signed, 400, plain...),
		post("/v1/witness/add-checkpoint", "old 1\n\n"+signed, 409, plain...),
		post("/v1/witness/add-checkpoint", "old 0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"+signed, 422, plain...),
		post("/v1/witness/add-checkpoint", "old 0\n\n"+signed, 200, plain...),
		post("/v1/witness/add-checkpoint", "old 0\n\n"+strings.Replace(signed, "wellspring", "elsewhere", 1), 404, plain...),
		post("/v1/witness/add-checkpoint", strings.Repeat("x", 20<<10), 413, plain...),
		post("/v1/log/key", "", 200),
		get("/v1/robots", 200),
		get("/v1/webhooks", 200),
		post("/v1/webhooks/lims/test", "", 200),
		post("/v1/webhooks/nowhere/test", "", 404),
		get("/v1/deadletters", 200),
		get("/v1/deadletters?format=ndjson", 200),
		get("/v1/deadletters?limit=5000", 400),
		get("/v1/deadletters/"+letter, 200),
		get("/v1/deadletters/"+nowhere, 404),
		post("/v1/deadletters/"+retried+"/retry", "", 200),
		post("/v1/deadletters/"+nowhere+"/retry", "", 404),
		post("/v1/deadletters/"+letter+"/drop", "", 200),
		post("/v1/deadletters/"+nowhere+"/drop", "", 404),
		get("/v1/me", 200),
		post("/v1/keys?name=robot&role=operator&role=viewer&operation=postEvents&expiresInDays=7", "", 201),
		post("/v1/keys?name=robot&role=root", "", 400),
		get("/v1/keys", 200),
		post("/v1/keys/"+key+"/rotate", "", 200),
		post("/v1/keys/nowhere/rotate", "", 404),
		{method: http.MethodDelete, path: "/v1/keys/" + key, status: 200},
		{method: http.MethodDelete, path: "/v1/keys/" + key, status: 404},
		get("/v1/fsck", 200),
		post("/v1/fsck", "", 202),
		post("/v1/fsck", "", 409),
		get("/v1/segments", 200),
		get("/v1/retention?before=2026-01-01T00:00:00Z", 200),
		get("/v1/retention", 400),
		post("/v1/retention?before=2026-01-01T00:00:00Z", "", 200),
		post("/v1/retention", "", 400),
		get("/v1/rebuild", 200),
		post("/v1/rebuild?second=true", "", 202),
		post("/v1/rebuild", "", 409),
		get("/v1/compare", 409),
		post("/v1/compare", "", 202),
		get("/v1/compare", 200),
		post("/v1/compare", "", 409),
		get("/healthz", 200),
		get("/readyz", 200),
		get("/metrics", 200),
		get("/metrics", 200, "Accept", "application/openmetrics-text; version=1.0.0"),
		get("/openapi.yaml", 200),
	}
	return all
}

// documented are the statuses of every operation that the contract documents.
func documented(doc *openapi3.T) map[string]bool {
	all := map[string]bool{}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				all[operation.OperationID+" "+status] = true
			}
		}
	}
	return all
}

// notExercised names what no request of this suite can bring about, and why.
var notExercised = map[string]string{
	"getLogCheckpoint default": "it takes a log that can't be read",
	"listRobots default":       "on loopback nothing can go wrong; beyond it, access_test",
	"listWebhooks default":     "it takes an outbox that can't be read",
	"getMetrics default":       "gathering fails only where a collector is broken",
	"retryDeadLetter 202":      "it takes a retry of more than ten seconds: TestRetryThatTakesLong",
	"getReadiness default":     "TestReadiness",
	"rerunProcessing 202":      "TestSteering",
	"cancelProcessing 200":     "TestSteering",
	"getPulse default":         "it takes a journal that can't be read",
	"getFsck default":          "it reads what is in memory",
	"listSegments default":     "it takes a journal that can't be read",
	"getRebuild default":       "it reads what is in memory",
	"createBackup 200":         "TestBackupThatBreaksOff",
	"createBackup default":     "TestBackupThatBreaksOff",
	"listExports default":      "it reads memory only",
	"getMe default":            "TestEveryRouteAndRole",
	"getWitness default":       "TestNoWitness",
	"rotateLogKey default":     "it takes a folder that can't be written",
	"listKeys default":         "TestEveryRouteAndRole",
}

func TestContract(t *testing.T) {
	text, err := os.ReadFile("openapi.yaml")
	must(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(text)
	must(t, err)
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatalf("openapi.yaml: %v", err)
	}
	router, err := gorillamux.NewRouter(doc)
	must(t, err)
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/csv", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("application/zip", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("application/openmetrics-text", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("application/yaml", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/x.tlog.size", openapi3filter.FileBodyDecoder)

	l := filled(t, settings{})
	missing := documented(doc)
	for _, e := range exercises(t, l) {
		name := e.method + " " + e.path + " " + strconv.Itoa(e.status)
		answer := l.do(e.method, e.path, []byte(e.body), e.headers...)
		if answer.StatusCode != e.status {
			t.Errorf("%s: %s\n%s", name, answer.Status, answer.body)
			continue
		}
		if e.status >= 400 && answer.Header.Get("Content-Type") != "text/x.tlog.size" { // the form of others' contract
			problem(t, answer)
		}
		must(t, l.pipeline.Quiet(t.Context()))
		route, err := validate(t.Context(), router, e, answer)
		if err != nil {
			t.Errorf("%s is not as documented: %v\n%s", name, err, answer.body)
			continue
		}
		status := strconv.Itoa(e.status)
		if route.Operation.Responses.Value(status) == nil {
			status = "default"
		}
		delete(missing, route.Operation.OperationID+" "+status)
	}
	for what := range missing {
		if notExercised[what] == "" {
			t.Errorf("no request exercises %s", what)
		}
	}
}

// validate holds an answer against the contract.
func validate(ctx context.Context, router routers.Router, e exercise, answer reply) (*routers.Route, error) {
	request := httptest.NewRequestWithContext(ctx, e.method, e.path, strings.NewReader(e.body))
	request.URL.RawPath = request.URL.EscapedPath()
	for i := 0; i < len(e.headers); i += 2 {
		request.Header.Set(e.headers[i], e.headers[i+1])
	}
	route, params, err := router.FindRoute(request)
	if err != nil {
		return nil, err
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request, PathParams: params, Route: route},
		Status:                 answer.StatusCode, Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answer.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	return route, openapi3filter.ValidateResponse(ctx, input)
}

// Every list has its three formats, so that none is forgotten.
func TestListsHaveThreeFormats(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	must(t, err)
	for path, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.Parameters.GetByInAndName("query", "format") == nil {
				continue
			}
			content := operation.Responses.Value("200").Value.Content
			for _, media := range []string{"application/json", "application/x-ndjson", "text/csv"} {
				if content.Get(media) == nil {
					t.Errorf("%s %s has no %s", operation.OperationID, path, media)
				}
			}
		}
	}
}

// The manual names every path.
func TestManual(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	must(t, err)
	manual, err := os.ReadFile("../docs/rest.md")
	must(t, err)
	for path := range doc.Paths.Map() {
		if !strings.Contains(string(manual), path) {
			t.Errorf("docs/rest.md does not name %s", path)
		}
	}
}
