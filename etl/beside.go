package etl

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"wellspring/graphstore"
	"wellspring/lineage"
)

// beside is a look at two graphs, side by side, that two pipelines make of one journal.
type beside struct {
	sides   [2]side
	options FsckOptions
	report  Fsck

	owners   map[lineage.Owner]struct{}
	suspects []lineage.Owner
	named    claimed
}

type side struct {
	*Pipeline
	graph graphstore.Store
}

// held is what both graphs have of an owner, and what is known of its processings.
type held struct {
	parts  [2]lineage.Projection
	states [2]Processing
}

// Compare compares the pipeline's graph with another's that is made of the same
// journal, owner by owner, and changes neither. Both may go on: what differs is looked
// at again when both are done with what the journal holds at that moment. Of the
// options, Store is this pipeline's graph, and Files are not looked at.
func (p *Pipeline) Compare(ctx context.Context, with *Pipeline, options FsckOptions) (Fsck, error) {
	c := &beside{
		sides: [2]side{{p, options.Store}, {with, with.config.Store}}, options: options,
		owners: map[lineage.Owner]struct{}{}, named: newClaimed(),
	}
	if c.sides[0].graph == nil {
		c.sides[0].graph = p.config.Store
	}
	if c.options.Progress == nil {
		c.options.Progress = func(FsckProgress) {}
	}
	if c.options.Patience <= 0 {
		c.options.Patience = 10 * time.Second
	}
	c.report = Fsck{StartedAt: p.config.Clock(), Differences: []Difference{}, Unsettled: []lineage.Owner{}, Versions: []string{}}
	for _, step := range []func(context.Context) error{c.meet, c.all, c.again, c.judge} {
		if err := step(ctx); err != nil {
			return Fsck{}, err
		}
	}
	c.report.Owners, c.report.Nodes, c.report.Edges = len(c.owners), len(c.named.nodes), len(c.named.edges)
	c.report.EndedAt = p.config.Clock()
	return c.report, nil
}

// meet waits until both pipelines are done with what the journal holds now.
func (c *beside) meet(ctx context.Context) error {
	records, _, err := c.sides[0].config.Journal.Lag(ctx, "")
	if err != nil {
		return err
	}
	for _, s := range c.sides {
		done, err := s.reach(ctx, records, c.options.Patience)
		if err != nil {
			return err
		}
		if done < records {
			return &lineage.Error{Op: "compare", Kind: lineage.ErrorConflict, ID: s.config.Consumer,
				Hint: "compare when both graphs have caught up: wellspring processing --summary says how far they are",
				Err:  fmt.Errorf("it is done with %d of %d records", done, records)}
		}
	}
	c.report.Records = records
	return nil
}

// reach waits until the pipeline is done with so many records, or until patience is
// over, and returns with how many it is.
func (p *Pipeline) reach(ctx context.Context, records int64, patience time.Duration) (done int64, err error) {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer p.queue.wake(waiting)()
	for {
		at := p.queue.at()
		if done, err = p.done(ctx); err != nil || done >= records {
			return done, err
		}
		if _, err := p.queue.passed(waiting, at); err != nil {
			if ctx.Err() != nil {
				return done, context.Cause(ctx)
			}
			return done, nil // it stands still
		}
	}
}

// CatchUp waits until the pipeline is done with all that the journal holds when it is
// called. Run must be running.
func (p *Pipeline) CatchUp(ctx context.Context) error {
	records, _, err := p.config.Journal.Lag(ctx, "")
	for done := int64(-1); err == nil && done < records; {
		done, err = p.reach(ctx, records, time.Hour)
	}
	return err
}

// done is with how many of the journal's records the pipeline is done.
func (p *Pipeline) done(ctx context.Context) (int64, error) {
	records, _, err := p.config.Journal.Lag(ctx, "")
	if err != nil {
		return 0, err
	}
	behind, _, err := p.config.Journal.Lag(ctx, p.queue.at())
	return records - behind, err
}

