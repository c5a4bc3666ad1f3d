package etl

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"time"

	"wellspring/etl/benchindex"
	"wellspring/graphstore"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// shadow derives every owner from the journal alone, beside the pipeline and
// with a bench index of its own: what the graph has to be. With a store it is
// written there as well.
type shadow struct {
	config     Config // its Bench is the shadow's own
	projectors map[string]Projector
	versions   map[string]map[string]Projector // of other versions of this program
	store      graphstore.Store                // nil: nothing is written
	window     time.Duration                   // of the journal's time that one derivation covers; 0: all that there is

	progress func(derived int)

	dead   map[journal.Position]bool
	after  journal.Position
	shades map[lineage.Owner]*shade
	order  []lineage.Owner // as the journal first names them
	fresh  []lineage.Owner // to be derived

	began    time.Time // the journal's time of the first record of the window
	last     time.Time // the journal's time of the last record
	records  int64
	derived  int
	problems []Difference // of the journal
}

// shade is what the shadow knows of one owner.
type shade struct {
	records int // that are readable, up to where the shadow read
	last    journal.Position
	waiting bool // it is among the fresh

	digest  lineage.Hash // of its projection
	cause   error        // why there is none
	unread  []Difference // records that can't be extracted and are not dead
	version int          // how often it was derived
}

// underived reports whether the owner could not be derived: that is for the report,
// and stops nothing.
func (k *shade) underived() bool { return k.cause != nil }

// scratcher makes a bench index that is empty.
type scratcher interface {
	ScratchBench(ctx context.Context) (*benchindex.Index, func() error, error)
}

// newShadow returns a shadow with an empty bench index, which discard takes away.
func (p *Pipeline) newShadow(ctx context.Context) (s *shadow, discard func() error, err error) {
	scratch, ok := p.config.States.(scratcher)
	if !ok {
		return nil, nil, &lineage.Error{Op: "derive again", Kind: lineage.ErrorUnavailable, Hint: "these processing states have no room for a second bench index"}
	}
	index, discard, err := scratch.ScratchBench(ctx)
	if err != nil {
		return nil, nil, err
	}
	return p.shadowOn(index), discard, nil
}

func (p *Pipeline) shadowOn(index *benchindex.Index) *shadow {
	s := &shadow{
		config: p.config, versions: map[string]map[string]Projector{}, progress: func(int) {},
		shades: map[lineage.Owner]*shade{}, dead: map[journal.Position]bool{},
	}
	s.config.Bench = index
	s.projectors = s.projectorsOf(p.config.CodeVersion)
	return s
}

// projectorsOf are the projectors as a version of the program signs their work.
func (s *shadow) projectorsOf(version string) map[string]Projector {
	known, ok := s.versions[version]
	if !ok {
		config := s.config
		config.CodeVersion = version
		known = projectors(config)
		maps.Copy(known, config.Projectors)
		s.versions[version] = known
	}
	return known
}

// catchUp reads the journal up to its end and derives whoever it names, and
// whoever depends on them.
func (s *shadow) catchUp(ctx context.Context) error {
	if err := s.bury(ctx); err != nil {
		return err
	}
	for {
		records, err := s.page(ctx)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			return s.flush(ctx)
		}
		for _, r := range records {
			if s.window > 0 && len(s.fresh) > 0 && r.AppendedAt.Sub(s.began) > s.window {
				if err := s.flush(ctx); err != nil {
					return err
				}
			}
			s.note(r)
		}
	}
}

// bury takes note of the dead letters. Whose letters changed is derived again.
func (s *shadow) bury(ctx context.Context) error {
	dead, after := map[journal.Position]bool{}, ""
	for {
		page, err := s.config.DeadLetters.Letters(ctx, after, lettersPage)
		if err != nil {
			return err
		}
		for _, l := range page {
			at := position(l)
			if l.State != journal.StateRetried {
				dead[at] = true
			}
			if who := ownerOf(l.Record); dead[at] != s.dead[at] && s.shades[who] != nil {
				s.wait(who)
			}
			after = l.ID
		}
		if len(page) < lettersPage {
			s.dead = dead
			return nil
		}
	}
}

// page reads on in the journal; nothing at its end. Damage is noted and passed.
func (s *shadow) page(ctx context.Context) ([]journal.Record, error) {
	for {
		behind, _, err := s.config.Journal.Lag(ctx, s.after)
		if err != nil || behind == 0 {
			return nil, err
		}
		records, err := s.config.Journal.Read(ctx, s.after, readPage)
		at, damaged := journal.DamagedAt(err)
		if !damaged {
			return records, err
		}
		s.after = at
		s.records++
		s.problems = append(s.problems, Difference{
			Kind: DifferenceJournal, Position: at, Problem: "it is damaged: " + because(err),
			Remedy: "restore the journal from a backup, or have the document sent again; the records around it are readable",
		})
	}
}

// because is why a record is damaged.
func because(err error) string {
	var damage *journal.Damaged
	if errors.As(err, &damage) {
		return damage.Err.Error()
	}
	return err.Error()
}

// note takes note of a record, in the journal's order.
func (s *shadow) note(r journal.Record) {
	who := ownerOf(r)
	known := s.shades[who]
	if known == nil {
		known = &shade{}
		s.shades[who] = known
		s.order = append(s.order, who)
	}
	if r.AppendedAt.Before(s.last) {
		s.problems = append(s.problems, Difference{
			Kind: DifferenceJournal, Owner: who, Position: r.Position, Problem: "the record's time is before that of the one before it",
			Remedy: "restore the journal from a backup",
		})
	}
	if len(s.fresh) == 0 {
		s.began = r.AppendedAt
	}
	s.after, s.last = r.Position, latest(s.last, r.AppendedAt)
	s.records++
	known.records++
	known.last = r.Position
	s.wait(who)
}

