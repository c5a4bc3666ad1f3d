package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/labstack/echo/v4"

	"wellspring/lineage"
	"wellspring/query"
)

// retryAfter is how many seconds a client should stay away when the service
// can't answer now.
const retryAfter = 5

// unreadable is an error about the content of a document: what was asked is
// right, what was sent is not.
type unreadable struct{ error }

func (u unreadable) Unwrap() error { return u.error }

// statusOf maps the kinds of errors to HTTP, here and nowhere else.
func statusOf(kind lineage.ErrorKind) int {
	switch kind {
	case lineage.ErrorInvalid:
		return http.StatusBadRequest
	case lineage.ErrorNotFound:
		return http.StatusNotFound
	case lineage.ErrorAmbiguous, lineage.ErrorConflict:
		return http.StatusConflict
	case lineage.ErrorTooLarge:
		return http.StatusRequestEntityTooLarge
	case lineage.ErrorUnavailable:
		return http.StatusServiceUnavailable
	case lineage.ErrorUnauthenticated:
		return http.StatusUnauthorized
	case lineage.ErrorForbidden:
		return http.StatusForbidden
	case lineage.ErrorLimited:
		return http.StatusTooManyRequests
	}
	return http.StatusInternalServerError
}

// Status is the HTTP status of an error.
func Status(err error) int { return problemOf(err).Status }

// problems answers with what went wrong.
type problems struct {
	log *slog.Logger
}

// toldKey marks a request whose error was told: echo hands it in more than once.
const toldKey = "told"

func (p problems) handle(err error, c echo.Context) {
	if c.Get(toldKey) != nil {
		return
	}
	c.Set(toldKey, true)
	problem := problemOf(err)
	problem.RequestID = c.Response().Header().Get(echo.HeaderXRequestID)
	problem.Instance = c.Request().URL.EscapedPath()
	if problem.Status >= 500 {
		attributes := []any{"request_id", problem.RequestID, "path", c.Request().URL.Path, "error", err}
		level, what := slog.LevelError, "a request failed"
		if bug := (*panicked)(nil); errors.As(err, &bug) {
			attributes = append(attributes, "stack", string(bug.stack))
		} else if errors.Is(err, context.Canceled) { // by the error: the context is cancelled after every request
			level, what = slog.LevelInfo, "the request was cancelled, or the caller left"
		}
		p.log.Log(c.Request().Context(), level, what, attributes...)
	}
	if c.Response().Committed {
		// Half an answer must not look like a whole one.
		_ = http.NewResponseController(c.Response()).Flush() // what there is; not every writer can
		panic(http.ErrAbortHandler)
	}
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "application/problem+json")
	switch problem.Status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		header.Set(echo.HeaderRetryAfter, strconv.Itoa(retryAfter))
	case http.StatusUnauthorized:
		header.Set(echo.HeaderWWWAuthenticate, "Bearer")
	}
	c.Response().WriteHeader(problem.Status)
	if c.Request().Method == http.MethodHead {
		return
	}
	if err := json.NewEncoder(c.Response()).Encode(problem); err != nil {
		p.log.DebugContext(c.Request().Context(), "a problem could not be sent", "error", err)
	}
}

// problemOf says an error in the words of RFC 9457.
func problemOf(err error) Problem {
	err = translate(err)
	kind := lineage.KindOf(err)
	problem := Problem{Kind: ProblemKind(kind), Type: "urn:wellspring:problem:" + string(kind), Status: statusOf(kind), Detail: err.Error()}
	var u unreadable
	if errors.As(err, &u) && kind == lineage.ErrorInvalid {
		problem.Status = http.StatusUnprocessableEntity
	}
	var routing *routed
	if errors.As(err, &routing) {
		problem.Status = routing.status
	}
	problem.Title = http.StatusText(problem.Status)

	var e *lineage.Error
	if errors.As(err, &e) {
		problem.Op, problem.Hint, problem.ID = e.Op, e.Hint, e.ID
	}
	if kind == lineage.ErrorInternal { // what went wrong inside is for the log
		problem.ID = ""
		problem.Detail = "the service failed; its log has more under this request_id"
	}
	var candidates *query.Candidates
	if errors.As(err, &candidates) {
		problem.Candidates = candidates.Nodes
	}
	return problem
}

// routed is an error with a status of its own, which HTTP has and we don't.
type routed struct {
	status int
	err    *lineage.Error
}

func (r *routed) Error() string { return r.err.Error() }
func (r *routed) Unwrap() error { return r.err }

// translate says what libraries say as a lineage.Error.
func translate(err error) error {
	const op = "read request"
	var (
		known   *lineage.Error
		tooLong *http.MaxBytesError
		request *openapi3filter.RequestError
		http1   *echo.HTTPError
	)
	switch {
	case errors.As(err, &tooLong):
		return &lineage.Error{Op: op, Kind: lineage.ErrorTooLarge, ID: "body",
			Hint: "send at most " + strconv.FormatInt(tooLong.Limit, 10) + " bytes at once"}
	case errors.Is(err, context.DeadlineExceeded):
		return &lineage.Error{Op: "answer", Kind: lineage.ErrorUnavailable, Hint: "it took too long: ask for less, or later; GET /readyz says whether the graph answers", Err: err}
	case errors.Is(err, context.Canceled):
		return &lineage.Error{Op: "answer", Kind: lineage.ErrorUnavailable, Hint: "the request was cancelled", Err: err}
	case errors.As(err, &known):
		return err
	case errors.Is(err, routers.ErrPathNotFound):
		return lineage.NotFound(op, "path", "GET /openapi.yaml lists the paths; a slash within a selector is written %2F")
	case errors.Is(err, routers.ErrMethodNotAllowed):
		return &routed{http.StatusMethodNotAllowed, lineage.Invalid(op, "method", "GET /openapi.yaml lists the methods of this path")}
	case errors.As(err, &request):
		return invalidRequest(request)
	case errors.As(err, &http1):
		return fromEcho(http1)
	}
	return err
}

// invalidRequest names the parameter that the contract does not allow.
func invalidRequest(err *openapi3filter.RequestError) error {
	place := "request"
	if err.Parameter != nil {
		place = err.Parameter.In + " parameter " + err.Parameter.Name
	}
	hint := err.Reason
	var schema *openapi3.SchemaError
	if errors.As(err, &schema) {
		hint = schema.Reason
	} else if err.Err != nil {
		hint = err.Err.Error()
	}
	return lineage.Invalid("read request", place, hint)
}

func fromEcho(err *echo.HTTPError) error {
	const op = "read request"
	hint, _ := err.Message.(string)
	switch {
	case err.Code == http.StatusNotFound:
		return lineage.NotFound(op, "path", "GET /openapi.yaml lists the paths")
	case err.Code == http.StatusUnsupportedMediaType:
		return &routed{err.Code, lineage.Invalid(op, "header Content-Type", "send application/cloudevents+json or application/cloudevents-batch+json")}
	case err.Code >= 400 && err.Code < 500:
		return &routed{err.Code, lineage.Invalid(op, "", hint)}
	}
	return err
}
