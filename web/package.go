package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"wellspring/access"
	"wellspring/evidence/pack"
	"wellspring/evidence/verify"
	"wellspring/lineage"
)

// exportForm asks for an evidence package about what a page shows.
type exportForm struct {
	May                   bool // who looks at the page may have one made
	About, Selector, AsOf string
}

func exportOf(who access.Principal, about, selector, asOf string) exportForm {
	return exportForm{who.May(access.Auditor, "createExport"), about, selector, asOf}
}

// aboutOf is what a package about a node is called; empty: there is none.
func aboutOf(kind lineage.Kind) string {
	switch kind {
	case lineage.KindLot, lineage.KindSample:
		return pack.AboutLot
	case lineage.KindRun, lineage.KindPlan:
		return pack.AboutRun
	case lineage.KindLabware:
		return pack.AboutPlate
	case lineage.KindWellState:
		return pack.AboutWell
	case lineage.KindMeasurement:
		return pack.AboutMeasurement
	case lineage.KindExperiment:
		return pack.AboutExperiment
	}
	return ""
}

// export has a package made. One that is made at once goes to the browser, which
// stays on its page; else a page shows how far it is.
func (p *Pages) export(r *http.Request) (view, error) {
	value := func(name string) string { return strings.TrimSpace(r.FormValue(name)) }
	asOf, err := timeOf(r, "asof")
	if err != nil {
		return view{}, err
	}
	ask := link("/v1/exports", "about", value("about"), "selector", value("selector"), "asOf", rfc3339(asOf), "redact", value("redact"), "wait", "20")
	var x pack.Export
	if _, err := p.rest(r, http.MethodPost, ask, nil, "", &x); err != nil {
		return view{}, err
	}
	if x.State == pack.StateDone {
		return view{redirect: packageLink(x)}, nil
	}
	return view{redirect: link("/export", "id", x.ID)}, nil
}

// exported shows how far a package is.
func (p *Pages) exported(r *http.Request) (view, error) {
	var x pack.Export
	if _, err := p.rest(r, http.MethodGet, "/v1/exports/"+url.PathEscape(r.FormValue("id")), nil, "", &x); err != nil {
		return view{}, err
	}
	making := x.State == pack.StateWaiting || x.State == pack.StateWorking
	return view{template: "export", Title: "Evidence package", Section: "audit", Live: making, Data: x}, nil
}

func packageLink(x pack.Export) string { return "/v1/exports/" + url.PathEscape(x.ID) + "/package" }

// verified is what a check of a package found.
type verified struct {
	verify.Report
	File    string
	Bytes   int64
	Named   bool // the person named a key to trust
	Own     bool // the key is of this service's log
	Seconds float64
}

// checkLimits bound what a package that is sent to a page may cost; who has a
// larger one checks it with the command.
func checkLimits() verify.Limits {
	return verify.Limits{Files: 100_000, Bytes: 4 << 30, Small: 64 << 20, Line: 16 << 20}
}

// mostChecked is how many packages are checked at a time.
const mostChecked = 2

// formMemory is how much of a form is kept in memory, bytes; a file's rest is on disk.
const formMemory = 4 << 20

// verify checks a package offline, as wellspring verify does: what the graph or
// the log of this service say counts for nothing, but for its public keys.
func (p *Pages) verify(r *http.Request) (view, error) {
	const op = "verify package"
	select {
	case p.checking <- struct{}{}:
		defer func() { <-p.checking }()
	default:
		return view{}, &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: "Other packages are being checked.", Hint: "Try again in a moment, or use: wellspring verify FILE."}
	}
	if err := r.ParseMultipartForm(formMemory); err != nil {
		var long *http.MaxBytesError
		if errors.As(err, &long) {
			return view{}, lineage.Invalid(op, "package", plural(int(long.Limit>>20), "MiB")+" is the most that can be sent (max-bytes); check larger ones with: wellspring verify FILE")
		}
		return view{}, lineage.Invalid(op, "package", "choose a file, or drop one")
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }() // what is left is cleared with the temporary files
	file, about, err := r.FormFile("package")
	if err != nil {
		return view{}, lineage.Invalid(op, "package", "choose a file, or drop one")
	}
	defer func() { _ = file.Close() }()
	key := strings.TrimSpace(r.FormValue("key"))
	began := time.Now()
	report, err := verify.Archive(file, about.Size, verify.Options{Keys: strings.Fields(key), Limits: checkLimits()})
	if err != nil {
		return view{}, err
	}
	d := verified{Report: report, File: cmp.Or(about.Filename, "the package"), Bytes: about.Size, Named: key != "", Seconds: time.Since(began).Seconds()}
	var log checkpoint
	if _, err := p.rest(r, http.MethodGet, "/v1/checkpoint", nil, "", &log); err != nil {
		return view{}, err
	}
	for _, own := range log.Keys {
		d.Own = d.Own || own.Verifier == report.Key
	}
	return view{template: "verified", Title: "Verified: " + d.File, Section: "audit", Data: d}, nil
}
