package api

import (
	"context"

	"wellspring/query"
)

// withPlan is the other side of a diff that is no run.
const withPlan = "plan"

func (s *server) GetRunDiff(ctx context.Context, request GetRunDiffRequestObject) (GetRunDiffResponseObject, error) {
	var (
		diff query.Diff
		err  error
	)
	if request.Params.With == withPlan {
		diff, err = s.Query.DiffPlan(ctx, request.Run, request.Params.Limit)
	} else {
		diff, err = s.Query.DiffRuns(ctx, request.Run, request.Params.With, request.Params.Limit)
	}
	return GetRunDiff200JSONResponse(diff), err
}
