package bench_test

import (
	"fmt"
	"strings"
	"testing"

	"wellspring/bench"
)

func benchmark(b *testing.B, text string, rows int, decode func([]byte) error) {
	payload := []byte(text)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if err := decode(payload); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkDecodeManifest(b *testing.B) {
	const rows = 10_000
	var text strings.Builder
	text.WriteString("sample,plate,well,concentration,unit,name\n")
	for i := range rows {
		fmt.Fprintf(&text, "S%d,P%d,A%d,2.5,ng/µL,donor\n", i, i/12, i%12+1)
	}
	benchmark(b, text.String(), rows, func(p []byte) error { _, err := bench.DecodeManifest("doc", p, bench.Limits{}); return err })
}

func BenchmarkDecodeReading(b *testing.B) {
	const rows = 10_000
	var text strings.Builder
	text.WriteString("plate,well,read_at,wavelength_nm,absorbance\n")
	for i := range rows {
		fmt.Fprintf(&text, "P1,A%d,2026-03-01T08:00:00Z,600,0.%d\n", i%12+1, i)
	}
	benchmark(b, text.String(), rows, func(p []byte) error { _, err := bench.DecodeReading(p, bench.Limits{}); return err })
}

func BenchmarkDecodeSteps(b *testing.B) {
	const rows = 10_000
	step := `{"do": "transfer", "from": "S/A1", "to": "D/A1", "volume_ul": 1}`
	text := event(strings.Repeat(step+",", rows-1) + step)
	benchmark(b, text, rows, func(p []byte) error { _, err := bench.DecodeSteps("doc", p, bench.Limits{}); return err })
}
