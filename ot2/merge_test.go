package ot2_test

import (
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"wellspring/internal/testdata"
	"wellspring/ot2"
)

var begun = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// story is a run at its end, and all that a follower may have heard of it.
func story(t *rapid.T) (whole ot2.Run, heard []ot2.Run) {
	header := ot2.Run{
		ID: "r1", Status: "succeeded", CreatedAt: begun, StartedAt: begun.Add(time.Second), CompletedAt: begun.Add(time.Hour),
		ProtocolID: "p1", RobotSerial: "OT2-1", CommandsTotal: -1,
		Labware:  []ot2.Labware{{ID: "l1", LoadName: "plate"}, {ID: "l2", LoadName: "trough"}},
		Pipettes: []ot2.Pipette{{ID: "p1", Name: "p300_single", Mount: "left"}},
		Actions:  []ot2.Action{{ID: "a1", Type: "play", CreatedAt: begun}, {ID: "a2", Type: "pause", CreatedAt: begun.Add(time.Minute)}},
	}
	earlier := func(status string, change func(*ot2.Run)) {
		h := header
		h.Status, h.Current, h.CompletedAt = status, true, time.Time{}
		change(&h)
		heard = append(heard, h)
	}
	earlier("idle", func(h *ot2.Run) { h.StartedAt, h.Labware, h.Pipettes, h.Actions = time.Time{}, nil, nil, nil })
	earlier("running", func(h *ot2.Run) { h.Labware, h.Actions = h.Labware[:1], h.Actions[:1] })
	earlier("paused", func(*ot2.Run) {})
	heard = append(heard, header)

	whole = header
	for i := range rapid.IntRange(0, 12).Draw(t, "commands") {
		volume := float64(i + 1)
		c := ot2.Command{
			ID: string(rune('a' + (i*7)%26)), Key: "k", Type: "aspirate", Status: ot2.StatusSucceeded, HasResult: true,
			CreatedAt: begun.Add(time.Duration(i) * time.Second), StartedAt: begun.Add(time.Duration(i) * time.Second), CompletedAt: begun.Add(time.Duration(i+1) * time.Second),
			Params: ot2.Params{PipetteID: "p1", Volume: &volume}, Result: ot2.Result{Volume: &volume},
		}
		whole.Commands = append(whole.Commands, c)
		summary := c
		summary.HasResult, summary.Result = false, ot2.Result{}
		running := summary
		running.Status, running.CompletedAt = ot2.StatusRunning, time.Time{}
		queued := running
		queued.Status, queued.StartedAt = ot2.StatusQueued, time.Time{}
		for _, c := range []ot2.Command{queued, running, summary, c} {
			heard = append(heard, ot2.Run{ID: "r1", Commands: []ot2.Command{c}, CommandsTotal: -1})
		}
	}
	return whole, heard
}