// all looks at every owner that one of the graphs has.
func (c *beside) all(ctx context.Context) error {
	counts, err := c.sides[0].config.States.Counts(ctx)
	if err != nil {
		return err
	}
	var total int64
	for _, n := range counts {
		total += n
	}
	for _, s := range c.sides {
		err := eachOwner(ctx, s.graph, func(who lineage.Owner) error {
			if _, seen := c.owners[who]; seen {
				return nil
			}
			c.options.Progress(FsckProgress{Step: "compare", Done: int64(len(c.owners)), Total: total})
			c.owners[who] = struct{}{}
			h, err := c.parts(ctx, who)
			if err != nil {
				return err
			}
			c.named.add(h.parts[0])
			same, err := equal(h.parts[0], h.parts[1])
			if err == nil && !same {
				c.suspects = append(c.suspects, who)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *beside) parts(ctx context.Context, who lineage.Owner) (h held, err error) {
	for i, s := range c.sides {
		if h.parts[i], err = s.graph.Owned(ctx, who); err != nil {
			return h, err
		}
	}
	return h, nil
}

// again looks again at what differs: what is being written just now differs for a moment.
func (c *beside) again(ctx context.Context) error {
	for look := 0; look < looks && len(c.suspects) > 0; look++ {
		var still []lineage.Owner
		for i, who := range c.suspects {
			c.options.Progress(FsckProgress{Step: "again", Done: int64(i), Total: int64(len(c.suspects))})
			h, rests, err := c.atRest(ctx, who)
			if err != nil {
				return err
			}
			same, err := equal(h.parts[0], h.parts[1])
			switch {
			case err != nil:
				return err
			case same:
			case rests:
				if err := c.differs(ctx, who, h); err != nil {
					return err
				}
			default:
				still = append(still, who)
			}
		}
		c.suspects = still
	}
	return nil
}

// atRest looks at an owner while both graphs are as of one place of the journal: both
// pipelines were done with all that it held, and neither gave the owner a turn from
// then until the look was over. It reports whether that came about.
func (c *beside) atRest(ctx context.Context, who lineage.Owner) (h held, rests bool, err error) {
	before, err := c.processings(ctx, who)
	if err != nil {
		return h, false, err
	}
	records, _, err := c.sides[0].config.Journal.Lag(ctx, "")
	if err != nil {
		return h, false, err
	}
	rests = true
	for _, s := range c.sides {
		done, err := s.reach(ctx, records, c.options.Patience)
		if err != nil {
			return h, false, err
		}
		s.queue.rests(ctx, who, c.options.Patience)
		rests = rests && done >= records
	}
	if h, err = c.parts(ctx, who); err != nil {
		return h, false, err
	}
	for _, s := range c.sides {
		rests = rests && !s.queue.has(who)
	}
	h.states, err = c.processings(ctx, who)
	for i, state := range h.states {
		rests = rests && state.ID == before[i].ID && state.Status == before[i].Status
	}
	return h, rests, err
}

// processings are the owner's last ones; zero where there was none.
func (c *beside) processings(ctx context.Context, who lineage.Owner) (states [2]Processing, err error) {
	for i, s := range c.sides {
		states[i], err = s.config.States.Get(ctx, who)
		if err != nil && lineage.KindOf(err) != lineage.ErrorNotFound {
			return states, err
		}
	}
	return states, nil
}

// differs reports how an owner differs.
func (c *beside) differs(ctx context.Context, who lineage.Owner, h held) error {
	first, second := h.parts[0], h.parts[1]
	ours := c.sides[0].config.CodeVersion
	versions := []string{versionOf(first, ours), versionOf(second, ours)}
	if versions[0] != versions[1] {
		same, err := equal(unsigned(first), unsigned(second))
		if err != nil {
			return err
		}
		if same {
			for _, version := range versions {
				if version != ours {
					c.report.older(version)
				}
			}
			return nil
		}
	}
	d, err := difference(second, first)
	if err != nil {
		return err
	}
	d.Owner, d.Problem = who, "the second graph has "+d.Problem
	d.Remedy = "wellspring fsck says whether the first is right; then wellspring rebuild, or wellspring rebuild --second"
	if versions[0] != versions[1] {
		d.Remedy += fmt.Sprintf("; the first was derived by version %s, the second by %s", versions[0], versions[1])
	}
	for i, name := range []string{"first", "second"} {
		if state := h.states[i]; state.Status == Cancelled || state.Status == Failed {
			d.Problem += fmt.Sprintf("; its processing for the %s: %s: %s", name, state.Status, state.Error)
		}
	}
	c.report.add(d)
	return ctx.Err()
}

// unsigned is a projection without what says by which version of the program it was
// derived.
func unsigned(p lineage.Projection) lineage.Projection {
	signed := map[lineage.ID]bool{}
	rest := lineage.Projection{Owner: p.Owner}
	for _, n := range p.Nodes {
		if signed[n.ID] = n.Kind == lineage.KindProcessing; !signed[n.ID] {
			rest.Nodes = append(rest.Nodes, n)
		}
	}
	for _, e := range p.Edges {
		if !signed[e.SourceID] && !signed[e.TargetID] {
			rest.Edges = append(rest.Edges, e)
		}
	}
	return rest
}

// judge names those that moved all the time.
func (c *beside) judge(ctx context.Context) error {
	c.report.Unsettled = append(c.report.Unsettled, c.suspects...)
	slices.SortFunc(c.report.Differences, func(a, b Difference) int {
		return cmp.Compare(a.Owner, b.Owner)
	})
	var err error
	c.report.DeadLetters, err = c.sides[1].Dead(ctx)
	return err
}
