package bridge

import (
	"fmt"
	"slices"
	"time"
)

// The states of a bridge.
const (
	Connecting  = "connecting"  // it has not answered yet
	Idle        = "idle"        // read, and no run is under way
	Following   = "following"   // a run is under way
	Unreachable = "unreachable" // it does not answer
	Refused     = "refused"     // it answers with errors: starting, or no robot
	Stalled     = "stalled"     // the journal or the disk does not take what it did
)

// State is how the reading of one robot stands.
type State struct {
	Name     string
	Address  string
	Serial   string
	Robot    string // what the robot calls itself
	Software string
	State    string
	Error    string    // why it is not read
	Hints    string    // off, waiting, on
	Contact  time.Time // zero: never
	Runs     []Run     // that the robot holds, oldest first
	Current  string    // the run under way

	Capacity    int
	Unharvested int // runs that ended, or are under way, and are not read in full
	// UntilDeleted is how many runs can still be started before the robot deletes
	// one that is not read in full; Capacity where there is none.
	UntilDeleted int
	Gaps         []Gap // newest last
	Alarms       []Alarm
	Requests     int64
	Heard        int64 // hints
}

// Run is how the reading of one run stands.
type Run struct {
	ID        string
	Status    string
	CreatedAt time.Time
	Commands  int // read at their end
	Total     int // that the robot has counted
	Harvested time.Time
	Lost      bool
	Plan      string // the analysis that it carries out; empty: none, or not known
	Error     string // why its record can't be read
}

// Alarm is what a person should see to.
type Alarm struct {
	Kind   string
	Detail string
}

// The kinds of alarms.
const (
	AlarmEviction = "eviction" // a run that is not read may soon be deleted
	AlarmLost     = "lost"     // something was lost in the last day
	AlarmContact  = "contact"  // the robot is not read
	AlarmRecord   = "record"   // a run's record can't be read
)

// lostFor is how long a loss is an alarm.
const lostFor = 24 * time.Hour

// State tells how the reading stands. It may be called at any time.
func (b *Bridge) State() State {
	s := *b.state.Load()
	s.Hints = "off"
	if b.options.Robot.MQTT != "" {
		s.Hints = "waiting"
		if b.hints.on() {
			s.Hints = "on"
		}
	}
	s.Heard = b.hints.heard.Load()
	return s
}

// tell makes what is known now the State, and says of alarms once that they began or ended.
func (b *Bridge) tell() {
	s := State{
		Name: b.options.Robot.Name, Address: b.options.Robot.URL, Serial: b.robot.Serial, Robot: b.robot.Name, Software: b.robot.Software,
		Contact: b.kept.Contact, Current: b.active, Capacity: b.options.Capacity, UntilDeleted: b.options.Capacity,
		Gaps: slices.Clone(b.kept.Gaps), Requests: b.client.asked,
	}
	for i, id := range b.kept.Order {
		r := b.kept.Runs[id]
		if r == nil {
			continue
		}
		told := Run{ID: id, Status: r.Status, CreatedAt: r.CreatedAt, Commands: r.Next, Total: r.Total, Harvested: r.Harvested, Lost: r.Lost, Error: r.trouble}
		if r.Plan != noPlan {
			told.Plan = r.Plan
		}
		if r.harvested() && !r.Lost {
			told.Commands = r.Total
		}
		if !r.harvested() {
			if s.Unharvested == 0 {
				s.UntilDeleted = max(0, b.options.Capacity-len(b.kept.Order)) + i
			}
			s.Unharvested++
		}
		s.Runs = append(s.Runs, told)
	}
	s.State = b.stateWord()
	if b.failed != nil {
		s.Error = b.failed.Error()
	}
	s.Alarms = b.alarms(s)
	b.state.Store(&s)
	b.sayAlarms(s.Alarms)
}

func (b *Bridge) stateWord() string {
	_, refused := answered(b.failed)
	switch {
	case b.failed == nil && !b.known:
		return Connecting
	case b.failed == nil && b.active != "":
		return Following
	case b.failed == nil:
		return Idle
	case refused:
		return Refused
	case isJournal(b.failed), isOurs(b.failed):
		return Stalled
	}
	return Unreachable
}

func (b *Bridge) alarms(s State) (alarms []Alarm) {
	if s.Unharvested > 0 && s.UntilDeleted <= b.options.Margin && !b.onlyCurrent(s) {
		alarms = append(alarms, Alarm{AlarmEviction, fmt.Sprintf(
			"%d runs are not read in full; the robot deletes one of them when %d more are started", s.Unharvested, s.UntilDeleted+1)})
	}
	for _, r := range s.Runs {
		if b.kept.Runs[r.ID].tries > patient {
			alarms = append(alarms, Alarm{AlarmRecord, "run " + r.ID + ": " + r.Error})
		}
	}
	if b.failed != nil && b.failures > 2 {
		alarms = append(alarms, Alarm{AlarmContact, s.Error})
	}
	lost := 0
	for _, g := range s.Gaps {
		if time.Since(g.At) < lostFor {
			lost++
		}
	}
	if lost > 0 {
		alarms = append(alarms, Alarm{AlarmLost, fmt.Sprintf("%d in the last day; the gaps say what", lost)})
	}
	return alarms
}

// onlyCurrent reports whether all that is not read is the run under way: a robot
// whose capacity is small, or that holds one run only.
func (b *Bridge) onlyCurrent(s State) bool {
	return s.Unharvested == 1 && s.Current != "" && b.failed == nil
}

// pressing reports whether the next run or the one after deletes one that ended
// and is not read.
func (b *Bridge) pressing() bool {
	s := b.state.Load()
	return s.Unharvested > 0 && s.UntilDeleted <= 1
}

// sayAlarms logs an alarm when it begins and when it is over.
func (b *Bridge) sayAlarms(alarms []Alarm) {
	now := map[string]bool{}
	for _, a := range alarms {
		if now[a.Kind] = true; !b.alarmed[a.Kind] {
			b.logger.Error("alarm", "kind", a.Kind, "detail", a.Detail)
		}
	}
	for kind := range b.alarmed {
		if !now[kind] {
			b.logger.Info("the alarm is over", "kind", kind)
		}
	}
	b.alarmed = now
}
