package web

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"wellspring/lineage"
)

// rest sends a request to the REST interface of this process for who looks at a
// page, as their own: there is one place that says who may write, enters it in
// the audit log, and bounds it. Its answer is read into answer.
//
// An error of the interface comes back with its kind, place and remedy.
func (p *Pages) rest(r *http.Request, method, path string, body []byte, reason string, answer any) (status int, err error) {
	const op = "ask REST interface"
	target, err := url.Parse(path)
	if err != nil {
		return 0, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	}
	inner := r.Clone(r.Context())
	inner.Method, inner.URL, inner.RequestURI = method, target, path
	inner.Body, inner.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	inner.Form, inner.PostForm, inner.MultipartForm, inner.Pattern = nil, nil, nil, ""
	for _, name := range []string{"Accept-Encoding", "If-None-Match", "Prefer", "Wellspring-Reason"} {
		inner.Header.Del(name)
	}
	inner.Header.Set("Accept", "application/json")
	inner.Header.Set("Content-Type", "application/json")
	if reason != "" {
		inner.Header.Set("Wellspring-Reason", reason)
	}
	said := &recorder{header: make(http.Header), status: http.StatusOK}
	p.API.ServeHTTP(said, inner)
	if said.status >= http.StatusBadRequest {
		var problem struct {
			Kind         lineage.ErrorKind
			Op, ID, Hint string
			Detail       string
		}
		if err := json.Unmarshal(said.body.Bytes(), &problem); err != nil {
			return said.status, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
		}
		return said.status, &lineage.Error{Op: problem.Op, Kind: problem.Kind, ID: problem.ID, Hint: problem.Hint}
	}
	if err := json.Unmarshal(said.body.Bytes(), answer); err != nil {
		return said.status, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	}
	return said.status, nil
}

// recorder keeps an answer instead of sending it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
func (r *recorder) WriteHeader(status int)      { r.status = status }
