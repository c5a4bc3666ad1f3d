// Package liquid is the fold: an executed command sequence in, well states
// with volumes and fractions out.
//
// On the road of a fact it stands between the decoded run and the lineage
// graph: what it says is what the graph will say. Its rules are in
// docs/liquid.md.
//
// It refuses all I/O, clocks and goroutines: the same run gives the same
// outcome, always.
package liquid
