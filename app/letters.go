package app

import (
	"context"

	"wellspring/etl"
	"wellspring/ingest"
	"wellspring/ingest/intake"
	"wellspring/ingest/journal"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/lineage"
)

// letters are the dead letters, which only the pipeline can take up again.
type letters struct {
	*journalsqlite.Journal
	*etl.Pipeline
	intake *intake.Intake
}

// Retry takes a dead letter up again. One that nobody could read when it came may be
// readable by now, after an update or under other limits: then it is taken in once
// more, as what it is, and the letter is given up.
func (l letters) Retry(ctx context.Context, id string) (etl.Processing, error) {
	letter, err := l.Letter(ctx, id)
	if err != nil {
		return etl.Processing{}, err
	}
	envelope := letter.Record.Envelope
	if envelope.Event.Type() != ingest.TypeUnknown || letter.State != journal.StateDead {
		return l.Pipeline.Retry(ctx, id)
	}
	name, _ := envelope.Event.Extensions()["name"].(string)
	taken, err := l.intake.Accept(ctx, intake.Message{Door: envelope.Door, Payload: envelope.Event.Data(), Name: name, Policy: intake.Strict})
	if err != nil { // it still can't be read, and its history is to say so
		return l.Pipeline.Retry(ctx, id)
	}
	processing, err := l.Wait(ctx, lineage.Owner(taken[0].Subject), taken[0].Position)
	if err != nil {
		return processing, err
	}
	return processing, l.Settle(ctx, id, journal.StateDropped)
}
