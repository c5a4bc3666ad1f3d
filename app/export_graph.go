package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"wellspring/evidence"
	"wellspring/evidence/pack"
	"wellspring/graphstore"
	"wellspring/ingest/journal"
	"wellspring/lineage"
	"wellspring/query"
)

// exportSource gathers what a package holds from graph, ledger and journal.
type exportSource struct {
	query    *query.Service
	store    graphstore.Store
	evidence *evidenceLog
	behind   bool // the pipeline was not through with all that came in before AsOf
}

// reasonBehind says that the graph was not up to date when it was exported.
const reasonBehind = "processing-behind"

var _ pack.Source = (*exportSource)(nil)

// Graph implements pack.Source.
func (s *exportSource) Graph(ctx context.Context, q pack.Question, yield func(pack.Item) error) (pack.Verdict, error) {
	g := &gathering{exportSource: s, asOf: q.AsOf, yield: yield, extra: map[lineage.ID]bool{}, edges: map[lineage.EdgeKey]bool{}, whole: map[string]bool{}, reasons: map[string]bool{}}
	if s.behind {
		g.reasons[reasonBehind] = true
	}
	if err := g.gather(ctx, q); err != nil {
		return pack.Verdict{}, err
	}
	v := pack.Verdict{Truncated: g.truncated, Reasons: []string{}, Explanations: []string{}}
	for reason := range g.reasons {
		v.Reasons = append(v.Reasons, reason)
	}
	slices.Sort(v.Reasons)
	for _, reason := range v.Reasons {
		sentence := query.Explain(reason)
		if reason == reasonBehind {
			sentence = "when this was exported, not everything that had come in was in the graph"
		}
		v.Explanations = append(v.Explanations, sentence)
	}
	v.Complete = len(v.Reasons) == 0 && !v.Truncated
	return v, nil
}

// Past implements pack.Source.
func (s *exportSource) Past(ctx context.Context, q pack.Question, nodes []lineage.ID) ([]lineage.Revision, error) {
	return s.store.Past(ctx, nodes, q.AsOf)
}

// gathering is the graph of one package.
type gathering struct {
	*exportSource
	asOf      time.Time
	yield     func(pack.Item) error
	extra     map[lineage.ID]bool      // ends of edges that were given on their own
	edges     map[lineage.EdgeKey]bool // of those
	whole     map[string]bool          // runs and plans whose part was given
	reasons   map[string]bool
	truncated bool
}

func (g *gathering) gather(ctx context.Context, q pack.Question) error {
	switch q.About {
	case pack.AboutRun:
		return g.run(ctx, q.Selector)
	case pack.AboutSince:
		return g.since(ctx, q)
	case pack.AboutExperiment:
		return g.experiment(ctx, q.Selector)
	case pack.AboutLot:
		return g.lot(ctx, selectorOf(q))
	case pack.AboutPlate:
		return g.plate(ctx, selectorOf(q))
	}
	node, err := g.query.Resolve(ctx, q.Selector, g.asOf)
	if err != nil {
		return err
	}
	if q.About == pack.AboutMeasurement && node.Kind != lineage.KindMeasurement || q.About == pack.AboutWell && node.Kind != lineage.KindWellState {
		return lineage.Invalid("export", q.Selector, "that is a "+string(node.Kind)+", no "+q.About)
	}
	return g.ancestry(ctx, []lineage.ID{node.ID})
}

func (g *gathering) because(reasons []string) {
	for _, reason := range reasons {
		g.reasons[reason] = true
	}
}

// run gives a run's part of the graph.
func (g *gathering) run(ctx context.Context, selector string) error {
	part, err := g.query.RunGraph(ctx, selector, g.asOf)
	if err != nil {
		return err
	}
	run, err := g.query.Run(ctx, selector, g.asOf)
	if err != nil {
		return err
	}
	g.because(run.Reasons)
	if name, ok := run.Run.Attributes[lineage.AttrRun].(string); ok {
		if g.whole[name] {
			return nil
		}
		defer func() { g.whole[name] = true }()
	}
	if err := g.part(ctx, part.Nodes, part.Edges); err != nil {
		return err
	}
	return g.origins(ctx, part.Nodes)
}

