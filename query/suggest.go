package query

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// The bounds of Suggest.
const (
	maxLookedThrough = 2000 // nodes of a kind
	MaxSuggestions   = 100
)

// Suggestion is a thing that a person may mean, with the selector that names it.
type Suggestion struct {
	Selector string       `json:"selector"`
	Node     lineage.Node `json:"node"`
	Where    string       `json:"where"` // what sets it apart: its run, slot or barcode
}

// Suggestions are in order of how well they fit.
type Suggestions struct {
	Suggestions []Suggestion `json:"suggestions"`
	// Partial: there is more of some kind than was looked through, or fits more than
	// is listed.
	Partial bool `json:"partial"`
}

// Suggest finds runs, plates, lots, samples, experiments and robots whose name, label, barcode
// or id has what was typed in it. limit is 1 to MaxSuggestions, 0 means 10.
func (s *Service) Suggest(ctx context.Context, typed string, limit int) (Suggestions, error) {
	if limit < 0 || limit > MaxSuggestions {
		return Suggestions{}, lineage.Invalid("suggest", "limit", "use 1 to 100")
	}
	limit = cmp.Or(limit, 10)
	if _, behind, named := strings.Cut(typed, ":"); named {
		typed = behind
	}
	answer := Suggestions{Suggestions: []Suggestion{}}
	plain := plainLetters(typed)
	if plain == "" || len(typed) > MaxSelector {
		return answer, nil
	}
	type ranked struct {
		Suggestion
		rank int
	}
	var found []ranked
	liquids := make(map[string]bool) // a name that many protocols give is one suggestion
	for _, kind := range []lineage.Kind{lineage.KindRun, lineage.KindLabware, lineage.KindLot, lineage.KindSample, lineage.KindExperiment, lineage.KindRobot} {
		nodes, more, err := s.look(ctx, kind, typed)
		if err != nil {
			return Suggestions{}, err
		}
		answer.Partial = answer.Partial || more
		for _, node := range nodes {
			rank, selector := fits(plain, node), SelectorOf(node)
			if kind == lineage.KindLot {
				selector = "lot:" + node.Name
			}
			if rank == 0 || liquids[selector] {
				continue
			}
			liquids[selector] = kind == lineage.KindLot
			found = append(found, ranked{Suggestion{selector, node, candidate(node).Where}, rank})
		}
	}
	slices.SortStableFunc(found, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), compareStarted(b.Node, a.Node)*weightOfRuns(a.Node, b.Node), cmp.Compare(a.Node.Name, b.Node.Name))
	})
	for _, one := range found[:min(limit, len(found))] {
		answer.Suggestions = append(answer.Suggestions, one.Suggestion)
	}
	answer.Partial = answer.Partial || len(found) > limit
	return answer, nil
}

// weightOfRuns lets the newest of two runs come first, and nothing else by time.
func weightOfRuns(a, b lineage.Node) int {
	if a.Kind == lineage.KindRun && b.Kind == lineage.KindRun {
		return 1
	}
	return 0
}

// look returns the nodes of a kind that may fit: those whose name begins with what
// was typed, however many there are of the kind, and the first of all. It reports
// whether there are more.
func (s *Service) look(ctx context.Context, kind lineage.Kind, typed string) ([]lineage.Node, bool, error) {
	var all []lineage.Node
	seen := make(map[lineage.ID]bool)
	more := false
	add := func(nodes []lineage.Node) {
		for _, node := range nodes {
			if !seen[node.ID] {
				seen[node.ID] = true
				all = append(all, node)
			}
		}
	}
	for _, prefix := range spellings(typed) {
		page, err := s.store.Find(ctx, lineage.Find{Kind: kind, Limit: MaxSuggestions, After: graphstore.Place{Name: prefix}.Cursor()})
		if err != nil {
			return nil, false, err
		}
		nodes := page.Nodes
		for len(nodes) > 0 && !strings.HasPrefix(nodes[len(nodes)-1].Name, prefix) {
			nodes = nodes[:len(nodes)-1]
		}
		more = more || len(nodes) == MaxSuggestions
		add(nodes)
	}
	for find := (lineage.Find{Kind: kind, Limit: findPage}); ; {
		page, err := s.store.Find(ctx, find)
		if err != nil {
			return nil, false, err
		}
		add(page.Nodes)
		if find.After = page.Next; find.After == "" {
			return all, more, nil
		}
		if len(all) >= maxLookedThrough {
			return all, true, nil
		}
	}
}

