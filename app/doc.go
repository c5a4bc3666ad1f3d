// Package app puts the process together: Options say what is wanted, New
// opens the journal, the graph and the pipeline, Run serves until its context
// ends, Addr tells where.
//
// On the road of a fact it is the plan of the house: it builds the rooms and
// the doors between them, and walks no fact itself.
//
// It refuses to be global: a process can hold two of it, and tests do.
package app
