package liquid

import (
	"cmp"
	"slices"
	"time"
)

// stateID is the place of a state in the fold's list, in order of making: a
// state's parts and origins always stand before it.
type stateID int32

const noState stateID = -1

// share is the fraction of one first state in a content.
type share struct {
	origin   stateID
	fraction float64
}

// part is one contribution to a state.
type part struct {
	from      stateID
	volume    float64 // µL
	mechanism Mechanism
}

// state is a State as the fold keeps it. Its composition never changes: a
// parcel and a well hold a volume of a state.
type state struct {
	key      StateKey
	sequence int
	at       time.Time
	volume   float64
	liquid   string
	parts    []part
	origins  []share // by origin
	// why travels with what is drawn from the state; shown befell it later, when
	// others may already have drawn from it.
	why, shown reasons
	// foundShort: its well was found short after it was made.
	foundShort bool
	// earlier: a state of an earlier run on shared labware.
	earlier bool
}

// addState appends a state.
func (f *Folder) addState(s state) stateID {
	f.states = append(f.states, s)
	return stateID(len(f.states) - 1)
}

// firstState makes a state that came from no other.
func (f *Folder) firstState(s state) stateID {
	id := stateID(len(f.states))
	f.shares = append(f.shares[:0], share{origin: id, fraction: 1})
	s.origins = f.keepShares.keep(f.shares)
	return f.addState(s)
}

// blendedState makes the state of a well that the parts make up, the largest
// part's place in the list notwithstanding in their order of arrival.
func (f *Folder) blendedState(s state, parts []part) stateID {
	s.parts = f.keepParts.keep(parts)
	for _, p := range parts {
		s.volume += p.volume
	}
	s.origins = f.blend(parts, s.volume)
	return f.addState(s)
}

// blend is the composition of parts that are total µL together.
func (f *Folder) blend(parts []part, total float64) []share {
	if len(parts) == 1 {
		return f.states[parts[0].from].origins
	}
	sum, spare := f.shares[:0], f.spareShares[:0]
	for _, p := range parts {
		spare = addShares(spare[:0], sum, f.states[p.from].origins, p.volume/total)
		sum, spare = spare, sum
	}
	whole := 0.0
	for _, s := range sum {
		whole += s.fraction
	}
	for i := range sum {
		sum[i].fraction /= whole
	}
	f.shares, f.spareShares = sum, spare
	return f.keepShares.keep(sum)
}

// addShares appends a + b×factor to dst; all are in order of origin.
func addShares(dst, a, b []share, factor float64) []share {
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].origin < b[0].origin:
			dst, a = append(dst, a[0]), a[1:]
		case len(a) == 0 || b[0].origin < a[0].origin:
			dst, b = append(dst, share{b[0].origin, b[0].fraction * factor}), b[1:]
		default:
			dst = append(dst, share{a[0].origin, a[0].fraction + b[0].fraction*factor})
			a, b = a[1:], b[1:]
		}
	}
	return dst
}

// alike reports whether two states hold the same mixture of liquids, whichever
// wells these were loaded into.
func (f *Folder) alike(a, b stateID) bool {
	if a == b {
		return true
	}
	difference := map[string]float64{}
	for _, s := range f.states[a].origins {
		difference[f.liquidOf(s.origin)] += s.fraction
	}
	for _, s := range f.states[b].origins {
		difference[f.liquidOf(s.origin)] -= s.fraction
	}
	for _, d := range difference {
		if d > fractionNoise || d < -fractionNoise {
			return false
		}
	}
	return true
}

// fractionNoise is a difference of fractions that float arithmetic makes.
const fractionNoise = 1e-9

// liquidOf names what a first state holds: its liquid, or itself where that is unknown.
func (f *Folder) liquidOf(origin stateID) string {
	s := &f.states[origin]
	if s.liquid != "" {
		return s.liquid
	}
	return s.key.Run + "\x00" + s.key.Labware + "\x00" + s.key.Well + "\x00" + s.key.Command
}

// Compare orders keys by run, labware, well and command.
func (k StateKey) Compare(o StateKey) int {
	return cmp.Or(
		cmp.Compare(k.Run, o.Run),
		cmp.Compare(k.Labware, o.Labware),
		cmp.Compare(k.Well, o.Well),
		cmp.Compare(k.Command, o.Command),
	)
}

// addOrigins puts the origins of a composition into a sorted set.
func addOrigins(set []stateID, origins []share) []stateID {
	for _, s := range origins {
		if i, found := slices.BinarySearch(set, s.origin); !found {
			set = slices.Insert(set, i, s.origin)
		}
	}
	return set
}
