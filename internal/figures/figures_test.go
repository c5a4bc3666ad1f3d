package figures

import (
	"os/exec"
	"testing"
)

// BenchmarkStart is the time from the start of the process to ready, and the
// memory that the idle service then has.
func BenchmarkStart(b *testing.B) {
	for _, store := range stores() {
		b.Run(store.name, func(b *testing.B) {
			environment := store.fresh(b)
			var resident int64
			for b.Loop() {
				s := serve(b, environment)
				b.StopTimer()
				resident += s.resident()
				s.stop()
				b.StartTimer()
			}
			b.ReportMetric(float64(resident)/float64(b.N), "resident-bytes")
		})
	}
}

// BenchmarkImport sends one document to a service and waits until it is in the
// graph, verified. The graph is empty but for a small run, with which service
// and database have warmed up.
func BenchmarkImport(b *testing.B) {
	for _, kind := range []struct {
		name string
		of   func(b *testing.B) document
	}{
		{"held", largest},
		{"long", func(b *testing.B) document { return long(b, 3_000) }},
		{"100000", func(b *testing.B) document { return one(b, 100_000) }},
	} {
		for _, store := range stores() {
			b.Run(kind.name+"/"+store.name, func(b *testing.B) {
				if kind.name == "100000" && store.name == "neo4j" {
					b.Skip("minutes of writing that other rows tell of: its memory is that of SQLite's row")
				}
				d := kind.of(b)
				var peak int64
				b.ResetTimer()
				for b.Loop() {
					b.StopTimer()
					s := serve(b, store.fresh(b))
					s.send(small(b))
					b.StartTimer()
					s.send(d.text)
					b.StopTimer()
					peak = max(peak, s.stop())
					b.StartTimer()
				}
				b.ReportMetric(float64(len(d.run.Commands)*b.N)/b.Elapsed().Seconds(), "commands/s")
				b.ReportMetric(float64(peak), "peak-bytes")
			})
		}
	}
}

// BenchmarkDemo plays the story to its end.
func BenchmarkDemo(b *testing.B) {
	for b.Loop() {
		if out, err := exec.Command(program, "demo", "--once", "--data-dir", b.TempDir()).CombinedOutput(); err != nil {
			b.Fatalf("wellspring demo --once: %v\n%s", err, out)
		}
	}
}
