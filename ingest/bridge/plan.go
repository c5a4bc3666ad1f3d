package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"wellspring/ingest"
	"wellspring/lineage"
)

const (
	noPlan = "none"
	// mostPlans is how many analyses of a protocol are compared with a run.
	mostPlans = 5
	// mostAsked is how often an analysis that is under way is asked for after the run's end.
	mostAsked = 100
)

// protocolOf reads what a run's protocol is called and which analyses it has. It
// is asked again while one of them is under way. Nil: the robot has none.
func (b *Bridge) protocolOf(ctx context.Context, id string) (*protocol, error) {
	if !sound.MatchString(id) {
		return nil, nil
	}
	if p, ok := b.protocols[id]; ok && p.analysed() {
		return &p, nil
	}
	var said single[protocol]
	if err := b.client.get(ctx, &said, nil, "protocols", id); err != nil {
		if e, ok := answered(err); ok && e.status < 500 {
			return nil, nil
		}
		return nil, err
	}
	if len(b.protocols) > 4*b.options.Capacity {
		clear(b.protocols)
	}
	b.protocols[id] = said.Data
	return &said.Data, nil
}

// analysed reports whether no analysis is under way.
func (p *protocol) analysed() bool {
	for _, s := range p.Summaries {
		if s.Status != "completed" {
			return false
		}
	}
	return len(p.Summaries) > 0
}

// nameProtocol notes what the run's protocol is called.
func (b *Bridge) nameProtocol(ctx context.Context, r *run) error {
	if r.Name != "" || r.Protocol == "" {
		return nil
	}
	p, ok := b.protocols[r.Protocol]
	if !ok {
		said, err := b.protocolOf(ctx, r.Protocol)
		if err != nil || said == nil {
			return err
		}
		p = *said
	}
	r.Name = p.Metadata.Name
	return nil
}

// nextPlan is a run that was harvested and whose plan can be asked for now.
func (b *Bridge) nextPlan(now time.Time) string {
	for _, id := range b.kept.Order {
		if r := b.kept.Runs[id]; r.harvested() && r.Plan == "" && !r.ask.After(now) {
			return id
		}
	}
	return ""
}

// plan journals the analysis that a run carries out: the newest one whose first
// command keys are the run's.
func (b *Bridge) plan(ctx context.Context, id string, r *run) error {
	if r.Plan != "" || r.ask.After(time.Now()) {
		return nil
	}
	r.ask = time.Now().Add(min(2*b.options.Poll<<min(r.asked/4, 10), max(b.options.Longest, b.options.Poll)))
	if r.Protocol == "" {
		r.Plan = noPlan
		return nil
	}
	p, err := b.protocolOf(ctx, r.Protocol)
	if err != nil {
		return err
	}
	if p == nil {
		r.Plan = noPlan
		return nil
	}
	if !p.analysed() {
		if r.asked++; r.asked > mostAsked && r.harvested() {
			r.Plan = noPlan
			return b.save()
		}
		return nil // ask again
	}
	var keys []string
	if len(p.Summaries) > 1 {
		first, err := b.commands(ctx, id, 0, pageLength)
		if err != nil {
			return b.unlessRefused(err)
		}
		keys = keysOf(first.Data)
		if len(keys) == 0 && !r.harvested() {
			return nil // it has not begun
		}
	}
	return b.choose(ctx, r, p, keys)
}

func (b *Bridge) unlessRefused(err error) error {
	if e, ok := answered(err); ok && e.status < 500 {
		return nil
	}
	return err
}

// keysOf are the keys of a run's protocol commands.
func keysOf(list []summary) (keys []string) {
	for _, s := range list {
		if s.Key != "" && s.Intent != "setup" && s.Intent != "fixit" {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// choose compares the analyses with the run's keys, the newest first.
func (b *Bridge) choose(ctx context.Context, r *run, p *protocol, keys []string) error {
	candidates := p.Summaries[max(0, len(p.Summaries)-mostPlans):]
	var newest json.RawMessage
	chosen := ""
	for _, s := range slices.Backward(candidates) {
		if !sound.MatchString(s.ID) {
			continue
		}
		if len(candidates) == 1 && b.kept.Plans[s.ID] {
			r.Plan = s.ID
			return b.save()
		}
		var said single[json.RawMessage]
		err := b.client.get(ctx, &said, nil, "protocols", r.Protocol, "analyses", s.ID)
		if _, refused := answered(err); refused || errors.Is(err, errTooLarge) {
			b.logger.Warn("an analysis can't be read", "analysis", s.ID, "error", err)
			continue
		}
		if err != nil {
			return err
		}
		if newest == nil {
			newest, chosen = said.Data, s.ID
		}
		if len(candidates) == 1 || begins(said.Data, keys) {
			newest, chosen = said.Data, s.ID
			break
		}
	}
	if newest == nil {
		r.Plan = noPlan
		return b.save()
	}
	if !b.kept.Plans[chosen] {
		data, err := encode(single[json.RawMessage]{newest})
		if err != nil {
			return err
		}
		if err := b.accept(ctx, event{ingest.TypePlan, lineage.PlanOwner(chosen), data, time.Time{}}); err != nil {
			return err
		}
		b.kept.Plans[chosen] = true
	}
	r.Plan = chosen
	return b.save()
}

// begins reports whether an analysis and a run do the same for as long as both do anything.
func begins(analysis json.RawMessage, keys []string) bool {
	var said struct {
		Commands []summary `json:"commands"`
	}
	if json.Unmarshal(analysis, &said) != nil {
		return false
	}
	planned := keysOf(said.Commands)
	n := min(len(planned), len(keys))
	return n > 0 && slices.Equal(planned[:n], keys[:n])
}
