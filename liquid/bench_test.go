package liquid

import (
	"path"
	"runtime"
	"testing"

	"wellspring/examples"
	"wellspring/internal/testdata"
	"wellspring/ot2"
)

// BenchmarkFold folds decoded runs: commands a second, and allocations and
// bytes a command, of the fold alone.
func BenchmarkFold(b *testing.B) {
	for _, name := range []string{"normalize", "assay_plate"} {
		b.Run(name, func(b *testing.B) {
			file, err := examples.Files.Open("runs/" + name + ".json")
			if err != nil {
				b.Fatal(err)
			}
			defer file.Close()
			document, err := ot2.Decode(file, ot2.DefaultLimits())
			if err != nil {
				b.Fatal(err)
			}
			benchmarkFold(b, document.Run, Options{})
		})
	}
	b.Run("largest-real-log", func(b *testing.B) {
		definitions := definitionsIn(b, testdata.Shared(b, "ot2/labware"))
		benchmarkFold(b, decoded(b, path.Join(testdata.Shared(b, "ot2/run-logs"), "v6.1.0_a4338d46.json")), Options{Definitions: definitions})
	})
}

func benchmarkFold(b *testing.B, run ot2.Run, options Options) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	for b.Loop() {
		Fold(run, options)
	}
	b.StopTimer()
	runtime.ReadMemStats(&after)
	commands := float64(len(run.Commands)) * float64(b.N)
	b.ReportMetric(commands/b.Elapsed().Seconds(), "commands/s")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/commands, "allocs/command")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/commands, "B/command")
}

// BenchmarkApply plays one more transfer in a run that is under way.
func BenchmarkApply(b *testing.B) {
	p := newProtocol()
	p.liquid("water", 1e6, "open/A1")
	f := New(p.run, p.options)
	for _, c := range Ordered(p.run) {
		f.Apply(c)
	}
	p.run.Commands = nil
	p.pickUp("rack/A1")
	p.aspirate(0.1, "open/A1")
	p.dispense(0.1, "plate/A1")
	p.drop("fixedTrash/A1")
	transfer := p.run.Commands
	for i := range transfer {
		transfer[i].ID = "" // not known as played
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range transfer {
			f.Apply(&transfer[i])
		}
	}
	b.ReportMetric(float64(b.N*len(transfer))/b.Elapsed().Seconds(), "commands/s")
}
