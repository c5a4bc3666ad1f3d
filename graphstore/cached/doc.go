// Package cached keeps the answers of a graph store in memory until what they
// were made of changes.
//
// On the road of a fact it stands before an engine: etl writes through it, query
// reads through it. An answer remembers what it was made of; a write tells what
// it changes before it commits (graphstore.Tracker), and exactly the answers that
// rest on it are dropped. An answer from memory is never older than the last write
// through this Store that returned.
//
// It refuses to see further than its own process: what another one writes to the
// same Neo4j shows when the time to live of an answer is over, or after Flush.
package cached
