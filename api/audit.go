package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"golang.org/x/mod/sumdb/tlog"

	"wellspring/access"
	"wellspring/evidence"
	"wellspring/lineage"
)

// Evidence is the log that an auditor checks.
type Evidence interface {
	// Append enters an act, durably.
	Append(ctx context.Context, act evidence.Act) (evidence.Receipt, error)
	List(ctx context.Context, q evidence.Query) (evidence.Page, error)
	Size() int64
	// CheckpointAt signs what the log was at a size.
	CheckpointAt(ctx context.Context, size int64) ([]byte, error)
	Keys() []evidence.Key
	Prove(ctx context.Context, index, size int64) ([]tlog.Hash, error)
	ProveGrowth(ctx context.Context, from, to int64) ([]tlog.Hash, error)
	// Tile are the hashes of a tile of the tree, or the entries of one of level -1.
	Tile(ctx context.Context, tile tlog.Tile) ([]byte, error)
	// Rotate makes a new key that signs the log.
	Rotate(ctx context.Context) (evidence.Key, error)
	// Anchors are those after a number, and the number of the last; 0: no more.
	Anchors(ctx context.Context, after int64, limit int) ([]evidence.Anchor, int64, error)
	// InJournal says what the journal holds of an entry's record: same, differs, missing.
	InJournal(ctx context.Context, entry evidence.Entry) (string, error)
}

const (
	headerReason     = "Wellspring-Reason"
	headerDeviceTime = "Wellspring-Device-Time"
	maxReason        = 1000 // characters
)

// auditKey is the context key of what a handler adds to the entry of its request.
type auditKey struct{}

// audited is what is entered of a request.
type audited struct {
	subject  string
	old, new any
}

// noteChange says in the entry of a request what it was about and what it changed.
func noteChange(ctx context.Context, subject string, before, after any) {
	if a, there := ctx.Value(auditKey{}).(*audited); there {
		*a = audited{subject, before, after}
	}
}

// audit enters what somebody asks for before the answer goes out: every
// operation that may change something, and those GETs that the contract marks
// with x-audit: access. x-audit: none excepts an operation, with its reason.
func (s *server) audit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		operation, _ := c.Get(operationKey).(*openapi3.Operation)
		if operation == nil || !isAudited(c.Request().Method, operation) {
			return next(c)
		}
		act, err := s.actOf(c, operation)
		if err != nil {
			return err
		}
		note := &audited{}
		c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), auditKey{}, note)))
		enter := func(status int) error {
			act.Outcome, act.Details.Status = outcomeOf(status), status
			act.Subject, act.Details.Old, act.Details.New = note.subject, note.old, note.new
			_, err := s.Evidence.Append(c.Request().Context(), act)
			return err
		}
		writer := &auditWriter{ResponseWriter: c.Response().Writer, enter: enter, fail: func(w http.ResponseWriter, err error) {
			s.Logger.ErrorContext(c.Request().Context(), "a request could not be entered in the audit log", "request_id", act.RequestID, "error", err)
			writeProblem(w, c, err)
		}}
		c.Response().Writer = writer
		finished := false
		defer func() {
			c.Response().Writer = writer.ResponseWriter
			if !finished && !writer.entered { // a panic goes through
				_ = enter(http.StatusInternalServerError)
			}
		}()
		err = next(c)
		finished = true
		if writer.entered {
			return err
		}
		status := http.StatusOK
		if err != nil {
			status = problemOf(err).Status
		}
		if failed := enter(status); failed != nil {
			return failed
		}
		return err
	}
}

// operationKey is where the contract's check leaves the operation of a request.
const operationKey = "operation"

func isAudited(method string, operation *openapi3.Operation) bool {
	switch operation.Extensions["x-audit"] {
	case nil:
		return method != http.MethodGet && method != http.MethodHead
	case "access":
		return true
	}
	return false
}

