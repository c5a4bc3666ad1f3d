package etl

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"wellspring/graphstore"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// FsckOptions may be left zero.
type FsckOptions struct {
	// Store is the graph to check; nil: the pipeline's own.
	Store graphstore.Store
	// Files look at what the journal and the graph are kept in, each under its
	// name, and return what is wrong.
	Files map[string]func(ctx context.Context) ([]string, error)
	// Progress is told how far the check is; it must return at once.
	Progress func(FsckProgress)
	// Patience is how long the pipeline is waited for, each time that something
	// differs which it may be writing just now. Default 10 s.
	Patience time.Duration
}

// FsckProgress says how far a check is.
type FsckProgress struct {
	Step  string `json:"step"` // files, journal, graph, strays
	Done  int64  `json:"done"`
	Total int64  `json:"total"` // 0: not known
}

// fsck is one check.
type fsck struct {
	p       *Pipeline
	s       *shadow
	store   graphstore.Store
	options FsckOptions
	report  Fsck

	suspects []lineage.Owner
	strays   []lineage.Owner // in the graph, and the journal doesn't know them
	named    claimed         // by an owner
}

// Fsck checks the journal and the graph against each other, and changes neither.
// Every owner is derived again from the journal alone and compared with what the
// graph has of it. It may be called while the pipeline runs: what the pipeline
// is writing just now is looked at again.
func (p *Pipeline) Fsck(ctx context.Context, options FsckOptions) (_ Fsck, err error) {
	s, discard, err := p.newShadow(ctx)
	if err != nil {
		return Fsck{}, err
	}
	defer func() { _ = discard() }() // a temporary folder: what it held was read
	return p.fsck(ctx, s, options)
}

func (p *Pipeline) fsck(ctx context.Context, s *shadow, options FsckOptions) (Fsck, error) {
	if options.Progress == nil {
		options.Progress = func(FsckProgress) {}
	}
	if options.Patience <= 0 {
		options.Patience = 10 * time.Second
	}
	f := &fsck{p: p, s: s, store: options.Store, options: options, named: newClaimed()}
	if f.store == nil {
		f.store = p.config.Store
	}
	f.report = Fsck{StartedAt: p.config.Clock(), Differences: []Difference{}, Unsettled: []lineage.Owner{}, Versions: []string{}}
	for _, step := range []func(context.Context) error{f.files, f.journal, f.graph, f.owners, f.secondLook, f.states, f.letters, f.unnamed} {
		if err := step(ctx); err != nil {
			return Fsck{}, err
		}
	}
	f.finish()
	return f.report, nil
}

// files has the engines look at their own files.
func (f *fsck) files(ctx context.Context) error {
	names := slices.Sorted(maps.Keys(f.options.Files))
	for i, name := range names {
		f.options.Progress(FsckProgress{Step: "files", Done: int64(i), Total: int64(len(names))})
		wrong, err := f.options.Files[name](ctx)
		if err != nil {
			return err
		}
		for _, what := range wrong {
			f.report.add(Difference{Kind: DifferenceFile, Problem: name + ": " + what, Remedy: "restore it from a backup; a graph can be made again with rebuild"})
		}
	}
	return nil
}

// journal derives everything from the journal.
func (f *fsck) journal(ctx context.Context) error {
	total, _, err := f.p.config.Journal.Lag(ctx, "")
	if err != nil {
		return err
	}
	f.s.progress = func(int) {
		f.options.Progress(FsckProgress{Step: "journal", Done: min(f.s.records, total) * int64(len(f.s.order)-len(f.s.fresh)) / int64(max(1, len(f.s.order))), Total: total})
	}
	return f.s.catchUp(ctx)
}

// graph compares what the graph has of each owner with what was derived.
func (f *fsck) graph(ctx context.Context) error {
	for i, who := range f.s.order {
		f.options.Progress(FsckProgress{Step: "graph", Done: int64(i), Total: int64(len(f.s.order))})
		same, err := f.same(ctx, who)
		if err != nil {
			return err
		}
		if !same {
			f.suspects = append(f.suspects, who)
		}
	}
	return nil
}

