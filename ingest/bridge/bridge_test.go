package bridge_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/ingest"
	"wellspring/ingest/bridge"
	"wellspring/ingest/bridge/robottest"
	"wellspring/lineage"
)

// A run is known command by command while it goes on; between its end and its
// saving the robot's record is empty, and is not believed.
func TestFollowsARunToItsRecord(t *testing.T) {
	for _, name := range []string{robottest.TwoTransfers, robottest.FailsMidway, robottest.StoppedByUser} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.start()
			run := l.robot.Create(name)
			l.await("the run was seen", func(s bridge.State) bool { return s.Current == run.ID })
			l.robot.Play()
			l.robot.Step(3)
			l.await("three commands ended", func(s bridge.State) bool { return s.Runs[0].Commands == 3 })
			if diff := cmp.Diff(map[string]int{"succeeded": 3, "running": 1}, statuses(l.run(run.ID))); diff != "" {
				t.Error(diff)
			}
			for _, c := range l.run(run.ID).Commands {
				if c.Status == "succeeded" && !c.HasResult {
					t.Errorf("%s was read without its result", c.Type)
				}
			}
			l.robot.Step(4)
			l.robot.Finish()
			l.robot.EndUnsaved()
			record := "/runs/" + run.ID + "/commandsAsPreSerializedList"
			asked := l.robot.Asked(record)
			l.await("the empty record was read", func(bridge.State) bool { return l.robot.Asked(record) > asked+1 })
			if s := l.bridge.State(); s.Unharvested != 1 {
				t.Error("the empty record was believed")
			}
			l.robot.Save()
			l.harvested(1)
			l.equalsFile(name, run.ID, true)
			if s := l.bridge.State(); len(s.Gaps) > 0 || len(s.Alarms) > 0 {
				t.Errorf("gaps %v, alarms %v", s.Gaps, s.Alarms)
			}
		})
	}
}

// Many commands in no time, with one hint for all: the record has them all.
func TestBurst(t *testing.T) {
	l := newLab(t)
	l.start()
	run := l.robot.Whole(robottest.StoppedByUser, "")
	l.harvested(1)
	if got := l.run(run.ID); len(got.Commands) != 34 || got.CommandsTotal != 34 || len(got.Gaps) > 0 {
		t.Errorf("%d of %d commands, gaps %v", len(got.Commands), got.CommandsTotal, got.Gaps)
	}
}

// A bridge that was stopped in mid-run goes on where the journal's yes had come to.
func TestBridgeRestartsInMidRun(t *testing.T) {
	l := newLab(t)
	l.start()
	run := l.robot.Create(robottest.StoppedByUser)
	l.await("the run was seen", func(s bridge.State) bool { return s.Current == run.ID })
	l.robot.Play()
	l.robot.Step(6)
	l.await("six commands ended", func(s bridge.State) bool { return s.Runs[0].Commands == 6 })
	l.stop()
	single := "/runs/" + run.ID + "/commands/"
	before := l.robot.Asked(single)
	l.robot.Step(4)

	l.start()
	l.await("ten commands ended", func(s bridge.State) bool { return len(s.Runs) == 1 && s.Runs[0].Commands == 10 })
	if n := l.robot.Asked(single) - before; n != 4 {
		t.Errorf("%d commands were read again or late, want the 4 new ones", n)
	}
	l.robot.Finish()
	l.robot.Save()
	l.harvested(1)
	l.equalsFile(robottest.StoppedByUser, run.ID, true)
}

