// Package pack makes evidence packages: one zip file with an answer, what it
// rests on, and the proofs by which it can be checked offline.
//
// On the road of a fact it is the last stop: it writes what app gathers from
// graph, journal and ledger. Package verify reads it again.
//
// It refuses to depend on when it runs: the same question as of the same time
// gives the same bytes, signatures included.
package pack
