package api

import (
	"compress/gzip"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"wellspring/evidence"
	"wellspring/lineage"
)

// discard swallows echo's own log: ours goes to the injected logger.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// handler stands before the routes.
func handler(e *echo.Echo) http.Handler {
	// A page of another origin must not make a browser write here.
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawPath = r.URL.EscapedPath()
		c := e.NewContext(r, w)
		c.Response().Header().Set(echo.HeaderXRequestID, uuid.NewString())
		e.HTTPErrorHandler(&routed{http.StatusForbidden, lineage.Invalid("read request", "header Origin",
			"a page of another site may not write here: send it from a program, or from a page of this service")}, c)
	}))
	return protection.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Selectors hold encoded slashes: routes match the path as it was sent.
		r.URL.RawPath = tilePath(r.URL.EscapedPath())
		e.ServeHTTP(w, r)
	}))
}

// middleware puts what is common to all routes around them, the outermost first.
func (s *server) middleware(e *echo.Echo, checked *contract) {
	e.Use(
		soundRequestID,
		middleware.RequestIDWithConfig(middleware.RequestIDConfig{Generator: uuid.NewString}),
		s.accessLog(),
		middleware.RecoverWithConfig(middleware.RecoverConfig{
			DisablePrintStack: true,
			LogErrorFunc: func(c echo.Context, err error, _ []byte) error {
				return &panicked{err, debug.Stack()}
			},
		}),
		secureHeaders,
		s.ownName,
		middleware.GzipWithConfig(middleware.GzipConfig{Level: gzip.BestSpeed, MinLength: 1 << 10, Skipper: func(c echo.Context) bool {
			path := c.Request().URL.Path
			if onThisMachine(c.Request()) {
				return true
			}
			// A package is compressed, and may be asked for in parts. Of a backup the
			// beginning comes in small pieces, of which this middleware counts too many
			// bytes as written (echo 4.16), so that io.Copy gives up.
			return strings.HasSuffix(path, "/package") || path == "/v1/backup"
		}}),
		s.bounds,
		s.room(),
		checked.check,
		s.audit,
	)
}

// onThisMachine says that an answer goes nowhere: to compress it would cost both
// sides more than sending it. A proxy sends it on, and says so.
func onThisMachine(r *http.Request) bool {
	for _, sentOn := range []string{"Forwarded", "X-Forwarded-For", "Via"} {
		if r.Header.Get(sentOn) != "" {
			return false
		}
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().Unmap().IsLoopback()
}

// panicked is a bug that a request ran into.
type panicked struct {
	err   error
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.err) }

// accessLog tells of every request once it was answered.
func (s *server) accessLog() echo.MiddlewareFunc {
	return middleware.RequestLoggerWithConfig(middleware.RequestLoggerConfig{
		LogMethod: true, LogURIPath: true, LogRoutePath: true, LogStatus: true, LogLatency: true,
		LogResponseSize: true, LogRequestID: true, LogRemoteIP: true,
		HandleError: true,
		LogValuesFunc: func(c echo.Context, v middleware.RequestLoggerValues) error {
			level := slog.LevelInfo
			switch v.RoutePath {
			case "/healthz", "/readyz", "/metrics": // asked every few seconds
				level = slog.LevelDebug
			}
			s.Logger.LogAttrs(c.Request().Context(), level, "request",
				slog.String("request_id", v.RequestID), slog.String("method", v.Method), slog.String("path", v.URIPath),
				slog.String("route", v.RoutePath), slog.Int("status", v.Status), slog.Duration("duration", v.Latency),
				slog.Int64("bytes", v.ResponseSize), slog.String("remote", v.RemoteIP))
			return nil
		},
	})
}

// secureHeaders tells browsers that answers are data.
func secureHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		return next(c)
	}
}

// ownName refuses requests to a name that only pretends to be this machine: a
// page of a stranger's could otherwise reach a service without a login.
func (s *server) ownName(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if host := hostname(c.Request().Host); s.LoopbackOnly && host != "localhost" {
			if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
				return &routed{http.StatusMisdirectedRequest, lineage.Invalid("read request", "header Host", "this service answers to a name of this machine only, such as localhost")}
			}
		}
		return next(c)
	}
}

func hostname(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// maxWait is the longest that a request may ask to wait.
const maxWait = time.Minute

// backupTimeout is the longest that a backup may take to be read, or retention to put aside.
const backupTimeout = 6 * time.Hour

// bounds limit the size of a body and the time of an answer.
func (s *server) bounds(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		request := c.Request()
		timeout := s.Limits.Timeout
		if request.Method != http.MethodGet {
			timeout += maxWait // imports may be told to wait
		}
		if c.Path() == "/v1/backup" || c.Path() == "/v1/retention" && request.Method == http.MethodPost {
			timeout = backupTimeout
		}
		limit := s.Limits.BodyBytes
		if c.Path() == "/v1/witness/add-checkpoint" { // anybody may send one
			limit = evidence.MostSubmission
		}
		ctx, cancel := context.WithTimeout(request.Context(), timeout)
		defer cancel()
		request = request.WithContext(ctx)
		request.Body = http.MaxBytesReader(c.Response(), request.Body, limit)
		c.SetRequest(request)
		if request.ContentLength > limit {
			return &http.MaxBytesError{Limit: limit}
		}
		return next(c)
	}
}

func (s *server) metrics() echo.HandlerFunc {
	return echo.WrapHandler(promhttp.HandlerFor(s.Gatherer, promhttp.HandlerOpts{
		DisableCompression: true, EnableOpenMetrics: true, ErrorLog: metricsLog{s.Logger},
	}))
}

type metricsLog struct{ *slog.Logger }

func (l metricsLog) Println(v ...any) {
	l.Error("some metrics could not be gathered", "error", fmt.Sprint(v...))
}
