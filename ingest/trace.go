package ingest

import (
	"context"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// The extension attributes of CloudEvents' distributed tracing. They travel with an
// envelope through the journal, and are no part of what it is: neither its identity
// nor its hash knows them.
const (
	extTraceParent = "traceparent"
	extTraceState  = "tracestate"
)

// carrier lets W3C Trace Context be read from and written to an event's attributes.
type carrier struct{ attributes *cloudevents.EventContextV1 }

func (c carrier) Get(key string) string {
	value := c.attributes.Extensions[key] // GetExtensions would copy them all
	if value == nil {
		return ""
	}
	text, err := types.Format(value)
	if err != nil {
		return ""
	}
	return text
}

func (c carrier) Set(key, value string) {
	_ = c.attributes.SetExtension(key, value) // of a name and a value that are sound
}

func (c carrier) Keys() []string { return []string{extTraceParent, extTraceState} }

// TraceOf is the trace that an event belongs to, by its own word; not valid: none.
func TraceOf(event cloudevents.Event) trace.SpanContext {
	attributes, _ := event.Context.(*cloudevents.EventContextV1)
	if attributes == nil || attributes.Extensions[extTraceParent] == nil {
		return trace.SpanContext{}
	}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier{attributes}))
}

// SetTrace makes an event part of a trace, unless its sender has done so.
func SetTrace(event *cloudevents.Event, span trace.SpanContext) {
	attributes, _ := event.Context.(*cloudevents.EventContextV1)
	if attributes != nil && span.IsValid() && !TraceOf(*event).IsValid() {
		propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(context.Background(), span), carrier{attributes})
	}
}
