// Package player plays a recorded run over MQTT as a robot's bridge would say
// it while it happens: for the demo, and for tests of the live road.
//
// On the road of a fact it stands before the door, in place of a robot.
//
// It refuses to invent: every fragment holds what the recording holds, at the
// recording's times, only faster.
package player

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"wellspring/lineage"
)

const op = "play run"

// Options say where to and how fast.
type Options struct {
	URL      string        // of the broker
	ClientID string        // default wellspring-player
	Duration time.Duration // of the whole run; 0: as fast as the broker takes it
	// OnSent is told how many of the run's commands have been sent.
	OnSent func(sent, of int)
}

// recording is a run as the Opentrons App downloads it.
type recording struct {
	Data     map[string]json.RawMessage `json:"data"`
	Commands struct {
		Data []json.RawMessage `json:"data"`
	} `json:"commands"`
}

// fragment is a piece of a run: see docs/events.md.
type fragment struct {
	RunID    string                     `json:"runId"`
	Run      map[string]json.RawMessage `json:"run,omitempty"`
	Commands any                        `json:"commands,omitempty"` // a list, or a page
}

// page is a list of commands as the robot's HTTP API gives it out.
type page struct {
	Data []json.RawMessage `json:"data"`
	Meta struct {
		TotalLength int `json:"totalLength"` // of the run
	} `json:"meta"`
}

// timed is a command with the time at which the robot knew its outcome.
type timed struct {
	text json.RawMessage
	at   time.Time
}

// Play publishes the run: its header while it runs, each command when it
// completed, and the header with its final status. It returns once the broker
// has acknowledged all of it.
func Play(ctx context.Context, document []byte, o Options) error {
	var r recording
	if err := json.Unmarshal(document, &r); err != nil {
		return &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, Hint: "give a run as the Opentrons App downloads it", Err: err}
	}
	var id string
	if err := json.Unmarshal(r.Data["id"], &id); err != nil || id == "" {
		return lineage.Invalid(op, "data.id", "give a run as the Opentrons App downloads it")
	}
	commands, err := r.timed()
	if err != nil {
		return err
	}
	client, err := connect(ctx, o)
	if err != nil {
		return err
	}
	defer client.Disconnect(250)
	p := publisher{client: client, topic: "wellspring/v1/run/" + id, id: id}

	running := clone(r.Data)
	running["status"] = json.RawMessage(`"running"`)
	delete(running, "completedAt")
	if err := p.publish(ctx, fragment{Run: running}); err != nil {
		return err
	}
	if err := play(ctx, p, commands, o); err != nil {
		return err
	}
	all := page{Data: []json.RawMessage{}}
	all.Meta.TotalLength = len(commands)
	return p.publish(ctx, fragment{Run: r.Data, Commands: all})
}

func clone(of map[string]json.RawMessage) map[string]json.RawMessage {
	c := make(map[string]json.RawMessage, len(of))
	for k, v := range of {
		c[k] = v
	}
	return c
}

func (r recording) timed() ([]timed, error) {
	commands := make([]timed, 0, len(r.Commands.Data))
	for i, text := range r.Commands.Data {
		var at struct{ StartedAt, CompletedAt time.Time }
		if err := json.Unmarshal(text, &at); err != nil {
			return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: fmt.Sprintf("commands.data[%d]", i), Err: err}
		}
		if at.CompletedAt.IsZero() {
			at.CompletedAt = at.StartedAt
		}
		commands = append(commands, timed{text, at.CompletedAt})
	}
	slices.SortStableFunc(commands, func(a, b timed) int { return a.at.Compare(b.at) })
	return commands, nil
}

// play sends the commands at their times, the whole compressed to o.Duration.
// What falls into one tick goes in one fragment.
func play(ctx context.Context, p publisher, commands []timed, o Options) error {
	const tick = 50 * time.Millisecond
	if len(commands) == 0 {
		return nil
	}
	first := commands[0].at
	span := commands[len(commands)-1].at.Sub(first)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	began := time.Now()
	for sent := 0; sent < len(commands); {
		now := span
		if elapsed := time.Since(began); elapsed < o.Duration {
			now = time.Duration(float64(span) * float64(elapsed) / float64(o.Duration))
		}
		var due []json.RawMessage
		for sent < len(commands) && commands[sent].at.Sub(first) <= now {
			due = append(due, commands[sent].text)
			sent++
		}
		if len(due) > 0 {
			if err := p.publish(ctx, fragment{Commands: due}); err != nil {
				return err
			}
			if o.OnSent != nil {
				o.OnSent(sent, len(commands))
			}
		}
		if sent < len(commands) {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	return nil
}

func connect(ctx context.Context, o Options) (paho.Client, error) {
	if o.ClientID == "" {
		o.ClientID = "wellspring-player"
	}
	client := paho.NewClient(paho.NewClientOptions().AddBroker(o.URL).SetClientID(o.ClientID).SetConnectTimeout(10 * time.Second).SetAutoReconnect(false))
	if err := wait(ctx, client.Connect()); err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: o.URL, Hint: "is the broker there?", Err: err}
	}
	return client, nil
}

type publisher struct {
	client paho.Client
	topic  string
	id     string
}

func (p publisher) publish(ctx context.Context, f fragment) error {
	f.RunID = p.id
	payload, err := json.Marshal(f)
	if err != nil {
		return &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	}
	if err := wait(ctx, p.client.Publish(p.topic, 1, false, payload)); err != nil {
		return &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, ID: p.topic, Hint: "the broker did not take it", Err: err}
	}
	return nil
}

func wait(ctx context.Context, token paho.Token) error {
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
