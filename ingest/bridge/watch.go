package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// look reads the list of runs: what is new, what has changed, what is gone.
func (b *Bridge) look(ctx context.Context) error {
	var list page[header]
	err := b.client.get(ctx, &list, nil, "runs")
	if errors.Is(err, errUnchanged) {
		b.kept.Contact, b.due.list = time.Now().UTC(), false
		return nil
	}
	if err != nil {
		return err
	}
	fresh := b.arrange(list.Data)
	b.tell() // before anything else can fail: the alarm must come in time
	if fresh {
		if err := b.identify(ctx); err != nil {
			return err
		}
		b.greet()
	}
	if err := b.save(); err != nil {
		return err
	}
	for _, id := range b.kept.Order {
		if err := b.tellHeader(ctx, id); err != nil {
			return err
		}
	}
	if err := b.bury(ctx); err != nil {
		return err
	}
	b.due.list = false
	return nil
}

// arrange takes a list of runs, oldest first, into account. fresh: one is there
// that was not seen before and has not ended.
func (b *Bridge) arrange(list []header) (fresh bool) {
	now := time.Now().UTC()
	before, order := b.kept.Order, make([]string, 0, len(list))
	unsound := 0
	for i := range list {
		h := &list[i]
		if !sound.MatchString(h.ID) {
			unsound++
			continue
		}
		order = append(order, h.ID)
		r := b.kept.Runs[h.ID]
		if r == nil {
			r = &run{Seen: now, CreatedAt: h.CreatedAt, Protocol: h.ProtocolID}
			b.kept.Runs[h.ID] = r
			fresh = fresh || !h.final()
			b.logger.Info("a run is there", "run_id", h.ID, "status", h.Status)
		}
		r.Status, r.newest = h.Status, h
	}
	if unsound > 0 {
		b.logger.Warn("runs with ids that can't be asked for are left out", "runs", unsound)
	}
	// Where no run of before is left and the robot is full, more may have been there.
	if len(before) > 0 && len(order) >= b.options.Capacity && !slices.ContainsFunc(order, func(id string) bool { return slices.Contains(before, id) }) {
		g := Gap{At: now, Kind: GapUnseen, Detail: fmt.Sprintf(
			"none of the %d runs of %s is left, and the robot holds all that it can: others may have come and gone since",
			len(before), b.kept.Contact.Format(time.RFC3339))}
		b.kept.note(g)
		b.logger.Error("runs may have been lost while the robot was not read", "detail", g.Detail)
	}
	b.kept.Order, b.kept.Contact = order, now
	b.active = ""
	for _, id := range order {
		if r := b.kept.Runs[id]; !r.newest.final() {
			b.active = id
		}
	}
	return fresh
}

// greet notes of runs that have not ended what is so at this time.
func (b *Bridge) greet() {
	for _, id := range b.kept.Order {
		r := b.kept.Runs[id]
		if r.Header != "" || r.Live || r.newest.final() {
			continue
		}
		r.Live, r.Software, r.Robot, r.Pipettes = true, b.robot.Software, b.robot.Name, b.pipettes
	}
}

// tellHeader journals a run's header if it has changed. That of a run that ended
// comes with its record.
func (b *Bridge) tellHeader(ctx context.Context, id string) error {
	r := b.kept.Runs[id]
	hash := r.newest.hash()
	if hash == r.Header || r.newest.final() && !r.harvested() || r.Lost {
		return nil
	}
	if err := b.nameProtocol(ctx, r); err != nil {
		return err
	}
	e, err := runEvent(id, b.headed(id, r), r.newest.at())
	if err != nil {
		return err
	}
	if err := b.accept(ctx, e); err != nil {
		return err
	}
	r.Header = hash
	return b.save()
}

// at is the latest time that a header names.
func (h *header) at() time.Time {
	at := h.CreatedAt
	for _, t := range []time.Time{h.StartedAt, h.CompletedAt} {
		if t.After(at) {
			at = t
		}
	}
	return at
}

// bury says of each run that is gone before it was read that it is lost.
func (b *Bridge) bury(ctx context.Context) error {
	for id, r := range b.kept.Runs {
		if slices.Contains(b.kept.Order, id) {
			continue
		}
		if !r.harvested() {
			read := "none of its commands was read"
			if r.Next > 0 {
				read = fmt.Sprintf("its first %d commands were read along", r.Next)
			}
			detail := "the robot, or somebody, deleted the run before its record was read; " + read
			if err := b.lose(ctx, id, r, Gap{Kind: GapDeleted, Detail: detail}); err != nil {
				return err
			}
		}
		delete(b.kept.Runs, id)
		b.kept.forgetPlans()
		if err := b.save(); err != nil {
			return err
		}
	}
	return nil
}

// lose journals a gap of a run, and remembers it.
func (b *Bridge) lose(ctx context.Context, id string, r *run, g Gap) error {
	f := b.headed(id, r)
	f.Gaps = []gap{{g.Kind, g.Detail}}
	if r.Total > 0 {
		f.Commands = &commands{Meta: meta{TotalLength: r.Total}}
		f.Commands.Data = []jsonText{}
	}
	e, err := runEvent(id, f, time.Time{})
	if err != nil {
		return err
	}
	if err := b.accept(ctx, e); err != nil {
		return err
	}
	g.Run, g.At = id, time.Now().UTC()
	b.kept.note(g)
	b.logger.Error("a part of a run is lost", "run_id", id, "kind", g.Kind, "detail", g.Detail)
	return nil
}
