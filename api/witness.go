package api

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"wellspring/evidence"
	"wellspring/lineage"
)

// Cosigner cosigns the checkpoints of other logs.
type Cosigner interface {
	Key() string
	// Cosign returns the line of a signature. A *evidence.SeenError says that another
	// size was seen last, evidence.ErrUnproven that the log does not go on from it.
	Cosign(ctx context.Context, s evidence.Submission) (string, error)
	Seen(ctx context.Context) ([]evidence.Witnessed, error)
}

// noWitness is the answer of a service that is no witness.
func noWitness() error {
	return lineage.NotFound("read request", "witness", "this service is no witness: its admin names the logs in evidence.witness-for")
}

func (s *server) GetWitness(ctx context.Context, _ GetWitnessRequestObject) (GetWitnessResponseObject, error) {
	if s.Witness == nil {
		return nil, noWitness()
	}
	seen, err := s.Witness.Seen(ctx)
	answer := GetWitness200JSONResponse{Key: s.Witness.Key(), Logs: []Witnessed{}}
	for _, log := range seen {
		answer.Logs = append(answer.Logs, Witnessed{Origin: log.Origin, Size: log.Size, Note: log.Note})
	}
	return answer, err
}

func (s *server) AddCheckpoint(ctx context.Context, request AddCheckpointRequestObject) (AddCheckpointResponseObject, error) {
	if s.Witness == nil {
		return nil, noWitness()
	}
	submission, err := evidence.ParseSubmission([]byte(*request.Body))
	if err != nil {
		return nil, err
	}
	line, err := s.Witness.Cosign(ctx, submission)
	var seen *evidence.SeenError
	switch {
	case errors.As(err, &seen):
		size := strconv.FormatInt(seen.Size, 10) + "\n"
		return AddCheckpoint409TextXTlogSizeResponse{Body: strings.NewReader(size), ContentLength: int64(len(size))}, nil
	case errors.Is(err, evidence.ErrUnproven):
		return nil, unreadable{err}
	}
	return AddCheckpoint200TextResponse(line), err
}

func (s *server) ListAnchors(ctx context.Context, request ListAnchorsRequestObject) (ListAnchorsResponseObject, error) {
	after, err := indexOf(lineage.Cursor(request.Params.Cursor))
	if err != nil {
		return nil, err
	}
	limit := request.Params.Limit
	if limit == 0 {
		limit = lineage.DefaultPage
	}
	found, last, err := s.Evidence.Anchors(ctx, after, limit)
	answer := ListAnchors200JSONResponse{Anchors: nonNil(found)}
	if last > 0 {
		answer.Next = strconv.FormatInt(last, 10)
	}
	return answer, err
}

func (s *server) RotateLogKey(ctx context.Context, _ RotateLogKeyRequestObject) (RotateLogKeyResponseObject, error) {
	old := s.Evidence.Keys()
	key, err := s.Evidence.Rotate(ctx)
	if err != nil {
		return nil, err
	}
	noteChange(ctx, "log-key", signs{old[len(old)-1].Verifier}, signs{key.Verifier})
	return RotateLogKey200JSONResponse(key), nil
}

// signs is what the audit log says of a key of the log.
type signs struct {
	Verifier string `json:"verifier"`
}
