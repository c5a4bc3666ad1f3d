package api

import (
	"context"

	"wellspring/etl"
	"wellspring/ingest/journal"
	"wellspring/lineage"
)

func (s *server) GetHealth(context.Context, GetHealthRequestObject) (GetHealthResponseObject, error) {
	return GetHealth200JSONResponse{Status: Ok, Version: s.Version}, nil
}

func (s *server) GetReadiness(ctx context.Context, _ GetReadinessRequestObject) (GetReadinessResponseObject, error) {
	if err := s.Ready(ctx); err != nil {
		return nil, &lineage.Error{Op: "get ready", Kind: lineage.ErrorUnavailable, Hint: "see the service's log if this lasts", Err: err}
	}
	return GetReadiness200JSONResponse{Status: Ok, Version: s.Version}, nil
}

func (s *server) GetProcessing(ctx context.Context, request GetProcessingRequestObject) (GetProcessingResponseObject, error) {
	processing, err := s.Pipeline.Get(ctx, lineage.Owner(request.Owner))
	return GetProcessing200JSONResponse(processing), err
}

func (s *server) GetPulse(ctx context.Context, _ GetPulseRequestObject) (GetPulseResponseObject, error) {
	pulse, err := s.Pipeline.Pulse(ctx)
	return GetPulse200JSONResponse(pulse), err
}

func (s *server) RerunProcessing(ctx context.Context, request RerunProcessingRequestObject) (RerunProcessingResponseObject, error) {
	owner, from := lineage.Owner(request.Owner), etl.Extract
	if request.Params.From != "" {
		from = etl.Stage(request.Params.From)
	}
	before, err := s.Pipeline.Get(ctx, owner)
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, s.Limits.RetryWait)
	defer cancel()
	processing, err := s.Pipeline.Rerun(waiting, owner, from)
	goesOn := waiting.Err() != nil && ctx.Err() == nil
	if goesOn {
		processing, err = s.Pipeline.Get(ctx, owner)
	}
	if err != nil {
		return nil, err
	}
	noteChange(ctx, string(owner), state{string(before.Status)}, state{string(processing.Status)})
	if goesOn {
		return RerunProcessing202JSONResponse(processing), nil
	}
	return RerunProcessing200JSONResponse(processing), nil
}

func (s *server) CancelProcessing(ctx context.Context, request CancelProcessingRequestObject) (CancelProcessingResponseObject, error) {
	owner := lineage.Owner(request.Owner)
	processing, err := s.Pipeline.Cancel(ctx, owner)
	if err != nil {
		return nil, err
	}
	noteChange(ctx, string(owner), nil, state{string(processing.Status)})
	return CancelProcessing200JSONResponse(processing), nil
}

func (s *server) GetDeadLetter(ctx context.Context, request GetDeadLetterRequestObject) (GetDeadLetterResponseObject, error) {
	letter, err := s.Letters.Letter(ctx, request.ID)
	return GetDeadLetter200JSONResponse(deadLetter(letter, true)), err
}

func (s *server) DropDeadLetter(ctx context.Context, request DropDeadLetterRequestObject) (DropDeadLetterResponseObject, error) {
	before, err := s.Letters.Letter(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	if err := s.Letters.Settle(ctx, request.ID, journal.StateDropped); err != nil {
		return nil, err
	}
	letter, err := s.Letters.Letter(ctx, request.ID)
	noteChange(ctx, "letter:"+request.ID, state{before.State}, state{letter.State})
	return DropDeadLetter200JSONResponse(deadLetter(letter, false)), err
}

func (s *server) RetryDeadLetter(ctx context.Context, request RetryDeadLetterRequestObject) (RetryDeadLetterResponseObject, error) {
	waiting, cancel := context.WithTimeout(ctx, s.Limits.RetryWait)
	defer cancel()
	processing, failed := s.Letters.Retry(waiting, request.ID)
	goesOn := waiting.Err() != nil && ctx.Err() == nil
	if failed != nil && !goesOn && lineage.KindOf(failed) != lineage.ErrorInvalid {
		return nil, failed
	}
	letter, err := s.Letters.Letter(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	noteChange(ctx, "letter:"+request.ID, state{journal.StateDead}, state{letter.State})
	retried := Retried{DeadLetter: deadLetter(letter, false), Processing: processing}
	if goesOn {
		return RetryDeadLetter202JSONResponse(retried), nil
	}
	if failed != nil {
		retried.Error = failed.Error()
	}
	return RetryDeadLetter200JSONResponse(retried), nil
}

// state is what the audit log says of a dead letter.
type state struct {
	State string `json:"state"`
}

func deadLetter(l journal.DeadLetter, data bool) DeadLetter {
	envelope := l.Record.Envelope
	told := DeadLetter{
		ID: l.ID, State: DeadLetterState(l.State), Stage: l.Stage, Error: l.Error, Remedy: l.Remedy, Attempts: l.Attempts, DiedAt: l.DiedAt,
		Door: envelope.Door, ObservedAt: envelope.Observed,
	}
	if envelope.Event.Context != nil { // a damaged record has none
		told.Source, told.EventID = envelope.Event.Source(), envelope.Event.ID()
		told.Subject, told.Type = envelope.Event.Subject(), envelope.Event.Type()
		if data {
			told.Data = envelope.Event.Data()
		}
	}
	return told
}

func (s *server) ListRobots(context.Context, ListRobotsRequestObject) (ListRobotsResponseObject, error) {
	answer := ListRobots200JSONResponse{Robots: []RobotState{}}
	if s.Robots != nil {
		answer.Robots = append(answer.Robots, s.Robots()...)
	}
	return answer, nil
}

func (s *server) ListWebhooks(ctx context.Context, _ ListWebhooksRequestObject) (ListWebhooksResponseObject, error) {
	answer := ListWebhooks200JSONResponse{Webhooks: []WebhookState{}}
	if s.Webhooks == nil {
		return answer, nil
	}
	states, err := s.Webhooks.States(ctx)
	answer.Webhooks = append(answer.Webhooks, states...)
	return answer, err
}

func (s *server) TestWebhook(ctx context.Context, request TestWebhookRequestObject) (TestWebhookResponseObject, error) {
	noteChange(ctx, "webhook:"+request.Name, nil, nil)
	if s.Webhooks == nil {
		return nil, lineage.NotFound("test webhook", request.Name, "no webhook is configured: see docs/webhooks.md")
	}
	tested, err := s.Webhooks.Test(ctx, request.Name)
	return TestWebhook200JSONResponse(tested), err
}
