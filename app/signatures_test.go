package app_test

import (
	"bytes"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"wellspring/api"
	"wellspring/app"
	"wellspring/evidence"
	"wellspring/evidence/pack"
	"wellspring/evidence/verify"
)

// signer makes a key, named like a person, and returns its secret.
func signer(t *testing.T, a *app.App, name, role string) string {
	t.Helper()
	status, text := request(t, a, http.MethodPost, "/v1/keys?role="+role+"&name="+url.QueryEscape(name), nil)
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, text)
	}
	return decode[api.NewKey](t, text).Secret
}

// sign asks to sign; empty headers are not sent.
func sign(t *testing.T, a *app.App, ask, key, credential string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+a.Addr()+"/v1/signatures?meaning=reviewed&"+ask, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Wellspring-Reason", "controls within range")
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	if credential != "" {
		r.Header.Set("Wellspring-Credential", credential)
	}
	return answered(t, r)
}

const dilutionRun = "about=run&selector=6f6ea665"

func signed(t *testing.T, a *app.App, ask, key string) evidence.Signature {
	t.Helper()
	status, text := sign(t, a, ask, key, key)
	if status != http.StatusCreated {
		t.Fatalf("%s: %d %s", ask, status, text)
	}
	return decode[evidence.Signature](t, text)
}

func signaturesOf(t *testing.T, a *app.App, ask string) []evidence.Signature {
	t.Helper()
	return get[api.SignatureList](t, a, "/v1/signatures?"+ask).Signatures
}

