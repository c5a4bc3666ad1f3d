// Package notify tells others what happened: a run that ended, a finding, a dead
// letter, a result that changed, a robot that needs somebody. It sends CloudEvents to
// the webhooks of the configuration, and our own processing as OpenLineage to who
// keeps that.
//
// On the road of a fact it stands beside the pipeline's end: what is to be told is
// written into an outbox before the journal counts the work as done, and leaves it
// when the receiver has said yes, or when it is too old. So it is told at least once,
// and in order for each run.
//
// It refuses to hold anything up: a receiver that is slow or gone costs the pipeline
// one row in a file.
package notify
