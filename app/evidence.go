package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"path/filepath"
	"reflect"
	"time"

	"wellspring/evidence"
	"wellspring/evidence/ledger"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// evidenceConsumer is the name under which the ledger follows the journal.
const evidenceConsumer = "evidence"

// evidenceLog is the ledger, with the journal beside it.
type evidenceLog struct {
	*ledger.Ledger
	journal journal.Journal
	logger  *slog.Logger
}

func openEvidence(ctx context.Context, options Options, j journal.Journal, logger *slog.Logger) (*evidenceLog, error) {
	l, err := ledger.Open(ctx, filepath.Join(options.DataDir, ledger.FileName), ledger.Options{
		KeyFile: filepath.Join(options.DataDir, ledger.KeyFileName), Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	return &evidenceLog{l, j, logger}, nil
}

// followBatch is how many records are entered at once.
const followBatch = 500

// run enters what comes into the journal, until ctx ends.
func (e *evidenceLog) run(ctx context.Context) error {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		failed := e.follow(ctx)
		select {
		case <-ctx.Done():
			return nil
		default:
			// Nothing is lost: the journal keeps what is not entered yet.
			e.logger.ErrorContext(ctx, "the evidence log can't follow the journal: it is tried again", "error", failed, "wait", wait)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

func (e *evidenceLog) follow(ctx context.Context) error {
	for {
		after, _ := e.Followed()
		records, err := e.journal.Read(ctx, journal.Position(after), followBatch)
		entered, last := make([]evidence.Record, 0, len(records)), after
		for _, r := range records {
			entered, last = append(entered, entryOf(r)), string(r.Position)
		}
		if damaged, is := journal.DamagedAt(err); is {
			entered, last = append(entered, evidence.Record{Position: string(damaged), Damaged: err}), string(damaged)
		} else if err != nil {
			return err
		}
		if err := e.Follow(ctx, entered, last); err != nil {
			return err
		}
		// For the journal's own knowledge of who is done: ours is in the ledger.
		if err := e.journal.Commit(ctx, evidenceConsumer, journal.Position(last)); err != nil {
			return err
		}
	}
}

// caughtUp waits until everything that is in the journal now is entered.
func (e *evidenceLog) caughtUp(ctx context.Context) error {
	for {
		at, moved := e.Followed()
		records, _, err := e.journal.Lag(ctx, journal.Position(at))
		if err != nil || records == 0 {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// EvidenceCaughtUp waits until everything that is in the journal now is entered
// in the evidence log.
func (a *App) EvidenceCaughtUp(ctx context.Context) error { return a.evidence.caughtUp(ctx) }

func entryOf(r journal.Record) evidence.Record {
	event := r.Envelope.Event
	name, _ := event.Extensions()["name"].(string)
	origin := evidence.Origin{
		Source: event.Source(), ID: event.ID(), Name: name, Door: r.Envelope.Door, MediaType: event.DataContentType(), Redacted: r.Envelope.Redacted,
		Time: timeOrNil(event.Time()), ObservedAt: timeOrNil(r.Envelope.Observed),
	}
	return evidence.Record{
		Position: string(r.Position), AppendedAt: r.AppendedAt, Subject: event.Subject(), Kind: event.Type(),
		Received: r.Envelope.Hash, Data: event.Data(), Origin: origin,
	}
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// What the journal holds of an entry's record.
const (
	journalSame    = "same"
	journalDiffers = "differs"
	journalMissing = "missing"
)

// InJournal implements api.Evidence.
func (e *evidenceLog) InJournal(ctx context.Context, entry evidence.Entry) (string, error) {
	public, err := entry.Read()
	if err != nil {
		return "", err
	}
	before, err := e.Before(ctx, entry.Index)
	if err != nil {
		return "", err
	}
	// Read would wait for a record that is not there.
	if behind, _, err := e.journal.Lag(ctx, journal.Position(before)); err != nil || behind == 0 {
		return journalMissing, err
	}
	records, err := e.journal.Read(ctx, journal.Position(before), 1)
	if at, damaged := journal.DamagedAt(err); damaged && string(at) == public.Position {
		return journalDiffers, nil
	}
	if err != nil {
		return "", err
	}
	switch {
	case string(records[0].Position) != public.Position:
		return journalMissing, nil
	case entryDiffers(public, records[0]):
		return journalDiffers, nil
	}
	return journalSame, nil
}

func entryDiffers(entry evidence.Public, r journal.Record) bool {
	data := r.Envelope.Event.Data()
	return entry.DataSHA256 != evidence.SHA256(data) || entry.DataBytes != int64(len(data)) || entry.ReceivedSHA256 != r.Envelope.Hash ||
		entry.Subject != r.Envelope.Event.Subject() || entry.Kind != r.Envelope.Event.Type() || entry.AppendedAt == nil || !entry.AppendedAt.Equal(r.AppendedAt)
}

// actionConfigure is the act of a start with other settings than before.
const actionConfigure = "configure"

// noteSettings enters the settings that differ from those of the last start,
// secrets masked.
func (e *evidenceLog) noteSettings(ctx context.Context, o Options) error {
	before, err := e.lastSettings(ctx)
	if err != nil {
		return err
	}
	now, err := asJSON(o.InForce())
	if err != nil {
		return err
	}
	was, is := map[string]any{}, map[string]any{}
	if o.unannounced { // the doors of a command's own service are no settings of a person's
		for _, door := range []string{"listen", "broker-listen", "mqtt-url", "log-level", "evidence.anchors"} {
			delete(now, door)
		}
	}
	for name, value := range now {
		if old, known := before[name]; !known || !reflect.DeepEqual(old, value) {
			is[name] = value
			if known {
				was[name] = old
			}
		}
	}
	if len(is) == 0 {
		return nil
	}
	_, err = e.Append(ctx, evidence.Act{Action: actionConfigure, Outcome: evidence.OutcomeDone, Subject: "settings",
		Details: evidence.Details{Who: evidence.Local(), Old: was, New: is}})
	return err
}

// asJSON is settings as they come back from JSON, to be compared.
func asJSON(settings map[string]any) (map[string]any, error) {
	text, err := json.Marshal(settings)
	if err != nil {
		return nil, &lineage.Error{Op: "enter settings", Kind: lineage.ErrorInternal, Err: err}
	}
	var again map[string]any
	if err := json.Unmarshal(text, &again); err != nil {
		return nil, &lineage.Error{Op: "enter settings", Kind: lineage.ErrorInternal, Err: err}
	}
	return again, nil
}

// lastSettings puts together what all acts of configuring said, the newest last.
func (e *evidenceLog) lastSettings(ctx context.Context) (map[string]any, error) {
	settings := map[string]any{}
	err := e.eachAct(ctx, actionConfigure, "settings", func(_ evidence.Entry, d evidence.Details) error {
		if said, ok := d.New.(map[string]any); ok {
			maps.Copy(settings, said)
		}
		return nil
	})
	return settings, err
}

// eachAct calls f for every act of a kind about a subject. What was put aside and is not
// there is left out: a service starts without it, and what needs it says so.
func (e *evidenceLog) eachAct(ctx context.Context, action, subject string, f func(evidence.Entry, evidence.Details) error) error {
	for after := int64(0); ; {
		page, err := e.List(ctx, evidence.Query{Type: evidence.TypeAct, Action: action, Subject: subject, After: after, Limit: lineage.MaxPage})
		if evidence.IsAway(err) {
			e.logger.WarnContext(ctx, "what the evidence log says of before is not looked at", "action", action, "error", err)
			aside, failed := e.Aside(ctx)
			if failed != nil || after >= aside {
				return errors.Join(err, failed)
			}
			after = aside
			continue
		}
		if err != nil {
			return err
		}
		for _, entry := range page.Entries {
			d, err := entry.Details()
			if err == nil {
				err = f(entry, d)
			}
			if err != nil {
				return err
			}
		}
		if after = page.Next; after == 0 {
			return nil
		}
	}
}

// shut lets go of the ledger; nil was never opened.
func (e *evidenceLog) shut() error {
	if e == nil {
		return nil
	}
	return e.Close()
}
