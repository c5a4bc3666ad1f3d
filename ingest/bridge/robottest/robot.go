package robottest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Capacity is how many runs the robot keeps.
const Capacity = 20

// Run is one run on the robot.
type Run struct {
	ID       string
	recorded recording
	done     int    // commands that ended
	started  bool   // the next one runs
	queued   bool   // the next one waits
	status   string // idle, running, finishing, …
	ended    bool   // by its status
	saved    bool   // its record is on the disk
	lost     bool   // the robot died over it
	played   bool
	pending  bool // its analysis is under way
}

// Robot is a robot server on loopback.
type Robot struct {
	URL string
	// Hint is told each topic that a real server would publish to.
	Hint func(topic string)

	t        testing.TB
	server   *httptest.Server
	mu       sync.Mutex
	runs     []*Run
	current  *Run
	serial   string
	faults   map[string]int // status by the beginning of a path
	away     bool
	starting bool
	old      bool          // knows no commandsAsPreSerializedList
	cut      int           // every so many answers break off in the middle
	delay    time.Duration // of each answer
	requests []string
	wrong    []string // what nobody should have sent
	under    int      // requests at once, and the most there were
	most     int
}

// New starts a robot without runs.
func New(t testing.TB) *Robot {
	r := &Robot{t: t, serial: "OT2CEP20190604A02", faults: map[string]int{}, Hint: func(string) {}}
	r.server = httptest.NewServer(http.HandlerFunc(r.handle))
	r.URL = r.server.URL
	t.Cleanup(func() {
		r.server.Close()
		for _, sent := range r.wrong {
			t.Errorf("the robot was sent %s", sent)
		}
		if r.most > 1 {
			t.Errorf("the robot was sent %d requests at once", r.most)
		}
	})
	return r
}

func (r *Robot) hint(topics ...string) {
	for _, topic := range topics {
		r.Hint("robot-server/" + topic)
	}
}

// Create makes a run of a recording the current one, and deletes the oldest if
// there are too many: of that nothing is hinted at but the creation.
func (r *Robot) Create(name string) *Run {
	return r.CreateAs(name, "")
}

// CreateAs is Create for a run that has another id than the recorded one.
func (r *Robot) CreateAs(name, id string) *Run {
	run := &Run{recorded: load(r.t, name), status: "idle"}
	if run.ID, _ = run.recorded.header["id"].(string); id != "" {
		run.ID = id
		run.recorded.header["id"] = id
	}
	r.mu.Lock()
	r.runs = append(r.runs, run)
	if len(r.runs) > Capacity {
		r.runs = r.runs[1:]
	}
	r.current = run
	r.mu.Unlock()
	r.hint("runs", "runs/"+run.ID, "runs", "runs/"+run.ID)
	return run
}

// Play lets the current run begin.
func (r *Robot) Play() {
	r.change(func(run *Run) { run.status, run.played = "running", true })
	r.hint("maintenance_runs/current_run", "runs", "runs/"+r.current.ID)
}

// change changes the current run.
func (r *Robot) change(how func(*Run)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	how(r.current)
}

// Step lets n commands of the current run end, each after it was seen to start.
// The one after them has started, if there is one.
func (r *Robot) Step(n int) {
	for range n {
		r.start()
		r.change(func(run *Run) { run.done, run.started = run.done+1, false })
	}
	r.start()
}

func (r *Robot) start() {
	began := false
	r.change(func(run *Run) {
		if !run.started && run.done < len(run.recorded.commands) {
			run.started, run.queued, began = true, false, true
		}
	})
	if began {
		r.hint("runs/commands_links")
	}
}

// Queue shows the next command as one that waits, and never starts unless told to.
func (r *Robot) Queue() { r.change(func(run *Run) { run.queued, run.started = true, false }) }

// Burst lets all commands end at once, with one hint for them all.
func (r *Robot) Burst() {
	r.change(func(run *Run) { run.done, run.started = len(run.recorded.commands), false })
	r.hint("runs/commands_links")
}

