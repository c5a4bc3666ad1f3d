package web

import (
	"net/http"

	"wellspring/lineage"
	"wellspring/query"
)

// compareData is the page of two runs, or of a run and its plan.
type compareData struct {
	From, To string
	Runs     []lineage.Node
	Diff     *query.Diff
}

// withPlan is the other side that is no run.
const withPlan = "plan"

func (p *Pages) compare(r *http.Request) (view, error) {
	d := compareData{From: r.FormValue("from"), To: r.FormValue("to")}
	var err error
	if d.Runs, err = p.recent(r.Context(), 50); err != nil {
		return view{}, err
	}
	v := view{template: "compare", Title: "Compare runs", Section: "compare", Wide: true}
	if d.From != "" && d.To != "" {
		var diff query.Diff
		if d.To == withPlan {
			diff, err = p.Query.DiffPlan(r.Context(), d.From, listed)
		} else {
			diff, err = p.Query.DiffRuns(r.Context(), d.From, d.To, listed)
		}
		if err != nil {
			return view{}, err
		}
		d.Diff, d.From = &diff, query.SelectorOf(diff.From)
		if d.To == withPlan {
			d.From = query.SelectorOf(diff.To) // the first is the plan
		} else {
			d.To = query.SelectorOf(diff.To)
		}
	}
	v.Data = d
	return v, nil
}

// word says in plain words what differs.
func word(what string) string {
	switch what {
	case "only-from":
		return "only in the first"
	case "only-to":
		return "only in the second"
	case "undeclared-in-plan":
		return "the plan did not know what the plate came with"
	case "lots":
		return "another lot"
	}
	return what
}