// actOf is who asks for what, and when by their clock.
func (s *server) actOf(c echo.Context, operation *openapi3.Operation) (evidence.Act, error) {
	const op = "read request"
	request := c.Request()
	act := evidence.Act{
		Action: operation.OperationID, RequestID: c.Response().Header().Get(echo.HeaderXRequestID),
		Details: evidence.Details{Who: actorOf(request.Context()), Target: request.URL.EscapedPath(), Remote: c.RealIP()},
	}
	if len(act.Details.Target) > 4096 {
		return act, &lineage.Error{Op: op, Kind: lineage.ErrorTooLarge, ID: "path", Hint: "use a path of at most 4096 bytes"}
	}
	act.Details.Reason = request.Header.Get(headerReason)
	if !utf8.ValidString(act.Details.Reason) || utf8.RuneCountInString(act.Details.Reason) > maxReason || hasControl(act.Details.Reason) {
		return act, lineage.Invalid(op, "header "+headerReason, "use up to 1000 characters of UTF-8 text without control characters")
	}
	if text := request.Header.Get(headerDeviceTime); text != "" {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || at.Year() < 1970 || at.Year() > 9999 {
			return act, lineage.Invalid(op, "header "+headerDeviceTime, "use RFC 3339, such as 2026-03-01T12:00:00Z")
		}
		at = at.UTC()
		offset := time.Since(at).Milliseconds()
		act.Details.DeviceTime, act.Details.DeviceOffsetMs = &at, &offset
	}
	return act, nil
}

// actorOf is who sends a request.
func actorOf(ctx context.Context) evidence.Actor {
	who, there := access.From(ctx)
	if !there || who.Means == access.ByMachine {
		return evidence.Local()
	}
	return evidence.Actor{Name: who.Name, ID: who.ID, Means: string(who.Means), Authenticated: true}
}

func hasControl(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) {
			return true
		}
	}
	return false
}

func outcomeOf(status int) string {
	switch {
	case status == http.StatusAccepted:
		return evidence.OutcomeAccepted
	case status < 400:
		return evidence.OutcomeDone
	case status < 500:
		return evidence.OutcomeRefused
	}
	return evidence.OutcomeFailed
}

// auditWriter enters the request before the head of its answer is sent. When
// that fails the answer is the failure.
type auditWriter struct {
	http.ResponseWriter
	enter   func(status int) error
	fail    func(http.ResponseWriter, error)
	entered bool
	failed  bool
}

