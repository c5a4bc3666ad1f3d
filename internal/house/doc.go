// Package house keeps the house in order: its tests say which room may import
// which, and what no file may hold. What a reviewer said twice is here.
//
// On the road of a fact it stands beside it: nothing imports it.
//
// It refuses exceptions: a rule that no longer fits is changed here, with its
// reason, in docs/architecture.md and in .golangci.yml.
package house
