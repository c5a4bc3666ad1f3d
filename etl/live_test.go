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
// being in the graph, verified. One operation is one event.
func BenchmarkLive(b *testing.B) {
	const rate, robots = 200, 10
	eachStore(b, func(b *testing.B, open func(b *testing.B) graphstore.Store) {
		l := labOn(b, open(b))
		l.start()
		var events [][]byte
		for i := range robots {
			record := testruns.New(testruns.Dilution, fmt.Sprintf("live-%d", i), max(20, b.N/robots))
			l.take(record.Begin())
			for j := range record.Commands {
				at := j*robots + i
				events = slices.Grow(events, at+1)[:max(len(events), at+1)]
				events[at] = record.Part(j, j+1)
			}
		}
		ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
		defer cancel()
		if err := l.pipeline.Quiet(ctx); err != nil {
			b.Fatal(err)
		}
		var (
			mu    sync.Mutex
			took  []time.Duration
			await sync.WaitGroup
		)
		clock := time.NewTimer(0)
		defer clock.Stop()
		b.ResetTimer()
		began := time.Now()
		for i, event := range events[:min(len(events), max(b.N, 1))] {
			due := began.Add(time.Duration(i) * time.Second / rate)
			clock.Reset(time.Until(due))
			<-clock.C
			receipts, err := l.intake.Accept(b.Context(), intake.Message{Door: "mqtt", Payload: event, Policy: intake.Lenient})
			if err != nil {
				b.Fatal(err)
			}
			await.Go(func() {
				if _, err := l.pipeline.Wait(ctx, lineage.Owner(receipts[0].Subject), receipts[0].Position); err != nil {
					b.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(due))
			})
		}
		await.Wait()
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
