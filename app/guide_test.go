package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"wellspring/cypher"
)

// TestGuide: every saved question is on a slide, with its parameters and as it
// stands, and all else goes on to the service.
func TestGuide(t *testing.T) {
	h := guide(http.NotFoundHandler())
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, guidePath, nil))
	page := answer.Body.String()
	if answer.Code != http.StatusOK || answer.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("%d, %v", answer.Code, answer.Header())
	}
	unescape := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#39;", "'", "&#34;", `"`, "&#43;", "+", "&amp;", "&")
	for _, q := range cypher.Browser() {
		for _, want := range []string{"<h3>" + q.Question + "</h3>", q.Text} {
			if !strings.Contains(unescape.Replace(page), want) {
				t.Errorf("%s: the guide has not %q", q.File, want)
			}
		}
		for name, value := range q.Examples {
			if !strings.Contains(unescape.Replace(page), name+": '"+value+"'") {
				t.Errorf("%s: the guide does not set %s", q.File, name)
			}
		}
	}
	if n := strings.Count(page, "<slide "); n != len(cypher.Browser())+1 {
		t.Errorf("%d slides of %d questions", n, len(cypher.Browser()))
	}
	asked := httptest.NewRecorder()
	h.ServeHTTP(asked, httptest.NewRequest(http.MethodOptions, guidePath, nil))
	if asked.Code != http.StatusNoContent || asked.Header().Get("Access-Control-Allow-Headers") != "*" {
		t.Errorf("the Browser may not ask: %d, %v", asked.Code, asked.Header())
	}
	other := httptest.NewRecorder()
	h.ServeHTTP(other, httptest.NewRequest(http.MethodGet, "/v1/runs", nil))
	if other.Code != http.StatusNotFound {
		t.Errorf("another path: %d", other.Code)
	}
}
