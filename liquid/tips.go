package liquid

import "math"

// parcel is a volume of one state in a tip, or of air.
type parcel struct {
	volume float64
	state  stateID // noState: air
	from   *well   // where it was drawn; nil for air
	why    reasons
}

func (p parcel) air() bool { return p.state == noState }

// tip holds a stack of parcels, last in first out.
type tip struct {
	serial  int32
	parcels []parcel
	// touched is the well it touched last, and the state this had then.
	touched      *well
	touchedState stateID
	why          reasons // a failed command may have changed what it holds
}

// volume is what the tip holds, air included.
func (t *tip) volume() float64 {
	sum := 0.0
	for _, p := range t.parcels {
		sum += p.volume
	}
	return sum
}

// liquid is what the tip holds, without air.
func (t *tip) liquid() float64 {
	sum := 0.0
	for _, p := range t.parcels {
		if !p.air() {
			sum += p.volume
		}
	}
	return sum
}

// push puts a parcel on top of the stack.
func (t *tip) push(p parcel) {
	if top := len(t.parcels) - 1; top >= 0 {
		last := &t.parcels[top]
		if last.state == p.state && last.why == p.why { // of one state, so of one well
			last.volume += p.volume
			return
		}
	}
	t.parcels = append(t.parcels, p)
}

// everything is more than a tip holds.
var everything = math.Inf(1)

// taken is a parcel that left the tip of one nozzle.
type taken struct {
	parcel
	row int
}

// pop takes up to volume off the stack of a nozzle's tip, the parcel that came
// last first, and appends it to dst. Noise decides nothing: a pop that would
// leave no more than Epsilon takes that too.
func (f *Folder) pop(dst []taken, row int, t *tip, volume float64) []taken {
	if !(volume > Epsilon) {
		return dst
	}
	start := len(dst)
	left := volume
	if t.volume()-volume <= Epsilon {
		left = everything
	}
	for len(t.parcels) > 0 && left > Epsilon {
		top := &t.parcels[len(t.parcels)-1]
		out := *top
		out.why |= t.why
		if top.volume-left <= Epsilon {
			t.parcels = t.parcels[:len(t.parcels)-1]
		} else {
			out.volume = left
			top.volume -= left
		}
		left -= out.volume
		dst = append(dst, taken{out, row})
	}
	f.checkUnlike(dst[start:], t)
	return dst
}

// checkUnlike looks at the column of liquid that a pop cut in two. Last in
// first out is one bound of what left the tip, full mixing the other: where
// the column was of one liquid they agree.
func (f *Folder) checkUnlike(out []taken, t *tip) {
	if len(out) == 0 || len(t.parcels) == 0 || out[len(out)-1].air() {
		return
	}
	cut := out[len(out)-1].state
	unlike := false
	i := len(out) - 1
	for ; i >= 0 && !out[i].air(); i-- {
		unlike = unlike || !f.alike(cut, out[i].state)
	}
	j := len(t.parcels) - 1
	for ; j >= 0 && !t.parcels[j].air(); j-- {
		unlike = unlike || !f.alike(cut, t.parcels[j].state)
	}
	if !unlike || j == len(t.parcels)-1 {
		return
	}
	for k := i + 1; k < len(out); k++ {
		out[k].why |= unlikeTip
	}
	for k := j + 1; k < len(t.parcels); k++ {
		t.parcels[k].why |= unlikeTip
	}
	f.unlike = true
}
