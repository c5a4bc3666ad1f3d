package query

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"wellspring/lineage"
)

// TouchedAsk asks where something of a lot, a sample or a first content came to.
type TouchedAsk struct {
	Selector string
	Limit    int            // wells of a page, 1..MaxLimit; 0 means DefaultLimit
	After    lineage.Cursor // the page after this place
}

// Touched is where something came to, by what contents say they are made of: what an
// impact finds by following derivations, without the ways there and without what carry-over
// may have brought. A view answers it, so it is about what is known now.
type Touched struct {
	Roots []lineage.Node `json:"roots"` // the lots, samples or contents that are asked about
	// Firsts are the first contents of wells that these filled, or are.
	Firsts      int            `json:"firsts"`
	Counts      TouchedCounts  `json:"counts"`      // of all pages
	Experiments []lineage.Node `json:"experiments"` // that these runs and plates are part of, by name
	Wells       []TouchedWell  `json:"wells"`       // in order of run, labware and well
	Next        lineage.Cursor `json:"next,omitempty"`
	Truncated   bool           `json:"truncated"` // a bound cut the answer: there is more than all pages hold
	Complete    bool           `json:"complete"`
	Reasons     []string       `json:"reasons"`
	// Explanations says each reason in a sentence, in their order.
	Explanations []string `json:"explanations"`
}

// TouchedCounts are how many there are of each.
type TouchedCounts struct {
	Wells        int `json:"wells"` // of physical labware: one that two runs used counts once
	Plates       int `json:"plates"`
	Runs         int `json:"runs"`
	Measurements int `json:"measurements"`
	Experiments  int `json:"experiments"`
	Planned      int `json:"planned"` // wells of plans, which are in no list
}

// TouchedWell is a well of a run.
type TouchedWell struct {
	Run          string     `json:"run"`     // the robot's id
	Labware      string     `json:"labware"` // its id within the run
	Well         string     `json:"well"`
	Plate        lineage.ID `json:"plate"` // the labware, whichever run used it
	Name         string     `json:"name"`  // of the labware and the well, for people
	Contents     int        `json:"contents"`
	Measurements int        `json:"measurements"`
	FractionMin  float64    `json:"fraction_min"` // of a content there
	FractionMax  float64    `json:"fraction_max"`
}

func (w TouchedWell) compare(o TouchedWell) int {
	return cmp.Or(strings.Compare(w.Run, o.Run), strings.Compare(w.Labware, o.Labware), compareWellNames(w.Well, o.Well), compareIDs(w.Plate, o.Plate))
}

func (w TouchedWell) cursor() lineage.Cursor {
	return lineage.Cursor(base64.RawURLEncoding.EncodeToString([]byte(strings.Join([]string{w.Run, w.Labware, w.Well, w.Plate.String()}, "\n"))))
}

// afterWell reads a cursor.
func afterWell(cursor lineage.Cursor) (w TouchedWell, err error) {
	text, err := base64.RawURLEncoding.DecodeString(string(cursor))
	parts := strings.Split(string(text), "\n")
	if err != nil || len(parts) != 4 || w.Plate.UnmarshalText([]byte(parts[3])) != nil {
		return w, lineage.Invalid("ask", "cursor", "use the next of the page before, unchanged")
	}
	w.Run, w.Labware, w.Well = parts[0], parts[1], parts[2]
	return w, nil
}

// Touched answers a TouchedAsk.
func (s *Service) Touched(ctx context.Context, ask TouchedAsk) (Touched, error) {
	if ask.Limit < 0 || ask.Limit > MaxLimit {
		return Touched{}, lineage.Invalid("ask", "limit", "use 1 to 10000")
	}
	limit := cmp.Or(ask.Limit, DefaultLimit)
	named, err := s.ResolveAll(ctx, ask.Selector, time.Time{})
	if err != nil {
		return Touched{}, err
	}
	firsts, cut, err := s.firsts(ctx, ask.Selector, named)
	if err != nil {
		return Touched{}, err
	}
	held, more, err := s.store.Holders(ctx, firsts, lineage.MaxNodes)
	if err != nil {
		return Touched{}, err
	}
	t := Touched{Roots: named, Firsts: len(firsts), Truncated: cut || more}
	if err := s.fillTouched(ctx, &t, held); err != nil {
		return Touched{}, err
	}
	if ask.After != "" {
		after, err := afterWell(ask.After)
		if err != nil {
			return Touched{}, err
		}
		i, there := slices.BinarySearchFunc(t.Wells, after, TouchedWell.compare)
		if there {
			i++
		}
		t.Wells = t.Wells[i:]
	}
	if len(t.Wells) > limit {
		t.Wells = t.Wells[:limit]
		t.Next = t.Wells[limit-1].cursor()
	}
	return t, nil
}

