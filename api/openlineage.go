package api

import (
	"context"

	"wellspring/ingest"
)

func (s *server) PostLineage(ctx context.Context, request PostLineageRequestObject) (PostLineageResponseObject, error) {
	answer, _, err := s.take(ctx, request.Body, ingest.TypeJob, 0)
	return PostLineage201JSONResponse(answer), err
}
