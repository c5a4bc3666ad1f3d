package bridge

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/uuid"
)

// hintTopics has all that a robot's server publishes.
const hintTopics = "robot-server/#"

const goodbye = 250 // ms that a disconnect may take

// hints are what the robot's broker says is worth a look. They have no content,
// come bunched, and now and then one is missing: a hint to fetch, never a count.
type hints struct {
	came chan struct{} // something did

	mu                     sync.Mutex
	list, header, commands bool
	connected              atomic.Bool
	heard                  atomic.Int64 // messages so far
}

func newHints() *hints { return &hints{came: make(chan struct{}, 1)} }

// on reports whether hints can come.
func (h *hints) on() bool { return h.connected.Load() }

// take returns what is worth a look, once.
func (h *hints) take() (list, header, commands bool) {
	select {
	case <-h.came:
	default:
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	list, header, commands = h.list, h.header, h.commands
	h.list, h.header, h.commands = false, false, false
	return list, header, commands
}

// note takes one topic into account.
func (h *hints) note(topic string) {
	rest := strings.TrimPrefix(topic, "robot-server/")
	h.mu.Lock()
	switch {
	case rest == "runs":
		h.list, h.header = true, true
	case strings.HasPrefix(rest, "runs/commands_links"), strings.HasPrefix(rest, "runs/current_command"):
		h.commands = true
	case strings.HasPrefix(rest, "runs/"):
		h.header, h.commands = true, true
	default:
		h.mu.Unlock()
		return // no run's
	}
	h.mu.Unlock()
	h.wake()
}

// noteAll says that anything may have happened.
func (h *hints) noteAll() {
	h.mu.Lock()
	h.list, h.header, h.commands = true, true, true
	h.mu.Unlock()
	h.wake()
}

func (h *hints) wake() {
	select {
	case h.came <- struct{}{}:
	default:
	}
}

// listen subscribes at a robot's broker until ctx ends. It never publishes. A
// broker that is away is tried again and again: without it the robot is polled.
func (h *hints) listen(ctx context.Context, broker string, logger *slog.Logger) error {
	lost := func(why error) {
		if h.connected.Swap(false) {
			logger.Warn("no hints from the robot's broker any more; polling", "broker", broker, "error", why)
			h.noteAll()
		}
	}
	client := paho.NewClient(paho.NewClientOptions().
		AddBroker("tcp://" + broker).
		SetClientID("wellspring-" + uuid.NewString()[:8]).
		SetCleanSession(true). // what was said while we were away is in the robot's answers
		SetOrderMatters(false).
		SetConnectTimeout(dialTime).SetConnectRetry(true).SetConnectRetryInterval(5 * time.Second).
		SetAutoReconnect(true).SetMaxReconnectInterval(10 * time.Second).
		SetOnConnectHandler(func(client paho.Client) {
			token := client.Subscribe(hintTopics, 1, func(_ paho.Client, m paho.Message) {
				h.heard.Add(1)
				h.note(m.Topic())
			})
			go func() {
				<-token.Done()
				if err := granted(token); err != nil {
					lost(err)
					return
				}
				if !h.connected.Swap(true) {
					logger.Info("listening to the robot's broker", "broker", broker)
				}
				h.noteAll() // only now: what happened before was not hinted at
			}()
		}).
		SetConnectionLostHandler(func(_ paho.Client, err error) { lost(err) }))
	client.Connect()
	<-ctx.Done()
	client.Disconnect(goodbye)
	h.connected.Store(false)
	return nil
}

// granted says why a broker did not grant the subscription.
func granted(token paho.Token) error {
	if err := token.Error(); err != nil {
		return err
	}
	if sub, ok := token.(*paho.SubscribeToken); ok {
		for topic, code := range sub.Result() {
			if code == 0x80 {
				return fmt.Errorf("the broker refuses the topic %s", topic)
			}
		}
	}
	return nil
}