// spellings are the ways in which a name may begin with what was typed: an index
// tells A from a.
func spellings(typed string) []string {
	typed = strings.TrimSpace(typed)
	first, size := utf8.DecodeRuneInString(typed)
	all := []string{typed, strings.ToUpper(typed), strings.ToLower(typed), string(unicode.ToUpper(first)) + typed[size:]}
	slices.Sort(all)
	return slices.Compact(all)
}

// fits says how well a node fits what was typed: 1 best, 0 not at all.
func fits(plain string, node lineage.Node) int {
	if node.Kind == lineage.KindLabware && text(node.Attributes, lineage.AttrBarcode) == "" {
		return 0 // a person finds it by its run
	}
	best := 0
	for _, name := range append(designations(node), node.Name, text(node.Attributes, attrProtocolName), text(node.Attributes, "serial")) {
		name = plainLetters(name)
		rank := 0
		switch {
		case name == "":
		case name == plain:
			rank = 1
		case strings.HasPrefix(name, plain):
			rank = 2
		case len(plain) >= 2 && strings.Contains(name, plain):
			rank = 3
		}
		if rank > 0 && (best == 0 || rank < best) {
			best = rank
		}
	}
	return best
}

// SelectorOf is what names a node for a person: run:RUN, plate:BARCODE,
// RUN/LABWARE/WELL, lot:NAME; its id where there is no better. A well's state is
// named by its well, so by what that holds last.
func SelectorOf(node lineage.Node) string {
	a := node.Attributes
	switch node.Kind {
	case lineage.KindRun, lineage.KindPlan:
		return "run:" + runName(node)
	case lineage.KindLot:
		if text(a, attrLiquid) == "" {
			return "lot:" + node.Name
		}
	case lineage.KindSample:
		return "sample:" + text(a, lineage.AttrBarcode)
	case lineage.KindLabware:
		if barcode := text(a, lineage.AttrBarcode); barcode != "" {
			return "plate:" + barcode
		}
		if run := runName(node); run != "" {
			return JoinSelector(run, text(a, lineage.AttrLabware))
		}
	case lineage.KindWellState:
		return JoinSelector(runName(node), text(a, lineage.AttrLabware), text(a, lineage.AttrWell))
	case lineage.KindExperiment:
		return "experiment:" + node.Name
	case lineage.KindRobot:
		return "robot:" + text(a, "serial")
	}
	return node.ID.String()
}

// RunsNamed are the runs of these names that the graph has, newest first, each with
// the name of its plan's protocol where it says none itself.
func (s *Service) RunsNamed(ctx context.Context, names []string) ([]lineage.Node, error) {
	ids := make([]lineage.ID, len(names))
	for i, name := range names {
		ids[i] = lineage.RunID(name)
	}
	runs, err := s.store.Nodes(ctx, ids, time.Time{})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(runs, func(a, b lineage.Node) int { return compareStarted(b, a) })
	return nonNil(runs), s.nameByPlan(ctx, runs, time.Time{})
}

// nameByPlan gives runs that don't say what protocol they carried out the name
// that their plan gives it.
func (s *Service) nameByPlan(ctx context.Context, runs []lineage.Node, asOf time.Time) error {
	var nameless []lineage.ID
	for _, run := range runs {
		if text(run.Attributes, attrProtocolName) == "" {
			nameless = append(nameless, run.ID)
		}
	}
	if len(nameless) == 0 {
		return nil
	}
	plans, err := s.store.Traverse(ctx, lineage.Traversal{Roots: nameless, Direction: lineage.Upstream, Types: []lineage.RelationshipType{lineage.PlannedBy},
		Depth: 1, Nodes: lineage.MaxNodes, AsOf: asOf})
	if err != nil {
		return err
	}
	names := make(map[lineage.ID]string, len(plans.Nodes))
	for _, plan := range plans.Nodes {
		names[plan.ID] = text(plan.Attributes, attrProtocolName)
	}
	for _, edge := range plans.Edges {
		for i, run := range runs {
			if name := names[edge.SourceID]; run.ID == edge.TargetID && name != "" {
				runs[i].Attributes = merged(run.Attributes, lineage.Attributes{attrProtocolName: name})
			}
		}
	}
	return nil
}
