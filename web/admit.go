package web

import (
	"net/http"
	"net/url"

	"wellspring/access"
	"wellspring/lineage"
)

// identify finds out who asks and whether they may; the request that comes back
// says it in its context. operation is that of the REST interface where there is
// one, so that a key which is for one operation is for no page.
func (p *Pages) identify(r *http.Request, role access.Role, operation string) (*http.Request, error) {
	who, err := p.Access.Identify(r)
	if err != nil {
		return r, err
	}
	if !who.May(role, operation) {
		return r, &lineage.Error{Op: "admit " + who.Name, Kind: lineage.ErrorForbidden, ID: r.URL.Path, Hint: "it needs the role " + string(role) + ": ask an admin"}
	}
	return r.WithContext(access.With(r.Context(), who)), nil
}

// admit lets to a page who may see it, and sends to the login who is not known.
func (p *Pages) admit(role access.Role, operation string, page func(*http.Request) (view, error)) func(*http.Request) (view, error) {
	return func(r *http.Request) (view, error) {
		known, err := p.identify(r, role, operation)
		switch {
		case lineage.KindOf(err) == lineage.ErrorUnauthenticated && r.Method == http.MethodGet && r.Header.Get("Authorization") == "":
			return view{redirect: "/login?to=" + url.QueryEscape(r.URL.RequestURI())}, nil
		case err != nil:
			return view{}, err
		}
		v, err := page(known)
		if err != nil {
			v = p.problem(r, err)
		}
		v.Who, _ = access.From(known.Context())
		return v, nil
	}
}
