package ot2_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wellspring/internal/testdata"
	"wellspring/ot2"
)

// longLog is a flat log of 20,000 commands with definitions at the start.
func longLog() []byte {
	var b strings.Builder
	b.WriteString(`{"id": "r1", "robotSerial": "OT2-1", "status": "succeeded", "commands": [`)
	b.WriteString(`{"id": "c", "commandType": "loadLabware", "status": "succeeded", "result": {"labwareId": "l", "definition": ` + labwareText("a", "b", "1", "2") + `}}`)
	for i := range 20_000 {
		fmt.Fprintf(&b, `,{"id": "%d", "key": "k%d", "commandType": "aspirate", "status": "succeeded", "createdAt": "2026-01-31T08:00:00.123456+00:00",
			"startedAt": "2026-01-31T08:00:00.123456+00:00", "completedAt": "2026-01-31T08:00:01.123456+00:00",
			"params": {"pipetteId": "p", "labwareId": "l", "wellName": "A1", "volume": 20.5, "flowRate": 94, "wellLocation": {"origin": "bottom", "offset": {"x": 0, "y": 0, "z": 1}}},
			"result": {"position": {"x": 1, "y": 2, "z": 3}, "volume": 20.5}}`, i, i)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func benchmark(b *testing.B, text []byte, commands int, work func() error) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if err := work(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(commands)*float64(b.N)/b.Elapsed().Seconds(), "commands/s")
}

func decodeBytes(text []byte) (ot2.Run, error) {
	document, err := ot2.Decode(bytes.NewReader(text), ot2.DefaultLimits())
	return document.Run, err
}

func BenchmarkDecode(b *testing.B) {
	text := longLog()
	b.Run("long", func(b *testing.B) {
		benchmark(b, text, 20_001, func() error { _, err := decodeBytes(text); return err })
	})
	b.Run("real", func(b *testing.B) {
		text, err := os.ReadFile(filepath.Join(testdata.Shared(b, "ot2/run-logs"), "v6.1.0_a4338d46.json"))
		if err != nil {
			b.Fatal(err)
		}
		benchmark(b, text, 147, func() error { _, err := decodeBytes(text); return err })
	})
}

func BenchmarkDetect(b *testing.B) {
	text := longLog()
	benchmark(b, text, 20_001, func() error { _, _, _, err := ot2.Detect(text, ot2.DefaultLimits()); return err })
}

func BenchmarkRedact(b *testing.B) {
	text := longLog()
	benchmark(b, text, 20_001, func() error { ot2.Redact(text); return nil })
}

func BenchmarkMerge(b *testing.B) {
	text := longLog()
	run, err := decodeBytes(text)
	if err != nil {
		b.Fatal(err)
	}
	half := len(run.Commands) / 2
	first, second := run, run
	first.Commands, second.Commands = run.Commands[:half], run.Commands[half:]
	benchmark(b, text, len(run.Commands), func() error { ot2.Merge(second, first); return nil })
}
