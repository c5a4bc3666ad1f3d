package bench_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wellspring/bench"
	"wellspring/internal/testdata"
	"wellspring/lineage"
	"wellspring/liquid"
)

func sharedText(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(testdata.Shared(t, "ot2/"+path))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestDecodeReadingShared(t *testing.T) {
	for _, c := range []struct {
		file               string
		instrument         string
		values, calculated int
		last               string // plate, well and time of the last value that was measured
	}{
		// 24 wells, 20 points each; two calculated values a well.
		{"asm/plate-reader_gen5-absorbance-kinetic.json", "123456", 528, 48, "Plate 2 D6 2023-09-15T13:46:23Z"},
		// 6 wells, 5 concentrations that could not be calculated, 7 calculated values.
		{"asm/plate-reader_gen5-fluorescence-endpoint.json", "12345678", 18, 7, "Plate 1 B3 2024-08-15T11:51:56Z"},
		{"asm/plate-reader_thermo-skanit.json", "3020-83152", 2, 0, "Sample Plate A2 2024-05-08T15:54:50Z"},
		{"plate-reader/result_620.csv", "", 96, 0, " H12 0001-01-01T00:00:00Z"},
	} {
		t.Run(c.file, func(t *testing.T) {
			text := sharedText(t, c.file)
			r := reading(t, string(text))
			var measured []bench.Value
			for _, v := range r.Values {
				if v.Value == nil && v.Note == "" {
					t.Errorf("%s: neither value nor note", v.Place)
				}
				if v.Details["calculated"] == "" {
					measured = append(measured, v)
				}
			}
			last := measured[len(measured)-1]
			said := last.Plate + " " + last.Well + " " + last.At.Format(time.RFC3339)
			if r.Instrument != c.instrument || len(r.Values) != c.values || len(r.Values)-len(measured) != c.calculated || said != c.last {
				t.Errorf("%s: %d values, %d calculated, last %s", r.Instrument, len(r.Values), len(r.Values)-len(measured), said)
			}
			if kind, _, err := bench.Detect(text, bench.Limits{}); kind != bench.KindReading || err != nil {
				t.Error(kind, err)
			}
		})
	}
}

func TestDecodeStepsShared(t *testing.T) {
	for _, c := range []struct {
		file, run        string
		transfers, fails int
		plates           [2]string
	}{
		{"asm/liquid-handler_echo-transfer.json", "E5XX-19119:1733769624", 4, 0, [2]string{"SRC123456", "DST314159"}},
		{"asm/liquid-handler_echo-exceptions.json", "E5XX-19119:1733768895", 0, 4, [2]string{"SRC000002", "DST000002"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			text := sharedText(t, c.file)
			s := steps(t, string(text))
			outcome := liquid.Fold(s.Run, liquid.Options{})
			fails := 0
			for _, command := range s.Run.Commands {
				if command.Error != nil && command.Type == "dispense" {
					fails++
				}
			}
			if s.Run.ID != c.run || len(outcome.Transfers) != c.transfers || fails != c.fails {
				t.Errorf("%s: %d transfers, %d failed", s.Run.ID, len(outcome.Transfers), fails)
			}
			for _, transfer := range outcome.Transfers {
				if transfer.VolumeUl != 0.1 || transfer.From.Labware != c.plates[0] || transfer.To.Labware != c.plates[1] {
					t.Errorf("%+v", transfer)
				}
			}
			for i, d := range s.Declared {
				if d.Barcode != c.plates[i] || d.Target.Run != c.run {
					t.Errorf("%+v", d)
				}
			}
			if kind, run, err := bench.Detect(text, bench.Limits{}); kind != bench.KindSteps || run != c.run || err != nil {
				t.Error(kind, run, err)
			}
		})
	}
}

// Everything else of the real data is none of ours, and the error says so.
func TestDetectSharedOthers(t *testing.T) {
	n := 0
	for _, pattern := range []string{"run-logs/*", "analyses/*", "expected/*", "labware/*", "labware/custom/*", "mqtt/*", "robot-sim/*/*",
		"robot-sim/*.log", "robot-sim/*.jsonl", "robot-sim/http/*/*", "plate-reader/pip*", "plate-reader/liq*", "*.md", "*/*.md"} {
		files, _ := filepath.Glob(filepath.Join(testdata.Shared(t, "ot2"), pattern))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				continue // a folder
			}
			n++
			if kind, _, err := bench.Detect(text, bench.Limits{}); err == nil || lineage.KindOf(err) != lineage.ErrorInvalid {
				t.Errorf("%s: %s, %v", file, kind, err)
			}
			if _, err := bench.DecodeManifest("doc", text, bench.Limits{}); err == nil {
				t.Errorf("%s: a manifest", file)
			}
			if _, err := bench.DecodeSteps("doc", text, bench.Limits{}); err == nil {
				t.Errorf("%s: steps", file)
			}
			if _, err := bench.DecodeReading(text, bench.Limits{}); err == nil && !strings.Contains(file, "pipetting") {
				t.Errorf("%s: a reading", file)
			}
		}
	}
	if n < 500 {
		t.Errorf("%d files only", n)
	}
}
