package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/ingest/intake"
	"wellspring/ingest/mqtt"
	"wellspring/lineage"
)

func logger(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// memory is an intake that remembers, and that can be out of order for a while.
type memory struct {
	mu       sync.Mutex
	failures int // before it takes anything
	taken    []string
	subjects []string
	changed  chan struct{}
}

func newMemory() *memory { return &memory{changed: make(chan struct{}, 1)} }

func (m *memory) Accept(_ context.Context, messages ...intake.Message) ([]intake.Receipt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failures > 0 {
		m.failures--
		return nil, &lineage.Error{Op: "append", Kind: lineage.ErrorUnavailable, Err: errors.New("disk full")}
	}
	for _, message := range messages {
		m.taken = append(m.taken, string(message.Payload))
		m.subjects = append(m.subjects, message.Subject)
	}
	select {
	case m.changed <- struct{}{}:
	default:
	}
	return make([]intake.Receipt, len(messages)), nil
}

// unique waits until so many different payloads are there and returns them in
// the order of their first coming.
func (m *memory) unique(t *testing.T, want int) []string {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for {
		m.mu.Lock()
		var order []string
		seen := map[string]bool{}
		for _, payload := range m.taken {
			if !seen[payload] {
				seen[payload] = true
				order = append(order, payload)
			}
		}
		m.mu.Unlock()
		if len(order) >= want {
			return order
		}
		select {
		case <-m.changed:
		case <-deadline.C:
			t.Fatalf("only %d of %d messages came", len(order), want)
		}
	}
}

// open opens a door and returns how to close it. connected tells of each connection.
func open(t *testing.T, url string, in mqtt.Acceptor) (connected <-chan struct{}, closeDoor func()) {
	t.Helper()
	up := make(chan struct{}, 16)
	door, err := mqtt.New(mqtt.Options{URL: url, ClientID: "door", Logger: logger(t), OnConnection: func(is bool) {
		if is {
			up <- struct{}{}
		}
	}}, in)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- door.Run(ctx) }()
	var once sync.Once
	closeDoor = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(closeDoor)
	return up, closeDoor
}

func await(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(30 * time.Second):
		t.Fatal("the door did not connect")
	}
}

func payloads(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf(`{"n":%d}`, i))
	}
	return list
}

// What is published while the door is open, while it is closed, while the
// journal is out of order and around a restart of the broker, all comes, in order.
func TestDoorLosesNothing(t *testing.T) {
	for name, start := range brokers() {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			in := newMemory()
			up, closeDoor := open(t, b.url, in)
			await(t, up)
			const each = 100
			publish := func(from int) {
				client := publisher(t, b.url)
				for _, payload := range payloads(from, from+each) {
					done(t, client.Publish("wellspring/v1/run/r1", 1, false, payload))
				}
				client.Disconnect(100)
			}
			publish(0)
			in.unique(t, each)

			closeDoor()
			publish(each)

			in.failures = 2
			up, _ = open(t, b.url, in)
			await(t, up)
			in.unique(t, 2*each)

			b.stop(t)
			b.start(t)
			await(t, up)
			publish(2 * each)
			if diff := cmp.Diff(payloads(0, 3*each), in.unique(t, 3*each)); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
			for _, subject := range in.subjects {
				if subject != "run:r1" {
					t.Fatalf("subject %q, want run:r1", subject)
				}
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string]mqtt.Options{
		"no address":          {ClientID: "c"},
		"no client id":        {URL: "tcp://127.0.0.1:1883"},
		"shared subscription": {URL: "tcp://127.0.0.1:1883", ClientID: "c", Topics: []string{"$share/a/b"}},
		"space in topic":      {URL: "tcp://127.0.0.1:1883", ClientID: "c", Topics: []string{"a b"}},
	} {
		if _, err := mqtt.New(o, newMemory()); lineage.KindOf(err) != lineage.ErrorInvalid {
			t.Errorf("%s: got %v, want an invalid error", name, err)
		}
	}
}
