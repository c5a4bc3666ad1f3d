package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

// What failed here is an error in the log, also once the request's context is
// over; a caller who left is none.
func TestLevelOfProblems(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("the disk is gone"), "level=ERROR"},
		{context.DeadlineExceeded, "level=ERROR"},
		{&panicked{}, "level=ERROR"},
		{fmt.Errorf("append: %w", context.Canceled), "level=INFO"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var log bytes.Buffer
		request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/runs", nil)
		problems{slog.New(slog.NewTextHandler(&log, nil))}.handle(c.err, echo.New().NewContext(request, httptest.NewRecorder()))
		if !strings.Contains(log.String(), c.want) {
			t.Errorf("%v: logged %q, want %s", c.err, log.String(), c.want)
		}
	}
}
