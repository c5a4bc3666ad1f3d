package etl

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"wellspring/etl/benchindex"
	"wellspring/graphstore"
	"wellspring/lineage"
)

// RebuildOptions may be left zero.
type RebuildOptions struct {
	// Into is an empty graph to make; nil: the pipeline's own is made equal.
	Into graphstore.Store
	// Graph is the pipeline's own graph, to read from without what may keep its
	// answers; nil: the pipeline's Store.
	Graph graphstore.Store
	// Swap puts Into in the place of the pipeline's own graph, while no owner has
	// a turn. Nil: Into stays beside it.
	Swap     func(ctx context.Context) error
	Progress func(FsckProgress) // as in FsckOptions
	Files    map[string]func(ctx context.Context) ([]string, error)
}

// Rebuild is what making the graph again came to.
type Rebuild struct {
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"`
	Owners    int       `json:"owners"`    // that were made again
	Retracted int       `json:"retracted"` // owners that the journal doesn't know
	Fsck      Fsck      `json:"fsck"`      // of the graph that was made
}

// rebuildWindow is how much of the journal's time one derivation covers where a
// graph is made from nothing: so exact is what it then answers as of a time.
const rebuildWindow = time.Minute

// keeper is a place of states that takes over another bench index, and forgets
// an owner.
type keeper interface {
	AdoptBench(ctx context.Context, index *benchindex.Index) error
	Forget(ctx context.Context, owner lineage.Owner) error
}

// Rebuild makes the graph and the bench index again from the journal, and proves
// it with Fsck. The pipeline may run: it goes on taking and deriving. When it is
// cut off, what there was is still there, or is as good as new; call it again.
func (p *Pipeline) Rebuild(ctx context.Context, options RebuildOptions) (Rebuild, error) {
	report := Rebuild{StartedAt: p.config.Clock()}
	if options.Progress == nil {
		options.Progress = func(FsckProgress) {}
	}
	if options.Graph == nil {
		options.Graph = p.config.Store
	}
	s, discard, err := p.newShadow(ctx)
	if err != nil {
		return report, err
	}
	defer func() { _ = discard() }() // a temporary folder: it was taken over, or is not needed
	if !p.queue.running() {
		if err := p.graves.load(ctx, p.config.DeadLetters); err != nil {
			return report, err
		}
	}
	if options.Into != nil {
		s.store, s.window = options.Into, rebuildWindow
	}
	total, _, err := p.config.Journal.Lag(ctx, "")
	if err != nil {
		return report, err
	}
	s.progress = func(int) { options.Progress(FsckProgress{Step: "derive", Done: s.records, Total: total}) }
	if err := s.catchUp(ctx); err != nil {
		return report, err
	}
	if options.Into == nil || options.Swap != nil {
		if err := p.takeOver(ctx, s, options.Swap); err != nil {
			return report, err
		}
	}
	report.Owners = len(s.order)
	target := options.Into
	if target == nil || options.Swap != nil {
		target = options.Graph
		if report.Retracted, err = p.settleAll(ctx, s, options); err != nil {
			return report, err
		}
	}
	report.Fsck, err = p.Fsck(ctx, FsckOptions{Store: target, Progress: options.Progress, Files: options.Files})
	report.EndedAt = p.config.Clock()
	return report, err
}

// takeOver puts what the shadow made in place while nobody has a turn: what came
// meanwhile is in it too.
func (p *Pipeline) takeOver(ctx context.Context, s *shadow, swap func(context.Context) error) error {
	release, err := p.queue.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	if err := s.config.Bench.Begin(ctx, p.config.Clock()); err != nil {
		return err
	}
	if states, ok := p.config.States.(keeper); ok {
		if err := states.AdoptBench(ctx, s.config.Bench); err != nil {
			return err
		}
	}
	if swap != nil {
		return swap(ctx)
	}
	return nil
}

// settleAll gives a turn to every owner whose part of the graph or whose state is
// not what the journal says, and retracts those that it doesn't know.
func (p *Pipeline) settleAll(ctx context.Context, s *shadow, options RebuildOptions) (retracted int, err error) {
	var wrong []lineage.Owner
	spoiled := map[lineage.ID]bool{} // nodes that say something else
	for i, who := range s.order {
		options.Progress(FsckProgress{Step: "compare", Done: int64(i), Total: int64(len(s.order))})
		right, err := p.isRight(ctx, s, options.Graph, who, spoiled)
		if err != nil {
			return 0, err
		}
		if !right {
			wrong = append(wrong, who)
		}
	}
	if wrong, err = p.retract(ctx, options.Graph, wrong, spoiled); err != nil {
		return 0, err
	}
	for i, who := range wrong {
		options.Progress(FsckProgress{Step: "make", Done: int64(i), Total: int64(len(wrong))})
		if err := p.remake(ctx, who); err != nil {
			return 0, err
		}
	}
	unknown, err := p.unknown(ctx, options.Graph, s)
	if err != nil {
		return 0, err
	}
	for _, who := range unknown {
		if _, err := p.config.Store.Apply(ctx, lineage.Projection{Owner: who}, latest(s.last, p.config.Clock())); err != nil {
			return retracted, err
		}
		retracted++
	}
	return retracted, p.forgetUnknown(ctx, s)
}

