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

const (
	// soon is the first wait for a record that is not complete yet: a robot saves
	// it a moment after the run's end.
	soon = 100 * time.Millisecond
	// patient is how many tries that fail are what robots do.
	patient = 3
	// enough is after how many tries the record is taken for what it is.
	enough = 20
)

// notYet is why a record can't be read now.
type notYet string

func (e notYet) Error() string { return string(e) }

// nextHarvest is the oldest run that ended and was not harvested, of those that
// may be tried now.
func (b *Bridge) nextHarvest(now time.Time) string {
	for _, id := range b.kept.Order {
		r := b.kept.Runs[id]
		if r.newest != nil && r.newest.final() && !r.harvested() && !r.again.After(now) {
			return id
		}
	}
	return ""
}

// harvest reads the whole record of a run that ended. What fails about this run
// alone is tried again later, and keeps nothing else from being read.
func (b *Bridge) harvest(ctx context.Context, id string) error {
	r := b.kept.Runs[id]
	err := b.record(ctx, id, r)
	var not notYet
	_, refused := answered(err)
	switch {
	case err == nil:
		return nil
	case !refused && !errors.As(err, &not) && !errors.Is(err, errTooLarge):
		return err // the robot is away, or the journal
	}
	r.tries++
	r.trouble = err.Error()
	r.again = time.Now().Add(min(soon<<min(r.tries-1, 12), max(b.options.Longest, soon)))
	if r.tries > patient {
		b.logger.Warn("the record of a run can't be read; trying again", "run_id", id, "tries", r.tries, "error", err)
	}
	return nil
}

// record reads and journals the record of a run, as a file of it would have it.
func (b *Bridge) record(ctx context.Context, id string, r *run) error {
	var h single[header]
	if err := b.client.get(ctx, &h, nil, "runs", id); err != nil {
		if e, ok := answered(err); ok && e.status == 404 {
			b.due.list = true
		}
		return err
	}
	if h.Data.ID != id || !h.Data.final() {
		b.due.list = true
		return notYet("it has not ended: " + h.Data.Status)
	}
	r.newest, r.Status = &h.Data, h.Data.Status
	first, err := b.commands(ctx, id, 0, 1)
	if err != nil {
		return err
	}
	if err := b.nameProtocol(ctx, r); err != nil {
		return err
	}
	total := first.Meta.TotalLength
	switch {
	case total == 0 && r.newest.lost(), total == 0 && r.Next > 0 && r.tries >= enough:
		return b.harvestLost(ctx, id, r)
	case total < r.Next:
		return notYet(fmt.Sprintf("the robot counts %d commands, and %d were read", total, r.Next))
	}
	list, err := b.wholeList(ctx, id, r, total)
	if err != nil {
		return err
	}
	if list == nil {
		return b.harvestSingly(ctx, id, r, total)
	}
	r.Total = total
	f := b.about(id, r)
	f.RunID, f.Data = "", r.newest.raw
	f.Commands = &commands{Data: list, Meta: meta{TotalLength: total}}
	if f.Errors, err = b.commandErrors(ctx, id, r); err != nil {
		return err
	}
	return b.keep(ctx, id, r, f)
}

// wholeList reads all commands with their results at once; nil where the robot
// can't do that. What it says is believed only when it is as long as it should
// be: between the end of a run and its saving the list is empty.
func (b *Bridge) wholeList(ctx context.Context, id string, r *run, total int) ([]jsonText, error) {
	var texts page[string]
	err := b.client.get(ctx, &texts, nil, "runs", id, "commandsAsPreSerializedList")
	if e, ok := answered(err); ok && (e.status == 404 || e.status == 405) || errors.Is(err, errTooLarge) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if n := len(texts.Data); n != total && (n == 0 || r.tries < enough) {
		if r.tries >= enough {
			return nil, nil // one by one, then
		}
		return nil, notYet(fmt.Sprintf("the robot's record has %d of %d commands so far", n, total))
	}
	list := make([]jsonText, 0, len(texts.Data))
	for _, text := range texts.Data {
		if !json.Valid([]byte(text)) {
			return nil, &answerError{path: "/runs/" + id + "/commandsAsPreSerializedList", status: 200, id: "unreadable", detail: clip(text)}
		}
		list = append(list, jsonText(text))
	}
	return list, nil
}

