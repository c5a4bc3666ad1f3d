package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"wellspring/evidence"
	"wellspring/evidence/pack"
)

// Exports makes evidence packages.
type Exports interface {
	// Start has a package made, or finds the one that answers the same question as
	// of the same time.
	Start(ctx context.Context, q pack.Question, who evidence.Actor) (pack.Export, error)
	// Wait returns once it is done, failed, or ctx ends.
	Wait(ctx context.Context, id string) (pack.Export, error)
	Get(ctx context.Context, id string) (pack.Export, error)
	List(ctx context.Context) ([]pack.Export, error)
	// Open returns the bytes of a package that is done.
	Open(ctx context.Context, id string) (io.ReadSeekCloser, pack.Export, error)
}

func (s *server) CreateExport(ctx context.Context, request CreateExportRequestObject) (CreateExportResponseObject, error) {
	p := request.Params
	question := pack.Question{About: string(p.About), Selector: p.Selector, Since: p.Since, AsOf: p.AsOf, Redact: p.Redact}
	noteChange(ctx, "", nil, question)
	x, err := s.Exports.Start(ctx, question, actorOf(ctx))
	if err != nil {
		return nil, err
	}
	noteChange(ctx, "export:"+x.ID, nil, x.Question)
	if p.Wait > 0 {
		waiting, cancel := context.WithTimeout(ctx, time.Duration(p.Wait)*time.Second)
		defer cancel()
		if x, err = s.Exports.Wait(waiting, x.ID); err != nil {
			return nil, err
		}
	}
	if x.State == pack.StateDone || x.State == pack.StateFailed {
		return CreateExport200JSONResponse(x), nil
	}
	return CreateExport202JSONResponse(x), nil
}

func (s *server) ListExports(ctx context.Context, _ ListExportsRequestObject) (ListExportsResponseObject, error) {
	all, err := s.Exports.List(ctx)
	return ListExports200JSONResponse{Exports: nonNil(all)}, err
}

func (s *server) GetExport(ctx context.Context, request GetExportRequestObject) (GetExportResponseObject, error) {
	x, err := s.Exports.Get(ctx, request.ID)
	return GetExport200JSONResponse(x), err
}

func (s *server) GetExportPackage(ctx context.Context, request GetExportPackageRequestObject) (GetExportPackageResponseObject, error) {
	file, x, err := s.Exports.Open(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	noteChange(ctx, "export:"+x.ID, nil, fetched{x.SHA256, request.Params.Range})
	r, _ := ctx.Value(requestKey{}).(*http.Request)
	return download{file, x, r}, nil
}

// fetched is what the audit log says of the access to a package.
type fetched struct {
	SHA256 string `json:"sha256"`
	Range  string `json:"range,omitempty"`
}

// download sends a file, or the part of it that is asked for: a package is the
// same bytes whenever it is fetched, so a download can be taken up again.
type download struct {
	file io.ReadSeekCloser
	x    pack.Export
	r    *http.Request
}

func (d download) VisitGetExportPackageResponse(w http.ResponseWriter) error {
	defer func() { _ = d.file.Close() }() // it was only read
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="wellspring-`+d.x.ID+`.zip"`)
	w.Header().Set("ETag", `"`+d.x.SHA256+`"`)
	http.ServeContent(w, d.r, "", time.Time{}, d.file)
	return nil
}
