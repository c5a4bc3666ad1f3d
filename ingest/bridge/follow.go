package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// jsonText is JSON as the robot wrote it.
type jsonText = json.RawMessage

const (
	pageLength = 100
	// flush is how many commands are read before they go to the journal together.
	flush = 10
	// patience is how often a robot's 5xx for one command is tried again.
	patience = 2
)

// follow reads what the run under way has done since it was last looked at.
func (b *Bridge) follow(ctx context.Context) error {
	id := b.active
	r := b.kept.Runs[id]
	if r == nil {
		b.due.header, b.due.commands = false, false
		return nil
	}
	if b.due.header {
		if err := b.lookAt(ctx, id, r); err != nil || b.active == "" {
			return err
		}
		b.due.header = false
	}
	if err := b.plan(ctx, id, r); err != nil {
		return err
	}
	if !b.due.commands {
		return nil
	}
	b.due.commands = false
	for {
		more, err := b.followPage(ctx, id, r)
		if err != nil {
			b.due.commands = true
			if b.vanished(err) {
				return nil
			}
			return err
		}
		if !more {
			return nil
		}
		// At the end of the run its whole record is read, which is quicker.
		if err := b.lookAt(ctx, id, r); err != nil || b.active == "" {
			return err
		}
	}
}

// vanished reports whether a run is not what the list said, or no longer there:
// then the list is read again.
func (b *Bridge) vanished(err error) bool {
	e, ok := answered(err)
	if !ok || e.status >= 500 {
		return false
	}
	b.due.list, b.active = true, ""
	return true
}

// lookAt reads the header of the run under way. If it has ended it is followed no more.
func (b *Bridge) lookAt(ctx context.Context, id string, r *run) error {
	var h single[header]
	if err := b.client.get(ctx, &h, nil, "runs", id); err != nil {
		if b.vanished(err) {
			return nil
		}
		return err
	}
	if h.Data.ID != id {
		return &answerError{path: "/runs/" + id, status: 200, id: "unreadable", detail: "it is about another run"}
	}
	r.newest, r.Status, b.kept.Contact = &h.Data, h.Data.Status, time.Now().UTC()
	if h.Data.final() {
		b.active = ""
		return nil
	}
	return b.tellHeader(ctx, id)
}

// followPage reads one page of commands from the first one that is not journaled
// at its end. more: there are further ones.
func (b *Bridge) followPage(ctx context.Context, id string, r *run) (more bool, err error) {
	list, err := b.commands(ctx, id, r.Next, pageLength)
	if err != nil {
		return false, err
	}
	total := list.Meta.TotalLength
	if total < r.Next {
		// The robot was restarted, and has forgotten: its list says what became of the run.
		b.due.list, b.active = true, ""
		return false, nil
	}
	r.Total = max(r.Total, total)
	if r.told == nil {
		r.told = map[string]string{}
	}
	if len(list.Data) > 0 && list.Meta.Cursor > r.Next {
		return false, b.hole(ctx, id, r, list.Meta.Cursor)
	}
	if err := b.followList(ctx, id, r, list); err != nil {
		return false, err
	}
	return list.Meta.Cursor+len(list.Data) < total && len(list.Data) == pageLength, nil
}

// commands asks for a part of a run's list of commands.
func (b *Bridge) commands(ctx context.Context, id string, cursor, length int) (page[summary], error) {
	var list page[summary]
	err := b.client.get(ctx, &list, url.Values{
		"cursor": {strconv.Itoa(cursor)}, "pageLength": {strconv.Itoa(length)}, "includeFixitCommands": {"true"},
	}, "runs", id, "commands")
	return list, err
}

// followList journals what a page has to tell: each command that ended, with its
// result, and the one that is running.
func (b *Bridge) followList(ctx context.Context, id string, r *run, list page[summary]) error {
	next, gathered := r.Next, []jsonText{}
	told := map[string]string{}
	put := func() error {
		if len(gathered) > 0 {
			e, err := runEvent(id, fragment{RunID: id, Commands: &commands{Data: gathered, Meta: meta{TotalLength: r.Total}}}, newest(gathered))
			if err != nil {
				return err
			}
			if err := b.accept(ctx, e); err != nil {
				return err
			}
		}
		for command, status := range told {
			r.told[command] = status
		}
		changed := r.Next != next || len(gathered) > 0
		r.Next, gathered = next, nil
		clear(told)
		if !changed {
			return nil
		}
		b.tell()
		return b.saveSoon()
	}
	for i := range list.Data {
		s, index := &list.Data[i], list.Meta.Cursor+i
		if index < r.Next {
			continue
		}
		known := r.told[s.ID]
		switch {
		case s.final() && known != s.Status:
			text, err := b.whole(ctx, id, r, s)
			if err != nil {
				return errors.Join(put(), err)
			}
			gathered, told[s.ID] = append(gathered, text), s.Status
		case s.Status == "running" && known != s.Status:
			gathered, told[s.ID] = append(gathered, s.raw), s.Status
		}
		if s.final() && index == next {
			next++
			if known != "" {
				delete(r.told, s.ID)
			}
		}
		if len(gathered) >= flush {
			if err := put(); err != nil {
				return err
			}
		}
	}
	if err := put(); err != nil {
		return err
	}
	for i := range list.Data { // what lies before Next is not asked for again
		if list.Meta.Cursor+i < r.Next {
			delete(r.told, list.Data[i].ID)
		}
	}
	return nil
}

// whole is a command with its result. One that can't be had alone (a robot answers
// 500 for one that it does not know) is journaled without: its record follows.
func (b *Bridge) whole(ctx context.Context, id string, r *run, s *summary) (jsonText, error) {
	if !sound.MatchString(s.ID) {
		return s.raw, nil
	}
	var command single[json.RawMessage]
	err := b.client.get(ctx, &command, nil, "runs", id, "commands", s.ID)
	var whole summary
	switch e, ok := answered(err); {
	case ok && e.status >= 500 && r.balked[s.ID] < patience:
		if r.balked == nil {
			r.balked = map[string]int{}
		}
		r.balked[s.ID]++
		return nil, err
	case ok:
		b.logger.Debug("a command can't be read alone", "run_id", id, "command", s.ID, "error", err)
		return s.raw, nil
	case err != nil:
		return nil, err
	}
	if err := json.Unmarshal(command.Data, &whole); err != nil || whole.ID != s.ID || !whole.final() {
		return s.raw, nil //nolint:nilerr // the record brings its result
	}
	return command.Data, nil
}

// hole says, after a second look, that the robot's list has no commands where
// there should be some, and goes on behind.
func (b *Bridge) hole(ctx context.Context, id string, r *run, cursor int) error {
	if r.told["hole"] == "" {
		r.told["hole"] = "seen"
		b.due.commands = true
		return nil
	}
	delete(r.told, "hole")
	detail := fmt.Sprintf("the robot did not tell of the commands from number %d to %d", r.Next+1, cursor)
	if err := b.lose(ctx, id, r, Gap{Kind: GapHole, Detail: detail}); err != nil {
		return err
	}
	r.Next, b.due.commands = cursor, true
	return b.save()
}

// newest is the latest time that commands name.
func newest(list []jsonText) (at time.Time) {
	for _, text := range list {
		var c struct{ StartedAt, CompletedAt time.Time }
		if json.Unmarshal(text, &c) != nil {
			continue
		}
		for _, t := range []time.Time{c.StartedAt, c.CompletedAt} {
			if t.After(at) {
				at = t
			}
		}
	}
	return at
}
