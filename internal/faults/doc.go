// Package faults breaks the whole service on purpose and counts: what was
// acknowledged is in the journal, and fsck finds nothing.
//
// On the road of a fact it stands beside all of it: a service is a child process
// of the test, which is killed, filled up, cut off and started again.
//
// It refuses to believe the service: what was acknowledged is written down by the
// test, and looked for in the files that are left.
//
// A few rounds of each fault belong to make test; WELLSPRING_SOAK, which make soak
// sets, asks for as many as it says.
package faults
