package liquid

// reasons is a set of Reason. Liquid carries it along: what is drawn from an
// incomplete state is incomplete.
type reasons uint8

const (
	undeclared reasons = 1 << iota
	shortLater
	uncertain
	unlikeTip
	noGeometry
	noHeight
	// heightless is no Reason yet: the command stood exactly at the top, or did
	// not say. If no command of the run says more, heights were never recorded,
	// and it becomes noHeight.
	heightless
)

// words lists the reasons in the order of their words.
func (r reasons) words() []Reason {
	var words []Reason
	for _, w := range []struct {
		bit  reasons
		word Reason
	}{
		{noGeometry, ReasonNoGeometry},
		{noHeight, ReasonNoHeight},
		{shortLater, ReasonShortLater},
		{uncertain, ReasonUncertain},
		{undeclared, ReasonUndeclared},
		{unlikeTip, ReasonUnlikeTip},
	} {
		if r&w.bit != 0 {
			words = append(words, w.word)
		}
	}
	return words
}

// reasonsOf is the set of words; unknown ones are left out.
func reasonsOf(words []Reason) reasons {
	var r reasons
	for _, w := range words {
		switch w {
		case ReasonUndeclared:
			r |= undeclared
		case ReasonShortLater:
			r |= shortLater
		case ReasonUncertain:
			r |= uncertain
		case ReasonUnlikeTip:
			r |= unlikeTip
		case ReasonNoGeometry:
			r |= noGeometry
		case ReasonNoHeight:
			r |= noHeight
		}
	}
	return r
}
