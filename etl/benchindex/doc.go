// Package benchindex remembers what one owner's projection needs to know of
// others: declarations by run and barcode, the last contents of labware per run,
// which plates a reading names, and the command keys of plans.
//
// On the road of a fact it stands beside transform: before it, it says what is
// known about a run; after load, it keeps what others depend on and names those
// whose inputs changed by that, in the same transaction. So a change reaches
// everything downstream, also across a crash.
//
// It refuses to be the truth: all of it is derived from the journal, and made
// again from there when the file is gone.
package benchindex