// Finish ends the commands; the record is not saved yet: the trap.
func (r *Robot) Finish() {
	r.change(func(run *Run) {
		run.done, run.started, run.status = len(run.recorded.commands), false, "finishing"
	})
	r.hint("runs", "runs/"+r.current.ID)
}

// EndUnsaved shows the final status while the list of the record is still empty.
func (r *Robot) EndUnsaved() {
	r.change(func(run *Run) { run.ended, run.status = true, run.final() })
	r.hint("runs", "runs/"+r.current.ID)
}

// Save completes the record of the current run.
func (r *Robot) Save() {
	r.change(func(run *Run) { run.ended, run.saved, run.status = true, true, run.final() })
	r.hint("runs", "runs/"+r.current.ID, "runs/pre_serialized_commands/"+r.current.ID)
}

// Whole lets a run of a recording go from its creation to its end.
func (r *Robot) Whole(name, id string) *Run {
	run := r.CreateAs(name, id)
	r.Play()
	r.Burst()
	r.Finish()
	r.Save()
	return run
}

func (run *Run) final() string { s, _ := run.recorded.header["status"].(string); return s }

// Delete takes a run away, as DELETE does.
func (r *Robot) Delete(id string) {
	r.mu.Lock()
	for i, run := range r.runs {
		if run.ID == id {
			r.runs = append(r.runs[:i:i], r.runs[i+1:]...)
			break
		}
	}
	if r.current != nil && r.current.ID == id {
		r.current = nil
	}
	r.mu.Unlock()
	r.hint("runs", "runs/"+id, "runs/commands_links", "runs/pre_serialized_commands/"+id)
}

// Die cuts the power: nothing answers, and MQTT does not tell. What was not saved is lost.
func (r *Robot) Die() {
	r.mu.Lock()
	r.away = true
	for _, run := range r.runs {
		if !run.saved {
			run.lost, run.ended, run.saved = true, true, true
			run.status, run.done, run.started, run.queued = "stopped", 0, false, false
		}
	}
	r.current = nil
	r.mu.Unlock()
	r.server.CloseClientConnections()
}

// Cut takes the network away, and gives it back.
func (r *Robot) Cut(away bool) {
	r.mu.Lock()
	r.away = away
	r.mu.Unlock()
	if away {
		r.server.CloseClientConnections()
	}
}

// Boot brings a dead robot back: first it answers 503, until it is Ready.
func (r *Robot) Boot() { r.set(func() { r.away, r.starting = false, true }) }

// Ready ends the start.
func (r *Robot) Ready() { r.set(func() { r.starting = false }) }

// Fail lets paths that begin so be answered with a status; 0 ends that.
func (r *Robot) Fail(path string, status int) { r.set(func() { r.faults[path] = status }) }

// Flaky lets every nth answer break off in the middle, and each take its time.
func (r *Robot) Flaky(nth int, delay time.Duration) { r.set(func() { r.cut, r.delay = nth, delay }) }

// Old makes it a robot of before 7.3: commands with results only one by one.
func (r *Robot) Old() { r.set(func() { r.old = true }) }

// Replace puts another robot at this address.
func (r *Robot) Replace(serial string) {
	r.set(func() { r.serial, r.runs, r.current = serial, nil, nil })
}

// Analysing lets the analysis of a run be under way, or done.
func (r *Robot) Analysing(run *Run, under bool) { r.set(func() { run.pending = under }) }

func (r *Robot) set(how func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	how()
}

// Asked returns how many requests came for paths that begin so.
func (r *Robot) Asked(prefix string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, path := range r.requests {
		if len(path) >= len(prefix) && path[:len(prefix)] == prefix {
			n++
		}
	}
	return n
}

// Address is host:port.
func (r *Robot) Address() string {
	host, port, err := net.SplitHostPort(r.server.Listener.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	return net.JoinHostPort(host, port)
}

// StopWaiting stops the run while its next command waits: that stays queued for ever.
func (r *Robot) StopWaiting() {
	r.change(func(run *Run) {
		run.queued, run.started, run.ended, run.saved, run.status = true, false, true, true, "stopped"
	})
	r.hint("runs", "runs/"+r.current.ID)
}
