package cached

import (
	"slices"
	"time"
)

// record is what is known of Applies: those under way, and those that ended
// while some reading was under way, whose answer may miss them.
type record struct {
	changes []*change
	ended   uint64 // Applies that have
	writing int    // Applies that may be committing
}

const (
	// doubt is how long a transaction that failed may yet turn out to have been
	// committed: its last message may be on the way to the database.
	doubt = time.Minute
	// remembered bounds how many changes are held in full. Of older ones it is
	// only known that they were.
	remembered = 64
)

// settle notes that an Apply has ended.
func (r *record) settle(changes []*change, err error) {
	r.ended++
	for _, c := range changes {
		c.settled = r.ended
		if err != nil {
			c.doubt = time.Now().Add(doubt)
		}
	}
}

// spoilt reports whether an answer that was read since a count of ended Applies
// may miss a change.
func (r *record) spoilt(on basis, since uint64) bool {
	now := time.Now()
	return slices.ContainsFunc(r.changes, func(c *change) bool {
		return (c.settled == 0 || c.settled > since || now.Before(c.doubt)) && c.spoils(on)
	})
}

// prune forgets what no reading may have missed.
func (r *record) prune(flights map[*flight]struct{}) {
	oldest := r.ended
	for f := range flights {
		oldest = min(oldest, f.since)
	}
	now := time.Now()
	r.changes = slices.DeleteFunc(r.changes, func(c *change) bool {
		return c.settled != 0 && c.settled <= oldest && !now.Before(c.doubt)
	})
	for _, c := range r.changes[:max(0, len(r.changes)-remembered)] {
		c.everything, c.touched, c.contents = true, nil, nil
	}
}
