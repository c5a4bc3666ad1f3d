// Package robottest is a robot for tests: it answers as a recorded robot server
// 8.1.0 did, run by run and command by command at the test's word, traps included.
//
// It stands where the robot stands, before the first door. It refuses all that
// would change a robot: whoever sends it anything but GET is found out.
package robottest