// Whatever is heard of a run, in whatever order, pieces and repetitions, tells
// the same run.
func TestMergeKnowsNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole, heard := story(t)
		heard = append(heard, rapid.SliceOfN(rapid.SampledFrom(heard), 0, 10).Draw(t, "repeated")...)
		heard = rapid.Permutation(heard).Draw(t, "order")
		// Neighbours in one piece.
		for len(heard) > 1 && rapid.Bool().Draw(t, "join") {
			i := rapid.IntRange(0, len(heard)-2).Draw(t, "at")
			if heard[i].Status == "" && heard[i+1].Status == "" {
				joined := heard[i]
				joined.Commands = slices.Concat(heard[i].Commands, heard[i+1].Commands)
				slices.SortStableFunc(joined.Commands, func(a, b ot2.Command) int { return a.CreatedAt.Compare(b.CreatedAt) })
				heard = slices.Replace(heard, i, i+2, joined)
			}
		}
		if diff := cmp.Diff(whole, ot2.Merge(heard...), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// The list of a document is the order of its commands, whatever their times say.
func TestMergeKeepsTheListOfAWholeRun(t *testing.T) {
	list := []ot2.Command{
		{ID: "late", Status: "succeeded", CreatedAt: begun.Add(time.Hour)},
		{ID: "early", Status: "succeeded", CreatedAt: begun},
	}
	part := ot2.Run{ID: "r1", CommandsTotal: -1, Commands: list[1:]}
	whole := ot2.Run{ID: "r1", CommandsTotal: 2, Commands: list}
	for _, fragments := range [][]ot2.Run{{whole}, {part, whole}, {whole, part, whole}} {
		if diff := cmp.Diff(whole, ot2.Merge(fragments...)); diff != "" {
			t.Error(diff)
		}
	}
}

// What is missing is told once, until somebody brings the whole record.
func TestMergeKeepsGapsUntilTheWholeRecordComes(t *testing.T) {
	commands := []ot2.Command{{ID: "a", Status: "succeeded", CreatedAt: begun}, {ID: "b", Status: "succeeded", CreatedAt: begun.Add(time.Second)}}
	live := ot2.Run{ID: "r1", Status: "running", CommandsTotal: 2, Commands: commands}
	lost := ot2.Run{ID: "r1", Status: "stopped", CommandsTotal: 0, Gaps: []ot2.Gap{{Kind: "lost", Detail: "the robot was restarted"}}}
	whole := ot2.Run{ID: "r1", Status: "succeeded", CommandsTotal: 2, Commands: commands}
	short := ot2.Run{ID: "r1", Status: "stopped", CommandsTotal: 1, Commands: commands[:1]}
	for name, test := range map[string]struct {
		fragments []ot2.Run
		want      []ot2.Gap
	}{
		"live, then lost":       {[]ot2.Run{live, lost, lost}, lost.Gaps},
		"a record without some": {[]ot2.Run{live, lost, short}, lost.Gaps},
		"the whole record":      {[]ot2.Run{whole, live, lost}, nil},
	} {
		if diff := cmp.Diff(test.want, ot2.Merge(test.fragments...).Gaps); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		slices.Reverse(test.fragments)
		if diff := cmp.Diff(test.want, ot2.Merge(test.fragments...).Gaps); diff != "" {
			t.Errorf("%s, the other way round: %s", name, diff)
		}
	}
}

// Real runs, cut into pieces that come in any order, are the same runs.
func TestMergeShared(t *testing.T) {
	for _, folder := range []string{"run-logs", "robot-sim/runs"} {
		files, _ := filepath.Glob(filepath.Join(testdata.Shared(t, "ot2/"+folder), "*.json"))
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				whole := decodeFile(t, file).Run
				once := ot2.Merge(whole)
				if diff := cmp.Diff(whole, once, cmpopts.EquateEmpty()); diff != "" {
					t.Fatal(diff)
				}
				rapid.Check(t, func(t *rapid.T) {
					header := whole
					header.Commands = nil
					pieces := []ot2.Run{header}
					for rest := whole.Commands; len(rest) > 0; {
						n := rapid.IntRange(1, len(rest)).Draw(t, "n")
						piece := ot2.Run{ID: whole.ID, CommandsTotal: -1, Commands: rest[:n]}
						pieces, rest = append(pieces, piece), rest[n:]
					}
					pieces = append(pieces, rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 3).Draw(t, "repeated")...)
					merged := ot2.Merge(rapid.Permutation(pieces).Draw(t, "order")...)
					if !reflect.DeepEqual(once, merged) { // much faster than cmp, as definitions are shared
						t.Fatal(cmp.Diff(once, merged))
					}
				})
			})
		}
	}
}

// A Joiner that is asked on the way says each time what Merge says of what it heard.
func TestJoinerIsMergeAtAnyTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole, heard := story(t)
		if rapid.Bool().Draw(t, "with a whole list") {
			heard = append(heard, whole)
		}
		for i := range heard {
			j := rapid.IntRange(i, len(heard)-1).Draw(t, "place")
			heard[i], heard[j] = heard[j], heard[i]
		}
		joiner := ot2.NewJoiner()
		for i, f := range heard {
			joiner.Add(f)
			if rapid.IntRange(0, 2).Draw(t, "asked") > 0 {
				continue
			}
			if diff := cmp.Diff(ot2.Merge(heard[:i+1]...), joiner.Run(), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("after %d fragments (-merged +joined):\n%s", i+1, diff)
			}
		}
	})
}
