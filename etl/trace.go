package etl

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// mostLinks is how many traces a turn's span names beside the one it belongs to.
const mostLinks = 32

// begin begins the span of a turn: in the trace of its first envelope that has one,
// with links to those of the others.
func (t *turn) begin(ctx context.Context) (context.Context, func(result, error)) {
	if t.p.config.Tracer == nil {
		return ctx, func(result, error) {}
	}
	var first trace.SpanContext
	var links []trace.Link
	for _, e := range t.batch.entries {
		switch {
		case !e.origin.IsValid():
		case !first.IsValid():
			first = e.origin
		case len(links) < mostLinks:
			links = append(links, trace.Link{SpanContext: e.origin})
		}
	}
	ctx, span := t.p.config.Tracer.Start(trace.ContextWithRemoteSpanContext(ctx, first), "process", trace.WithSpanKind(trace.SpanKindConsumer), trace.WithLinks(links...), trace.WithAttributes(
		attribute.String("wellspring.owner", string(t.batch.owner)), attribute.String("wellspring.processing", t.state.ID), attribute.Int("wellspring.envelopes", len(t.batch.entries))))
	return ctx, func(r result, err error) {
		if r.processing.Error != "" {
			span.SetStatus(codes.Error, r.processing.Error)
		} else if err != nil {
			span.SetStatus(codes.Error, err.Error())
		}
		span.SetAttributes(attribute.String("wellspring.status", string(r.processing.Status)))
		span.End()
	}
}

// traced begins the span of a stage.
func (t *turn) traced(ctx context.Context, stage Stage) (context.Context, func(error)) {
	if t.p.config.Tracer == nil {
		return ctx, func(error) {}
	}
	ctx, span := t.p.config.Tracer.Start(ctx, string(stage))
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, err.Error())
		}
		if a := t.state.Applied; stage == Load && span.IsRecording() {
			span.SetAttributes(attribute.Int("wellspring.nodes_added", a.NodesAdded), attribute.Int("wellspring.nodes_changed", a.NodesChanged), attribute.Int("wellspring.nodes_retracted", a.NodesRetracted),
				attribute.Int("wellspring.edges_added", a.EdgesAdded), attribute.Int("wellspring.edges_changed", a.EdgesChanged), attribute.Int("wellspring.edges_retracted", a.EdgesRetracted))
		}
		span.End()
	}
}