// A robot that dies over a run forgets it: what was read along stays, and that
// more is missing is said.
func TestRobotDiesInMidRun(t *testing.T) {
	l := newLab(t)
	l.start()
	run := l.robot.Create(robottest.StoppedByUser)
	l.await("the run was seen", func(s bridge.State) bool { return s.Current == run.ID })
	l.robot.Play()
	l.robot.Step(5)
	l.await("five commands ended", func(s bridge.State) bool { return s.Runs[0].Commands == 5 })
	l.robot.Die()
	l.await("it is missed", func(s bridge.State) bool { return s.State == bridge.Unreachable && alarmed(s, bridge.AlarmContact) })
	l.robot.Boot()
	l.await("it is starting", func(s bridge.State) bool { return s.State == bridge.Refused })
	l.robot.Ready()
	l.harvested(1)
	got := l.run(run.ID)
	if diff := cmp.Diff(map[string]int{"succeeded": 5, "running": 1}, statuses(got)); diff != "" {
		t.Error(diff)
	}
	if len(got.Gaps) != 1 || got.Gaps[0].Kind != bridge.GapLost || got.Status != "stopped" {
		t.Errorf("status %s, gaps %v", got.Status, got.Gaps)
	}
	if s := l.bridge.State(); !s.Runs[0].Lost || !alarmed(s, bridge.AlarmLost) {
		t.Errorf("the loss is not told: %+v", s)
	}
}

// A run that was harvested is not lost when the robot dies after it.
func TestRobotDiesAfterTheRun(t *testing.T) {
	l := newLab(t)
	l.start()
	run := l.robot.Whole(robottest.TwoTransfers, "")
	l.harvested(1)
	l.robot.Die()
	l.robot.Boot()
	l.robot.Ready()
	l.await("it is read again", func(s bridge.State) bool { return s.State == bridge.Idle })
	if got := l.run(run.ID); len(got.Gaps) > 0 || len(got.Commands) != 12 {
		t.Errorf("%d commands, gaps %v", len(got.Commands), got.Gaps)
	}
}

// The alarm comes before the robot deletes a run that can't be read, and the loss
// is said once it has.
func TestAlarmBeforeEviction(t *testing.T) {
	l := newLab(t)
	l.start()
	doomed := l.robot.Whole(robottest.TwoTransfers, "doomed-run")
	l.robot.Fail("/runs/doomed-run/commandsAsPreSerializedList", 500)
	l.robot.Fail("/runs/doomed-run/commands", 500)
	for n := 2; n <= robottest.Capacity; n++ {
		l.robot.Whole(robottest.TwoTransfers, fmt.Sprintf("run-%d", n))
		l.await("the others are harvested", func(s bridge.State) bool { return len(s.Runs) == n && s.Unharvested <= 1 })
		s := l.bridge.State()
		if s.Unharvested == 0 {
			t.Skip("it was read before the fault")
		}
		left := robottest.Capacity - n
		if s.UntilDeleted != left || alarmed(s, bridge.AlarmEviction) != (left <= 5) {
			t.Errorf("with %d runs: %d until one is deleted, alarms %v", n, s.UntilDeleted, s.Alarms)
		}
	}
	l.robot.Whole(robottest.TwoTransfers, "run-21")
	l.await("the loss is known", func(s bridge.State) bool { return slices.Equal(gapKinds(s), []string{bridge.GapDeleted}) })
	l.harvested(robottest.Capacity)
	got := l.run(doomed.ID)
	if len(got.Gaps) != 1 || got.Gaps[0].Kind != bridge.GapDeleted {
		t.Errorf("the run does not say what it lacks: %v", got.Gaps)
	}
	if s := l.bridge.State(); alarmed(s, bridge.AlarmEviction) || s.UntilDeleted != robottest.Capacity {
		t.Errorf("the alarm stays: %v", s.Alarms)
	}
}

// A journal that takes nothing loses nothing that the robot still holds; the
// alarm comes in time here too.
func TestJournalRefuses(t *testing.T) {
	l := newLab(t)
	full := &lineage.Error{Op: "append", Kind: lineage.ErrorUnavailable, Err: errors.New("disk full")}
	l.start()
	l.book.refuse(full)
	for n := range 16 {
		l.robot.Whole(robottest.TwoTransfers, fmt.Sprintf("run-%d", n))
	}
	l.await("the alarm", func(s bridge.State) bool {
		return s.State == bridge.Stalled && alarmed(s, bridge.AlarmEviction) && s.UntilDeleted == 4
	})
	l.book.refuse(nil)
	l.harvested(16)
	for n := range 16 {
		l.equalsFile(robottest.TwoTransfers, fmt.Sprintf("run-%d", n), false)
	}
	if s := l.bridge.State(); len(s.Gaps) > 0 {
		t.Errorf("gaps %v", s.Gaps)
	}
}

