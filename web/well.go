package web

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"wellspring/lineage"
	"wellspring/query"
)

// wellData is the page of a well.
type wellData struct {
	query.Well
	Of, At, AsOf string
	Selector     string // of what an evidence package is about
	Barcode      string
	Plate        string // its page
	RunLink      string
	Chain        []chainLink
	Moments      []moment
	Origins      query.Answer
	GraphOf      string
	PartOf       []lineage.Node // experiments, by its content, its plate or its run
}

// chainLink is one content of the well, with the step that made it.
type chainLink struct {
	State  lineage.Node
	Step   lineage.Node
	From   []source
	Of     string // run, where it is another
	Change *float64
}

// source is what a step brought.
type source struct {
	Node     lineage.Node
	VolumeUl *float64
	Possible bool
}

// moment is a time at which what is known of the well changed.
type moment struct {
	Value string
	At    time.Time
	Here  bool
}

func (p *Pages) well(r *http.Request) (view, error) {
	asOf, err := timeOf(r, "asof")
	if err != nil {
		return view{}, err
	}
	at, err := timeOf(r, "at")
	if err != nil {
		return view{}, err
	}
	well, err := p.Query.WellAt(r.Context(), r.FormValue("of"), at, asOf)
	if err != nil {
		return view{}, err
	}
	d := wellData{Well: well, Of: r.FormValue("of"), At: r.FormValue("at"), AsOf: r.FormValue("asof"),
		Barcode: attr(well.Labware, lineage.AttrBarcode), GraphOf: well.State.ID.String()}
	d.Selector = d.Of
	if d.At != "" {
		d.Selector = d.GraphOf
	}
	d.Plate = link("/plate", "of", query.JoinSelector(well.Run, cmp.Or(d.Barcode, attr(well.Labware, lineage.AttrLabware))), "asof", d.AsOf)
	d.RunLink = link("/run", "of", "run:"+well.Run)
	d.Origins, err = p.Query.Trace(r.Context(), query.Ask{Roots: []lineage.ID{well.State.ID}, Direction: lineage.Upstream, CarryOver: true,
		Limit: query.MaxLimit, AsOf: asOf})
	if err != nil {
		return view{}, err
	}
	if d.PartOf, err = p.Query.ExperimentsOf(r.Context(), []lineage.ID{well.State.ID, well.Labware.ID, lineage.RunID(well.Run)}, asOf); err != nil {
		return view{}, err
	}
	d.Chain = chain(well, d.Origins)
	if d.Moments, err = p.moments(r, well, asOf); err != nil {
		return view{}, err
	}
	name := cmp.Or(d.Barcode, title(well.Labware))
	return view{template: "well", Title: name + " " + well.Well, Section: "look", Wide: true, Data: d}, nil
}

// chain are the contents that the well had, newest first, each with what made it.
func chain(well query.Well, origins query.Answer) []chainLink {
	steps := make(map[lineage.ID]lineage.Node)
	for _, step := range origins.Steps {
		steps[step.ID] = step
	}
	nodes := make(map[lineage.ID]lineage.Node)
	for _, item := range origins.Items {
		nodes[item.ID] = item.Node
	}
	var all []chainLink
	for i, state := range well.States {
		one := chainLink{State: state}
		if run := attr(state, lineage.AttrRun); run != well.Run {
			one.Of = run
		}
		for _, e := range origins.Edges {
			if e.TargetID != state.ID {
				continue
			}
			if step, there := steps[e.TransformationID]; there {
				one.Step = step
			}
			if i > 0 && e.SourceID == well.States[i-1].ID {
				continue // what was there before
			}
			if from, there := nodes[e.SourceID]; there {
				one.From = append(one.From, source{from, numberOf(lineage.Node{Attributes: e.Attributes}, lineage.AttrVolumeUl),
					e.RelationshipType == lineage.CarriedOver})
			}
		}
		all = append(all, one)
	}
	slices.Reverse(all)
	return all
}

// mostMoments is how many moments are offered, the newest.
const mostMoments = 40

// moments are when what is known of the content changed: of its state, and of who
// filled the wells that it came from.
func (p *Pages) moments(r *http.Request, well query.Well, asOf time.Time) ([]moment, error) {
	ids := []lineage.ID{well.State.ID}
	for _, share := range well.Shares[:min(len(well.Shares), 20)] {
		if share.State.ID != well.State.ID {
			ids = append(ids, share.State.ID)
		}
	}
	seen := make(map[time.Time]bool)
	for _, id := range ids {
		revisions, err := p.Query.History(r.Context(), id)
		if err != nil {
			return nil, err
		}
		for _, revision := range revisions {
			if e := revision.Edge; e != nil && (e.TargetID != id || e.RelationshipType != lineage.DerivedFrom) && e.RelationshipType != lineage.MeasuredFrom {
				continue // what others made of it is not about it
			}
			seen[revision.CreatedAt.UTC()] = true
			if revision.RetractedAt != nil {
				seen[revision.RetractedAt.UTC()] = true
			}
		}
	}
	var all []moment
	for at := range seen {
		all = append(all, moment{at.Format(time.RFC3339Nano), at, at.Equal(asOf)})
	}
	slices.SortFunc(all, func(a, b moment) int { return b.At.Compare(a.At) })
	return all[:min(len(all), mostMoments)], nil
}
