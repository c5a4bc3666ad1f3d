package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"wellspring/etl"
	"wellspring/lineage"
	"wellspring/query"
)

// homeData is the first page.
type homeData struct {
	Typed string
	Runs  []lineage.Node
	Found []query.Suggestion
	More  bool
	None  bool // nothing has that name
}

// recentRuns is how many runs the first page lists.
const recentRuns = 20

func (p *Pages) home(r *http.Request) (view, error) {
	runs, err := p.recent(r.Context(), recentRuns)
	return view{template: "home", Title: "Search", Section: "search", Data: homeData{Runs: runs}}, err
}

// recent are the runs that were worked on last, newest first. The pipeline has
// them in that order; to look through all runs for those that started last would
// take the longer the more there are.
func (p *Pages) recent(ctx context.Context, limit int) ([]lineage.Node, error) {
	var names []string
	ask := etl.StatesQuery{Limit: 10 * limit}
	for range 10 { // documents that are no runs may be many
		page, err := p.Pipeline.List(ctx, ask)
		if err != nil {
			return nil, err
		}
		for _, one := range page.Processings {
			if name, is := strings.CutPrefix(string(one.Owner), "run:"); is && len(names) < limit {
				names = append(names, name)
			}
		}
		if ask.After = page.Next; ask.After == "" || len(names) == limit {
			break
		}
	}
	return p.Query.RunsNamed(ctx, names)
}

// search goes to what was typed, where that is one thing; else it lists what it
// may be.
func (p *Pages) search(r *http.Request) (view, error) {
	typed := strings.TrimSpace(r.FormValue("q"))
	if typed == "" {
		return view{redirect: "/"}, nil
	}
	for _, selector := range meant(typed) {
		node, err := p.Query.Resolve(r.Context(), selector, time.Time{})
		if err != nil {
			continue
		}
		if to := linkOf(node); node.Kind != lineage.KindWellState {
			return view{redirect: to}, nil
		}
		return view{redirect: link("/well", "of", selector)}, nil
	}
	found, err := p.Query.Suggest(r.Context(), typed, query.MaxSuggestions)
	if err != nil {
		return view{}, err
	}
	return view{template: "search", Title: "Search: " + typed, Section: "search",
		Data: homeData{Typed: typed, Found: found.Suggestions, More: found.Partial, None: len(found.Suggestions) == 0}}, nil
}

// meant are the selectors that a person may mean: what they typed, else the same
// as a barcode or a name.
func meant(typed string) []string {
	all := []string{typed}
	if _, _, named := strings.Cut(typed, ":"); !named {
		all = append(all, "plate:"+typed, "sample:"+typed, "lot:"+typed, "experiment:"+typed)
	}
	return all
}

// suggestion is a line under the search box.
type suggestion struct {
	Selector string `json:"selector"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	Where    string `json:"where"`
	Link     string `json:"link"`
}

// suggest answers the search box while one types.
func (p *Pages) suggest(r *http.Request) (any, error) {
	found, err := p.Query.Suggest(r.Context(), r.FormValue("q"), 8)
	lines := []suggestion{}
	for _, one := range found.Suggestions {
		lines = append(lines, suggestion{one.Selector, string(one.Node.Kind), title(one.Node), one.Where, link("/search", "q", one.Selector)})
	}
	return lines, err
}

// title is what a person calls a node.
func title(node lineage.Node) string {
	switch node.Kind {
	case lineage.KindRun, lineage.KindPlan:
		if name := attr(node, "protocolName"); name != "" {
			return name
		}
		return strings.ToLower(string(node.Kind)) + " " + short(attr(node, lineage.AttrRun))
	case lineage.KindLabware:
		if label := attr(node, "label"); label != "" {
			return label
		}
	}
	return node.Name
}