// What happened while the robot could not be reached is read afterwards, oldest
// first; if it was too much for the robot, that is said.
func TestBackFill(t *testing.T) {
	for _, c := range []struct {
		meanwhile int
		gaps      []string
	}{{19, nil}, {25, []string{bridge.GapUnseen}}} {
		t.Run(fmt.Sprint(c.meanwhile), func(t *testing.T) {
			l := newLab(t)
			l.start()
			l.robot.Whole(robottest.TwoTransfers, "first")
			l.harvested(1)
			l.robot.Cut(true)
			l.await("it is missed", func(s bridge.State) bool { return s.State == bridge.Unreachable })
			for n := range c.meanwhile {
				l.robot.Whole(robottest.TwoTransfers, fmt.Sprintf("run-%d", n))
			}
			l.robot.Cut(false)
			l.harvested(robottest.Capacity)
			if diff := cmp.Diff(c.gaps, gapKinds(l.bridge.State())); diff != "" {
				t.Error(diff)
			}
			l.equalsFile(robottest.TwoTransfers, fmt.Sprintf("run-%d", c.meanwhile-1), false)
		})
	}
}

// Deleted by a person before it was read.
func TestDeletedByHand(t *testing.T) {
	l := newLab(t)
	l.start()
	run := l.robot.Create(robottest.StoppedByUser)
	l.await("the run was seen", func(s bridge.State) bool { return s.Current == run.ID })
	l.robot.Play()
	l.robot.Step(5)
	l.await("five commands ended", func(s bridge.State) bool { return s.Runs[0].Commands == 5 })
	l.robot.Delete(run.ID)
	l.await("the loss is known", func(s bridge.State) bool {
		return len(s.Runs) == 0 && slices.Equal(gapKinds(s), []string{bridge.GapDeleted})
	})
	if got := l.run(run.ID); len(got.Gaps) != 1 || len(got.Commands) != 6 {
		t.Errorf("%d commands, gaps %v", len(got.Commands), got.Gaps)
	}
}

// A robot that is slow and breaks off every third answer is read all the same.
func TestSlowAndFlakyRobot(t *testing.T) {
	l := newLab(t)
	l.robot.Flaky(3, 2*time.Millisecond)
	l.start()
	run := l.robot.Create(robottest.FailsMidway)
	l.await("the run was seen", func(s bridge.State) bool { return len(s.Runs) == 1 })
	l.robot.Play()
	l.robot.Step(10)
	l.robot.Finish()
	l.robot.Save()
	l.harvested(1)
	if got := l.run(run.ID); len(got.Commands) != 29 || len(got.Gaps) > 0 {
		t.Errorf("%d commands, gaps %v", len(got.Commands), got.Gaps)
	}
}

// The robot answers 500 for a command that it should know: the run is followed
// without its result, which comes with the record.
func TestACommandThatCantBeReadAlone(t *testing.T) {
	l := newLab(t)
	l.start()
	run := l.robot.Create(robottest.TwoTransfers)
	l.await("the run was seen", func(s bridge.State) bool { return s.Current == run.ID })
	l.robot.Fail("/runs/"+run.ID+"/commands/", 500)
	l.robot.Play()
	l.robot.Step(4)
	l.await("four commands ended", func(s bridge.State) bool { return len(s.Runs) == 1 && s.Runs[0].Commands == 4 })
	l.robot.Finish()
	l.robot.Save()
	l.harvested(1)
	l.equalsFile(robottest.TwoTransfers, run.ID, true)
}

