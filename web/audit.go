package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"wellspring/evidence/pack"
)

// auditData is the page of the evidence log.
type auditData struct {
	Who, Action, Subject, Since string
	Acts                        []act
	Next                        string
	Log                         checkpoint
	Packages                    []pack.Export
}

// act is what GET /v1/audit says of one.
type act struct {
	Index         int64           `json:"index"`
	LoggedAt      time.Time       `json:"logged_at"`
	Action        string          `json:"action"`
	Outcome       string          `json:"outcome"`
	Who           string          `json:"who"`
	Authenticated bool            `json:"authenticated"`
	Subject       string          `json:"subject"`
	Target        string          `json:"target"`
	Reason        string          `json:"reason"`
	Old           json.RawMessage `json:"old"`
	New           json.RawMessage `json:"new"`
}

// checkpoint is the signed size and root of the log.
type checkpoint struct {
	Note string `json:"note"`
	Keys []struct {
		Verifier string `json:"verifier"`
		Since    int64  `json:"since"`
	} `json:"keys"`
}

func (p *Pages) audit(r *http.Request) (view, error) {
	value := func(name string) string { return strings.TrimSpace(r.FormValue(name)) }
	d := auditData{Who: value("who"), Action: value("action"), Subject: value("subject"), Since: value("since")}
	since, err := timeOf(r, "since")
	if err != nil {
		return view{}, err
	}
	var page struct {
		Acts []act
		Next string
	}
	ask := link("/v1/audit", "limit", "100", "who", d.Who, "action", d.Action, "subject", d.Subject, "since", rfc3339(since), "cursor", value("after"))
	if _, err := p.rest(r, http.MethodGet, ask, nil, "", &page); err != nil {
		return view{}, err
	}
	d.Acts, d.Next = page.Acts, page.Next
	if _, err := p.rest(r, http.MethodGet, "/v1/checkpoint", nil, "", &d.Log); err != nil {
		return view{}, err
	}
	var made struct{ Exports []pack.Export }
	if _, err := p.rest(r, http.MethodGet, "/v1/exports", nil, "", &made); err != nil {
		return view{}, err
	}
	d.Packages = made.Exports
	return view{template: "audit", Title: "Audit", Section: "audit", Wide: true, Data: d}, nil
}

// changed writes what was before, or is now, in one line; empty where it is nothing.
func changed(value json.RawMessage) string {
	text := string(value)
	if text == "null" {
		return ""
	}
	return cut(text, 200)
}
