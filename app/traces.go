package app

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"wellspring/lineage"
)

// traces are the spans of this process on their way to a collector.
type traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// newTraces returns nil where nothing is traced. Where to, how, and how much is
// said by OpenTelemetry's own variables of the environment.
func newTraces(ctx context.Context, o Options, logger *slog.Logger, registry prometheus.Registerer) (*traces, error) {
	const op = "open traces"
	if !o.TracesEnabled {
		return nil, nil
	}
	var to []otlptracehttp.Option
	if o.TracesEndpoint != "" {
		to = append(to, otlptracehttp.WithEndpointURL(o.TracesEndpoint))
	}
	exporter, err := otlptracehttp.New(ctx, to...)
	if err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: "OTEL_EXPORTER_OTLP_…", Hint: "see docs/traces.md", Err: err}
	}
	watched := &watchedExporter{SpanExporter: exporter, logger: logger, spans: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "wellspring_trace_spans_total", Help: "Spans, by what became of them: sent, or failed to be sent and dropped.",
	}, []string{"outcome"})}
	if err := registry.Register(watched.spans); err != nil {
		return nil, err
	}
	about, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "wellspring"), attribute.String("service.version", Version().Version)), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: "OTEL_RESOURCE_ATTRIBUTES", Hint: "write key=value, with commas between", Err: err}
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(watched), sdktrace.WithResource(about))
	return &traces{provider, provider.Tracer("wellspring")}, nil
}

// of is the tracer; nil: nothing is traced.
func (t *traces) of() trace.Tracer {
	if t == nil {
		return nil
	}
	return t.tracer
}

// goodbye is how long the last spans may take.
const goodbye = 5 * time.Second

// close sends what is left.
func (t *traces) close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return &lineage.Error{Op: "close traces", Kind: lineage.ErrorUnavailable, Hint: "the last spans are lost, nothing else is", Err: err}
	}
	return nil
}

// wrap gives each request of the REST interface a span, in the trace of who asks.
func (t *traces) wrap(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		part := strings.SplitN(r.URL.Path, "/", 4)
		if len(part) < 3 || part[1] != "v1" && part[1] != "api" {
			next.ServeHTTP(w, r) // pages, probes, metrics
			return
		}
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := t.tracer.Start(ctx, r.Method+" "+strings.Join(part[:3], "/"), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			attribute.String("http.request.method", r.Method), attribute.String("url.path", r.URL.Path)))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// watchedExporter counts spans, and says so when they can't be sent: the library
// would say it to the whole process.
type watchedExporter struct {
	sdktrace.SpanExporter
	logger  *slog.Logger
	spans   *prometheus.CounterVec
	trouble atomic.Bool
}

// ExportSpans implements sdktrace.SpanExporter.
func (e *watchedExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err != nil {
		e.spans.WithLabelValues("failed").Add(float64(len(spans)))
		if !e.trouble.Swap(true) {
			e.logger.WarnContext(ctx, "spans can't be sent and are dropped; trying again with the next ones", slog.Any("error", err))
		}
		return nil
	}
	e.spans.WithLabelValues("sent").Add(float64(len(spans)))
	if e.trouble.Swap(false) {
		e.logger.InfoContext(ctx, "spans can be sent again")
	}
	return nil
}