// A robot of before 7.3 gives a record only command by command.
func TestOldRobot(t *testing.T) {
	l := newLab(t)
	l.robot.Old()
	l.robot.Whole(robottest.StoppedByUser, "old-run")
	l.start()
	l.harvested(1)
	l.equalsFile(robottest.StoppedByUser, "old-run", false)

	l.robot.Create(robottest.TwoTransfers)
	l.robot.Play()
	l.robot.Step(3)
	l.robot.Queue()
	l.robot.StopWaiting()
	l.harvested(2)
	got := l.run(decode(t, robottest.File(t, robottest.TwoTransfers)).ID)
	if diff := cmp.Diff(map[string]int{"succeeded": 3, "queued": 1}, statuses(got)); diff != "" || got.CommandsTotal != 4 || got.Status != "stopped" {
		t.Errorf("%d commands in all, %s: %s", got.CommandsTotal, got.Status, diff)
	}
}

// A run that was put aside before it began has no commands, and lacks none.
func TestRunThatNeverBegan(t *testing.T) {
	l := newLab(t)
	l.start()
	run := l.robot.Create(robottest.TwoTransfers)
	l.await("the run was seen", func(s bridge.State) bool { return s.Current == run.ID })
	l.robot.Die() // it is lost, but it never did anything
	l.robot.Boot()
	l.robot.Ready()
	l.harvested(1)
	if got := l.run(run.ID); len(got.Gaps) > 0 || got.CommandsTotal != 0 {
		t.Errorf("%d commands, gaps %v", got.CommandsTotal, got.Gaps)
	}
}

// The plan comes along, once it is there, and once for all runs of it.
func TestPlanComesAlong(t *testing.T) {
	l := newLab(t)
	l.start()
	run := l.robot.Create(robottest.TwoTransfers)
	l.robot.Analysing(run, true)
	l.robot.Play()
	l.robot.Burst()
	l.robot.Finish()
	l.robot.Save()
	l.harvested(1)
	l.robot.Analysing(run, false)
	l.await("the plan is known", func(s bridge.State) bool { return s.Runs[0].Plan != "" })
	l.robot.Whole(robottest.TwoTransfers, "again")
	l.harvested(2)
	l.await("the plan of the second run is known", func(s bridge.State) bool { return s.Runs[1].Plan == s.Runs[0].Plan })
	plans := 0
	for _, e := range l.book.envelopes {
		if e.Event.Type() == ingest.TypePlan {
			plans++
			want := decode(t, robottest.Analysis(t, robottest.TwoTransfers))
			if got := decode(t, e.Event.Data()); got.ID != want.ID || len(got.Commands) != len(want.Commands) || e.Event.Subject() != "plan:"+want.ID {
				t.Errorf("the plan is %s with %d commands", got.ID, len(got.Commands))
			}
		}
	}
	if plans != 1 {
		t.Errorf("the journal has the plan %d times", plans)
	}
}

// Another robot at the same address has a checkpoint of its own, and the first
// one's runs are not taken for deleted.
func TestAnotherRobotAtTheAddress(t *testing.T) {
	l := newLab(t)
	l.start()
	run := l.robot.Create(robottest.TwoTransfers)
	l.await("the run was seen", func(s bridge.State) bool { return s.Current == run.ID })
	l.robot.Cut(true)
	l.await("it is missed", func(s bridge.State) bool { return s.State == bridge.Unreachable })
	l.robot.Replace("OT2-other")
	l.robot.Cut(false)
	l.await("the other one is read", func(s bridge.State) bool { return s.Serial == "OT2-other" && s.State == bridge.Idle })
	if s := l.bridge.State(); len(s.Gaps) > 0 || len(s.Runs) > 0 {
		t.Errorf("gaps %v, runs %v", s.Gaps, s.Runs)
	}
}

// A checkpoint that can't be read stops the reading of that robot, and says why;
// it is not overwritten.
func TestDamagedCheckpoint(t *testing.T) {
	l := newLab(t)
	file := filepath.Join(l.options.Dir, "left.OT2CEP20190604A02.json")
	if err := os.WriteFile(file, []byte(`{"version":1,"runs":{"a`), 0o600); err != nil {
		t.Fatal(err)
	}
	l.start()
	l.await("it says so", func(s bridge.State) bool { return s.State == bridge.Stalled && alarmed(s, bridge.AlarmContact) })
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	l.await("it goes on", func(s bridge.State) bool { return s.State == bridge.Idle })
}
