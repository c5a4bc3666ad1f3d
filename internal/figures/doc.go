// Package figures measures what a user of Wellspring feels: how long a start, an
// import and an answer take, and how much memory, of the real program over its
// real interface. make bench writes what it finds into docs/performance.md.
//
// On the road of a fact it stands at both ends: it sends documents in and asks
// questions.
//
// It refuses to judge: a benchmark has no bound that fails. What is too slow is
// for a reader of the page to say.
package figures
