package web

import (
	"net/http"
	"time"

	"wellspring/access"
	"wellspring/query"
)

// Module is a library that the program is built with.
type Module struct {
	Path, Version string
}

type aboutData struct {
	Settings []Setting
	Modules  []Module
	Go       string
}

// about says what runs here. How it is configured is for an admin.
func (p *Pages) about(r *http.Request) (view, error) {
	d := aboutData{Modules: p.Modules, Go: p.GoVersion}
	if who, _ := access.From(r.Context()); who.May(access.Admin, "pages") {
		d.Settings = p.Settings
	}
	return view{template: "about", Title: "About", Section: "about", Data: d}, nil
}

// nodeData is the page of what has no page of its own.
type nodeData struct {
	query.Node
}

func (p *Pages) node(r *http.Request) (view, error) {
	asOf, err := timeOf(r, "asof")
	if err != nil {
		return view{}, err
	}
	found, err := p.Query.Resolve(r.Context(), r.FormValue("of"), asOf)
	if err != nil {
		return view{}, err
	}
	node, err := p.Query.Node(r.Context(), found.ID, asOf)
	return view{template: "node", Title: title(found), Section: "look", Data: nodeData{Node: node}}, err
}

func rfc3339(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}
