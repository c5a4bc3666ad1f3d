package liquid

// arena keeps many small slices that live as long as the fold in few large
// ones. It never frees and never moves what it keeps.
type arena[T any] struct{ free []T }

const arenaChunk = 1024

// keep returns a copy of s, nil for an empty one.
func (a *arena[T]) keep(s []T) []T {
	if len(s) == 0 {
		return nil
	}
	if len(s) > len(a.free) {
		a.free = make([]T, max(arenaChunk, len(s)))
	}
	kept := a.free[:len(s):len(s)]
	a.free = a.free[len(s):]
	copy(kept, s)
	return kept
}
