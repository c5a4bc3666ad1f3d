package app

import (
	"context"
	"errors"
	"time"

	"wellspring/evidence"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// scheduledRetention puts old documents aside, and old entries of the evidence log.
func (a *App) scheduledRetention(ctx context.Context) (map[string]any, error) {
	closed, err := a.retain(ctx, time.Now().Add(-a.options.RetentionAge))
	segments := make([]map[string]any, len(closed))
	for i, s := range closed {
		segments[i] = map[string]any{"name": s.Name, "sha256": s.SHA256, "records": s.Records}
	}
	return map[string]any{"segments": segments}, err
}

func (a *App) retain(ctx context.Context, before time.Time) ([]journal.Segment, error) {
	closed, err := a.journal.Retain(ctx, before)
	entries, failed := a.evidence.Retain(ctx, before)
	return append(closed, entrySegments(entries)...), errors.Join(err, failed)
}

// Segments are the files that old documents, and old entries of the evidence log, were
// put into.
func (u Upkeep) Segments(ctx context.Context) ([]journal.Segment, error) {
	all, err := u.app.journal.Segments(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := u.app.evidence.Segments(ctx)
	return append(all, entrySegments(entries)...), err
}

// entrySegments are segments of the evidence log as those of the journal are shown.
func entrySegments(of []evidence.Segment) []journal.Segment {
	all := make([]journal.Segment, len(of))
	for i, s := range of {
		all[i] = journal.Segment{
			Name: s.Name, Records: s.Entries, Subjects: s.Subjects, Bytes: s.Bytes, SHA256: s.SHA256,
			First: s.First, Last: s.Last, ClosedAt: s.ClosedAt, Present: s.Present,
		}
	}
	return all
}

// Retainable says what Retain would put aside of documents; the entries of the evidence
// log of before go along.
func (u Upkeep) Retainable(ctx context.Context, before time.Time) (journal.Retainable, time.Time, error) {
	before, err := u.retentionBefore(before)
	if err != nil {
		return journal.Retainable{}, before, err
	}
	all, err := u.app.journal.Retainable(ctx, before)
	return all, before, err
}

// Retain puts aside what nobody has said anything of since a time; zero: since the
// age of the settings.
func (u Upkeep) Retain(ctx context.Context, before time.Time) ([]journal.Segment, time.Time, error) {
	before, err := u.retentionBefore(before)
	if err != nil {
		return nil, before, err
	}
	if err := u.app.upkeep.begin("retention"); err != nil {
		return nil, before, err
	}
	defer u.app.upkeep.end()
	closed, err := u.app.retain(ctx, before)
	return closed, before, err
}

func (u Upkeep) retentionBefore(before time.Time) (time.Time, error) {
	now, age := time.Now().UTC(), u.app.options.RetentionAge
	switch {
	case before.After(now):
		return before, lineage.Invalid("retain", "before "+before.Format(time.RFC3339), "use a time that has passed")
	case !before.IsZero():
		return before, nil
	case age == 0:
		return before, lineage.Invalid("retain", "before", "say how old, by before or by the setting retention.age: there is no default")
	}
	return now.Add(-age), nil
}
