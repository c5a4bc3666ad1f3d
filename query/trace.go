package query

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"wellspring/lineage"
)

// Trace answers an Ask.
func (s *Service) Trace(ctx context.Context, ask Ask) (Answer, error) {
	if err := ask.validate(); err != nil {
		return Answer{}, err
	}
	after, err := parsePlace(ask.After)
	if err != nil {
		return Answer{}, err
	}
	roots, err := s.nodes(ctx, ask.Roots, ask.AsOf)
	if err != nil {
		return Answer{}, err
	}
	graph, err := s.store.Traverse(ctx, lineage.Traversal{
		Roots: ask.Roots, Direction: ask.Direction, Types: ask.Types,
		Depth: ask.Depth, Nodes: lineage.MaxNodes, AsOf: ask.AsOf,
	})
	if err != nil {
		return Answer{}, err
	}

	shares := propagate(graph, ask.Roots, ask.Direction)
	answer := Answer{Roots: roots, Direction: ask.Direction, Truncated: graph.Truncated}
	if ask.Direction == lineage.Upstream {
		answer.Sentence = sentence(roots[0], graph, shares)
	}
	kept := newTracing(ask, graph, shares, roots).items()
	answer.Items, answer.Next = page(kept, after, ask.Limit)
	answer.Edges = pageEdges(graph.Edges, roots, kept, answer.Items)
	err = together(
		func() (err error) { answer.Steps, err = s.steps(ctx, answer.Edges, ask); return err },
		func() (err error) { answer.Experiments, err = s.experiments(ctx, graph, ask); return err },
		func() (err error) { answer.Reasons, err = s.reasons(ctx, ask, graph, shares); return err },
	)
	if err != nil {
		return Answer{}, err
	}
	answer.Complete, answer.Explanations = len(answer.Reasons) == 0, explained(answer.Reasons)
	return answer, nil
}

// together does things side by side and returns the first error in their order. What
// panics there panics here, where somebody may wait for it.
func together(things ...func() error) error {
	errs, panics := make([]error, len(things)), make([]any, len(things))
	var group sync.WaitGroup
	for i, do := range things {
		group.Go(func() {
			defer func() { panics[i] = recover() }()
			errs[i] = do()
		})
	}
	group.Wait()
	for _, cause := range panics {
		if cause != nil {
			panic(cause)
		}
	}
	return cmp.Or(errs...)
}

// nodes returns all of ids, or says which there is none of.
func (s *Service) nodes(ctx context.Context, ids []lineage.ID, asOf time.Time) ([]lineage.Node, error) {
	nodes, err := s.store.Nodes(ctx, ids, asOf)
	if err != nil {
		return nil, err
	}
	if len(nodes) == len(ids) {
		return nodes, nil
	}
	there := make(map[lineage.ID]bool, len(nodes))
	for _, node := range nodes {
		there[node.ID] = true
	}
	for _, id := range ids {
		if !there[id] {
			return nil, lineage.NotFound("find node", id.String(), "the graph has no such node at that time")
		}
	}
	return nodes, nil
}

// tracing holds what is needed to judge each node of a traversal.
type tracing struct {
	ask       Ask
	graph     lineage.Graph
	shares    shares
	conc      map[lineage.ID][]Concentration
	rootUl    *float64            // of the one root, upstream
	isRoot    map[lineage.ID]bool //
	certain   map[lineage.ID]bool // reached without carry-over; nil: all are
	derived   map[lineage.ID]bool // something further upstream was followed to
	decidable int                 // deepest level whose upstream edges are all there
}

func newTracing(ask Ask, graph lineage.Graph, shares shares, roots []lineage.Node) *tracing {
	t := &tracing{ask: ask, graph: graph, shares: shares,
		isRoot: make(map[lineage.ID]bool), derived: make(map[lineage.ID]bool)}
	for _, root := range roots {
		t.isRoot[root.ID] = true
	}
	t.conc = concentrations(graph, ask.Roots, ask.Direction, shares)
	if len(roots) == 1 {
		t.rootUl = number(roots[0].Attributes, lineage.AttrVolumeUl)
	}
	for _, edge := range graph.Edges {
		t.derived[edge.TargetID] = true
	}
	if slices.Contains(ask.Types, lineage.CarriedOver) {
		t.certain = reachedWithoutCarryOver(graph, ask.Roots, ask.Direction)
	}
	for _, node := range graph.Nodes {
		t.decidable = max(t.decidable, node.Depth)
	}
	if graph.Truncated {
		// The deepest level was not followed further, and the one before it may
		// have been followed in part.
		t.decidable -= 2
	}
	return t
}