// isRight reports whether an owner is as the shadow derived it, and its state
// says that it is done. Nodes that say something else are noted.
func (p *Pipeline) isRight(ctx context.Context, s *shadow, graph graphstore.Store, who lineage.Owner, spoiled map[lineage.ID]bool) (bool, error) {
	owned, err := graph.Owned(ctx, who)
	if err != nil {
		return false, err
	}
	held, err := digest(owned)
	if err != nil {
		return false, err
	}
	if held != s.shades[who].digest {
		return false, s.spoiled(ctx, owned, spoiled)
	}
	state, err := p.config.States.Get(ctx, who)
	if lineage.KindOf(err) == lineage.ErrorNotFound {
		return false, nil
	}
	return state.Position == s.shades[who].last && (state.Status == Done || state.Status == Failed), err
}

// spoiled notes the nodes of an owner that say something else than they should.
func (s *shadow) spoiled(ctx context.Context, owned lineage.Projection, spoiled map[lineage.ID]bool) error {
	derived, _, err := s.project(ctx, owned.Owner, s.projectors)
	if err != nil {
		return err
	}
	held, err := manifestOf(owned)
	if err != nil {
		return err
	}
	changes, err := graphstore.Diff(held, derived.Projection)
	for _, n := range changes.ChangeNodes {
		spoiled[n.ID] = true
	}
	return err
}

// retract takes wrong owners out of the graph: a store believes what it remembers
// of an owner, and would see nothing to do. Where a spoiled node is held by others,
// these go too. All that went is returned, and is taken up should the service stop here.
func (p *Pipeline) retract(ctx context.Context, graph graphstore.Store, wrong []lineage.Owner, spoiled map[lineage.ID]bool) ([]lineage.Owner, error) {
	if len(wrong) == 0 {
		return nil, nil
	}
	release, err := p.queue.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	out := map[lineage.Owner]bool{}
	for _, who := range wrong {
		out[who] = true
		if err := p.retractOne(ctx, who); err != nil {
			return nil, err
		}
	}
	left, err := graph.Nodes(ctx, slices.Collect(maps.Keys(spoiled)), noTime)
	if err != nil || len(left) == 0 {
		return wrong, err
	}
	err = eachOwner(ctx, graph, func(who lineage.Owner) error {
		owned, err := graph.Owned(ctx, who)
		if err != nil || out[who] || !holds(owned, spoiled) {
			return err
		}
		out[who] = true
		wrong = append(wrong, who)
		return p.retractOne(ctx, who)
	})
	return wrong, err
}

func holds(owned lineage.Projection, nodes map[lineage.ID]bool) bool {
	return slices.ContainsFunc(owned.Nodes, func(n lineage.Node) bool { return nodes[n.ID] }) ||
		slices.ContainsFunc(owned.Edges, func(e lineage.Edge) bool { return nodes[e.SourceID] || nodes[e.TargetID] })
}

func (p *Pipeline) retractOne(ctx context.Context, who lineage.Owner) error {
	if err := p.pend(ctx, who); err != nil {
		return err
	}
	_, err := p.config.Store.Apply(ctx, lineage.Projection{Owner: who}, p.config.Clock())
	return err
}

// pend notes that an owner is to be processed, whatever becomes of this process.
func (p *Pipeline) pend(ctx context.Context, who lineage.Owner) error {
	return p.config.States.Put(ctx, Processing{ID: uuid.NewString(), Owner: who, Status: Pending, StartedAt: p.config.Clock()})
}

// backlog is how many owners wait for their turn at most while all are made again.
const backlog = 64

// remake gives an owner a turn: the pipeline's, where it runs, else one here.
func (p *Pipeline) remake(ctx context.Context, who lineage.Owner) error {
	if err := p.pend(ctx, who); err != nil {
		return err
	}
	if p.queue.running() {
		p.queue.add(who)
		return p.queue.fewer(ctx, backlog)
	}
	_, err := p.process(ctx, batch{owner: who})
	return err
}

// unknown are the owners in the graph that the journal doesn't know, also after
// a second look.
func (p *Pipeline) unknown(ctx context.Context, graph graphstore.Store, s *shadow) ([]lineage.Owner, error) {
	var all []lineage.Owner
	err := eachOwner(ctx, graph, func(who lineage.Owner) error {
		if s.shades[who] == nil {
			all = append(all, who)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var still []lineage.Owner
	for _, who := range all {
		records, err := p.config.Journal.Subject(ctx, string(who))
		if err != nil { // it has a record, though a damaged one
			continue
		}
		if len(records) == 0 {
			still = append(still, who)
		}
	}
	return still, nil
}

// forgetUnknown takes the states of owners away that the journal doesn't know.
func (p *Pipeline) forgetUnknown(ctx context.Context, s *shadow) error {
	states, ok := p.config.States.(keeper)
	if !ok {
		return nil
	}
	var unknown []lineage.Owner
	err := p.eachState(ctx, func(state Processing) error {
		if s.shades[state.Owner] != nil {
			return nil
		}
		if records, err := p.config.Journal.Subject(ctx, string(state.Owner)); err == nil && len(records) == 0 {
			unknown = append(unknown, state.Owner)
		}
		return nil
	})
	for _, who := range unknown {
		if err == nil {
			err = states.Forget(ctx, who)
		}
	}
	return err
}

func (p *Pipeline) eachState(ctx context.Context, f func(Processing) error) error {
	query := StatesQuery{Limit: 1000}
	for {
		page, err := p.config.States.List(ctx, query)
		if err != nil {
			return err
		}
		for _, state := range page.Processings {
			if err := f(state); err != nil {
				return err
			}
		}
		if query.After = page.Next; query.After == "" {
			return nil
		}
	}
}
