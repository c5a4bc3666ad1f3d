package api

import (
	"context"
	"mime"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

// acceptKey is the context key of a request's Accept header.
type acceptKey struct{}

// requestKey is the context key of a request.
type requestKey struct{}

// withAccept lets the handlers of the generated server see the Accept header,
// and the request where they send a file.
func withAccept(next StrictHandlerFunc, _ string) StrictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		accept := strings.Join(c.Request().Header.Values(echo.HeaderAccept), ",")
		ctx := context.WithValue(c.Request().Context(), acceptKey{}, accept)
		c.SetRequest(c.Request().WithContext(context.WithValue(ctx, requestKey{}, c.Request())))
		return next(c, request)
	}
}

// formatOf is the form that a list is asked for in: by parameter, else by
// Accept header, else JSON.
func formatOf(ctx context.Context, asked ListFormat) ListFormat {
	if asked != "" {
		return asked
	}
	accept, _ := ctx.Value(acceptKey{}).(string)
	best, bestWeight := JSON, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		weight := 1.0
		if q, given := params["q"]; given {
			if weight, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		format, known := formatOfMedia(media)
		if known && weight > bestWeight {
			best, bestWeight = format, weight
		}
	}
	return best
}

func formatOfMedia(media string) (ListFormat, bool) {
	switch media {
	case "application/json", "application/*", "*/*":
		return JSON, true
	case "application/x-ndjson", "application/ndjson":
		return Ndjson, true
	case "text/csv", "text/*":
		return Csv, true
	}
	return "", false
}
