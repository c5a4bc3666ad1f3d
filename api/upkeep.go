package api

import (
	"bufio"
	"context"
	"io"
	"time"

	"wellspring/etl"
	"wellspring/ingest/journal"
)

// Upkeep checks, repairs and backs up the service while it runs. Each thing that
// is started goes on after the call; ErrorConflict while there is another.
type Upkeep interface {
	StartFsck() (etl.FsckState, error)
	FsckState() etl.FsckState
	// StartCompare compares the first graph with the second; ErrorConflict where there is none.
	StartCompare() (etl.FsckState, error)
	CompareState() (etl.FsckState, error)
	// StartRebuild makes the graph again, or the second one.
	StartRebuild(second bool) (etl.RebuildState, error)
	RebuildState() etl.RebuildState
	// Segments are the files that retention has put old documents into.
	Segments(ctx context.Context) ([]journal.Segment, error)
	// Retainable says what Retain would put aside, and of which time; before zero: by the settings.
	Retainable(ctx context.Context, before time.Time) (journal.Retainable, time.Time, error)
	// Retain puts old documents into segments.
	Retain(ctx context.Context, before time.Time) ([]journal.Segment, time.Time, error)
	// Backup writes a backup. Once it wrote anything, an error cuts the backup short.
	Backup(ctx context.Context, to io.Writer) error
}

func (s *server) GetFsck(context.Context, GetFsckRequestObject) (GetFsckResponseObject, error) {
	return GetFsck200JSONResponse(s.Upkeep.FsckState()), nil
}

func (s *server) StartFsck(context.Context, StartFsckRequestObject) (StartFsckResponseObject, error) {
	state, err := s.Upkeep.StartFsck()
	return StartFsck202JSONResponse(state), err
}

func (s *server) GetRebuild(context.Context, GetRebuildRequestObject) (GetRebuildResponseObject, error) {
	return GetRebuild200JSONResponse(s.Upkeep.RebuildState()), nil
}

func (s *server) GetCompare(context.Context, GetCompareRequestObject) (GetCompareResponseObject, error) {
	state, err := s.Upkeep.CompareState()
	return GetCompare200JSONResponse(state), err
}

func (s *server) StartCompare(context.Context, StartCompareRequestObject) (StartCompareResponseObject, error) {
	state, err := s.Upkeep.StartCompare()
	return StartCompare202JSONResponse(state), err
}

func (s *server) StartRebuild(_ context.Context, r StartRebuildRequestObject) (StartRebuildResponseObject, error) {
	state, err := s.Upkeep.StartRebuild(r.Params.Second)
	return StartRebuild202JSONResponse(state), err
}

func (s *server) ListSegments(ctx context.Context, _ ListSegmentsRequestObject) (ListSegmentsResponseObject, error) {
	all, err := s.Upkeep.Segments(ctx)
	return ListSegments200JSONResponse{Segments: all}, err
}

func (s *server) GetRetention(ctx context.Context, request GetRetentionRequestObject) (GetRetentionResponseObject, error) {
	all, before, err := s.Upkeep.Retainable(ctx, request.Params.Before)
	return GetRetention200JSONResponse{Before: before, Records: all.Records, Subjects: all.Subjects, Bytes: all.Bytes}, err
}

func (s *server) StartRetention(ctx context.Context, request StartRetentionRequestObject) (StartRetentionResponseObject, error) {
	closed, before, err := s.Upkeep.Retain(ctx, request.Params.Before)
	return StartRetention200JSONResponse{Before: before, Segments: nonNil(closed)}, err
}

// CreateBackup answers once the first of the backup is there: what goes wrong
// before that is a problem like any other.
func (s *server) CreateBackup(ctx context.Context, _ CreateBackupRequestObject) (CreateBackupResponseObject, error) {
	read, write := io.Pipe()
	go func() { write.CloseWithError(s.Upkeep.Backup(ctx, write)) }() // ends with the backup, or with its reader
	body := bufio.NewReader(read)
	if _, err := body.Peek(1); err != nil {
		return nil, err
	}
	return CreateBackup200ApplicationXTarResponse{Body: closing{body, read}}, nil
}

// closing is a reader that ends its writer when it is closed.
type closing struct {
	io.Reader
	io.Closer
}