// commandErrors are kept by the robot only while the run is its current one.
func (b *Bridge) commandErrors(ctx context.Context, id string, r *run) ([]jsonText, error) {
	if !r.newest.Current {
		return nil, nil
	}
	var list page[jsonText]
	err := b.client.get(ctx, &list, url.Values{"cursor": {"0"}, "pageLength": {strconv.Itoa(pageLength)}}, "runs", id, "commandErrors")
	if _, refused := answered(err); refused {
		return nil, nil
	}
	return list.Data, err
}

// harvestSingly reads the rest of a run command by command, for robots that can't
// give the record at once; a part of it at a time, so that others have their turn.
func (b *Bridge) harvestSingly(ctx context.Context, id string, r *run, total int) error {
	if r.told == nil {
		r.told = map[string]string{}
	}
	r.Total = total
	list, err := b.commands(ctx, id, r.Next, pageLength)
	if err != nil {
		return err
	}
	if len(list.Data) > 0 && list.Meta.Cursor > r.Next {
		return b.hole(ctx, id, r, list.Meta.Cursor)
	}
	before := r.Next
	if err := b.followList(ctx, id, r, list); err != nil {
		return err
	}
	end := list.Meta.Cursor + len(list.Data)
	if end < total && r.Next > before {
		return nil // goes on in the next round
	}
	// What never ended stays as it is: queued when the run was stopped.
	var rest []jsonText
	for i := range list.Data {
		if list.Meta.Cursor+i >= r.Next {
			rest = append(rest, list.Data[i].raw)
		}
	}
	f := b.headed(id, r)
	f.Commands = &commands{Data: rest, Meta: meta{TotalLength: total}}
	if rest == nil {
		f.Commands.Data = []jsonText{}
	}
	return b.keep(ctx, id, r, f)
}

// harvestLost says of a run that its robot has lost it, if it ever did anything.
func (b *Bridge) harvestLost(ctx context.Context, id string, r *run) error {
	if r.Next == 0 && r.Total == 0 && !r.newest.played() {
		f := b.headed(id, r)
		f.Commands = &commands{Data: []jsonText{}}
		return b.keep(ctx, id, r, f)
	}
	detail := "the robot has lost the run's commands"
	if r.newest.DataError != nil && r.newest.DataError.Detail != "" {
		detail += " (" + clip(r.newest.DataError.Detail) + ")"
	}
	if r.Next == 0 {
		detail += "; none was read before"
	} else {
		detail += fmt.Sprintf("; the first %d were read along, and what came after is not known", r.Next)
	}
	r.Lost = true
	if err := b.lose(ctx, id, r, Gap{Kind: GapLost, Detail: detail}); err != nil {
		r.Lost = false
		return err
	}
	return b.harvestedNow(id, r)
}

// keep journals a record together with the plan that it carried out.
func (b *Bridge) keep(ctx context.Context, id string, r *run, f fragment) error {
	e, err := runEvent(id, f, r.newest.at())
	if err != nil {
		return err
	}
	if err := b.accept(ctx, e); err != nil {
		return err
	}
	return b.harvestedNow(id, r)
}

func (b *Bridge) harvestedNow(id string, r *run) error {
	r.Harvested, r.Header = time.Now().UTC(), r.newest.hash()
	r.told, r.balked, r.tries, r.trouble, r.again = nil, nil, 0, "", time.Time{}
	b.logger.Info("a run was harvested", "run_id", id, "status", r.Status, "commands", r.Total, "lost", r.Lost)
	b.tell()
	return b.save()
}
