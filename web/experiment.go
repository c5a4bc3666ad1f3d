package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"time"

	"wellspring/lineage"
	"wellspring/query"
)

// experimentsData is the list of experiments.
type experimentsData struct {
	query.Experiments
	After string
}

// experimentsListed is how many experiments a page lists.
const experimentsListed = 100

func (p *Pages) experiments(r *http.Request) (view, error) {
	d := experimentsData{After: r.FormValue("after")}
	var err error
	d.Experiments, err = p.Query.Experiments(r.Context(), lineage.Cursor(d.After), experimentsListed, time.Time{})
	return view{template: "experiments", Title: "Experiments", Section: "experiments", Data: d}, err
}

// experimentData is the page of an experiment.
type experimentData struct {
	query.Experiment
	Of, AsOf string
	Title    string
	CSV      string
	Read     []readRow
}

// readRow is what was measured of one plate at one go.
type readRow struct {
	What, Unit, Details, Plate string
	Link                       string
	At                         string
	Values                     int
	Least, Greatest            *float64
}

func (p *Pages) experiment(r *http.Request) (view, error) {
	asOf, err := timeOf(r, "asof")
	if err != nil {
		return view{}, err
	}
	found, err := p.Query.Experiment(r.Context(), r.FormValue("of"), asOf)
	if err != nil {
		return view{}, err
	}
	d := experimentData{Experiment: found, Of: query.SelectorOf(found.Experiment), AsOf: r.FormValue("asof"), Title: attr(found.Experiment, "title"), Read: readings(found.Readings)}
	d.CSV = "/v1/nodes/" + url.PathEscape(d.Of) + link("/impact", "format", "csv", "asOf", rfc3339(asOf))
	return view{template: "experiment", Title: cmp.Or(d.Title, found.Experiment.Name), Section: "experiments", Wide: true, Data: d}, nil
}

// readings sums values up by what was measured, of which plate, when.
func readings(all []lineage.Node) []readRow {
	rows := map[readRow]*readRow{}
	for _, value := range all {
		key := readRow{What: attr(value, "measured"), Unit: attr(value, "unit"), Details: attr(value, "details"), Plate: attr(value, "plate"), At: attr(value, lineage.AttrAt)}
		row := rows[key]
		if row == nil {
			copied := key
			row = &copied
			row.Link = link("/plate", "of", cmp.Or(prefixed("plate:", attr(value, lineage.AttrBarcode)), row.Plate), "by", "measured:"+row.What)
			rows[key] = row
		}
		row.Values++
		if v := numberOf(value, "value"); v != nil {
			row.Least, row.Greatest = least(row.Least, v, -1), least(row.Greatest, v, 1)
		}
	}
	var sums []readRow
	for _, row := range rows {
		sums = append(sums, *row)
	}
	slices.SortFunc(sums, func(a, b readRow) int {
		return cmp.Or(cmp.Compare(a.Plate, b.Plate), cmp.Compare(a.What, b.What), cmp.Compare(a.Details, b.Details), cmp.Compare(a.At, b.At))
	})
	return sums
}

// least is the lesser of two values, or with sign 1 the greater.
func least(a, b *float64, sign int) *float64 {
	if a == nil || cmp.Compare(*b, *a) == sign {
		return b
	}
	return a
}

func prefixed(prefix, name string) string {
	if name == "" {
		return ""
	}
	return prefix + name
}
