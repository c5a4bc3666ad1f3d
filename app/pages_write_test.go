package app_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"wellspring/app"
)

// What is declared on a page is previewed, then in the graph, then in the audit log.
func TestDeclareOnAPage(t *testing.T) {
	a := bench(t)
	const well = "6f6ea665/TR-0001/B1"
	form := url.Values{"of": {well}, "target": {"well"}, "well": {"B1"}, "lot": {"LY-LOT-7"}, "concentration": {"3,5"}, "unit": {"mg/mL"}}
	if response, text := send(t, a, http.MethodPost, "/declare/preview", form); response.StatusCode != http.StatusBadRequest || !strings.Contains(text, "say why") {
		t.Errorf("without a reason: %d %s", response.StatusCode, text)
	}
	form.Set("reason", "Notebook 7, page 41")
	form.Set("by", "M. Keller")
	form.Set("unit", "furlong")
	if response, text := send(t, a, http.MethodPost, "/declare/preview", form); response.StatusCode != http.StatusBadRequest || !strings.Contains(text, "furlong") {
		t.Errorf("a unit that there is none of: %d %s", response.StatusCode, text)
	}
	form.Set("unit", "mg/mL")
	response, text := send(t, a, http.MethodPost, "/declare/preview", form)
	hidden := regexp.MustCompile(`name="manifest" value="([^"]+)"`).FindStringSubmatch(text)
	if response.StatusCode != http.StatusOK || hidden == nil || !strings.Contains(text, "LY-LOT-7") {
		t.Fatalf("preview: %d %s", response.StatusCode, text)
	}
	if _, text := page(t, a, "/well?of="+url.QueryEscape(well)); strings.Contains(text, "LY-LOT-7") {
		t.Error("a preview changed something")
	}
	confirmed := url.Values{"of": {well}, "manifest": {html.UnescapeString(hidden[1])}}
	if response, text := send(t, a, http.MethodPost, "/declare", confirmed, "Origin", "http://elsewhere.example", "Sec-Fetch-Site", "cross-site"); response.StatusCode != http.StatusForbidden {
		t.Errorf("from a page of a stranger: %d %s", response.StatusCode, text)
	}
	if response, text := send(t, a, http.MethodPost, "/declare", confirmed, "Sec-Fetch-Site", "same-origin"); response.StatusCode != http.StatusOK || !strings.Contains(text, "It is declared") {
		t.Fatalf("declare: %d %s", response.StatusCode, text)
	}
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, text := page(t, a, "/well?of="+url.QueryEscape(well)); !strings.Contains(text, "LY-LOT-7") || !strings.Contains(text, "3.5") {
		t.Error("the well does not say what was declared of it")
	}
	if _, text := page(t, a, "/v1/audit?action=declare"); !strings.Contains(text, "Notebook 7, page 41") {
		t.Errorf("the audit log does not say why: %s", text)
	}
}

// Who is not known is sent to the login; who may only look can't write.
func TestPagesAreGuarded(t *testing.T) {
	dir := ""
	a := start(t, func(o *app.Options) { o.Login, dir = true, o.DataDir })
	home, ok := app.Running(t.Context(), dir)
	if !ok {
		t.Fatal("it is not found by its data folder")
	}
	_, body := ask(t, home, http.MethodPost, "/v1/keys?name=report&role=viewer")
	var made struct{ Secret string }
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	none, viewer, admin := []string{}, []string{"Authorization", "Bearer " + made.Secret}, []string{"Authorization", "Bearer " + home.Token}
	for _, test := range []struct {
		method, path string
		as           []string
		status       int
		says         string
	}{
		{http.MethodGet, "/plate?of=plate:AP-0001", none, http.StatusSeeOther, ""},
		{http.MethodGet, "/suggest?q=a", none, http.StatusUnauthorized, ""},
		{http.MethodPost, "/declare", none, http.StatusUnauthorized, "Who are you"},
		{http.MethodPost, "/deadletter/drop", none, http.StatusUnauthorized, ""},
		{http.MethodGet, "/", viewer, http.StatusOK, "report"},
		{http.MethodGet, "/about", viewer, http.StatusOK, "An admin can see it here"},
		{http.MethodPost, "/deadletter/drop", viewer, http.StatusForbidden, "operator"},
		{http.MethodPost, "/deadletter/retry", viewer, http.StatusForbidden, "operator"},
		{http.MethodGet, "/about", admin, http.StatusOK, "data-dir"},
		{http.MethodPost, "/deadletter/drop", admin, http.StatusNotFound, ""},
	} {
		response, text := send(t, a, test.method, test.path, url.Values{"id": {"4711"}, "manifest": {"{}"}}, test.as...)
		if response.StatusCode != test.status || !strings.Contains(text, test.says) {
			t.Errorf("%s %s as %.20v: %d, want %d and %q: %s", test.method, test.path, test.as, response.StatusCode, test.status, test.says, text)
		}
	}
	if response, _ := page(t, a, "/plate?of=plate:AP-0001"); response.Header.Get("Location") != "/login?to=%2Fplate%3Fof%3Dplate%3AAP-0001" {
		t.Errorf("a stranger is sent to %q", response.Header.Get("Location"))
	}
}