// items are the nodes that the answer keeps, in the graph's order.
func (t *tracing) items() []Item {
	items := make([]Item, 0, len(t.graph.Nodes))
	for _, node := range t.graph.Nodes {
		if t.isRoot[node.ID] || len(t.ask.Kinds) > 0 && !slices.Contains(t.ask.Kinds, node.Kind) {
			continue
		}
		item := Item{Node: node.Node, Depth: node.Depth, Possible: t.certain != nil && !t.certain[node.ID], Concentrations: nonNil(t.conc[node.ID])}
		if share, ok := t.shares.of[node.ID]; ok {
			if share < t.ask.MinFraction {
				continue
			}
			item.Fraction = &share
			item.VolumeUl = t.volume(node, share)
		}
		item.Origin = t.ask.Direction == lineage.Upstream && !t.derived[node.ID] && node.Depth <= t.decidable
		items = append(items, item)
	}
	return items
}

// volume is the share of the content that the question is about, µL.
func (t *tracing) volume(node lineage.Reached, share float64) *float64 {
	whole := t.rootUl
	if t.ask.Direction == lineage.Downstream {
		whole = number(node.Attributes, lineage.AttrVolumeUl)
	}
	if whole == nil {
		return nil
	}
	volume := share * *whole
	return &volume
}

// reachedWithoutCarryOver is what the followed edges other than CARRIED_OVER
// lead to.
func reachedWithoutCarryOver(graph lineage.Graph, roots []lineage.ID, direction lineage.Direction) map[lineage.ID]bool {
	next := make(map[lineage.ID][]lineage.ID, len(graph.Nodes))
	for _, edge := range graph.Edges {
		if edge.RelationshipType == lineage.CarriedOver {
			continue
		}
		if direction == lineage.Upstream {
			next[edge.TargetID] = append(next[edge.TargetID], edge.SourceID)
		} else {
			next[edge.SourceID] = append(next[edge.SourceID], edge.TargetID)
		}
	}
	reached := make(map[lineage.ID]bool, len(graph.Nodes))
	queue := slices.Clone(roots)
	for _, root := range roots {
		reached[root] = true
	}
	for len(queue) > 0 {
		at := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, id := range next[at] {
			if !reached[id] {
				reached[id] = true
				queue = append(queue, id)
			}
		}
	}
	return reached
}

// place is where an item stands in the order of an answer.
type place struct {
	depth int
	id    lineage.ID
}

func (i Item) place() place { return place{i.Depth, i.ID} }

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.depth, o.depth), compareIDs(p.id, o.id))
}

func (p place) cursor() lineage.Cursor {
	return lineage.Cursor(base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(p.depth) + "." + p.id.String())))
}

// parsePlace reads a cursor. The empty cursor is before every item.
func parsePlace(cursor lineage.Cursor) (place, error) {
	if cursor == "" {
		return place{depth: -1}, nil
	}
	invalid := lineage.Invalid("ask", "cursor", "use the next of the page before, unchanged")
	text, err := base64.RawURLEncoding.DecodeString(string(cursor))
	if err != nil {
		return place{}, invalid
	}
	before, behind, _ := strings.Cut(string(text), ".")
	depth, err := strconv.Atoi(before)
	if err != nil {
		return place{}, invalid
	}
	id, err := uuid.Parse(behind)
	if err != nil {
		return place{}, invalid
	}
	return place{depth, id}, nil
}

// page cuts one page out of all items, which are in order.
func page(items []Item, after place, limit int) ([]Item, lineage.Cursor) {
	start, found := slices.BinarySearchFunc(items, after, func(i Item, p place) int { return i.place().compare(p) })
	if found {
		start++
	}
	rest := items[start:]
	if len(rest) <= limit {
		return rest, ""
	}
	return rest[:limit], rest[limit-1].place().cursor()
}

// pageEdges are the edges whose later end is on the page and whose other end is
// a root or an item of this page or of one before.
func pageEdges(edges []lineage.Edge, roots []lineage.Node, all, page []Item) []lineage.Edge {
	kept := make([]lineage.Edge, 0, len(page))
	if len(page) == 0 {
		return kept
	}
	places := make(map[lineage.ID]int, len(all)+len(roots)) // in all; roots are before it
	for i := range all {
		places[all[i].ID] = i
	}
	for _, root := range roots {
		places[root.ID] = -1
	}
	first := places[page[0].ID]
	for i := range edges {
		source, hasSource := places[edges[i].SourceID]
		target, hasTarget := places[edges[i].TargetID]
		later := max(source, target)
		if hasSource && hasTarget && later >= first && later < first+len(page) {
			kept = append(kept, edges[i])
		}
	}
	return kept
}

// steps are the transformations that the edges name, in executed order.
func (s *Service) steps(ctx context.Context, edges []lineage.Edge, ask Ask) ([]lineage.Node, error) {
	var ids []lineage.ID
	for _, edge := range edges {
		if edge.TransformationID != uuid.Nil {
			ids = append(ids, edge.TransformationID)
		}
	}
	if len(ids) == 0 {
		return []lineage.Node{}, nil
	}
	slices.SortFunc(ids, compareIDs)
	steps, err := s.store.Nodes(ctx, slices.Compact(ids), ask.AsOf)
	if err != nil {
		return nil, err
	}
	sortExecuted(steps)
	return steps, nil
}
