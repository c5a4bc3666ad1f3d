package api_test

import (
	"net/http"
	"strings"
	"testing"

	"wellspring/evidence"
)

// What is missing is said before anybody has to prove who they are, and the
// proof is in no entry.
func TestSigning(t *testing.T) {
	l := newLab(t, settings{access: named{}})
	for _, test := range []struct {
		name, role, ask string
		headers         []string
		want            int
		says            string
	}{
		{"no reason", "reviewer", "selector=r1", []string{"Wellspring-Credential", proof}, http.StatusBadRequest, "why you sign"},
		{"blanks", "reviewer", "selector=r1", []string{"Wellspring-Reason", "  ", "Wellspring-Credential", proof}, http.StatusBadRequest, "why you sign"},
		{"nothing of that name", "reviewer", "selector=nowhere", []string{"Wellspring-Reason", "checked"}, http.StatusNotFound, "nowhere"},
		{"no proof", "reviewer", "selector=r1", []string{"Wellspring-Reason", "checked"}, http.StatusForbidden, "prove who signs"},
		{"a wrong proof", "reviewer", "selector=r1", []string{"Wellspring-Reason", "checked", "Wellspring-Credential", "another"}, http.StatusForbidden, "prove who signs"},
		{"an operator", "operator", "selector=r1", []string{"Wellspring-Reason", "checked", "Wellspring-Credential", proof}, http.StatusForbidden, "reviewer"},
		{"an auditor", "auditor", "selector=r1", []string{"Wellspring-Reason", "checked", "Wellspring-Credential", proof}, http.StatusForbidden, "reviewer"},
		{"a viewer", "viewer", "selector=r1", []string{"Wellspring-Reason", "checked", "Wellspring-Credential", proof}, http.StatusForbidden, "reviewer"},
		{"a reviewer", "reviewer", "selector=r1", []string{"Wellspring-Reason", " checked ", "Wellspring-Credential", proof}, http.StatusCreated, `"reason":"checked"`},
	} {
		r := l.do(http.MethodPost, "/v1/signatures?about=run&meaning=approved&"+test.ask, nil, append(test.headers, "Role", test.role)...)
		if r.StatusCode != test.want || !strings.Contains(string(r.body), test.says) {
			t.Errorf("%s: %d %s", test.name, r.StatusCode, r.body)
		}
	}
	page, err := l.ledger.List(t.Context(), evidence.Query{Action: "createSignature"})
	must(t, err)
	if len(page.Entries) != 6 { // not of those whose role turned them away
		t.Errorf("%d tries are entered", len(page.Entries))
	}
	refused := 0
	for _, e := range page.Entries {
		public, err := e.Read()
		must(t, err)
		if public.Outcome == evidence.OutcomeRefused {
			refused++
		}
		if strings.Contains(string(e.Private), proof) || strings.Contains(string(e.Private), "another") {
			t.Errorf("a proof is in the log: %s", e.Private)
		}
	}
	if refused != 5 {
		t.Errorf("%d refusals are entered", refused)
	}
	if strings.Contains(l.log.String(), proof) {
		t.Error("a proof is in the service's log")
	}
}
