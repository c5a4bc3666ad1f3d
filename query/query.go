// Package query answers a person's questions over a graph store: selectors,
// ancestry and impact with fractions, wells, runs, and how complete an answer is.
//
// On the road of a fact it is the way out: api serves it, web and the command
// line ask it.
//
// It refuses to hide: an answer that was cut, or that rests on something
// unknown, says so in fields that can't be overlooked.
package query

import (
	"wellspring/graphstore"
)

// Service answers questions over one store. Its methods are safe for
// concurrent use. Errors are *lineage.Error.
type Service struct {
	store graphstore.Store
}

// New returns a Service over a store.
func New(store graphstore.Store) *Service { return &Service{store: store} }
