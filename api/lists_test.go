package api_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"wellspring/api"
	"wellspring/lineage"
	"wellspring/query"
	"wellspring/query/querytest"
)

// table reads CSV into one map a row, as pandas.read_csv would.
func table(t *testing.T, answer reply) []map[string]string {
	t.Helper()
	if media := answer.Header.Get("Content-Type"); media != "text/csv; charset=utf-8" {
		t.Errorf("it is %s", media)
	}
	lines, err := csv.NewReader(bytes.NewReader(answer.body)).ReadAll()
	must(t, err)
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// ndjson reads one value a line.
func ndjson[T any](t *testing.T, answer reply) []T {
	t.Helper()
	if media := answer.Header.Get("Content-Type"); media != "application/x-ndjson" {
		t.Errorf("it is %s", media)
	}
	var all []T
	lines := bufio.NewScanner(bytes.NewReader(answer.body))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one T
		must(t, json.Unmarshal(lines.Bytes(), &one))
		all = append(all, one)
	}
	return all
}

func TestFormatsSayTheSame(t *testing.T) {
	l := filled(t, settings{})
	path := "/v1/nodes/" + url.PathEscape("lot:LOT-7") + "/impact?carryOver=true"
	answer := read[query.Answer](l, path)
	if len(answer.Items) < 5 {
		t.Fatalf("it has %d items", len(answer.Items))
	}
	lines := l.get(path, "Accept", "application/x-ndjson, application/json;q=0.5")
	items := ndjson[query.Item](t, lines)
	rows := table(t, l.get(path+"&format=csv", "Accept", "application/json"))
	if len(items) != len(answer.Items) || len(rows) != len(answer.Items) {
		t.Fatalf("%d in JSON, %d in NDJSON, %d in CSV", len(answer.Items), len(items), len(rows))
	}
	for i, item := range answer.Items {
		if items[i].ID != item.ID || rows[i]["id"] != item.ID.String() || rows[i]["kind"] != string(item.Kind) || rows[i]["name"] != item.Name {
			t.Errorf("item %d is %s, in NDJSON %s, in CSV %v", i, item.ID, items[i].ID, rows[i])
		}
		if rows[i]["possible"] == "true" != item.Possible || rows[i]["fraction"] == "" != (item.Fraction == nil) {
			t.Errorf("item %d in CSV: %v", i, rows[i])
		}
	}
	for _, got := range []reply{lines, l.get(path)} {
		if got.Header.Get("Wellspring-Complete") != "true" || got.Header.Get("Wellspring-Truncated") != "false" {
			t.Errorf("the headers are %v", got.Header)
		}
	}
}

func TestIncompleteIsSaidInEveryFormat(t *testing.T) {
	l := filled(t, settings{})
	path := "/v1/nodes/" + url.PathEscape("latest/PB-1/A1") + "/ancestry"
	answer := read[query.Answer](l, path)
	if answer.Complete || answer.Truncated || !slices.Contains(answer.Reasons, query.ReasonUndeclared) {
		t.Errorf("complete %v, truncated %v, reasons %v", answer.Complete, answer.Truncated, answer.Reasons)
	}
	for _, format := range []string{"json", "ndjson", "csv"} {
		header := l.get(path + "?format=" + format).Header
		if header.Get("Wellspring-Complete") != "false" || !strings.Contains(header.Get("Wellspring-Reasons"), query.ReasonUndeclared) {
			t.Errorf("%s says %q, %q", format, header.Get("Wellspring-Complete"), header.Get("Wellspring-Reasons"))
		}
	}
	// A bound that cuts is said, too.
	path = "/v1/nodes/" + url.PathEscape(querytest.Dilution+"/2/B1") + "/ancestry?depth=1"
	if cut := read[query.Answer](l, path); cut.Complete || !cut.Truncated {
		t.Errorf("complete %v, truncated %v", cut.Complete, cut.Truncated)
	}
}

