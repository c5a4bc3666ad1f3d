package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"wellspring/api"
	"wellspring/evidence"
	"wellspring/lineage"
)

// acts are all acts in the ledger of a lab.
func acts(t *testing.T, l *lab) []evidence.Public {
	t.Helper()
	page, err := l.ledger.List(t.Context(), evidence.Query{Type: evidence.TypeAct})
	must(t, err)
	var all []evidence.Public
	for _, e := range page.Entries {
		public, err := e.Read()
		must(t, err)
		all = append(all, public)
	}
	return all
}

func TestChangesAreEntered(t *testing.T) {
	l := newLab(t, settings{})
	headers := []string{"Wellspring-Reason", "Röhrchen vertauscht", "Wellspring-Device-Time", "2026-03-01T12:00:00+01:00", "X-Request-ID", "mine-1"}
	if r := l.do(http.MethodPost, "/v1/declarations", []byte("run,liquid,lot\nrun-small,Water,LOT-8\n"), headers...); r.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	page, err := l.ledger.List(t.Context(), evidence.Query{Type: evidence.TypeAct})
	must(t, err)
	if len(page.Entries) != 1 {
		t.Fatalf("%d entries, want 1", len(page.Entries))
	}
	public, err := page.Entries[0].Read()
	must(t, err)
	details, err := page.Entries[0].Details()
	must(t, err)
	if public.Action != "declare" || public.Outcome != evidence.OutcomeAccepted || public.RequestID != "mine-1" || !strings.HasPrefix(public.Subject, "manifest:") {
		t.Errorf("entered %+v", public)
	}
	if details.Who.Name != "local" || details.Who.Authenticated || details.Reason != "Röhrchen vertauscht" || details.Status != 202 ||
		details.DeviceTime == nil || details.DeviceTime.Format("15:04") != "11:00" || details.DeviceOffsetMs == nil || details.New == nil {
		t.Errorf("entered %+v", details)
	}
	told := read[api.Acts](l, "/v1/audit?who=local&action=declare")
	if len(told.Acts) != 1 || told.Acts[0].Reason != details.Reason || told.Acts[0].DeviceOffsetMs != *details.DeviceOffsetMs {
		t.Errorf("told %+v", told)
	}
}

// What was refused is entered too; what only asks, and what machines send, is not.
func TestWhatIsEntered(t *testing.T) {
	l := newLab(t, settings{})
	for _, ask := range []struct{ method, path, body, kind string }{
		{http.MethodGet, "/v1/runs", "", ""},
		{http.MethodPost, "/v1/declarations/preview", "run,liquid,lot\nr,Water,L\n", ""},
		{http.MethodPost, "/v1/events", event("e1", "run:run-small", small), "application/cloudevents+json"},
		{http.MethodPost, "/v1/nothing", "", ""},
	} {
		_ = l.do(ask.method, ask.path, []byte(ask.body), "Content-Type", ask.kind)
	}
	if got := acts(t, l); len(got) != 0 {
		t.Errorf("entered %+v", got)
	}
	_ = l.do(http.MethodPost, "/v1/declarations", []byte("lot\nLOT-8\n"))
	_ = l.do(http.MethodPost, "/v1/deadletters/4711/drop", nil)
	got := acts(t, l)
	if len(got) != 2 || got[0].Outcome != evidence.OutcomeRefused || got[1].Outcome != evidence.OutcomeRefused || got[1].Action != "dropDeadLetter" {
		t.Errorf("entered %+v, want both refusals", got)
	}
}

// fullDisk is a ledger that can't take anything.
type fullDisk struct{ entries }

func (fullDisk) Append(context.Context, evidence.Act) (evidence.Receipt, error) {
	return evidence.Receipt{}, &lineage.Error{Op: "enter", Kind: lineage.ErrorUnavailable, Err: errors.New("the disk is full")}
}

// Nobody is told that a change was made whose entry was not.
func TestNoEntryNoAnswer(t *testing.T) {
	l := newLab(t, settings{evidence: fullDisk{}})
	for _, test := range []struct{ path, body string }{{"/v1/runs", small}, {"/v1/declarations", "lot\nLOT-8\n"}} {
		r := l.do(http.MethodPost, test.path, []byte(test.body))
		if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Content-Type") != "application/problem+json" || strings.Contains(string(r.body), "position") {
			t.Errorf("%s: %d %s", test.path, r.StatusCode, r.body)
		}
	}
}

func TestBadAuditHeaders(t *testing.T) {
	l := newLab(t, settings{})
	for _, headers := range [][]string{
		{"Wellspring-Reason", strings.Repeat("x", 1001)},
		{"Wellspring-Reason", "a\tb"},
		{"Wellspring-Reason", "\xff"},
		{"Wellspring-Device-Time", "noon"},
		{"Wellspring-Device-Time", "0001-01-01T00:00:00Z"},
	} {
		if r := l.do(http.MethodPost, "/v1/runs", []byte(small), headers...); r.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %d, want 400", headers, r.StatusCode)
		}
	}
	for _, id := range []string{strings.Repeat("x", 65), "<script>", "a b"} {
		r := l.do(http.MethodPost, "/v1/runs", []byte(small), "X-Request-ID", id)
		if r.Header.Get("X-Request-ID") == id {
			t.Errorf("the id %q was taken", id)
		}
	}
	for _, public := range acts(t, l) {
		if len(public.RequestID) > 64 || strings.ContainsAny(public.RequestID, "< ") {
			t.Errorf("entered %+v", public)
		}
	}
}

// Every operation that is not a GET is entered, or the contract says in a
// comment why not.
func TestEveryChangeIsAudited(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	must(t, err)
	excepted := map[string]bool{"postEvents": true, "postLineage": true, "previewDeclarations": true, "addCheckpoint": true}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			mark := operation.Extensions["x-audit"]
			switch {
			case mark == nil:
			case mark == "access" && method == http.MethodGet:
			case mark == "none" && method != http.MethodGet && excepted[operation.OperationID]:
			default:
				t.Errorf("%s %s: x-audit is %v: enter the exception in this test, with a reason in openapi.yaml", method, path, mark)
			}
		}
	}
}
