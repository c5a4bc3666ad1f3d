package web

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"wellspring/lineage"
	"wellspring/query"
)

// impactData is the page of what something touches.
type impactData struct {
	query.Summary
	Of, AsOf, From, To string
	Min                string // percent
	Name               string
	CSV                string
	About              string // what an evidence package about it is called
	Plates             []affectedPlate
	Asked              bool
}

// affectedPlate is a plate with the map that shows the shares on it.
type affectedPlate struct {
	query.Affected
	Map string
}

// listed is how many entries of each list the page has.
const listed = 500

func (p *Pages) impact(r *http.Request) (view, error) {
	d := impactData{Of: r.FormValue("of"), AsOf: r.FormValue("asof"), From: r.FormValue("from"), To: r.FormValue("to"), Min: r.FormValue("min")}
	v := view{template: "impact", Title: "Impact", Section: "impact", Wide: true}
	if d.Of == "" {
		v.Data = d
		return v, nil
	}
	ask := query.SummaryAsk{Selector: d.Of, Limit: listed}
	var err error
	if ask.AsOf, err = timeOf(r, "asof"); err != nil {
		return view{}, err
	}
	if ask.Span.From, err = timeOf(r, "from"); err != nil {
		return view{}, err
	}
	if ask.Span.To, err = timeOf(r, "to"); err != nil {
		return view{}, err
	}
	if d.Min != "" {
		share, err := strconv.ParseFloat(d.Min, 64)
		if err != nil {
			return view{}, lineage.Invalid("show impact", "least share "+d.Min, "write a number of percent, such as 1")
		}
		ask.MinFraction = share / 100
	}
	if d.Summary, err = p.Query.Summarize(r.Context(), ask); err != nil {
		return view{}, err
	}
	d.Asked, d.Name = true, d.Of
	if len(d.Roots) > 0 {
		d.Name, d.About = nodeTitle(d.Roots[0]), aboutOf(d.Roots[0].Kind)
	}
	d.CSV = "/v1/nodes/" + url.PathEscape(d.Of) + link("/impact", "format", "csv", "minFraction", cmp.Or(percentText(ask.MinFraction), ""), "asOf", rfc3339(ask.AsOf))
	for _, plate := range d.Affected.Plates {
		d.Plates = append(d.Plates, affectedPlate{plate, link("/plate", "of", plate.ID.String(), "ancestor", d.Of, "asof", d.AsOf)})
	}
	v.Title, v.Data = "Impact of "+d.Name, d
	return v, nil
}

func percentText(share float64) string {
	if share == 0 {
		return ""
	}
	return strconv.FormatFloat(share, 'g', -1, 64)
}

// affectedLink is the page of an affected thing.
func affectedLink(a query.Affected) string {
	return linkOf(lineage.Node{ID: a.ID, Kind: a.Kind, Name: a.Name})
}

// affectedTitle is its name; of a run, the short one.
func affectedTitle(a query.Affected) string {
	if a.Kind == lineage.KindRun || a.Kind == lineage.KindPlan {
		return strings.ToLower(string(a.Kind)) + " " + short(a.Name)
	}
	return a.Name
}

// rangeOf writes the least and the greatest share.
func rangeOf(a query.Affected) string {
	switch {
	case a.FractionMin == nil || a.FractionMax == nil:
		return notKnown
	case percent(a.FractionMin) == percent(a.FractionMax):
		return percent(a.FractionMax)
	}
	return percent(a.FractionMin) + " to " + percent(a.FractionMax)
}
