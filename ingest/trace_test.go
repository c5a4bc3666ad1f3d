package ingest_test

import (
	"testing"

	"go.opentelemetry.io/otel/trace"

	"wellspring/ingest"
)

func spanContext(t testing.TB, id string) trace.SpanContext {
	t.Helper()
	traceID, err := trace.TraceIDFromHex(id)
	if err != nil {
		t.Fatal(err)
	}
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled})
}

const (
	ours    = "0af7651916cd43dd8448eb211c80319c"
	senders = "4bf92f3577b34da6a3ce929d0e0e4736"
)

// A trace goes through the journal, and the one that the sender named stays.
func TestTraceGoesThroughTheJournal(t *testing.T) {
	for want, said := range map[string]string{ours: "", senders: `"traceparent":"00-` + senders + `-00f067aa0ba902b7-01",`} {
		event, err := ingest.DecodeEvent([]byte(`{"specversion":"1.0","id":"1","source":"/r","type":"wellspring.ot2.run.v1",` + said + `"data":{}}`))
		if err != nil {
			t.Fatal(err)
		}
		ingest.SetTrace(&event, spanContext(t, ours))
		encoded, err := ingest.Encode(ingest.Envelope{Event: event, Hash: "h"})
		if err != nil {
			t.Fatal(err)
		}
		envelope, err := ingest.Decode(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if got := ingest.TraceOf(envelope.Event); got.TraceID().String() != want || !got.IsSampled() {
			t.Errorf("got trace %s, want %s", got.TraceID(), want)
		}
		if envelope.Event.ID() != "1" || envelope.Event.Source() != "/r" || envelope.Hash != "h" {
			t.Errorf("it is another envelope: %v", envelope.Event)
		}
	}
}

// Nonsense in the place of a trace is none.
func TestTraceOfNonsense(t *testing.T) {
	event, err := ingest.DecodeEvent([]byte(`{"specversion":"1.0","id":"1","source":"/r","type":"t","traceparent":"nonsense","tracestate":7,"data":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	if ingest.TraceOf(event).IsValid() {
		t.Error("it is a trace")
	}
}

// Where nothing is traced, an event costs a look at its attributes.
func TestNoTraceCostsNothing(t *testing.T) {
	event, err := ingest.DecodeEvent([]byte(`{"specversion":"1.0","id":"1","source":"/r","type":"t","name":"n","data":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		ingest.SetTrace(&event, trace.SpanContext{})
		if ingest.TraceOf(event).IsValid() {
			t.Error("it has a trace")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkNoTrace(b *testing.B) {
	event, err := ingest.DecodeEvent([]byte(`{"specversion":"1.0","id":"1","source":"/r","type":"t","name":"n","data":{}}`))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		ingest.SetTrace(&event, trace.SpanContext{})
		ingest.TraceOf(event)
	}
}
