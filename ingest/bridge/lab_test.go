package bridge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"wellspring/ingest"
	"wellspring/ingest/bridge"
	"wellspring/ingest/bridge/robottest"
	"wellspring/ingest/intake"
	"wellspring/ingest/journal"
	"wellspring/ot2"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreCurrent(),
		// The library's goodbye, and its waits between two tries to connect, end by
		// themselves a little after a client was disconnected.
		goleak.IgnoreAnyFunction("github.com/eclipse/paho%2emqtt%2egolang.(*client).reconnect"),
		goleak.IgnoreAnyFunction("github.com/eclipse/paho%2emqtt%2egolang.(*client).Disconnect.func1"),
		goleak.IgnoreAnyFunction("github.com/eclipse/paho%2emqtt%2egolang.(*client).Connect.func1"),
	)
}

// book is a journal in memory, which drops what it knows by source and id.
type book struct {
	mu        sync.Mutex
	err       error
	envelopes []ingest.Envelope
	known     map[string]bool
}

func (b *book) Append(_ context.Context, envelopes ...ingest.Envelope) ([]journal.Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return nil, b.err
	}
	receipts := make([]journal.Receipt, len(envelopes))
	for i, e := range envelopes {
		key := e.Event.Source() + " " + e.Event.ID() + " " + e.Hash
		if receipts[i].Duplicate = b.known[key]; !b.known[key] {
			b.known[key] = true
			b.envelopes = append(b.envelopes, e)
		}
		receipts[i].Position = journal.Position(strconv.Itoa(len(b.envelopes)))
	}
	return receipts, nil
}

func (b *book) refuse(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

// lab is a robot, a bridge that reads it, and what came of that.
type lab struct {
	t       *testing.T
	robot   *robottest.Robot
	book    *book
	options bridge.Options
	bridge  *bridge.Bridge
	stop    func()
}

func newLab(t *testing.T) *lab {
	l := &lab{t: t, robot: robottest.New(t), book: &book{known: map[string]bool{}}}
	l.options = bridge.Options{
		Robot: bridge.Address{Name: "left", URL: l.robot.URL}, Dir: t.TempDir(),
		Rate: 1000, Poll: 20 * time.Millisecond, Longest: 100 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
	}
	t.Cleanup(func() {
		if l.stop != nil {
			l.stop()
		}
		for _, e := range l.book.envelopes {
			if e.Event.Type() == ingest.TypeUnknown {
				t.Errorf("the journal was given what can't be read: %s", e.Reason)
			}
		}
	})
	return l
}

// start lets a bridge read the robot, until stop.
func (l *lab) start() {
	l.t.Helper()
	b, err := bridge.New(l.options, intake.New(l.book, intake.Options{}))
	if err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	l.bridge = b
	l.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			l.t.Error(err)
		}
	})
}

// await waits for something to become so.
func (l *lab) await(what string, so func(bridge.State) bool) {
	l.t.Helper()
	ticker := time.NewTicker(3 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for !so(l.bridge.State()) {
		select {
		case <-ticker.C:
		case <-deadline.C:
			text, _ := json.Marshal(l.bridge.State())
			l.t.Fatalf("it did not come to it: %s\n%s", what, text)
		}
	}
}

// harvested waits until all runs that the robot holds are read in full.
func (l *lab) harvested(runs int) {
	l.t.Helper()
	l.await(strconv.Itoa(runs)+" runs harvested", func(s bridge.State) bool { return len(s.Runs) == runs && s.Unharvested == 0 })
}

// run is what all that was journaled of a run says together.
func (l *lab) run(id string) ot2.Run {
	l.t.Helper()
	l.book.mu.Lock()
	defer l.book.mu.Unlock()
	var fragments []ot2.Run
	for _, e := range l.book.envelopes {
		if e.Event.Subject() == "run:"+id {
			fragments = append(fragments, decode(l.t, e.Event.Data()))
		}
	}
	return ot2.Merge(fragments...)
}

func decode(t *testing.T, text []byte) ot2.Run {
	t.Helper()
	document, err := ot2.Decode(bytes.NewReader(text), ot2.Limits{})
	if err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
	return document.Run
}

// statuses are how many commands of a run are in which state.
func statuses(r ot2.Run) map[string]int {
	n := map[string]int{}
	for _, c := range r.Commands {
		n[c.Status]++
	}
	return n
}

// equalsFile compares a run with the recorded one. live: the bridge saw it before
// its end, and so knows what was mounted.
func (l *lab) equalsFile(name, id string, live bool) {
	l.t.Helper()
	want, got := decode(l.t, robottest.File(l.t, name)), l.run(id)
	want.ID, want.RobotSerial, want.ProtocolName = id, "OT2CEP20190604A02", "Recorded"
	if live {
		want.RobotName, want.Software = "left-bench", "8.1.0"
		for i := range want.Pipettes {
			want.Pipettes[i].Serial = map[string]string{"left": "P3HMV2120210114A01", "right": "P3HSV2120210114A02"}[want.Pipettes[i].Mount]
		}
	}
	want.Current = got.Current // whether the robot still held it is not part of what was done
	if diff := cmp.Diff(plainly(l.t, want), plainly(l.t, got)); diff != "" {
		l.t.Errorf("the run that was read differs from its file (-file +read):\n%.3000s", diff)
	}
}

// plainly is a run as JSON says it, whatever the order of members was.
func plainly(t *testing.T, r ot2.Run) (v any) {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// gapKinds are the kinds of the gaps that a bridge knows of.
func gapKinds(s bridge.State) (kinds []string) {
	for _, g := range s.Gaps {
		kinds = append(kinds, g.Kind)
	}
	return kinds
}

func alarmed(s bridge.State, kind string) bool {
	for _, a := range s.Alarms {
		if a.Kind == kind {
			return true
		}
	}
	return false
}
