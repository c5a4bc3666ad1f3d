// Package ingest is where facts come in: the envelope, the intake that every
// door shares, and, in folders of their own, the doors (mqtt, files, http)
// and the journal.
//
// On the road of a fact it is the first room: a door receives, Intake wraps
// and redacts, the journal makes it durable, and only then is the sender told
// yes.
//
// It refuses to interpret anything beyond what finding the run needs.
package ingest
