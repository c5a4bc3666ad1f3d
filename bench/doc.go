// Package bench is what people and other instruments say about a lab's wells:
// manifests that name lots, samples and plates, readings of plate readers, and
// transfers that no OT-2 logged.
//
// On the road of a fact it stands beside ot2: it turns an envelope's payload
// into Declarations, a Reading, or (for transfers) an ot2.Run, so that other
// hands obey the same liquid rules as a robot.
//
// It refuses to guess: a row that does not say which plate it means is an
// error that names the row.
package bench
