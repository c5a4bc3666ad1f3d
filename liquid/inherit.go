package liquid

import (
	"cmp"
	"maps"
	"slices"
)

// Content is what a well held when the run began: the last state of an earlier
// run. Every key names its run; State is the well's state in this run until
// something changes it.
type Content struct {
	State    StateKey
	VolumeUl float64
	// Origins are the first states in it. None, where there is a volume: the
	// state is its own origin.
	Origins []Share
	// Ever are the first states that ever entered the well, those of Origins
	// included or not.
	Ever       []StateKey
	Incomplete []Reason
}

// Handover is what the labware of a run held when it ended, as Options.Initial
// of a later run takes it. run is the id of the run that ended. shared tells,
// by a labware's id in that run, its id in the later one; labware that is not
// in it stays behind, as do tip racks and trash.
func (o Outcome) Handover(run string, shared map[string]string) map[Place]Content {
	handed := map[Place]Content{}
	for labware, wells := range o.Wells {
		to, ok := shared[labware]
		if !ok {
			continue
		}
		for name, w := range wells {
			c := Content{State: w.State.in(run), VolumeUl: w.VolumeUl, Incomplete: w.Incomplete}
			for _, origin := range w.Origins {
				c.Origins = append(c.Origins, Share{origin.State.in(run), origin.Fraction})
			}
			for _, origin := range w.Ever {
				c.Ever = append(c.Ever, origin.in(run))
			}
			handed[Place{to, name}] = c
		}
	}
	return handed
}

// in names the run of a state that has none.
func (k StateKey) in(run string) StateKey {
	if k.Run == "" {
		k.Run = run
	}
	return k
}

// inherit fills shared labware with what it held before the run. First states
// come first, for a composition refers to them.
func (f *Folder) inherit(initial map[Place]Content) {
	places := slices.SortedFunc(maps.Keys(initial), func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.Labware, b.Labware), cmp.Compare(a.Well, b.Well))
	})
	known := map[StateKey]stateID{}
	earlier := func(s state) stateID {
		id, ok := known[s.key]
		if !ok {
			s.earlier = true
			if s.origins == nil {
				id = f.firstState(s)
			} else {
				id = f.addState(s)
			}
			known[s.key] = id
		}
		return id
	}
	for _, place := range places {
		for _, o := range initial[place].Origins {
			earlier(state{key: o.State})
		}
		for _, key := range initial[place].Ever {
			earlier(state{key: key})
		}
	}
	for _, place := range places {
		content := initial[place]
		var origins []share
		for _, o := range content.Origins {
			origins = append(origins, share{known[o.State], o.Fraction})
		}
		slices.SortFunc(origins, func(a, b share) int { return cmp.Compare(a.origin, b.origin) })
		volume := f.plausible(content.VolumeUl)
		if volume <= Epsilon {
			volume = 0
		}
		if volume == 0 {
			origins = []share{} // an emptied well is of nothing
		}
		s := earlier(state{key: content.State, volume: volume, origins: origins})
		w := f.labwareOf(place.Labware).wellOf(place.Well)
		w.held = true
		if volume > 0 {
			f.states[s].why |= reasonsOf(content.Incomplete)
		} else {
			w.why |= reasonsOf(content.Incomplete)
		}
		for _, key := range content.Ever {
			w.ever = addOrigins(w.ever, f.states[known[key]].origins)
		}
		f.become(w, s, volume)
		f.balance.Inherited += volume
	}
}
