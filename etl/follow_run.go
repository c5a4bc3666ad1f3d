package etl

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"wellspring/etl/declared"
	"wellspring/etl/project"
	"wellspring/lineage"
	"wellspring/liquid"
	"wellspring/ot2"
)

// Follow implements Follower.
func (r *runs) Follow(owner lineage.Owner) Following {
	return &followedRun{runs: r, owner: owner, joined: ot2.NewJoiner()}
}

// followedRun is a run that grows. What it joined and played stays; what it rests
// on beside its envelopes is asked for each time.
type followedRun struct {
	*runs
	owner    lineage.Owner
	joined   *ot2.Joiner
	declared []Fragment // those with declarations of their own
	ended    bool
	spent    int // commands of a long run that ended, once they were derived and let go
	// The fold of the run alone, from which its labware is known, and that with what
	// the labware held before, where it held anything.
	alone, inherited fold
}

var _ Follower = (*runs)(nil)

// Add implements Following.
func (f *followedRun) Add(fragments ...Fragment) {
	for _, fragment := range fragments {
		account := fragment.(account)
		f.joined.Add(account.run)
		if len(account.declared) > 0 {
			account.run = ot2.Run{}
			f.declared = append(f.declared, account)
		}
	}
}

// Size implements Following.
func (f *followedRun) Size() int { return cmp.Or(f.spent, f.joined.Len()) }

// Live implements Following: a run that ended is seldom heard of again.
func (f *followedRun) Live() bool { return !f.ended }

// long is the number of commands from which on a run that ended is not held in memory
// beside its projection: whoever needs it again reads it again.
const long = 10_000

// letGo forgets a long run that ended.
func (f *followedRun) letGo() {
	if n := f.Size(); f.ended && n >= long {
		f.joined, f.alone, f.inherited, f.spent = ot2.NewJoiner(), fold{}, fold{}, n
	}
}

// Derive implements Following.
func (f *followedRun) Derive(ctx context.Context) (Derived, error) {
	if f.spent > 0 {
		return Derived{}, &lineage.Error{Op: "transform", Kind: lineage.ErrorInternal, ID: string(f.owner), Hint: "read its documents again"}
	}
	run := f.joined.Run()
	f.ended = run.Ended()
	if n := len(run.Commands); n > f.limits.Commands {
		return Derived{}, tooMany(f.owner, n, f.limits)
	}
	revised := f.joined.Revised()
	f.alone.revise(revised)
	f.inherited.revise(revised)
	return f.derive(ctx, run)
}

// derive makes the projection of the run from what its envelopes say together.
func (f *followedRun) derive(ctx context.Context, run ot2.Run) (Derived, error) {
	name, own := project.Key(f.owner), ownDeclarations(f.declared)
	said, err := f.bench.About(ctx, name, own)
	if err != nil {
		return Derived{}, err
	}
	corrected := declared.Correct(run, said)
	run = corrected.Run
	if len(corrected.Volumes) > 0 { // what was played may not be what the record says
		f.alone, f.inherited = fold{}, fold{}
		defer func() { f.alone, f.inherited = fold{}, fold{} }()
	}
	outcome := f.alone.outcome(run, liquid.Options{Definitions: f.options.Definitions})
	identity := declared.Identify(run, outcome.Labware, said)
	kept := remembered(name, run, outcome, identity.Barcodes)
	kept.Declared = own
	in, err := f.bench.Complete(ctx, kept, said)
	if err != nil {
		return Derived{}, err
	}
	initial, short := initial(identity.Barcodes, in), shortLater(identity.Barcodes, in)
	if len(initial)+len(short) > 0 {
		outcome = f.inherited.outcome(run, liquid.Options{Definitions: f.options.Definitions, Initial: initial, ShortLater: short})
	}
	fills, unfit := declared.Fills(run, outcome, identity.Barcodes, said, in.Pasts)
	experiments, unheard := declared.Experiments(said, outcome.Labware, identity.Barcodes, in.Pasts)
	outcome = declared.Explain(outcome, fills, initial)
	planned, undecided := plannedBy(in)

	options := f.options
	options.PlannedBy = planned
	options.Declared = project.Declared{
		Barcodes: identity.Barcodes, Fills: fills, Volumes: corrected.Volumes, Inherits: initial, Experiments: experiments,
		Findings: slices.Concat(corrected.Findings, identity.Findings, unfit, unheard, undecided, contested(kept, in)),
		Owners:   documents(f.owner, said, fills, experiments),
	}
	fillPlates(&kept, outcome)
	f.letGo()
	projection, err := project.Project(f.owner, run, outcome, options)
	if err != nil {
		return Derived{}, err
	}
	index := f.bench // not f: who keeps what others depend on needs no command of the run
	return Derived{Projection: projection, KnownAt: in.KnownAt, Keep: func(ctx context.Context, at time.Time) ([]lineage.Owner, error) {
		return index.KeepRun(ctx, kept, in, at)
	}}, nil
}

func tooMany(owner lineage.Owner, commands int, limits ot2.Limits) error {
	return &lineage.Error{
		Op: "transform", Kind: lineage.ErrorTooLarge, ID: string(owner),
		Hint: fmt.Sprintf("a run may have %d commands: raise the limit", limits.Commands),
		Err:  fmt.Errorf("%d commands in all envelopes together", commands),
	}
}

// fold plays a run that grows: only what is new, as long as that comes after
// what was played, and nothing changed of what the fold began with.
type fold struct {
	folder  *liquid.Folder
	began   ot2.Run // the header that it began with
	initial map[liquid.Place]liquid.Content
	short   map[liquid.Place]bool
	played  []string // command ids, in order
}

// revise forgets what was played, if the record of one of it is another now.
func (f *fold) revise(revised map[string]bool) {
	if len(revised) == 0 {
		return
	}
	for _, id := range f.played {
		if revised[id] {
			f.folder = nil
			return
		}
	}
}

// outcome is what liquid.Fold makes of the run.
func (f *fold) outcome(run ot2.Run, options liquid.Options) liquid.Outcome {
	ordered := liquid.Ordered(run)
	ended := run.Ended()
	counted := ordered[:0]
	for _, c := range ordered {
		if c.Status == ot2.StatusSucceeded || c.Status == ot2.StatusFailed || ended && c.Status == ot2.StatusRunning {
			counted = append(counted, c)
		}
	}
	if !f.goesOn(run, counted, options) {
		f.folder, f.began, f.played = liquid.New(run, options), header(run), nil
		f.initial, f.short = options.Initial, options.ShortLater
	}
	for _, c := range counted[len(f.played):] {
		f.folder.Apply(c)
		f.played = append(f.played, c.ID)
	}
	return f.folder.Outcome()
}

// goesOn reports whether the commands begin with those that were played.
func (f *fold) goesOn(run ot2.Run, commands []*ot2.Command, options liquid.Options) bool {
	if f.folder == nil || len(commands) < len(f.played) ||
		!reflect.DeepEqual(f.began, header(run)) || !reflect.DeepEqual(f.initial, options.Initial) || !maps.Equal(f.short, options.ShortLater) {
		return false
	}
	for i, id := range f.played {
		if commands[i].ID != id {
			return false
		}
	}
	return true
}

// header is what a fold takes from a run beside its commands.
func header(run ot2.Run) ot2.Run {
	h := ot2.Run{Plan: run.Plan, Modules: run.Modules, Pipettes: run.Pipettes, Labware: run.Labware}
	if run.Ended() {
		h.Status = run.Status
	}
	return h
}