// part gives nodes and edges, and what is at the other ends of these.
func (g *gathering) part(ctx context.Context, nodes []lineage.Node, edges []lineage.Edge) error {
	there := make(map[lineage.ID]bool, len(nodes))
	for _, n := range nodes {
		there[n.ID] = true
		if g.extra[n.ID] {
			continue
		}
		if err := g.yield(pack.Item{Node: &n}); err != nil {
			return err
		}
	}
	var missing []lineage.ID
	for _, e := range edges {
		for _, id := range []lineage.ID{e.SourceID, e.TargetID, e.TransformationID} {
			if id != (lineage.ID{}) && !there[id] && !g.extra[id] {
				there[id], g.extra[id] = true, true
				missing = append(missing, id)
			}
		}
	}
	slices.SortFunc(missing, func(a, b lineage.ID) int { return slices.Compare(a[:], b[:]) })
	for ids := range slices.Chunk(missing, 1000) {
		ends, err := g.store.Nodes(ctx, ids, g.asOf)
		if err != nil {
			return err
		}
		for _, n := range ends {
			if name, _ := n.Attributes[lineage.AttrRun].(string); g.whole[name] {
				continue
			}
			if err := g.yield(pack.Item{Node: &n}); err != nil {
				return err
			}
		}
	}
	for _, e := range edges {
		if g.edges[e.Key()] {
			continue
		}
		if err := g.yield(pack.Item{Edge: &e}); err != nil {
			return err
		}
	}
	return nil
}

// since gives the part of every owner of whom something was entered since then.
func (g *gathering) since(ctx context.Context, q pack.Question) error {
	seen := map[string]bool{}
	return g.evidence.each(ctx, evidence.Query{Type: evidence.TypeRecord, From: q.Since}, func(e evidence.Entry, p evidence.Public) error {
		if seen[p.Subject] || !within(q, e, p) {
			return nil
		}
		seen[p.Subject] = true
		return g.owner(ctx, p.Subject)
	})
}

// owner gives what an owner says.
func (g *gathering) owner(ctx context.Context, subject string) error {
	id := lineage.ID{}
	if run, ok := strings.CutPrefix(subject, "run:"); ok {
		id = lineage.RunID(run)
	} else if plan, ok := strings.CutPrefix(subject, "plan:"); ok {
		id = lineage.PlanID(plan)
	}
	if id != (lineage.ID{}) {
		err := g.run(ctx, id.String())
		if lineage.KindOf(err) == lineage.ErrorNotFound { // a dead letter, say
			g.reasons[query.ReasonRunUnknown] = true
			return nil
		}
		return err
	}
	part, err := g.store.Owned(ctx, lineage.Owner(subject))
	if err != nil {
		return err
	}
	known := func(at time.Time) bool { return !at.After(g.asOf) }
	nodes := slices.DeleteFunc(part.Nodes, func(n lineage.Node) bool { return !known(n.CreatedAt) })
	edges := slices.DeleteFunc(part.Edges, func(e lineage.Edge) bool { return !known(e.CreatedAt) })
	return g.part(ctx, nodes, edges)
}

