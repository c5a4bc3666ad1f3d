package web

import (
	"net/http"
	"strings"
	"time"

	"wellspring/access"
	"wellspring/evidence"
	"wellspring/lineage"
)

// signData is the page on which people sign what is known, and see who signed.
type signData struct {
	About, Selector string
	AsOf            string // what is signed: what was known when the page was shown
	Meaning, Reason string
	Meanings        []string
	Signatures      []evidence.Signature
	More            bool
	May             bool // sign
	Person          bool // logged in at the identity provider
	Again           string
	Said, Problem   string
}

// signForm shows the signatures of one thing, and the form.
func (p *Pages) signForm(r *http.Request) (view, error) {
	return p.signView(r, signData{}, http.StatusOK)
}

func (p *Pages) signView(r *http.Request, d signData, status int) (view, error) {
	d.About, d.Selector = r.FormValue("about"), r.FormValue("selector")
	d.Meanings = evidence.Meanings()
	who, _ := access.From(r.Context())
	d.May, d.Person = who.May(access.Reviewer, "createSignature"), who.Means == access.ByLogin
	d.Again = link("/login/provider", "again", "1", "to", link("/sign", "about", d.About, "selector", d.Selector))
	d.AsOf = rfc3339(time.Now())
	var page struct {
		Signatures []evidence.Signature
		Next       string
	}
	if _, err := p.rest(r, http.MethodGet, link("/v1/signatures", "about", d.About, "selector", d.Selector, "limit", "100"), nil, "", &page); err != nil {
		return view{}, err
	}
	d.Signatures, d.More = page.Signatures, page.Next != ""
	return view{template: "sign", Title: "Signatures", Section: "look", Data: d, status: status}, nil
}

// sign signs what was known when the form was shown. The key of who signs is
// sent on as the proof of who they are; where nobody is logged in, it says it too.
func (p *Pages) sign(r *http.Request) (view, error) {
	d := signData{Meaning: r.FormValue("meaning"), Reason: strings.TrimSpace(r.FormValue("reason"))}
	key := strings.TrimSpace(r.FormValue("key"))
	proving := r.Clone(r.Context())
	proving.Header.Del("Wellspring-Credential")
	if key != "" && !strings.ContainsAny(key, "\r\n") {
		proving.Header.Set("Wellspring-Credential", key)
		if who, _ := access.From(r.Context()); who.Means == access.ByMachine {
			proving.Header.Set("Authorization", "Bearer "+key)
		}
	}
	ask := link("/v1/signatures", "about", r.FormValue("about"), "selector", r.FormValue("selector"), "meaning", d.Meaning, "asOf", r.FormValue("asof"))
	var signed evidence.Signature
	status, err := p.rest(proving, http.MethodPost, ask, nil, d.Reason, &signed)
	switch lineage.KindOf(err) {
	case "":
		return p.signView(r, signData{Said: "Signed by " + signed.Who.Name + "."}, http.StatusOK)
	case lineage.ErrorInvalid, lineage.ErrorForbidden, lineage.ErrorUnauthenticated, lineage.ErrorLimited:
		d.Problem = err.Error()
		return p.signView(r, d, status)
	}
	return view{}, err
}