// firsts are the first contents that lots and samples filled, or those that are asked about.
func (s *Service) firsts(ctx context.Context, selector string, named []lineage.Node) (ids []lineage.ID, cut bool, err error) {
	seen := map[lineage.ID]bool{}
	var stocks []lineage.ID
	take := func(node lineage.Node) {
		switch {
		case seen[node.ID]:
		case isStock(node.Kind):
			stocks = append(stocks, node.ID)
		case node.Kind == lineage.KindWellState:
			ids = append(ids, node.ID)
		}
		seen[node.ID] = true
	}
	for _, node := range named {
		if !isStock(node.Kind) && !isFirst(node) {
			return nil, false, lineage.Invalid("touched", selector, "ask about a lot, a sample or the first content of a well; impact tells what anything else came to")
		}
		take(node)
	}
	for len(stocks) > 0 { // a lot may be filled from a lot
		roots := stocks
		stocks = nil
		graph, err := s.store.Traverse(ctx, lineage.Traversal{
			Roots: roots, Direction: lineage.Downstream, Types: []lineage.RelationshipType{lineage.DerivedFrom}, Depth: 1, Nodes: lineage.MaxNodes,
		})
		if err != nil {
			return nil, false, err
		}
		cut = cut || len(graph.Nodes) >= lineage.MaxNodes
		for _, node := range graph.Nodes {
			take(node.Node)
		}
	}
	return ids, cut, nil
}

// isFirst reports whether a content is one that others are made of.
func isFirst(node lineage.Node) bool {
	ids := texts(node.Attributes, lineage.AttrOriginIDs)
	return node.Kind == lineage.KindWellState && len(ids) == 1 && ids[0] == node.ID.String()
}

// fillTouched says of the wells what they are and how many.
func (s *Service) fillTouched(ctx context.Context, t *Touched, held []lineage.HeldWell) error {
	runs, plans, reasons, err := s.runsHolding(ctx, held)
	if err != nil {
		return err
	}
	labware, cut, err := s.labwareUsed(ctx, runs, time.Time{})
	if err != nil {
		return err
	}
	t.Truncated = t.Truncated || cut
	var things []lineage.ID // that may be part of experiments
	for _, run := range runs {
		things = append(things, run.ID)
	}
	planned, wells, plates, of := map[wellKey]bool{}, map[wellKey]bool{}, map[lineage.ID]bool{}, map[string]bool{}
	t.Wells = make([]TouchedWell, 0, len(held))
	for _, h := range held {
		plate, known := labware[h.Run][h.Labware]
		if !known {
			plate = lineage.Node{ID: lineage.LabwareID(h.Run, h.Labware), Name: h.Labware}
		}
		at := wellKey{plate.ID, h.Well}
		if plans[h.Run] {
			planned[at] = true
			continue
		}
		if of[h.Run], wells[at] = true, true; !plates[plate.ID] {
			plates[plate.ID] = true
			things = append(things, plate.ID)
		}
		t.Counts.Measurements += h.Measurements
		t.Wells = append(t.Wells, TouchedWell{Run: h.Run, Labware: h.Labware, Well: h.Well, Plate: plate.ID, Name: labwareTitle(plate) + " " + h.Well,
			Contents: h.Contents, Measurements: h.Measurements, FractionMin: h.FractionMin, FractionMax: h.FractionMax})
	}
	slices.SortFunc(t.Wells, TouchedWell.compare)
	if t.Experiments, err = s.ExperimentsOf(ctx, things, time.Time{}); err != nil {
		return err
	}
	t.Experiments = nonNil(t.Experiments)
	t.Counts.Wells, t.Counts.Plates, t.Counts.Runs = len(wells), len(plates), len(of)
	t.Counts.Experiments, t.Counts.Planned = len(t.Experiments), len(planned)
	if t.Truncated {
		reasons = append(reasons, ReasonTruncated)
	}
	t.Reasons = nonNil(sortedSet(reasons))
	t.Complete, t.Explanations = len(t.Reasons) == 0, explained(t.Reasons)
	return nil
}

// runsHolding tells runs from plans, and what is not known of these runs.
func (s *Service) runsHolding(ctx context.Context, held []lineage.HeldWell) (runs []lineage.Node, plans map[string]bool, reasons []string, err error) {
	plans = map[string]bool{}
	named, last := 0, ""
	var ids []lineage.ID
	for _, h := range held { // in order of run
		if named == 0 || h.Run != last {
			named, last, ids = named+1, h.Run, append(ids, lineage.RunID(h.Run), lineage.PlanID(h.Run))
		}
	}
	found, err := s.store.Nodes(ctx, ids, time.Time{})
	if err != nil {
		return nil, nil, nil, err
	}
	if len(found) < named {
		reasons = append(reasons, ReasonRunUnknown)
	}
	for _, node := range found {
		if node.Kind == lineage.KindPlan {
			plans[runName(node)] = true
			continue
		}
		runs, reasons = append(runs, node), append(reasons, runGaps(node)...)
	}
	return runs, plans, reasons, nil
}
