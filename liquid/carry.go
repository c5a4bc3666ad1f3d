package liquid

// touch notes that a tip is in a well, and that what it touched before may have
// come along, unless the command delivered liquid drawn from there.
func (f *Folder) touch(t *tip, w *well, delivered []Transfer) {
	f.carry(t, w, delivered)
	t.touched, t.touchedState = w, w.state
}

// carry notes the pair of the well a tip touched last and the one it comes to,
// once a run, unless the command delivers liquid drawn from the former.
func (f *Folder) carry(t *tip, w *well, delivered []Transfer) {
	if t.touched == nil || t.touched == w {
		return
	}
	from := t.touched.place()
	for _, d := range delivered {
		if d.From == from {
			return
		}
	}
	pair := [2]*well{t.touched, w}
	if f.pairs[pair] {
		return
	}
	f.pairs[pair] = true
	f.carried = append(f.carried, carry{
		command: f.command.ID, from: t.touched, to: w, fromState: t.touchedState, toState: w.state,
	})
}

// carry is a Carry as the fold keeps it.
type carry struct {
	command            string
	from, to           *well
	fromState, toState stateID
}