// same reports whether the graph has of an owner what was derived. What it has
// is noted as named.
func (f *fsck) same(ctx context.Context, who lineage.Owner) (bool, error) {
	owned, err := f.store.Owned(ctx, who)
	if err != nil {
		return false, err
	}
	f.named.add(owned)
	held, err := digest(owned)
	known := f.s.shades[who]
	return known.cause == nil && len(known.unread) == 0 && held == known.digest, err
}

// owners looks for those that the journal doesn't know.
func (f *fsck) owners(ctx context.Context) error {
	return eachOwner(ctx, f.store, func(who lineage.Owner) error {
		if f.s.shades[who] == nil {
			f.strays = append(f.strays, who)
		}
		return nil
	})
}

const ownersPage = 1000

// eachOwner calls f for every owner of a graph.
func eachOwner(ctx context.Context, store graphstore.Store, f func(lineage.Owner) error) error {
	var after lineage.Owner
	for {
		page, err := store.Owners(ctx, after, ownersPage)
		if err != nil {
			return err
		}
		for _, who := range page {
			if err := f(who); err != nil {
				return err
			}
			after = who
		}
		if len(page) < ownersPage {
			return nil
		}
	}
}

// looks is how often an owner is looked at that differs.
const looks = 4

// secondLook waits for the pipeline where something differs, and looks again:
// what is being written just now differs for a moment.
func (f *fsck) secondLook(ctx context.Context) error {
	for look := 1; len(f.suspects)+len(f.strays) > 0 && f.p.queue.running(); look++ {
		f.p.overtake(ctx, f.s.after, f.options.Patience)
		if err := f.s.catchUp(ctx); err != nil {
			return err
		}
		var still []lineage.Owner
		for _, who := range f.suspects {
			f.p.queue.rests(ctx, who, f.options.Patience)
			same, err := f.same(ctx, who)
			if err != nil {
				return err
			}
			if !same {
				still = append(still, who)
			}
		}
		f.suspects = still
		var err error
		f.strays, err = f.stillStrays(ctx)
		if err != nil {
			return err
		}
		if look == looks {
			break
		}
	}
	return f.judge(ctx)
}

// stillStrays are the strays that the journal still doesn't know; those that it
// does by now are looked at like all.
func (f *fsck) stillStrays(ctx context.Context) ([]lineage.Owner, error) {
	var still []lineage.Owner
	for _, who := range f.strays {
		if f.s.shades[who] != nil {
			f.suspects = append(f.suspects, who)
			continue
		}
		owned, err := f.store.Owned(ctx, who)
		if err != nil {
			return nil, err
		}
		if len(owned.Nodes)+len(owned.Edges) > 0 {
			still = append(still, who)
		}
	}
	return still, nil
}

// judge says of each suspect what differs, or that it moved all the time.
func (f *fsck) judge(ctx context.Context) error {
	for _, who := range f.suspects {
		if f.p.queue.running() && f.moves(ctx, who) {
			f.report.Unsettled = append(f.report.Unsettled, who)
			continue
		}
		if err := f.differs(ctx, who); err != nil {
			return err
		}
	}
	for _, who := range f.strays {
		owned, err := f.store.Owned(ctx, who)
		if err != nil {
			return err
		}
		f.named.add(owned)
		f.report.add(Difference{
			Kind: DifferenceGraph, Owner: who, Remedy: "rebuild takes it out of the graph",
			Problem: fmt.Sprintf("the graph has it (%d nodes, %d edges), and the journal does not know it", len(owned.Nodes), len(owned.Edges)),
		})
	}
	return nil
}

// moves reports whether the pipeline is about an owner just now, or has not come
// to its last record yet.
func (f *fsck) moves(ctx context.Context, who lineage.Owner) bool {
	if f.p.queue.has(who) {
		return true
	}
	state, err := f.p.config.States.Get(ctx, who)
	return err == nil && state.Position != f.s.shades[who].last && !f.p.overtaken(ctx, f.s.after)
}

