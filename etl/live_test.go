package etl_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"wellspring/graphstore"
	"wellspring/ingest/intake"
	"wellspring/internal/testruns"
	"wellspring/lineage"
)

// BenchmarkLive lets robots run at once, and sends each command as it ends, by the
// lenient door that MQTT has: 200 events a second together, whether the pipeline
// keeps up or not. It reports the time from the sending of an event to its lineage
// being in the graph, verified. One operation is the sending of 1,000 events, which
// take five seconds, after as many that no clock is kept of: a server that just
// started learns its statements from them.
func BenchmarkLive(b *testing.B) {
	const rate, robots, events = 200, 10, 1000
	eachStore(b, func(b *testing.B, open func(b *testing.B) graphstore.Store) {
		l := labOn(b, open(b))
		l.start()
		ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
		defer cancel()
		live(ctx, b, l, rate, liveEvents(l, "first", robots, events))
		var took []time.Duration
		b.ResetTimer()
		for i := range b.N { // not b.Loop: beginning the runs is not measured
			b.StopTimer()
			sent := liveEvents(l, fmt.Sprint("live-", i), robots, events)
			b.StartTimer()
			took = append(took, live(ctx, b, l, rate, sent)...)
		}
		b.StopTimer()
		slices.Sort(took)
		b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "events/s")
		b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
		b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
		b.ReportMetric(float64(took[len(took)-1].Nanoseconds()), "max-ns")
		if letters := l.letters(); len(letters) > 0 {
			b.Fatalf("dead letter: %s", letters[0].Error)
		}
	})
}

// liveEvents begins runs, one a robot, and returns the events that are to come of
// them, the robots in turn.
func liveEvents(l *lab, name string, robots, n int) [][]byte {
	l.t.Helper()
	events := make([][]byte, n)
	for i := range robots {
		record := testruns.New(testruns.Dilution, fmt.Sprint(name, "-", i), n/robots)
		l.take(record.Begin())
		for j := range n / robots {
			events[j*robots+i] = record.Part(j, j+1)
		}
	}
	if err := l.pipeline.Quiet(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	return events
}

// live sends events at a rate, and returns for each the time until it was in the graph.
func live(ctx context.Context, b *testing.B, l *lab, rate int, events [][]byte) []time.Duration {
	b.Helper()
	var await sync.WaitGroup
	took := make([]time.Duration, len(events))
	began := time.Now()
	clock := time.NewTimer(0)
	defer clock.Stop()
	for i, event := range events {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
		clock.Reset(time.Until(due))
		<-clock.C
		receipts, err := l.intake.Accept(ctx, intake.Message{Door: "mqtt", Payload: event, Policy: intake.Lenient})
		if err != nil {
			b.Fatal(err)
		}
		await.Go(func() {
			if _, err := l.pipeline.Wait(ctx, lineage.Owner(receipts[0].Subject), receipts[0].Position); err != nil {
				b.Error(err)
			}
			took[i] = time.Since(due)
		})
	}
	await.Wait()
	return took
}
