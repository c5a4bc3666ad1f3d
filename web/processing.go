package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"wellspring/etl"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// processingData is the page of the pipeline.
type processingData struct {
	Status  string
	Letters []letterRow
	Dead    int // of the letters listed
	More    bool
	Page    etl.StatesPage
	Cursor  string
}

type letterRow struct {
	journal.DeadLetter
	Subject string
	Kind    string
}

// lettersListed is how many dead letters the page has.
const lettersListed = 100

func (p *Pages) processing(r *http.Request) (view, error) {
	d := processingData{Status: r.FormValue("status"), Cursor: r.FormValue("after")}
	letters, err := p.Letters.Letters(r.Context(), "", lettersListed)
	if err != nil {
		return view{}, err
	}
	d.More = len(letters) == lettersListed
	for _, letter := range letters {
		if letter.State == journal.StateDead {
			d.Dead++
		}
		d.Letters = append(d.Letters, rowOf(letter))
	}
	d.Page, err = p.Pipeline.List(r.Context(), etl.StatesQuery{Status: etl.Status(d.Status), After: lineage.Cursor(d.Cursor), Limit: 50})
	return view{template: "processing", Title: "Processing", Section: "processing", Wide: true, Live: true, Data: d}, err
}

func rowOf(letter journal.DeadLetter) letterRow {
	row := letterRow{DeadLetter: letter}
	if envelope := letter.Record.Envelope; envelope.Event.Context != nil { // a damaged record has none
		row.Subject, row.Kind = envelope.Event.Subject(), envelope.Event.Type()
	}
	return row
}

// letterData is the page of one dead letter.
type letterData struct {
	letterRow
	Payload string
	Cut     int    // bytes that are not shown
	Said    string // what became of a try
	Failed  bool
}

// shownBytes is how much of a document a page shows.
const shownBytes = 8 << 10

func (p *Pages) letter(r *http.Request) (view, error) {
	letter, err := p.Letters.Letter(r.Context(), r.FormValue("id"))
	if err != nil {
		return view{}, err
	}
	return letterView(letter, "", false), nil
}

func letterView(letter journal.DeadLetter, said string, failed bool) view {
	d := letterData{letterRow: rowOf(letter), Said: said, Failed: failed}
	if letter.Record.Envelope.Event.Context != nil {
		payload := letter.Record.Envelope.Event.Data()
		var pretty bytes.Buffer
		if json.Indent(&pretty, payload, "", "  ") == nil {
			payload = pretty.Bytes()
		}
		d.Cut = max(0, len(payload)-shownBytes)
		payload = payload[:len(payload)-d.Cut]
		if !utf8.Valid(payload) {
			payload = bytes.ToValidUTF8(payload, []byte("\uFFFD"))
		}
		d.Payload = string(payload)
	}
	return view{template: "letter", Title: "Dead letter", Section: "processing", Data: d}
}

// retry takes a dead letter up again.
func (p *Pages) retry(r *http.Request) (view, error) {
	id := r.FormValue("id")
	var retried struct {
		Error string `json:"error"`
	}
	status, err := p.rest(r, http.MethodPost, "/v1/deadletters/"+url.PathEscape(id)+"/retry", nil, "", &retried)
	if err != nil {
		return view{}, err
	}
	letter, err := p.Letters.Letter(r.Context(), id)
	switch {
	case err != nil:
		return view{}, err
	case status == http.StatusAccepted:
		return letterView(letter, "It is taken up again, and takes its time: this page shows how it ends when you load it again.", false), nil
	case retried.Error != "":
		return letterView(letter, "It was tried again, and failed as before.", true), nil
	}
	return letterView(letter, "It was tried again, and is in the graph now.", false), nil
}

// drop gives a dead letter up.
func (p *Pages) drop(r *http.Request) (view, error) {
	id := r.FormValue("id")
	var dropped json.RawMessage
	if _, err := p.rest(r, http.MethodPost, "/v1/deadletters/"+url.PathEscape(id)+"/drop", nil, strings.TrimSpace(r.FormValue("reason")), &dropped); err != nil {
		return view{}, err
	}
	return view{redirect: link("/deadletter", "id", id)}, nil
}
