// Package bridge reads OT-2 robots over their own HTTP API and listens to the
// hints on their MQTT brokers: the door for robots that know nothing of
// Wellspring.
//
// On the road of a fact it stands before the journal. It follows the run under
// way command by command, harvests the whole record of each run that ended, and
// remembers in a checkpoint what the journal has acknowledged; a crash or an
// outage repeats a little, and loses nothing that the robot still holds. A robot
// deletes its oldest run when it makes its 21st: the bridge raises an alarm before
// that can hit one that was not read, and says so when it did.
//
// It refuses to write: all that it ever sends to a robot is GET and SUBSCRIBE.
package bridge