// experiment gives every run of an experiment, and the ancestry of what else is
// part of it.
func (g *gathering) experiment(ctx context.Context, selector string) error {
	nodes, err := g.store.Nodes(ctx, []lineage.ID{lineage.ExperimentID(strings.TrimPrefix(selector, "experiment:"))}, g.asOf)
	if err != nil {
		return err
	}
	if len(nodes) == 0 {
		return lineage.NotFound("export", selector, "no experiment was declared by that name")
	}
	members, err := g.store.Traverse(ctx, lineage.Traversal{
		Roots: []lineage.ID{nodes[0].ID}, Direction: lineage.Downstream, Types: []lineage.RelationshipType{lineage.PartOf}, Depth: 1, Nodes: lineage.MaxNodes, AsOf: g.asOf,
	})
	if err != nil {
		return err
	}
	g.truncated = g.truncated || len(members.Nodes) >= lineage.MaxNodes // one that ends at its depth is not cut
	if err := g.yield(pack.Item{Node: &nodes[0]}); err != nil {
		return err
	}
	for _, m := range members.Nodes {
		switch m.Kind {
		case lineage.KindExperiment:
		case lineage.KindRun, lineage.KindPlan:
			err = g.run(ctx, m.ID.String())
		default:
			err = g.part(ctx, []lineage.Node{m.Node}, edgesOf(members.Edges, m.ID))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func edgesOf(edges []lineage.Edge, target lineage.ID) []lineage.Edge {
	var own []lineage.Edge
	for _, e := range edges {
		if e.TargetID == target {
			own = append(own, e)
		}
	}
	return own
}

// lot gives what a lot touches, and what all of that came from.
func (g *gathering) lot(ctx context.Context, selector string) error {
	lots, err := g.query.ResolveAll(ctx, selector, g.asOf)
	if err != nil {
		return err
	}
	ids := make([]lineage.ID, len(lots))
	for i, l := range lots {
		ids[i] = l.ID
	}
	touched, err := g.reach(ctx, ids, lineage.Downstream, append(lineage.QuantitativeTypes(), lineage.CarriedOver))
	if err != nil {
		return err
	}
	return g.ancestry(ctx, idsOf(touched))
}

// plate gives what a plate held and what was measured of it, with all that it
// came from.
func (g *gathering) plate(ctx context.Context, selector string) error {
	plate, err := g.query.Resolve(ctx, selector, g.asOf)
	if err != nil {
		return err
	}
	held, err := g.reach(ctx, []lineage.ID{plate.ID}, lineage.Downstream, []lineage.RelationshipType{lineage.HeldIn, lineage.MeasuredFrom})
	if err != nil {
		return err
	}
	return g.ancestry(ctx, idsOf(held))
}

func idsOf(graph lineage.Graph) []lineage.ID {
	ids := make([]lineage.ID, len(graph.Nodes))
	for i, n := range graph.Nodes {
		ids[i] = n.ID
	}
	return ids
}

// reach follows relationships as far as the store lets one.
func (g *gathering) reach(ctx context.Context, roots []lineage.ID, direction lineage.Direction, types []lineage.RelationshipType) (lineage.Graph, error) {
	graph, err := g.store.Traverse(ctx, lineage.Traversal{Roots: roots, Direction: direction, Types: types, Depth: lineage.MaxDepth, Nodes: lineage.MaxNodes, AsOf: g.asOf})
	g.truncated = g.truncated || graph.Truncated
	if graph.Truncated {
		g.reasons[query.ReasonTruncated] = true
	}
	return graph, err
}

// ancestry gives all that nodes rest on: what they came from, by which steps, in
// which runs, by whom.
func (g *gathering) ancestry(ctx context.Context, roots []lineage.ID) error {
	graph, err := g.reach(ctx, roots, lineage.Upstream, lineage.RelationshipTypes())
	if err != nil {
		return err
	}
	nodes := make([]lineage.Node, len(graph.Nodes))
	for i, n := range graph.Nodes {
		nodes[i] = n.Node
		if list, ok := n.Attributes[lineage.AttrIncomplete].([]string); ok {
			g.because(list)
		}
		if undeclared, _ := n.Attributes["undeclared"].(bool); undeclared {
			g.reasons[query.ReasonUndeclared] = true
		}
	}
	return g.part(ctx, nodes, graph.Edges)
}

// within reports whether an entry was known at the time of the question: a
// record by the journal's time, an act by the ledger's.
func within(q pack.Question, e evidence.Entry, p evidence.Public) bool {
	at := e.LoggedAt
	if p.AppendedAt != nil {
		at = *p.AppendedAt
	}
	return !at.After(q.AsOf)
}

// Entries implements pack.Source.
func (s *exportSource) Entries(ctx context.Context, q pack.Question, subjects []string, size int64, yield func(evidence.Entry) error) error {
	if q.About == pack.AboutSince {
		return s.evidence.each(ctx, evidence.Query{From: q.Since, Below: size}, func(e evidence.Entry, p evidence.Public) error {
			if !within(q, e, p) {
				return nil
			}
			return yield(e)
		})
	}
	var found []int64
	for _, subject := range subjects {
		err := s.evidence.each(ctx, evidence.Query{Subject: subject, Below: size}, func(e evidence.Entry, p evidence.Public) error {
			if within(q, e, p) {
				found = append(found, e.Index)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	slices.Sort(found)
	for _, index := range slices.Compact(found) {
		page, err := s.evidence.List(ctx, evidence.Query{After: index, Below: index + 1, Limit: 1})
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			if err := yield(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// Payload implements pack.Source.
func (s *exportSource) Payload(ctx context.Context, e evidence.Entry) ([]byte, error) {
	before, err := s.evidence.Before(ctx, e.Index)
	if err != nil {
		return nil, err
	}
	if behind, _, err := s.evidence.journal.Lag(ctx, journal.Position(before)); err != nil || behind == 0 {
		return nil, err // without data the hash differs, which is said
	}
	records, err := s.evidence.journal.Read(ctx, journal.Position(before), 1)
	if err != nil {
		return nil, err
	}
	return records[0].Envelope.Event.Data(), nil
}

// each calls f with every entry that a query finds.
func (e *evidenceLog) each(ctx context.Context, q evidence.Query, f func(evidence.Entry, evidence.Public) error) error {
	q.Limit = lineage.MaxPage
	for {
		page, err := e.List(ctx, q)
		if err != nil {
			return err
		}
		for _, entry := range page.Entries {
			public, err := entry.Read()
			if err != nil {
				return err
			}
			if err := f(entry, public); err != nil {
				return err
			}
		}
		if page.Next == 0 {
			return nil
		}
		q.After = page.Next
	}
}

// sizeAt is the size of the log that holds everything that the journal had, and
// everything that was done, at a time.
func (e *evidenceLog) sizeAt(ctx context.Context, at time.Time) (int64, error) {
	size, err := e.SizeAt(ctx, at)
	if err != nil {
		return 0, err
	}
	// A record is entered a moment after the journal had it.
	done := errors.New("done")
	err = e.each(ctx, evidence.Query{After: size, Type: evidence.TypeRecord}, func(entry evidence.Entry, p evidence.Public) error {
		if p.AppendedAt != nil && p.AppendedAt.After(at) {
			return done
		}
		size = entry.Index + 1
		return nil
	})
	if err != nil && !errors.Is(err, done) {
		return 0, err
	}
	return size, nil
}
