package mqtt_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wellspring/ingest"
	"wellspring/ingest/intake"
	"wellspring/ingest/journal"
	"wellspring/ingest/journal/sqlite"
	"wellspring/internal/testdata"
	"wellspring/liquid"
	"wellspring/ot2"
)

// published is a message of a lab, as it was recorded.
type published struct {
	Topic   string          `json:"topic"`
	Payload json.RawMessage `json:"payload"`
}

// labMessages are those of a self-driving lab, each of which came three times.
func labMessages(t *testing.T) []published {
	file, err := os.Open(filepath.Join(testdata.Shared(t, "ot2/mqtt"), "ac_training_lab_ot2_messages.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []published
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var p published
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func openJournal(t *testing.T) *sqlite.Journal {
	t.Helper()
	kept, err := sqlite.Open(t.TempDir(), sqlite.Options{Logger: logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	return kept
}

// readAll reads n records.
func readAll(t *testing.T, kept journal.Journal, n int) []journal.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var all []journal.Record
	var after journal.Position
	for len(all) < n {
		records, err := kept.Read(ctx, after, 100)
		if err != nil {
			t.Fatalf("after %d of %d records: %v", len(all), n, err)
		}
		all = append(all, records...)
		after = all[len(all)-1].Position
	}
	return all
}

// A lab's own messages come, are kept once each, and say what is in the well.
func TestLabMessages(t *testing.T) {
	messages := labMessages(t)
	for name, start := range brokers() {
		t.Run(name, func(t *testing.T) {
			b, kept := start(t), openJournal(t)
			accepted := make(chan intake.Receipt, len(messages))
			in := intake.New(kept, intake.Options{Logger: logger(t), OnAccept: func(_ ingest.Envelope, r intake.Receipt) { accepted <- r }})
			up, _ := open(t, b.url, in)
			await(t, up)
			client := publisher(t, b.url)
			for _, m := range messages {
				done(t, client.Publish(m.Topic, 1, false, []byte(m.Payload)))
			}
			duplicates := 0
			for range messages {
				select {
				case r := <-accepted:
					if r.Duplicate {
						duplicates++
					}
				case <-time.After(30 * time.Second):
					t.Fatal("a message did not come")
				}
			}
			if duplicates != 4 {
				t.Errorf("%d duplicates, want 4: two messages came three times each", duplicates)
			}
			const run = "session-001@OT2CEP20240218R04"
			records, err := kept.Subject(t.Context(), "run:"+run)
			if err != nil || len(records) != 2 {
				t.Fatalf("%d records of %s, %v, want 2", len(records), run, err)
			}
			checkLabRun(t, records)
		})
	}
}

func checkLabRun(t *testing.T, records []journal.Record) {
	t.Helper()
	var fragments []ot2.Run
	for _, r := range records {
		document, err := ot2.Decode(strings.NewReader(string(r.Envelope.Event.Data())), ot2.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(r.Envelope.Event.Data()), `"experiment_id":"exp-001"`) {
			t.Errorf("the lab's own words are gone: %s", r.Envelope.Event.Data())
		}
		fragments = append(fragments, document.Run)
	}
	merged := ot2.Merge(fragments...)
	if merged.RobotSerial != "OT2CEP20240218R04" || merged.Ended() {
		t.Errorf("robot %q, status %q", merged.RobotSerial, merged.Status)
	}
	well := liquid.Inspection(merged, liquid.Fold(merged, liquid.Options{})).Wells["plate"]["B2"]
	got := map[string]float64{"volume": well.Volume}
	for origin, fraction := range well.Fractions {
		got[origin] = fraction * well.Volume
	}
	want := map[string]float64{"volume": 250, "unknown:R/A1": 120, "unknown:Y/A1": 50, "unknown:B/A1": 80}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b float64) bool { return a-b < 1e-6 && b-a < 1e-6 })); diff != "" {
		t.Errorf("well B2, µL (-want +got):\n%s", diff)
	}
}

// What can't be read is acknowledged and kept with its reason, and stands in
// nobody's way.
func TestUnreadableMessages(t *testing.T) {
	const run = `{"runId":"r1","commands":[{"id":"c1","commandType":"home","status":"succeeded","params":{}}]}`
	messages := []struct{ topic, payload, kind, reason string }{
		{"wellspring/v1/run/r1", "\x00 no JSON", ingest.TypeUnknown, "no whole JSON object"},
		{"wellspring/v1/run/r2", run, ingest.TypeUnknown, "it was sent as r2"},
		{"wellspring/v1/anything", `{"kind":"Pod"}`, ingest.TypeUnknown, "is no OT-2 run"},
		{"command/ot2/R1/pipette", `{"command":{"R":-1,"well":"B2"},"session_id":"s"}`, ingest.TypeUnknown, "command.R"},
		{"command/ot2/R1/pipette", `{"command":{"R":1},"session_id":"s"}`, ingest.TypeUnknown, "command.well"},
		{"command/ot2/R1/pipette", `{"command":{"R":1,"well":"B2"}}`, ingest.TypeUnknown, "session_id"},
		{"command/ot2/R1/pipette", `{"command":7,"session_id":"s"}`, ingest.TypeUnknown, "command"},
		{"command/ot2/R1/pipette", `R=1`, ingest.TypeUnknown, "JSON object"},
		{"wellspring/v1/run/r1", run, ingest.TypeRun, ""},
		{"command/ot2/R1/pipette", `{"specversion":"1.0","id":"1","source":"/robots/R1","type":"wellspring.ot2.run.v1","data":` + run + `}`, ingest.TypeRun, ""},
	}
	for name, start := range brokers() {
		t.Run(name, func(t *testing.T) {
			b, kept := start(t), openJournal(t)
			up, closeDoor := open(t, b.url, intake.New(kept, intake.Options{}))
			await(t, up)
			client := publisher(t, b.url)
			for _, m := range messages {
				done(t, client.Publish(m.topic, 1, false, m.payload))
			}
			check := func(records []journal.Record) {
				t.Helper()
				for i, r := range records {
					if m, e := messages[i], r.Envelope; e.Event.Type() != m.kind || !strings.Contains(e.Reason, m.reason) || (m.reason == "") != (e.Reason == "") {
						t.Errorf("%s on %s: filed as %s because of %q", m.payload, m.topic, e.Event.Type(), e.Reason)
					}
				}
			}
			check(readAll(t, kept, len(messages)))

			// None of them comes again to the next one who listens.
			closeDoor()
			up, _ = open(t, b.url, intake.New(kept, intake.Options{}))
			await(t, up)
			done(t, client.Publish("wellspring/v1/run/last", 1, false, `{"runId":"last","commands":[]}`))
			last := readAll(t, kept, len(messages)+1)
			if subject := last[len(messages)].Envelope.Event.Subject(); subject != "run:last" {
				t.Errorf("after the last message came one of %s", subject)
			}
			if lag, _, err := kept.Lag(t.Context(), ""); err != nil || lag != int64(len(messages)+1) {
				t.Errorf("%d records in the journal, %v, want %d", lag, err, len(messages)+1)
			}
		})
	}
}
