package liquid

import (
	"cmp"
	"maps"
	"slices"
)

// Outcome is everything the fold can say after the commands applied so far.
func (f *Folder) Outcome() Outcome {
	v := f.view()
	return Outcome{
		Wells:     v.wells(),
		States:    v.states(),
		Steps:     v.steps(),
		Transfers: slices.Clone(f.transfers),
		Carried:   v.carried(),
		Balance:   f.closed(),
		Counts:    maps.Clone(f.counts),
		Unknown:   maps.Clone(f.unknown),
		Findings:  v.findings(),
		Labware:   v.labware(),
	}
}

// view turns the fold's own records into those of the outcome, without
// changing them.
type view struct {
	*Folder
	short  []bool // what is incomplete because a well was found short later
	ranks  []int  // of the first states, in order of key
	shares map[*share][]Share
}

func (f *Folder) view() *view {
	shortLater := map[stateID]bool{}
	for place, short := range f.options.ShortLater {
		if w := f.wellAt(place); short && w != nil {
			for _, s := range w.made[w.short:] { // since it was found short in this run
				shortLater[s] = s != w.source
			}
		}
	}
	v := &view{Folder: f, short: make([]bool, len(f.states)), ranks: make([]int, len(f.states)), shares: map[*share][]Share{}}
	// Parts stand before the states they make up, so one pass reaches all.
	for i := range f.states {
		s := &f.states[i]
		v.short[i] = s.foundShort || shortLater[stateID(i)] || slices.ContainsFunc(s.parts, func(p part) bool { return v.short[p.from] })
	}
	var firsts []int
	for i := range f.states {
		if f.states[i].first() {
			firsts = append(firsts, i)
		}
	}
	slices.SortFunc(firsts, func(a, b int) int { return f.states[a].key.Compare(f.states[b].key) })
	for rank, i := range firsts {
		v.ranks[i] = rank
	}
	return v
}

// first reports whether s came from no other state.
func (s *state) first() bool { return len(s.origins) == 1 && len(s.parts) == 0 }

// reasons are those of a state in the end.
func (v *view) reasons(id int) []Reason {
	s := &v.Folder.states[id]
	return v.words(id, s.why|s.shown)
}

// words are the reasons in words, with what shows in the end only.
func (v *view) words(id int, why reasons) []Reason {
	if v.short[id] {
		why |= shortLater
	}
	if why&heightless != 0 && !v.heights {
		why |= noHeight
	}
	return why.words()
}

// origins are shares in order of key. States that share a composition share it.
func (v *view) origins(shares []share) []Share {
	if len(shares) == 0 {
		return nil
	}
	if known, ok := v.shares[&shares[0]]; ok {
		return known
	}
	sorted := slices.Clone(shares)
	slices.SortFunc(sorted, func(a, b share) int { return cmp.Compare(v.ranks[a.origin], v.ranks[b.origin]) })
	origins := make([]Share, len(sorted))
	for i, s := range sorted {
		origins[i] = Share{State: v.Folder.states[s.origin].key, Fraction: s.fraction}
	}
	v.shares[&shares[0]] = origins
	return origins
}

func (v *view) keys(ids []stateID) []StateKey {
	if len(ids) == 0 {
		return nil
	}
	keys := make([]StateKey, len(ids))
	for i, id := range ids {
		keys[i] = v.Folder.states[id].key
	}
	return keys
}

// states are those that this run made, in order of sequence, labware and well;
// a pure liquid stands before the mixture that it went into.
func (v *view) states() []State {
	states := make([]State, 0, len(v.Folder.states))
	for i := range v.Folder.states {
		s := &v.Folder.states[i]
		if s.earlier {
			continue
		}
		var parts []Part
		if len(s.parts) > 0 {
			parts = make([]Part, len(s.parts))
			for j, p := range s.parts {
				parts[j] = Part{
					From: v.Folder.states[p.from].key, VolumeUl: p.volume,
					Fraction: p.volume / s.volume, Mechanism: p.mechanism,
				}
			}
		}
		states = append(states, State{
			Key: s.key, Sequence: s.sequence, At: s.at, VolumeUl: s.volume, Liquid: s.liquid,
			Parts: parts, Origins: v.origins(s.origins), Incomplete: v.reasons(i),
		})
	}
	slices.SortStableFunc(states, func(a, b State) int {
		return cmp.Or(
			cmp.Compare(a.Sequence, b.Sequence),
			cmp.Compare(a.Key.Labware, b.Key.Labware),
			cmp.Compare(a.Key.Well, b.Key.Well),
		)
	})
	return states
}

