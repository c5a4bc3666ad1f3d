package intake

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"wellspring/ingest"
	"wellspring/ingest/journal"
)

// traced begins the span of messages that are taken in: below that of the request
// that brought them, else, of one message, below the one that it names itself.
func (in *Intake) traced(ctx context.Context, messages []Message) (context.Context, func(error)) {
	if in.options.Tracer == nil {
		return ctx, func(error) {}
	}
	if !trace.SpanContextFromContext(ctx).IsValid() && len(messages) == 1 && IsCloudEvent(messages[0].Payload) {
		if event, err := ingest.DecodeEvent(messages[0].Payload); err == nil {
			ctx = trace.ContextWithRemoteSpanContext(ctx, ingest.TraceOf(event))
		}
	}
	ctx, span := in.options.Tracer.Start(ctx, "take in", trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(attribute.Int("wellspring.messages", len(messages))))
	if len(messages) > 0 {
		span.SetAttributes(attribute.String("wellspring.door", messages[0].Door))
	}
	return ctx, func(err error) { end(span, err) }
}

// append has the journal keep envelopes.
func (in *Intake) append(ctx context.Context, envelopes []ingest.Envelope) (receipts []journal.Receipt, err error) {
	if in.options.Tracer == nil {
		return in.journal.Append(ctx, envelopes...)
	}
	ctx, span := in.options.Tracer.Start(ctx, "journal append")
	defer func() { end(span, err) }()
	return in.journal.Append(ctx, envelopes...)
}

func end(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}
