// Package etl is the pipeline: extract, transform, load, verify, for the new
// envelopes of one owner at a time, many owners at once.
//
// On the road of a fact it stands between the journal and the graph: it
// decodes a run's envelopes, folds them, projects the outcome into lineage,
// writes that in one idempotent transaction and reads it back.
//
// It refuses to lose: what fails for good goes to the dead letters with its
// error and a remedy, and the rest goes on.
package etl
