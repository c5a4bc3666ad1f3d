// Package declared applies what people declared about a run to what its record
// says: corrected volumes, the identity of plates, the lots and samples that
// filled the wells.
//
// On the road of a fact it is part of transform: it stands before and after the
// fold, and tells package project what to draw.
//
// It refuses to guess: a name that fits nothing, or several things, changes
// nothing and is a finding.
package declared
