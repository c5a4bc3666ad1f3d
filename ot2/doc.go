// Package ot2 is what an Opentrons OT-2 says: runs, commands, analyses,
// labware, and the decoders of the shapes they come in.
//
// On the road of a fact it turns an envelope's payload into a Run. It is
// tolerant about what a robot may add (unknown commands are kept and counted)
// and strict about what it must get right: an error names the place, such as
// commands[17].params.volume.
//
// It refuses to interpret: what a command does to a liquid is decided in
// package liquid.
package ot2
