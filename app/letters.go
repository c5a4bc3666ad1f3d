package app

import (
	"context"

	"wellspring/etl"
	"wellspring/ingest"
	"wellspring/ingest/intake"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

// letters are the dead letters, which only the pipeline can take up again.
type letters struct {
	journal.DeadLetters
	*etl.Pipeline
	intake *intake.Intake
	second *second
}

func (a *App) letters() letters {
	return letters{a.lettersOf(a.places.First), a.pipeline, a.intake, a.second}
}

// Settle marks a letter, for the second graph too.
func (l letters) Settle(ctx context.Context, id, state string) error {
	defer l.second.nudge()
	return l.DeadLetters.Settle(ctx, id, state)
}

// Retry takes a dead letter up again. One that nobody could read when it came may be
// readable by now, after an update or under other limits: then it is taken in once
// more, as what it is, and the letter is given up.
func (l letters) Retry(ctx context.Context, id string) (etl.Processing, error) {
	defer l.second.nudge()
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
