package liquid

import "wellspring/ot2"

// Options of a fold.
type Options struct {
	// Definitions is asked for labware whose log carries no definition. May be nil.
	Definitions ot2.Definitions
	// Initial is the content of shared labware when the run began, by place.
	Initial map[Place]Content
}

// Content is what a well held when the run began: the last state of an earlier run.
type Content struct {
	State      StateKey
	VolumeUl   float64
	Origins    []Share
	Incomplete []Reason
}

// Fold plays the run's commands in executed order.
func Fold(run ot2.Run, options Options) Outcome { panic("replaced by the fold") }
