package liquid

import (
	"slices"
	"time"

	"wellspring/ot2"
)

// well is one well of a labware and what it holds: a volume of a state.
type well struct {
	in    *labware
	name  string
	shape ot2.Well // zero where there is no definition

	volume float64 // µL, never negative, never between 0 and Epsilon
	state  stateID // the last one; noState before anything was in it
	ever   []stateID
	// made are the states it had, in order; the first short of them were there
	// when the well was found short.
	made   []stateID
	short  int
	lacked bool // it was found short
	// source is its undeclared content, noState until some was found lacking.
	source stateID
	held   bool // something other than its undeclared content was in it
	why    reasons

	transfers, draws, mixes int
	tips                    []int32 // serial numbers of the tips that delivered, sorted
	lastDispense            time.Time
	uncertainSince          string
}

func (w *well) place() Place { return Place{Labware: w.in.id, Well: w.name} }

// reasons are those of liquid that is drawn from the well now.
func (f *Folder) reasonsIn(w *well) reasons {
	why := w.why
	if w.state != noState {
		why |= f.states[w.state].why
	}
	if w.in.definition == nil && !w.in.trash {
		why |= noGeometry
	}
	return why
}

// become makes s the state of the well, which now holds so much of it.
func (f *Folder) become(w *well, s stateID, volume float64) {
	if w.state != s {
		w.made = append(w.made, s)
	}
	w.state, w.volume = s, volume
	w.ever = addOrigins(w.ever, f.states[s].origins)
}

// load adds a declared liquid to a well.
func (f *Folder) load(w *well, liquid string, volume float64) {
	f.balance.Loaded += volume
	if w.volume > 0 && f.states[w.state].earlier {
		f.find(Finding{Kind: FindingDeclaredAgain, Labware: w.in.id, Well: w.name, Detail: "a liquid was declared in a well that holds what an earlier run left in it: they add up"})
	}
	first := state{
		key: f.keyOf(w), sequence: f.sequence, at: f.command.StartedAt,
		volume: volume, liquid: liquid, why: f.placeReasons(w),
	}
	if w.volume == 0 {
		s := f.firstState(first)
		f.become(w, s, volume)
		f.step.makes = append(f.step.makes, s)
	} else {
		first.key.Command += "/liquid"
		pure := f.firstState(first)
		f.step.makes = append(f.step.makes, pure)
		f.add(w, []part{{pure, volume, Loaded}}, f.states[pure].why)
	}
	w.held = true
	f.checkCapacity(w)
}

// lack adds what was found missing in a well to it, as its undeclared content:
// most likely it was there from the start.
func (f *Folder) lack(w *well, missing float64) {
	f.balance.Unknown += missing
	kind := FindingUnderflow
	if w.held {
		kind = FindingOverdraw
	}
	f.find(Finding{Kind: kind, Labware: w.in.id, Well: w.name, Missing: missing})

	for _, s := range w.made[w.short:] {
		f.states[s].foundShort = s != w.source
	}
	w.short, w.lacked = len(w.made), true

	if w.source == noState {
		key := f.keyOf(w)
		key.Command = ""
		w.source = f.firstState(state{key: key, sequence: -1, why: undeclared | f.placeReasons(w)})
	}
	f.states[w.source].volume += missing
	switch {
	case w.volume == 0 || w.state == w.source:
		f.become(w, w.source, w.volume+missing)
	default:
		f.add(w, []part{{w.source, missing, Undeclared}}, f.states[w.source].why)
	}
}

// add makes a new state of a well from what it holds and what comes in, which
// is incomplete for the reasons why.
func (f *Folder) add(w *well, incoming []part, why reasons) stateID {
	parts := f.parts[:0]
	why |= f.placeReasons(w)
	if w.volume > 0 {
		parts = append(parts, part{w.state, w.volume, Remained})
		why |= f.reasonsIn(w)
	}
	for _, in := range incoming {
		if i := slices.IndexFunc(parts, func(p part) bool { return p.from == in.from }); i >= 0 {
			parts[i].volume += in.volume
		} else {
			parts = append(parts, in)
		}
	}
	f.parts = parts
	s := f.blendedState(state{key: f.keyOf(w), sequence: f.sequence, at: f.command.StartedAt, why: why}, parts)
	f.become(w, s, f.states[s].volume)
	f.step.makes = append(f.step.makes, s)
	return s
}

// keyOf names the state that the command at hand makes in a well.
func (f *Folder) keyOf(w *well) StateKey {
	return StateKey{Labware: w.in.id, Well: w.name, Command: f.command.ID}
}

// placeReasons are those that a well gives to whatever comes into it.
func (f *Folder) placeReasons(w *well) reasons {
	why := w.why
	if w.in.definition == nil && !w.in.trash {
		why |= noGeometry
	}
	return why
}