// differs says how what the graph has of an owner differs from what was derived.
func (f *fsck) differs(ctx context.Context, who lineage.Owner) error {
	known := f.s.shades[who]
	for _, unread := range known.unread {
		f.report.add(unread)
	}
	if known.underived() {
		f.report.add(Difference{Kind: DifferenceGraph, Owner: who, Problem: "it can't be derived: " + known.cause.Error(), Remedy: remedy(known.cause)})
		return nil
	}
	owned, err := f.store.Owned(ctx, who)
	if err != nil {
		return err
	}
	version := versionOf(owned, f.s.config.CodeVersion)
	if version != f.s.config.CodeVersion {
		other, _, err := f.s.project(ctx, who, f.s.projectorsOf(version))
		if err != nil {
			return err
		}
		if same, err := equal(owned, other.Projection); err != nil || same {
			f.report.older(version)
			return err
		}
	}
	derived, _, err := f.s.project(ctx, who, f.s.projectors)
	if err != nil {
		return err
	}
	d, err := difference(owned, derived.Projection)
	if err != nil || d.Problem == "" {
		return err
	}
	if version != f.s.config.CodeVersion {
		d.Remedy += "; it was derived by version " + version + ", this is " + f.s.config.CodeVersion
	}
	f.report.add(d)
	return nil
}

// states compares what a person is shown with what the journal has.
func (f *fsck) states(ctx context.Context) error {
	for _, who := range f.s.order {
		known := f.s.shades[who]
		state, err := f.p.config.States.Get(ctx, who)
		d := Difference{Kind: DifferenceState, Owner: who, Position: known.last, Remedy: "rebuild processes it again"}
		switch {
		case lineage.KindOf(err) == lineage.ErrorNotFound:
			d.Problem = "it has no state of processing"
		case err != nil:
			return err
		case state.Status != Done && state.Status != Failed:
			d.Problem = "its processing is " + string(state.Status) + ", and nobody is about it"
		case state.Position != known.last:
			d.Problem = fmt.Sprintf("its processing ended at record %q, the journal has %q", state.Position, known.last)
		default:
			continue
		}
		if !f.p.queue.running() || f.p.overtaken(ctx, f.s.after) && !f.p.queue.has(who) && f.unchanged(ctx, state) {
			f.report.add(d)
		}
	}
	return f.unknownStates(ctx)
}

// unchanged reports whether a state is still the owner's.
func (f *fsck) unchanged(ctx context.Context, state Processing) bool {
	now, err := f.p.config.States.Get(ctx, state.Owner)
	return err != nil || now.ID == state.ID && now.Status == state.Status && now.Position == state.Position
}

// unknownStates looks for states of owners that the journal doesn't know.
func (f *fsck) unknownStates(ctx context.Context) error {
	return f.p.eachState(ctx, func(state Processing) error {
		if f.s.shades[state.Owner] != nil {
			return nil
		}
		if records, err := f.p.config.Journal.Subject(ctx, string(state.Owner)); err == nil && len(records) == 0 {
			f.report.add(Difference{Kind: DifferenceState, Owner: state.Owner, Problem: "it has a state of processing, and the journal does not know it", Remedy: "rebuild forgets it"})
		}
		return nil
	})
}

// letters checks that what is dead is in the journal.
func (f *fsck) letters(ctx context.Context) error {
	damaged := map[journal.Position]bool{}
	for _, d := range f.s.problems {
		damaged[d.Position] = true
	}
	after := ""
	for {
		page, err := f.p.config.DeadLetters.Letters(ctx, after, lettersPage)
		if err != nil {
			return err
		}
		for _, l := range page {
			after = l.ID
			if l.State == journal.StateDead {
				f.report.DeadLetters++
			}
			if at := position(l); l.Record.Envelope.Event.ID() == "" && !damaged[at] {
				f.report.add(Difference{Kind: DifferenceLetter, Position: at, Problem: "there is a dead letter of a record that the journal does not have", Remedy: "drop the letter"})
			}
		}
		if len(page) < lettersPage {
			return nil
		}
	}
}