func TestCursor(t *testing.T) {
	l := filled(t, settings{})
	path := "/v1/nodes/" + url.PathEscape("lot:LOT-7") + "/impact?carryOver=true"
	whole := read[query.Answer](l, path)
	var items []query.Item
	var edges []lineage.Edge
	for next := path + "&limit=2"; next != ""; {
		page := read[query.Answer](l, next)
		items, edges = append(items, page.Items...), append(edges, page.Edges...)
		if next = ""; page.Next != "" {
			next = path + "&limit=2&cursor=" + url.QueryEscape(string(page.Next))
		}
	}
	if len(items) != len(whole.Items) || len(edges) != len(whole.Edges) {
		t.Errorf("pages have %d items and %d edges, the whole %d and %d", len(items), len(edges), len(whole.Items), len(whole.Edges))
	}

	runs := read[query.Runs](l, "/v1/runs?limit=1")
	if len(runs.Runs) != 1 || runs.Next == "" {
		t.Fatalf("the first page is %v", runs)
	}
	rest := read[query.Runs](l, "/v1/runs?limit=1&cursor="+url.QueryEscape(string(runs.Next)))
	if len(rest.Runs) != 1 || rest.Runs[0].ID == runs.Runs[0].ID || rest.Next != "" {
		t.Errorf("the second page is %v", rest)
	}
	// Without a limit the rows are all there are.
	if all := ndjson[lineage.Node](t, l.get("/v1/runs?format=ndjson")); len(all) != 2 {
		t.Errorf("NDJSON has %d runs", len(all))
	}
	if header := l.get("/v1/runs?format=csv&limit=1").Header; header.Get("Wellspring-Truncated") != "true" || header.Get("Wellspring-Next") == "" {
		t.Errorf("a page of CSV says %v", header)
	}
}

func TestSelectorsInPaths(t *testing.T) {
	l := filled(t, settings{})
	want := lineage.WellStateID(querytest.Dilution, "dil", "B1", "c6")
	for _, selector := range []string{
		want.String(), "11111111-d/2/B1", "run:11111111-d/dil/b01", querytest.Dilution + "/dilution plate/B1",
	} {
		node := read[query.Node](l, "/v1/nodes/"+url.PathEscape(selector))
		if node.Node.ID != want {
			t.Errorf("%s is %s", selector, node.Node.Name)
		}
	}
}

func TestAmbiguousSelectorListsCandidates(t *testing.T) {
	l := filled(t, settings{})
	answer := l.get("/v1/nodes/" + url.PathEscape("lot:Water") + "/ancestry")
	p := problem(t, answer)
	if answer.StatusCode != http.StatusConflict || p.Kind != "ambiguous" || len(p.Candidates) != 2 || p.Candidates[0].Where == p.Candidates[1].Where {
		t.Errorf("%s %+v", answer.Status, p)
	}
	// What comes near is listed as well.
	answer = l.get("/v1/runs/" + querytest.Dilution[:20] + "x")
	if p := problem(t, answer); answer.StatusCode != http.StatusNotFound {
		t.Errorf("%s %+v", answer.Status, p)
	}
}

// A name that a spreadsheet would take for a formula is text.
func TestFormulasAreText(t *testing.T) {
	l := newLab(t, settings{})
	_, err := l.store.Apply(t.Context(), lineage.Projection{Owner: "run:x", Nodes: []lineage.Node{{
		ID: lineage.RunID("x"), Kind: lineage.KindRun, Name: `=HYPERLINK("http://evil")`, Attributes: lineage.Attributes{"run": "x"},
	}}}, querytest.KnownAt)
	must(t, err)
	rows := table(t, l.get("/v1/runs?format=csv"))
	if len(rows) != 1 || rows[0]["name"] != `'=HYPERLINK("http://evil")` {
		t.Errorf("the rows are %v", rows)
	}
}

func TestProcessingRows(t *testing.T) {
	l := newLab(t, settings{})
	l.send([]byte(small))
	rows := table(t, l.get("/v1/processing?format=csv"))
	if len(rows) != 1 || rows[0]["owner"] != "run:run-small" || rows[0]["status"] != "done" || rows[0]["total_s"] == "" {
		t.Errorf("the rows are %v", rows)
	}
	bury(t, l, "dead-1")
	if rows := table(t, l.get("/v1/deadletters?format=csv")); len(rows) != 1 || rows[0]["subject"] != "run:dead-1" {
		t.Errorf("the rows are %v", rows)
	}
	if all := ndjson[api.DeadLetter](t, l.get("/v1/deadletters?format=ndjson")); len(all) != 1 {
		t.Errorf("the letters are %v", all)
	}
}
