package mqtt_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/ingest/intake"
	"wellspring/lineage"
)

// full is an intake without room, until it is opened.
type full struct {
	*memory
	mu      sync.Mutex
	open    bool
	most    int             // messages at a time
	offered map[string]bool // payloads
	asked   chan struct{}   // a value a refusal, where somebody waits for it
}

func (f *full) Accept(ctx context.Context, messages ...intake.Message) ([]intake.Receipt, error) {
	f.mu.Lock()
	open := f.open
	f.most = max(f.most, len(messages))
	for _, m := range messages {
		f.offered[string(m.Payload)] = true
	}
	f.mu.Unlock()
	if open {
		return f.memory.Accept(ctx, messages...)
	}
	select {
	case f.asked <- struct{}{}:
	default:
	}
	return nil, &lineage.Error{Op: "append", Kind: lineage.ErrorUnavailable, Err: errors.New("no space left on device")}
}

// While the journal refuses, nothing is acknowledged to the broker, and no more is
// held than fits the window: the broker keeps the rest. The door goes on by itself
// once the journal does; a door that is closed before that loses nothing either.
func TestAJournalThatRefusesHoldsTheBroker(t *testing.T) {
	const messages = 300 // more than the window
	for name, start := range brokers() {
		for _, closed := range []bool{false, true} {
			t.Run(map[bool]string{false: name + ", goes on", true: name + ", closed meanwhile"}[closed], func(t *testing.T) {
				b := start(t)
				in := &full{memory: newMemory(), offered: map[string]bool{}, asked: make(chan struct{})}
				up, closeDoor := open(t, b.url, in)
				await(t, up)
				client := publisher(t, b.url)
				want := payloads(0, messages)
				for _, payload := range want {
					done(t, client.Publish("wellspring/v1/run/r1", 1, false, payload))
				}
				client.Disconnect(100)
				await(t, in.asked)
				await(t, in.asked) // it tries again
				in.mu.Lock()
				offered, most := len(in.offered), in.most
				in.mu.Unlock()
				if offered > 64 || most > 64 {
					t.Errorf("%d messages were tried, %d at a time: one batch of 64 is tried until it is taken", offered, most)
				}
				if closed {
					// Whoever comes next under the door's name gets all of them: none was acknowledged.
					closeDoor()
					in = &full{memory: newMemory(), offered: map[string]bool{}, open: true}
					up, _ = open(t, b.url, in)
					await(t, up)
				} else {
					in.mu.Lock()
					in.open = true
					in.mu.Unlock()
				}
				if diff := cmp.Diff(want, in.unique(t, messages)); diff != "" {
					t.Errorf("messages (-want +got):\n%s", diff)
				}
			})
		}
	}
}
