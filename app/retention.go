package app

import (
	"context"
	"time"

	"wellspring/ingest/journal"
)

// scheduledRetention puts old documents aside.
func (a *App) scheduledRetention(ctx context.Context) (map[string]any, error) {
	closed, err := a.journal.Retain(ctx, time.Now().Add(-a.options.RetentionAge))
	segments := make([]map[string]any, len(closed))
	for i, s := range closed {
		segments[i] = map[string]any{"name": s.Name, "sha256": s.SHA256, "records": s.Records}
	}
	return map[string]any{"segments": segments}, err
}

// Segments are the files that old documents were put into.
func (u Upkeep) Segments(ctx context.Context) ([]journal.Segment, error) {
	return u.app.journal.Segments(ctx)
}