// correct declares another lot than was declared before.
func correct(t *testing.T, a *app.App, lot string) {
	t.Helper()
	manifest := "run,liquid,lot,who,why\n6f6ea665-d740-47bb-9399-fba49ea8c402,PBS buffer," + lot + ",Grace Hopper,label read again\n"
	if status, text := request(t, a, http.MethodPost, "/v1/declarations?wait=30", []byte(manifest)); status != http.StatusOK {
		t.Fatalf("declaration: %d %s", status, text)
	}
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A signature is bound to the bytes of a package, and a correction outdates it.
func TestSignatures(t *testing.T) {
	a := assayed(t, nil)
	ada := signer(t, a, "Ada Lovelace", "reviewer")
	s := signed(t, a, dilutionRun, ada)
	if s.State != evidence.SignatureValid || s.Who.Name != "Ada Lovelace" || !s.Who.Authenticated || s.Meaning != evidence.MeaningReviewed || s.Proved == nil ||
		s.Reason != "controls within range" || s.Subject != "run:6f6ea665-d740-47bb-9399-fba49ea8c402" || s.Now != nil {
		t.Errorf("%+v", s)
	}
	x, _ := exported(t, a, dilutionRun+"&asOf="+url.QueryEscape(s.AsOf.Format(time.RFC3339Nano)))
	if x.Answer.LineageSHA256 != s.LineageSHA256 || x.Answer.Nodes != s.Nodes || x.Answer.Edges != s.Edges {
		t.Errorf("signed %+v, exported %+v", s, x.Answer)
	}
	if got := signaturesOf(t, a, dilutionRun); len(got) != 1 || got[0].State != evidence.SignatureValid {
		t.Errorf("%+v", got)
	}
	carried(t, a, dilutionRun, evidence.SignatureValid)

	correct(t, a, "PBS-2")
	got := signaturesOf(t, a, "about=run&selector=6f6ea665-d740")
	if len(got) != 1 || got[0].State != evidence.SignatureOutdated || got[0].LineageSHA256 != s.LineageSHA256 || got[0].Now == nil || got[0].Now.LineageSHA256 == s.LineageSHA256 {
		t.Fatalf("after a correction: %+v", got)
	}
	since := get[api.SignatureSince](t, a, "/v1/signatures/"+strconv.FormatInt(s.Index, 10))
	if since.Changed == 0 || !slices.ContainsFunc(since.Changes, func(c pack.Change) bool { return c.Now != nil && c.Now.Node != nil && c.Now.Node.Name == "PBS-2" }) {
		t.Errorf("what changed: %+v", since)
	}
	carried(t, a, dilutionRun, evidence.SignatureOutdated)
	if again := signed(t, a, dilutionRun, ada); again.State != evidence.SignatureValid || again.LineageSHA256 != got[0].Now.LineageSHA256 {
		t.Errorf("signed again: %+v", again)
	}
	// As of the time of the first everything is as it was.
	if then := signed(t, a, dilutionRun+"&asOf="+url.QueryEscape(s.AsOf.Format(time.RFC3339Nano)), ada); then.LineageSHA256 != s.LineageSHA256 || then.State != evidence.SignatureOutdated {
		t.Errorf("what was known then: %+v", then)
	}
}

// carried checks that packages carry the newest signature, redacted ones without the name.
func carried(t *testing.T, a *app.App, ask, state string) {
	t.Helper()
	_, data := exported(t, a, ask)
	list := decode[[]evidence.Signature](t, string(entry(t, data, pack.FileSignatures)))
	if len(list) != 1 || list[0].State != state || list[0].Who.Name != "Ada Lovelace" {
		t.Errorf("in the package: %+v", list)
	}
	r, err := verify.Archive(bytes.NewReader(data), int64(len(data)), verify.Options{})
	if err != nil || !r.Valid || len(r.Signatures) != 1 || r.Signatures[0].State != state {
		t.Errorf("checked: %+v %v", r, err)
	}
	_, data = exported(t, a, ask+"&redact=true")
	list = decode[[]evidence.Signature](t, string(entry(t, data, pack.FileSignatures)))
	if len(list) != 1 || list[0].State != state || list[0].Who.Name != pack.Redacted || list[0].Reason != pack.Redacted {
		t.Errorf("in the redacted package: %+v", list)
	}
}

// Everything that can be exported by name can be signed, however it is named.
func TestWhatCanBeSigned(t *testing.T) {
	a := assayed(t, nil)
	manifest := "run,experiment,title,who,why\n6f6ea665-d740-47bb-9399-fba49ea8c402,EXP-1,Assay,Grace Hopper,plan\n"
	if status, text := request(t, a, http.MethodPost, "/v1/declarations?wait=30", []byte(manifest)); status != http.StatusOK {
		t.Fatalf("declaration: %d %s", status, text)
	}
	ada := signer(t, a, "Ada Lovelace", "reviewer")
	for ask, again := range map[string]string{
		"about=experiment&selector=EXP-1":                         "about=experiment&selector=experiment:EXP-1",
		"about=lot&selector=" + url.QueryEscape("PBS-1"):          "about=lot&selector=lot:PBS-1",
		"about=plate&selector=" + url.QueryEscape("5a6cd99d/2"):   "about=plate&selector=" + url.QueryEscape("run:5a6cd99d/2"),
		"about=well&selector=" + url.QueryEscape("5a6cd99d/2/A2"): "about=well&selector=" + url.QueryEscape("5a6cd99d/2/a02"),
		"about=run&selector=5a6cd99d":                             "about=run&selector=run:5a6cd99d",
	} {
		s := signed(t, a, ask, ada)
		if got := signaturesOf(t, a, again); len(got) != 1 || got[0].Index != s.Index || got[0].State != evidence.SignatureValid {
			t.Errorf("%s: %+v", ask, got)
		}
		x, _ := exported(t, a, again)
		if x.Answer.LineageSHA256 != s.LineageSHA256 {
			t.Errorf("%s: a package of the same has another lineage", ask)
		}
	}
	if all := signaturesOf(t, a, "limit=3"); len(all) != 3 {
		t.Errorf("a page: %+v", all)
	}
	for ask, want := range map[string]int{
		"about=run&selector=nowhere-at-all":        http.StatusNotFound,
		"about=experiment&selector=EXP-2":          http.StatusNotFound,
		"about=since&selector=x":                   http.StatusBadRequest,
		dilutionRun + "&asOf=2999-01-01T00:00:00Z": http.StatusBadRequest,
		dilutionRun + "&asOf=2001-01-01T00:00:00Z": http.StatusNotFound,
	} {
		if status, text := sign(t, a, ask, ada, ada); status != want {
			t.Errorf("%s: %d %s, want %d", ask, status, text, want)
		}
	}
}

// Who does not prove who they are signs nothing, and the try is in the log.
func TestWhoMayNotSign(t *testing.T) {
	a := assayed(t, nil)
	ada, bob, olga := signer(t, a, "Ada Lovelace", "reviewer"), signer(t, a, "Bob", "reviewer"), signer(t, a, "Olga", "operator")
	for _, test := range []struct {
		name, key, credential string
		want                  int
	}{
		{"nobody, on an open service", "", "", http.StatusForbidden},
		{"nobody, with somebody's key beside", "", ada, http.StatusForbidden},
		{"without the key once more", ada, "", http.StatusForbidden},
		{"another's key", ada, bob, http.StatusForbidden},
		{"a wrong key", ada, ada[:len(ada)-2] + "xx", http.StatusUnauthorized},
		{"an operator", olga, olga, http.StatusForbidden},
	} {
		if status, text := sign(t, a, dilutionRun, test.key, test.credential); status != test.want {
			t.Errorf("%s: %d %s, want %d", test.name, status, text, test.want)
		}
	}
	if got := signaturesOf(t, a, ""); len(got) != 0 {
		t.Errorf("and yet: %+v", got)
	}
	acts := get[api.Acts](t, a, "/v1/audit?action=createSignature").Acts
	if len(acts) != 5 {
		t.Errorf("%d tries are entered: %+v", len(acts), acts)
	}
	for _, act := range acts {
		if act.Outcome != api.ActOutcome(evidence.OutcomeRefused) {
			t.Errorf("entered: %+v", act)
		}
	}
	if refused := get[api.Acts](t, a, "/v1/audit?action="+url.QueryEscape("login refused")).Acts; len(refused) != 1 {
		t.Errorf("the wrong key: %+v", refused)
	}
}

// A person signs on a page of an open service with a key of their own; a refusal
// keeps what was typed but the key.
func TestSignOnAPage(t *testing.T) {
	a := assayed(t, nil)
	ada := signer(t, a, "Ada Lovelace", "reviewer")
	shown := "/sign?about=run&selector=6f6ea665"
	_, text := page(t, a, shown)
	asOf := regexp.MustCompile(`name="asof" value="([^"]+)"`).FindStringSubmatch(text)
	if asOf == nil || !strings.Contains(text, "Nobody has signed this") || inline.MatchString(text) {
		t.Fatalf("no form: %s", text)
	}
	form := url.Values{"about": {"run"}, "selector": {"6f6ea665"}, "asof": {html.UnescapeString(asOf[1])}, "meaning": {"approved"}, "reason": {"within range"}, "key": {"wsk_000000000000_no"}}
	if response, text := send(t, a, http.MethodPost, "/sign", form); response.StatusCode != http.StatusUnauthorized || !strings.Contains(text, "within range") || strings.Contains(text, "wsk_0000") {
		t.Errorf("a wrong key: %d %s", response.StatusCode, text)
	}
	form.Set("key", ada)
	if response, text := send(t, a, http.MethodPost, "/sign", form, "Origin", "http://elsewhere.example", "Sec-Fetch-Site", "cross-site"); response.StatusCode != http.StatusForbidden {
		t.Errorf("from a page of a stranger: %d %s", response.StatusCode, text)
	}
	correct(t, a, "PBS-2") // after the page was shown: what was seen is signed, and outdated at once
	response, text := send(t, a, http.MethodPost, "/sign", form)
	if response.StatusCode != http.StatusOK || !strings.Contains(text, "Signed by Ada Lovelace.") || !strings.Contains(text, "outdated") || strings.Contains(text, ada) {
		t.Errorf("%d %s", response.StatusCode, text)
	}
	if got := signaturesOf(t, a, dilutionRun); len(got) != 1 || got[0].Meaning != evidence.MeaningApproved || got[0].Reason != "within range" {
		t.Errorf("%+v", got)
	}
}
