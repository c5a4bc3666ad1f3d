package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// webhooksData is the page of those who are told what happened.
type webhooksData struct {
	Webhooks []webhook `json:"webhooks"`
	Said     string    `json:"-"` // what became of a test
	Failed   bool      `json:"-"`
}

// webhook is what GET /v1/webhooks says of one.
type webhook struct {
	Name       string     `json:"name"`
	To         string     `json:"to"`
	Kinds      []string   `json:"kinds"`
	Signed     bool       `json:"signed"`
	State      string     `json:"state"`
	Error      string     `json:"error"`
	Waiting    int64      `json:"waiting"`
	OldestAt   *time.Time `json:"oldest_at"`
	LastSentAt *time.Time `json:"last_sent_at"`
	Sent       int64      `json:"sent"`
	Failed     int64      `json:"failed"`
	GivenUp    int64      `json:"given_up"`
	Dropped    int64      `json:"dropped"`
	Next       []notice   `json:"next"`
	Latest     []try      `json:"latest"`
}

// notice is one that a webhook does not have yet.
type notice struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Subject string    `json:"subject"`
	MadeAt  time.Time `json:"made_at"`
	Tries   int       `json:"tries"`
	DueAt   time.Time `json:"due_at"`
}

// try is one sending.
type try struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Subject string    `json:"subject"`
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
	Problem string    `json:"problem"`
}

func (p *Pages) webhooks(r *http.Request) (view, error) {
	return p.webhooksView(r, "", false)
}

func (p *Pages) webhooksView(r *http.Request, said string, failed bool) (view, error) {
	d := webhooksData{Said: said, Failed: failed}
	_, err := p.rest(r, http.MethodGet, "/v1/webhooks", nil, "", &d)
	return view{template: "webhooks", Title: "Webhooks", Section: "processing", Wide: true, Live: len(d.Webhooks) > 0, Data: d}, err
}

// testWebhook sends one a test event.
func (p *Pages) testWebhook(r *http.Request) (view, error) {
	name := r.FormValue("name")
	var tested struct {
		Seconds float64 `json:"seconds"`
		Problem string  `json:"problem"`
	}
	if _, err := p.rest(r, http.MethodPost, "/v1/webhooks/"+url.PathEscape(name)+"/test", nil, "", &tested); err != nil {
		return view{}, err
	}
	said := cmp.Or(tested.Problem, fmt.Sprintf("it took the event in %s", seconds(tested.Seconds)))
	return p.webhooksView(r, "Test of "+name+": "+said+".", tested.Problem != "")
}

// hookWords says what a state of the sending means.
func hookWords(state string) string {
	switch state {
	case "taking":
		return "it takes what it is sent"
	case "failing":
		return "the last try failed; it goes on by itself"
	case "gone":
		return "it wants no more; a test that works resumes"
	}
	return state
}
