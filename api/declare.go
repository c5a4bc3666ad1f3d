package api

import (
	"context"
	"io"
	"time"

	"wellspring/etl"
	"wellspring/ingest"
	"wellspring/lineage"
)

func (s *server) Declare(ctx context.Context, request DeclareRequestObject) (DeclareResponseObject, error) {
	answer, waited, err := s.take(ctx, request.Body, ingest.TypeManifest, waitOf(ImportRunParams(request.Params)))
	if waited {
		return Declare200JSONResponse(answer), err
	}
	return Declare202JSONResponse(answer), err
}

func (s *server) PreviewDeclarations(ctx context.Context, request PreviewDeclarationsRequestObject) (PreviewDeclarationsResponseObject, error) {
	manifest, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	preview, err := s.Pipeline.Preview(ctx, manifest)
	if err != nil {
		return nil, refused(err, manifest)
	}
	return PreviewDeclarations200JSONResponse(preview), nil
}

func (s *server) ListCandidates(ctx context.Context, request ListCandidatesRequestObject) (ListCandidatesResponseObject, error) {
	run, err := s.Query.Run(ctx, request.Run, time.Time{})
	if err != nil {
		return nil, err
	}
	name, _ := run.Run.Attributes[lineage.AttrRun].(string)
	candidates, err := s.Pipeline.Candidates(ctx, name)
	if err != nil {
		return nil, err
	}
	return listing{
		format: formatOf(ctx, request.Params.Format), header: whole(), body: Candidates{Candidates: nonNil(candidates)}, log: s.Logger,
		columns: []string{"labware", "earlier_run", "earlier_labware", "barcode", "slot", "definition", "ended_at"},
		rows: rowsOf(candidates, func(c etl.Candidate) []string {
			return []string{textCell(c.Labware), textCell(c.EarlierRun), textCell(c.EarlierLabware), textCell(c.Barcode), textCell(c.Slot),
				textCell(c.Definition), timeCell(c.EndedAt)}
		}),
	}, nil
}
