package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"wellspring/app"
	"wellspring/examples"
)

// bench is a service that was told the story of the examples.
func bench(t *testing.T) *app.App {
	t.Helper()
	a := start(t, nil)
	for _, name := range []string{examples.StockDilution, examples.AssayPlate, "analyses/assay_plate.json", "manifests/lots.csv", "manifests/samples.csv", "manifests/experiments.csv",
		"plate-reader/AP-0001.csv", "manifests/corrections.csv"} {
		if status, text := request(t, a, http.MethodPost, "/v1/runs?wait=30", example(t, name)); status != http.StatusOK {
			t.Fatalf("%s: %d %s", name, status, text)
		}
	}
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

// page asks for a page like a browser does.
func page(t *testing.T, a *app.App, path string, header ...string) (*http.Response, string) {
	t.Helper()
	return send(t, a, http.MethodGet, path, nil, header...)
}

func send(t *testing.T, a *app.App, method, path string, form url.Values, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+a.Addr()+path, bytes.NewBufferString(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

// inline is what the policy of the pages forbids a browser to heed.
var inline = regexp.MustCompile(`<style|<[^>]* style=|<[^>]* on[a-z]+=|<script(?:>| type="(?:text/javascript|module)"[^>]*>[^<])|javascript:`)

func TestPages(t *testing.T) {
	a := bench(t)
	for path, wants := range map[string][]string{
		"/":                            {"Recent runs", "Bradford 2: assay plate", "run 6f6ea665"},
		"/search?q=pbs":                {"PBS-2610-A", "PBS-2611-B"},
		"/search?q=zzz":                {"Nothing is called"},
		"/plate?of=plate:AP-0001":      {"absorbance", `data-well="A1"`, "0.9951"},
		"/plate?of=plate:DP-0001":      {"after run 6f6ea665", "Share of"},
		"/plate?of=6f6ea665%2FRV-0001": {"RV-0001", "PBS-2611-B"},
		"/plate?of=plate:AP-0001&by=conc:BSA-0457%1F&scale=log": {"Concentration of BSA-0457", "mg/mL"},
		"/plate?of=plate:AP-0001&ancestor=plate:DP-0001/A1":     {"Share of plate:DP-0001/A1"},
		"/run?of=latest": {"Bradford 2: assay plate", "succeeded", "AP-0001", "were done as planned", "deliver", `part of <a href="/experiment?of=experiment%3ABA-2026-11">Bradford assay of six lysates</a>`},
		"/run?of=run:500ae3ab-f869-4bfd-a13f-f7cffeade3b5": {"Plan", "completed"},
		"/experiments":                         {"BA-2026-11"},
		"/experiment?of=experiment:BA-2026-11": {"Bradford assay of six lysates", "Bradford 2: assay plate", "absorbance", "AP-0001", "64", "Export package"},
		"/impact":                              {"A lot was bad"},
		"/impact?of=lot:PBS-2610-A&min=1":      {"AP-0001", "format=csv", "absorbance"},
		"/impact?of=lot:PBS-2610-A&min=99":     {"What PBS-2610-A touches"},
		"/compare":                             {"choose a run"},
		"/compare?from=latest&to=plan":         {"the plan did not know what the plate came with"},
		"/compare?from=6f6ea665&to=5a6cd99d":   {"Why they differ", "protocol"},
		"/robots":                              {"No robot is configured"},
		"/webhooks":                            {"Nobody is told"},
		"/audit":                               {"importRun", "not checked", "wellspring/ledger/"},
		"/processing":                          {"All is well", "done", "verify"},
		"/declare":                             {"Labware or well"},
		"/declare?of=plate:AP-0001/A2":         {`value="A2"`, "BSA control"},
		"/about":                               {"Apache License", "data-dir"},
		"/node?of=c9a6ac39-c3b9-50d5-9c86-680f7843e8d0":  {"originFractions", "DERIVED_FROM"},
		"/well?of=plate:AP-0001/A2":                      {"BRD-1188", "PBS-2611-B", "0.8098", "Bradford assay of six lysates"},
		"/well?of=latest/2/A2&asof=2020-01-01T00:00:00Z": nil,
	} {
		response, text := page(t, a, path)
		if wants == nil {
			if response.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %d", path, response.StatusCode)
			}
			continue
		}
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", path, response.StatusCode, text)
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
		if found := inline.FindString(text); found != "" {
			t.Errorf("%s has %s, which its policy forbids", path, found)
		}
		if policy := response.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s has the policy %q", path, policy)
		}
		if caching := response.Header.Get("Cache-Control"); caching != "no-store" {
			t.Errorf("%s may be cached: %q", path, caching)
		}
		if strings.Contains(text, "//") && regexp.MustCompile(`(?:src|href)="(?:https?:)?//`).MatchString(text) {
			t.Errorf("%s asks another host", path)
		}
		again, _ := page(t, a, path, "If-None-Match", response.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("%s, asked again: %d", path, again.StatusCode)
		}
		for _, asset := range regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(text, -1) {
			if got, _ := page(t, a, asset[1]); got.StatusCode != http.StatusOK || !strings.Contains(got.Header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s: %d", asset[1], got.StatusCode)
			}
		}
	}
}

// What a person types leads to what it names.
func TestSearchGoesThere(t *testing.T) {
	a := bench(t)
	for typed, want := range map[string]string{
		"AP-0001":          "/plate?of=plate%3AAP-0001",
		"plate:AP-0001/a2": "/well?of=plate%3AAP-0001%2Fa2",
		"AP-0001/A2":       "/well?of=plate%3AAP-0001%2FA2",
		"PBS-2610-A":       "/impact?of=lot%3APBS-2610-A",
		"latest":           "/run?of=run%3A5a6cd99d-ef02-48c9-bbdc-2d93e3a166ab",
		"":                 "/",
	} {
		response, _ := page(t, a, "/search?q="+url.QueryEscape(typed))
		if got := response.Header.Get("Location"); response.StatusCode != http.StatusSeeOther || got != want {
			t.Errorf("%q: %d to %q, want %q", typed, response.StatusCode, got, want)
		}
	}
}

// A path that is for programs answers with a problem, any other with a page.
func TestWhoIsAnswered(t *testing.T) {
	a := start(t, nil)
	for path, want := range map[string]string{
		"/v1/nothing": "application/problem+json", "/v1": "application/problem+json", "/api/nothing": "application/problem+json",
		"/nothing": "text/html; charset=utf-8", "/well?of=nothing": "text/html; charset=utf-8", "/plate": "text/html; charset=utf-8",
	} {
		response, _ := page(t, a, path)
		if got := response.Header.Get("Content-Type"); got != want || response.StatusCode < 400 {
			t.Errorf("%s: %d as %s, want %s", path, response.StatusCode, got, want)
		}
	}
	if response, text := page(t, a, "/"); response.StatusCode != http.StatusOK || !strings.Contains(text, "No run has arrived yet") {
		t.Errorf("an empty service: %d %s", response.StatusCode, text)
	}
}

// A drawing is grouped, opened and folded as it is asked for, and says what it left out.
func TestDrawings(t *testing.T) {
	a := bench(t)
	type drawing struct {
		Nodes []struct {
			ID                    string
			X, Y                  float64
			Count, Hidden         int
			Root, Leads, Possible bool
		}
		Edges []struct {
			From, To string
			Possible bool
		}
		Total int
		Group string
		Notes []string
		Error string
	}
	ask := func(query string) (d drawing) {
		t.Helper()
		response, text := page(t, a, "/graph?"+query)
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatalf("%d %s: %v", response.StatusCode, text, err)
		}
		at := make(map[string]float64)
		for _, node := range d.Nodes {
			at[node.ID] = node.X
		}
		for _, edge := range d.Edges {
			if from, there := at[edge.From]; !there || !edge.Possible && from >= at[edge.To] {
				t.Errorf("%s: an edge leads from %g to %g", query, from, at[edge.To])
			}
		}
		return d
	}
	const lot = "of=lot:PBS-2611-B&direction=downstream"
	whole := ask(lot)
	if whole.Group != "none" || len(whole.Nodes) != whole.Total || whole.Total < 100 {
		t.Errorf("not grouped: %d of %d nodes, by %s", len(whole.Nodes), whole.Total, whole.Group)
	}
	byPlate := ask(lot + "&group=plate")
	count, group := 0, ""
	for _, node := range byPlate.Nodes {
		if count += node.Count; node.Count > 40 {
			group = node.ID
		}
	}
	if len(byPlate.Nodes) > 8 || count != whole.Total {
		t.Errorf("by plate: %d nodes that hold %d of %d", len(byPlate.Nodes), count, whole.Total)
	}
	if opened := ask(lot + "&group=plate&open=" + url.QueryEscape(group)); len(opened.Nodes) < 40 || len(opened.Nodes) >= whole.Total {
		t.Errorf("%s, opened: %d nodes", group, len(opened.Nodes))
	}
	if bySteps := ask(lot + "&group=step"); len(bySteps.Nodes) <= len(byPlate.Nodes) || len(bySteps.Nodes) >= len(whole.Nodes) {
		t.Errorf("by step: %d nodes", len(bySteps.Nodes))
	}
	if near := ask(lot + "&depth=1"); len(near.Nodes) >= len(whole.Nodes) || len(near.Notes) == 0 {
		t.Errorf("one hop: %d nodes, notes %v", len(near.Nodes), near.Notes)
	}
	const well = "of=plate:AP-0001/A2"
	up := ask(well)
	for _, node := range up.Nodes {
		if node.Root {
			if folded := ask(well + "&collapse=" + node.ID); len(folded.Nodes) != 1 || folded.Nodes[0].Hidden != len(up.Nodes)-1 {
				t.Errorf("folded: %+v", folded.Nodes)
			}
		}
	}
	if carried := ask(well + "&carryover=1"); carried.Total <= up.Total {
		t.Errorf("with carry-over: %d nodes, without %d", carried.Total, up.Total)
	}
	for _, wrong := range []string{"of=nothing", well + "&depth=0", well + "&depth=x", well + "&asof=soon"} {
		if d := ask(wrong); d.Error == "" {
			t.Errorf("%s is drawn", wrong)
		}
	}
}