func (w *auditWriter) WriteHeader(status int) {
	if status < 200 || w.entered {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.entered = true
	if err := w.enter(status); err != nil {
		w.failed = true
		w.fail(w.ResponseWriter, err)
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *auditWriter) Write(p []byte) (int, error) {
	if !w.entered {
		w.WriteHeader(http.StatusOK)
	}
	if w.failed {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController find what the writer below can do.
func (w *auditWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// writeProblem answers with a problem where the answer proper has begun already.
func writeProblem(w http.ResponseWriter, c echo.Context, err error) {
	problem := problemOf(err)
	problem.RequestID, problem.Instance = c.Response().Header().Get(echo.HeaderXRequestID), c.Request().URL.EscapedPath()
	w.Header().Set(echo.HeaderContentType, "application/problem+json")
	w.Header().Del(echo.HeaderContentLength)
	if problem.Status == http.StatusServiceUnavailable {
		w.Header().Set(echo.HeaderRetryAfter, strconv.Itoa(retryAfter))
	}
	w.WriteHeader(problem.Status)
	_ = json.NewEncoder(w).Encode(problem) // the client may have left
}

// soundRequestID drops a request id of the client's that is no short name: it
// stands in logs and in the audit log.
func soundRequestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		sound := len(id) <= 64
		for _, r := range id {
			sound = sound && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
		}
		if !sound {
			c.Request().Header.Del(echo.HeaderXRequestID)
		}
		return next(c)
	}
}

func (s *server) ListAudit(ctx context.Context, request ListAuditRequestObject) (ListAuditResponseObject, error) {
	p := request.Params
	return list(ctx, s, p.Format, p.Limit, p.Cursor,
		func(ctx context.Context, after lineage.Cursor, size int) ([]Act, lineage.Cursor, error) {
			first, err := indexOf(after)
			if err != nil {
				return nil, "", err
			}
			page, err := s.Evidence.List(ctx, evidence.Query{
				Type: evidence.TypeAct, Who: p.Who, Action: p.Action, Subject: p.Subject, From: p.Since, To: p.Until, After: first, Limit: size,
			})
			return actsOf(page, err)
		},
		func(all []Act, next lineage.Cursor) any { return Acts{Acts: all, Next: string(next)} },
		[]string{"index", "logged_at", "who", "authenticated", "action", "outcome", "subject", "target", "reason", "old", "new", "device_time", "device_offset_ms", "remote", "request_id"},
		func(a Act) []string {
			offset := ""
			if !a.DeviceTime.IsZero() {
				offset = strconv.FormatInt(a.DeviceOffsetMs, 10)
			}
			return []string{strconv.FormatInt(a.Index, 10), timeCell(a.LoggedAt), textCell(a.Who), strconv.FormatBool(a.Authenticated), a.Action, string(a.Outcome),
				textCell(a.Subject), textCell(a.Target), textCell(a.Reason), jsonCell(a.Old), jsonCell(a.New), timeCell(a.DeviceTime), offset, a.Remote, a.RequestID}
		})
}

func jsonCell(v any) string {
	if v == nil {
		return ""
	}
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return textCell(string(text))
}

// indexOf reads the cursor of a list of entries: an index.
func indexOf(cursor lineage.Cursor) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	index, err := strconv.ParseInt(string(cursor), 10, 64)
	if err != nil || index < 1 {
		return 0, lineage.Invalid("list audit log", "cursor", "use the next of the page before, unchanged")
	}
	return index, nil
}

func actsOf(page evidence.Page, err error) ([]Act, lineage.Cursor, error) {
	if err != nil {
		return nil, "", err
	}
	acts := make([]Act, 0, len(page.Entries))
	for _, e := range page.Entries {
		public, err := e.Read()
		if err != nil {
			return nil, "", &lineage.Error{Op: "list audit log", Kind: lineage.ErrorInternal, ID: strconv.FormatInt(e.Index, 10), Hint: "the ledger is damaged: run wellspring verify --log", Err: err}
		}
		d, err := e.Details()
		if err != nil {
			return nil, "", err
		}
		act := Act{
			Index: e.Index, LoggedAt: e.LoggedAt, Action: public.Action, Outcome: ActOutcome(public.Outcome), Subject: public.Subject, RequestID: public.RequestID,
			Who: d.Who.Name, Authenticated: d.Who.Authenticated, Target: d.Target, Reason: d.Reason, Old: d.Old, New: d.New,
			Remote: d.Remote, Status: d.Status,
		}
		if d.DeviceTime != nil {
			act.DeviceTime = *d.DeviceTime
		}
		if d.DeviceOffsetMs != nil {
			act.DeviceOffsetMs = *d.DeviceOffsetMs
		}
		acts = append(acts, act)
	}
	return acts, cursorOf(page.Next), nil
}

// cursorOf is the cursor of a page of entries; empty: there is none.
func cursorOf(next int64) lineage.Cursor {
	if next == 0 {
		return ""
	}
	return lineage.Cursor(strconv.FormatInt(next, 10))
}

func (s *server) GetCheckpoint(ctx context.Context, request GetCheckpointRequestObject) (GetCheckpointResponseObject, error) {
	size := s.Evidence.Size()
	if request.Params.Size > 0 {
		size = request.Params.Size
	}
	signed, err := s.Evidence.CheckpointAt(ctx, size)
	return GetCheckpoint200JSONResponse{Note: string(signed), Keys: s.Evidence.Keys()}, err
}

func (s *server) ListLogEntries(ctx context.Context, request ListLogEntriesRequestObject) (ListLogEntriesResponseObject, error) {
	page, err := s.Evidence.List(ctx, evidence.Query{After: request.Params.First, Limit: request.Params.Limit})
	if err != nil {
		return nil, err
	}
	answer := ListLogEntries200JSONResponse{Entries: []LogEntry{}, Size: s.Evidence.Size()}
	for _, e := range page.Entries {
		entry := LogEntry{Index: e.Index, Public: string(e.Public), Private: string(e.Private)}
		if public, err := e.Read(); request.Params.Journal && err == nil && public.Type == evidence.TypeRecord {
			found, err := s.Evidence.InJournal(ctx, e)
			if err != nil {
				return nil, err
			}
			entry.Journal = LogEntryJournal(found)
		}
		answer.Entries = append(answer.Entries, entry)
	}
	return answer, nil
}

func (s *server) GetLogProof(ctx context.Context, request GetLogProofRequestObject) (GetLogProofResponseObject, error) {
	hashes, err := s.Evidence.Prove(ctx, request.Params.Index, request.Params.Size)
	return GetLogProof200JSONResponse{Hashes: base64Of(hashes)}, err
}

func (s *server) GetLogGrowth(ctx context.Context, request GetLogGrowthRequestObject) (GetLogGrowthResponseObject, error) {
	hashes, err := s.Evidence.ProveGrowth(ctx, request.Params.From, request.Params.To)
	return GetLogGrowth200JSONResponse{Hashes: base64Of(hashes)}, err
}

func base64Of(hashes []tlog.Hash) []string {
	texts := make([]string, len(hashes))
	for i, h := range hashes {
		texts[i] = base64.StdEncoding.EncodeToString(h[:])
	}
	return texts
}