func (v *view) steps() []Step {
	steps := make([]Step, len(v.Folder.steps))
	for i := range v.Folder.steps {
		s := &v.Folder.steps[i]
		steps[i] = Step{
			Command: s.command, Type: s.typ, Sequence: s.sequence, StartedAt: s.started, EndedAt: s.ended,
			Pipette: s.pipette, Kind: s.kind, Reads: v.keys(s.reads), Makes: v.keys(s.makes),
			Places: s.places, VolumeUl: s.volume, Failed: s.failed,
		}
	}
	return steps
}

func (v *view) carried() []Carry {
	var carried []Carry
	for _, c := range v.Folder.carried {
		out := Carry{Command: c.command, From: c.from.place(), To: c.to.place(), ToStateUnknown: c.toState == noState}
		if c.fromState != noState {
			out.FromState = v.Folder.states[c.fromState].key
		}
		if c.toState != noState {
			out.ToState = v.Folder.states[c.toState].key
		}
		carried = append(carried, out)
	}
	return carried
}

// wells are those that ever held something, outside tip racks and trash.
func (v *view) wells() map[string]map[string]WellOutcome {
	all := map[string]map[string]WellOutcome{}
	for id, lw := range v.Folder.labware {
		if lw.rack || lw.trash {
			continue
		}
		for name, w := range lw.wells {
			if w.state == noState {
				continue
			}
			if all[id] == nil {
				all[id] = map[string]WellOutcome{}
			}
			all[id][name] = v.well(w)
		}
	}
	return all
}

func (v *view) well(w *well) WellOutcome {
	out := WellOutcome{
		VolumeUl:       w.volume,
		State:          v.Folder.states[w.state].key,
		Transfers:      w.transfers,
		Draws:          w.draws,
		Mixes:          w.mixes,
		TipChanges:     max(0, len(w.tips)-1),
		LastDispenseAt: w.lastDispense,
		UncertainSince: w.uncertainSince,
		FoundShort:     w.lacked || v.options.ShortLater[w.place()],
	}
	if w.volume > 0 {
		s := &v.Folder.states[w.state]
		out.Origins = v.origins(s.origins)
		out.Incomplete = v.words(int(w.state), s.why|s.shown|w.why)
	} else {
		out.Incomplete = w.why.words()
	}
	ever := slices.Clone(w.ever)
	slices.SortFunc(ever, func(a, b stateID) int { return cmp.Compare(v.ranks[a], v.ranks[b]) })
	out.Ever = v.keys(ever)
	return out
}

func (v *view) findings() []Finding {
	findings := slices.Clone(v.Folder.findings)
	if !v.heights && slices.ContainsFunc(v.Folder.states, func(s state) bool { return (s.why|s.shown)&heightless != 0 }) {
		findings = append(findings, Finding{
			Kind: FindingNoHeight, Detail: "every height is 0 from the top or not said: what was drawn may have been air",
		})
	}
	return findings
}

func (v *view) labware() map[string]LabwareOutcome {
	all := map[string]LabwareOutcome{}
	for id, lw := range v.Folder.labware {
		out := LabwareOutcome{
			LoadName: lw.loadName, DefinitionURI: lw.uri, Label: lw.label, Slots: slices.Clone(lw.slots),
			HasDefinition: lw.definition != nil, Tiprack: lw.rack, Trash: lw.trash,
		}
		if slot := slotName(lw.location); len(out.Slots) == 0 && slot != "" {
			out.Slots = []string{slot}
		}
		if lw.definition != nil {
			out.Capacity = make(map[string]float64, len(lw.definition.Wells))
			for name, w := range lw.definition.Wells {
				out.Capacity[name] = w.CapacityUl
			}
		}
		all[id] = out
	}
	return all
}
