// Package figures measures what a user of Wellspring feels: how long a start, an
// import and the demo take, and how much memory, of the real program over its
// real interface. make bench writes what it finds into docs/performance.md.
//
// On the road of a fact it stands before the door: it sends documents in, and
// waits until they are in the graph.
//
// It refuses to judge: a benchmark has no bound that fails. What is too slow is
// for a reader of the page to say.
package figures
