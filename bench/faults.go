package bench

import (
	"errors"
	"fmt"

	"wellspring/lineage"
)

// maxFaults is how many mistakes are told at once: a person corrects them
// together, and stops reading somewhere.
const maxFaults = 20

// faults gathers what is wrong with a document, each with place and remedy.
type faults struct {
	op   string
	list []error
	n    int
}

func (f *faults) add(place, what, hint string) {
	f.n++
	if len(f.list) < maxFaults {
		f.list = append(f.list, fault(f.op, place, what, hint))
	}
}

func fault(op, place, what, hint string) error {
	return &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: place, Hint: hint, Err: errors.New(what)}
}

// err is nil, the only fault, or one error over all.
func (f *faults) err() error {
	switch f.n {
	case 0:
		return nil
	case 1:
		return f.list[0]
	}
	list := f.list
	if f.n > len(list) {
		list = append(list, fmt.Errorf("and %d more", f.n-len(f.list)))
	}
	return &lineage.Error{Op: f.op, Kind: lineage.ErrorInvalid, ID: fmt.Sprintf("%d places", f.n),
		Hint: "correct each of them: nothing was taken", Err: errors.Join(list...)}
}
