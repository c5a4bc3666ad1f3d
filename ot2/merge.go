package ot2

import (
	"bytes"
	"cmp"
	"encoding/json"
	"reflect"
	"time"
)

// Merge joins fragments of one run, in any order and however often each comes,
// into the run that they tell of. The result does not depend on the order. Of
// two records of one command the further one in its life wins, then the one with
// a result, then the greater by content. Of the header's lists, which only grow,
// the longest wins, then that of the furthest header.
//
// The commands stand in the order of the list where one fragment has them all,
// else in order of creation.
func Merge(fragments ...Run) Run {
	j := NewJoiner()
	for _, f := range fragments {
		j.Add(f)
	}
	return j.Run()
}

// mergeHeader joins what a header says field by field. Of two unequal texts the
// greater stays: any rule will do that does not look at the order.
func (run *Run) mergeHeader(f Run) {
	run.ID = max(run.ID, f.ID)
	run.Plan = run.Plan || f.Plan
	run.Result = max(run.Result, f.Result)
	run.CreatedAt = earliest(run.CreatedAt, f.CreatedAt)
	run.StartedAt = earliest(run.StartedAt, f.StartedAt)
	run.CompletedAt = latest(run.CompletedAt, f.CompletedAt)
	run.ProtocolID = max(run.ProtocolID, f.ProtocolID)
	run.ProtocolName = max(run.ProtocolName, f.ProtocolName)
	run.RobotSerial = max(run.RobotSerial, f.RobotSerial)
	run.RobotName = max(run.RobotName, f.RobotName)
	run.Software = max(run.Software, f.Software)
	run.CommandsTotal = max(run.CommandsTotal, f.CommandsTotal)
	run.Redacted = append(run.Redacted, f.Redacted...)
}

// further compares how far two headers of one run are in its life.
func further(a, b Run) int {
	return cmp.Or(
		cmp.Compare(phase(a.Status), phase(b.Status)),
		cmp.Compare(len(a.Actions), len(b.Actions)), // every play, pause and stop adds one
		// Of a protocol's own pause and what went before nobody kept an action:
		// the robot says "running", then "paused".
		cmp.Compare(waiting(a.Status), waiting(b.Status)),
		cmp.Compare(a.Status, b.Status),
		// A run that ended is put aside, and not taken up again.
		-compareBool(a.Current, b.Current),
	)
}

// phase of a run's life, from its status.
func phase(status string) int {
	switch status {
	case "":
		return 0
	case "idle", "pending":
		return 1
	case "stop-requested", "finishing":
		return 3
	case StatusSucceeded, StatusFailed, "stopped", "completed":
		return 4
	}
	return 2
}

func waiting(status string) int { return boolRank(status != StatusRunning) }

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func compareBool(a, b bool) int { return cmp.Compare(boolRank(a), boolRank(b)) }

// longest picks one list of the header over all fragments.
func longest[T any](fragments []Run, list func(Run) []T) []T {
	var best Run
	for _, f := range fragments {
		a, b := list(best), list(f)
		order := cmp.Or(cmp.Compare(len(a), len(b)), further(best, f))
		if order == 0 && len(a) > 0 {
			order = compareContent(a, b)
		}
		if order < 0 {
			best = f
		}
	}
	return list(best)
}

// compareContent orders by content what nothing else orders.
func compareContent(a, b any) int {
	if reflect.DeepEqual(a, b) {
		return 0
	}
	return bytes.Compare(encoded(a), encoded(b))
}

func encoded(v any) []byte {
	text, _ := json.Marshal(v) // a decoded run always encodes
	return text
}

// compareRecords orders two records of one command.
func compareRecords(a, b Command) int {
	order := cmp.Or(cmp.Compare(a.stage(), b.stage()), compareBool(a.HasResult, b.HasResult))
	if order != 0 {
		return order
	}
	return compareContent(a, b)
}

// stage of a command's life, from its status.
func (c *Command) stage() int {
	switch c.Status {
	case StatusSucceeded, StatusFailed:
		return 2
	case StatusRunning:
		return 1
	}
	return 0
}

// made is when the command came into being, as far as it says.
func (c *Command) made() time.Time {
	if c.CreatedAt.IsZero() {
		return c.StartedAt
	}
	return c.CreatedAt
}

// earliest of two instants, of which a zero one is unknown.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
