package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"wellspring/lineage"
)

const (
	dialTime    = 5 * time.Second
	answerTime  = 60 * time.Second // of one answer, its body included
	longestRest = 2 * time.Second
	// slow is an answer after which a robot is left alone as long as it took; after
	// a quicker one a quarter of that will do.
	slow = 100 * time.Millisecond
)

// client asks one robot: GET only, one request at a time, at its one address.
type client struct {
	base     string
	http     *http.Client
	limiter  *rate.Limiter
	maxBytes int64
	etags    map[string]string // of paths whose last answer named one
	rest     time.Time         // no request before: as long as the last answer took
	asked    int64             // requests so far
}

func newClient(address Address, perSecond float64, maxBytes int64) *client {
	transport := &http.Transport{
		// No proxy from the environment: a robot is asked directly or not at all.
		DialContext:            (&net.Dialer{Timeout: dialTime}).DialContext,
		MaxConnsPerHost:        1,
		IdleConnTimeout:        time.Minute,
		ResponseHeaderTimeout:  answerTime,
		MaxResponseHeaderBytes: 64 << 10,
	}
	return &client{
		base: address.URL, maxBytes: maxBytes, etags: map[string]string{},
		limiter: rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond))),
		http: &http.Client{
			Transport: transport, Timeout: answerTime,
			// A robot has no business to send us anywhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// answerError is an answer of the robot that is not what was asked for.
type answerError struct {
	path   string
	status int
	id     string // the robot's name for the error, such as RunNotFound
	detail string
	after  time.Duration // Retry-After
}

func (e *answerError) Error() string {
	text := fmt.Sprintf("GET %s: the robot answers %d", e.path, e.status)
	if e.id != "" {
		text += " " + e.id
	}
	if e.detail != "" {
		text += ": " + clip(e.detail)
	}
	return text
}

// answered returns the robot's refusal, if that is what went wrong.
func answered(err error) (*answerError, bool) {
	var e *answerError
	return e, errors.As(err, &e)
}

// errTooLarge is an answer over the bound.
var errTooLarge = errors.New("the answer is larger than max-bytes")

// errUnchanged is an answer that has not changed since it was last asked for.
var errUnchanged = errors.New("not modified")

// get asks for one path below the robot's address and reads the answer into a value.
func (c *client) get(ctx context.Context, into any, query url.Values, segments ...string) error {
	path := ""
	for _, s := range segments {
		path += "/" + url.PathEscape(s)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	if err := c.mayAsk(ctx); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return &lineage.Error{Op: "ask the robot", Kind: lineage.ErrorInternal, ID: path, Err: err}
	}
	request.Header.Set("Opentrons-Version", "*")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "wellspring")
	if etag := c.etags[path]; etag != "" {
		request.Header.Set("If-None-Match", etag)
	}
	c.asked++
	began := time.Now()
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, c.maxBytes+1))
	took := time.Since(began)
	rest := min(took, longestRest)
	if took < slow {
		rest = took / 4
	}
	c.rest = began.Add(took + rest)
	switch {
	case err != nil:
		return fmt.Errorf("GET %s: %w", path, err)
	case response.StatusCode == http.StatusNotModified:
		return errUnchanged
	case response.StatusCode != http.StatusOK:
		return refusal(path, response, body)
	case int64(len(body)) > c.maxBytes:
		return fmt.Errorf("GET %s: %w", path, errTooLarge)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return &answerError{path: path, status: response.StatusCode, id: "unreadable", detail: err.Error()}
	}
	if etag := response.Header.Get("ETag"); etag != "" && len(etag) < 256 && len(segments) == 1 {
		c.etags[path] = etag
	}
	return nil
}

// mayAsk waits until the robot may be asked again: at most so often, and of a slow
// one never more than half of its time.
func (c *client) mayAsk(ctx context.Context) error {
	if err := c.limiter.Wait(ctx); err != nil {
		return err
	}
	wait := time.Until(c.rest)
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func refusal(path string, response *http.Response, body []byte) error {
	e := &answerError{path: path, status: response.StatusCode}
	var said struct {
		Errors []struct{ ID, Detail string }
	}
	if json.Unmarshal(body, &said) == nil && len(said.Errors) > 0 {
		e.id, e.detail = said.Errors[0].ID, said.Errors[0].Detail
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		e.id, e.detail = "redirect", "it was not followed: a robot answers at its own address"
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.after = min(time.Duration(seconds)*time.Second, time.Minute)
	}
	return e
}

// clip keeps a text that somebody else wrote short enough for a log line.
func clip(text string) string {
	const limit = 300
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return text
}