func (s *shadow) wait(who lineage.Owner) {
	if known := s.shades[who]; !known.waiting {
		known.waiting = true
		s.fresh = append(s.fresh, who)
	}
}

// moving is how often an owner is tried again whose projection rests on what is
// itself being derived again.
const moving = 5

// flush derives the fresh owners, and whoever depends on them.
func (s *shadow) flush(ctx context.Context) error {
	tries := map[lineage.Owner]int{}
	for len(s.fresh) > 0 {
		who := s.fresh[0]
		s.fresh = s.fresh[1:]
		s.shades[who].waiting = false
		again, err := s.derive(ctx, who)
		if tries[who]++; lineage.KindOf(err) == lineage.ErrorNotFound && tries[who] < moving {
			s.wait(who)
			continue
		}
		if err != nil {
			return err
		}
		for _, next := range again {
			if s.shades[next] != nil {
				s.wait(next)
			}
		}
		s.derived++
		s.progress(s.derived)
	}
	return nil
}

// derive derives one owner, keeps what others depend on, and returns those to
// derive again. The error is of what stops the shadow; why an owner can't be
// derived is in its shade.
func (s *shadow) derive(ctx context.Context, who lineage.Owner) ([]lineage.Owner, error) {
	known := s.shades[who]
	known.version++
	derived, at, err := s.project(ctx, who, s.projectors)
	if err != nil {
		return nil, err
	}
	if known.underived() {
		return nil, nil
	}
	if known.digest, err = digest(derived.Projection); err != nil {
		return nil, err
	}
	if s.store != nil {
		if _, err := s.store.Apply(ctx, derived.Projection, at); err != nil {
			return nil, err
		}
	}
	if derived.Keep == nil {
		return nil, nil
	}
	return derived.Keep(ctx, at)
}

// project makes an owner's projection from its living records. at is the
// journal's time of the latest that it rests on.
func (s *shadow) project(ctx context.Context, who lineage.Owner, by map[string]Projector) (Derived, time.Time, error) {
	known := s.shades[who]
	known.cause, known.unread = nil, nil
	derived := Derived{Projection: lineage.Projection{Owner: who}}
	records, err := s.living(ctx, who)
	if err != nil || len(records) == 0 {
		return derived, s.last, err
	}
	var fragments []Fragment
	var at time.Time
	var only Projector
	for _, r := range records {
		projector, cause := projectorOf(by, r, who, only)
		var fragment Fragment
		if cause == nil {
			cause = guarded("extract", string(r.Position), func() (err error) {
				fragment, err = projector.Extract(ctx, r)
				return err
			})
		}
		if ctx.Err() != nil {
			return derived, at, context.Cause(ctx)
		}
		if cause != nil {
			known.unread = append(known.unread, Difference{
				Kind: DifferenceLetter, Owner: who, Position: r.Position, Problem: "the record can't be processed and is no dead letter: " + cause.Error(), Remedy: remedy(cause),
			})
			continue
		}
		only = projector
		fragments, at = append(fragments, fragment), r.AppendedAt
	}
	if len(fragments) == 0 {
		return derived, records[len(records)-1].AppendedAt, nil
	}
	known.cause = guarded("transform", string(who), func() (err error) {
		derived, err = only.Transform(ctx, who, fragments)
		return err
	})
	if ctx.Err() != nil {
		return derived, at, context.Cause(ctx)
	}
	return derived, latest(at, derived.KnownAt), nil
}

// living are the records of an owner that are not dead, as far as the shadow read.
func (s *shadow) living(ctx context.Context, who lineage.Owner) ([]journal.Record, error) {
	known := s.shades[who]
	records, err := s.config.Journal.Subject(ctx, string(who))
	if _, damaged := journal.DamagedAt(err); err != nil && !damaged {
		return nil, err
	}
	if n := known.records; len(records) >= n && records[n-1].Position == known.last {
		records = records[:n]
	} else {
		s.problems = append(s.problems, Difference{
			Kind: DifferenceJournal, Owner: who, Position: known.last, Problem: "the journal doesn't find the records by their subject that it holds",
			Remedy: "restore the journal from a backup",
		})
	}
	return slices.DeleteFunc(records, func(r journal.Record) bool { return s.dead[r.Position] }), nil
}

// digest is a fingerprint of a projection, whatever the order of its parts.
func digest(p lineage.Projection) (lineage.Hash, error) {
	held, err := manifestOf(p)
	if err != nil {
		return lineage.Hash{}, err
	}
	h := sha256.New()
	for _, id := range slices.SortedFunc(maps.Keys(held.Nodes), func(a, b lineage.ID) int { return slices.Compare(a[:], b[:]) }) {
		hash := held.Nodes[id]
		h.Write(id[:])
		h.Write(hash[:])
	}
	for _, key := range slices.SortedFunc(maps.Keys(held.Edges), lineage.EdgeKey.Compare) {
		hash := held.Edges[key]
		h.Write([]byte(graphstore.KeyString(key)))
		h.Write(hash[:])
	}
	return lineage.Hash(h.Sum(nil)), nil
}
