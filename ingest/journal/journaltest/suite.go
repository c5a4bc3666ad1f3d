// Package journaltest is the one suite that every engine of the journal passes.
//
// On the road of a fact it stands beside the journal: only tests import it.
//
// It refuses exceptions: an engine that can't keep a promise is no journal.
package journaltest

import (
	"context"
	"fmt"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wellspring/ingest"
	"wellspring/ingest/journal"
)

// Log is what an engine implements.
type Log interface {
	journal.Journal
	journal.DeadLetters
}

// Engine is an engine under test.
type Engine struct {
	// Open opens the journal in a folder, or begins one, on a clock.
	Open func(dir string, clock func() time.Time) (Log, error)
	// Damage changes stored bytes of one record of a closed journal.
	Damage func(t *testing.T, dir string, position journal.Position)
}

// Run runs the suite.
func Run(t *testing.T, engine Engine) {
	if crashChild(t, engine) {
		return
	}
	cases := []struct {
		name string
		test func(*testing.T, Engine)
	}{
		{"order", testOrder},
		{"subject", testSubject},
		{"duplicates", testDuplicates},
		{"all or none", testRefusal},
		{"writers", testWriters},
		{"waiting read", testWaitingRead},
		{"time never goes back", testTime},
		{"reopen", testReopen},
		{"consumers", testConsumers},
		{"lag", testLag},
		{"closed", testClosed},
		{"damage", testDamage},
		{"dead letters", testLetters},
		{"dead letter of a damaged record", testDamagedLetter},
		{"kill", testKill},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.test(t, engine) })
	}
}

// start is when the suite's clock starts.
var start = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)

func (e Engine) open(t *testing.T, dir string) Log { return e.openAt(t, dir, time.Now) }

func (e Engine) openAt(t *testing.T, dir string, clock func() time.Time) Log {
	t.Helper()
	log, err := e.Open(dir, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return log
}

func closeLog(t *testing.T, log Log) {
	t.Helper()
	if err := log.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

// Envelope returns an envelope of a run with an event id; its hash is made of body.
func Envelope(run, id, body string) ingest.Envelope {
	event := cloudevents.New()
	event.SetID(id)
	event.SetSource("/robots/OT2CEP1")
	event.SetType(ingest.TypeRun)
	event.SetSubject("run:" + run)
	event.SetTime(start)
	event.DataEncoded = fmt.Appendf(nil, "{\"run\":%q,\n \"body\":%q}", run, body)
	event.SetDataContentType(cloudevents.ApplicationJSON)
	return ingest.Envelope{Event: event, Observed: start.Add(time.Second), Hash: "hash of " + body, Redacted: []string{"headers"}, Door: "http"}
}

func envelopes(run string, n int) []ingest.Envelope {
	out := make([]ingest.Envelope, n)
	for i := range out {
		out[i] = Envelope(run, fmt.Sprintf("%s-%d", run, i), fmt.Sprint(i))
	}
	return out
}

func appendAll(t *testing.T, log Log, envelopes ...ingest.Envelope) []journal.Receipt {
	t.Helper()
	receipts, err := log.Append(t.Context(), envelopes...)
	if err != nil {
		t.Fatal(err)
	}
	if len(receipts) != len(envelopes) {
		t.Fatalf("%d receipts for %d envelopes", len(receipts), len(envelopes))
	}
	return receipts
}

// readAll reads n records after a position, in portions.
func readAll(t *testing.T, log Log, after journal.Position, n, portion int) []journal.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // a missing record would wait for ever
	defer cancel()
	var out []journal.Record
	for len(out) < n {
		records, err := log.Read(ctx, after, portion)
		if err != nil {
			t.Fatalf("after %d of %d records: %v", len(out), n, err)
		}
		if len(records) == 0 || len(records) > portion {
			t.Fatalf("read %d records, asked for 1 to %d", len(records), portion)
		}
		out = append(out, records...)
		after = records[len(records)-1].Position
	}
	return out
}

func contents(records []journal.Record) []ingest.Envelope {
	out := make([]ingest.Envelope, len(records))
	for i, r := range records {
		out[i] = r.Envelope
	}
	return out
}

func ids(records []journal.Record) []string {
	out := make([]string, len(records))
	for i, r := range records {
		out[i] = r.Envelope.Event.ID()
	}
	return out
}

var same = cmp.Options{
	cmpopts.IgnoreFields(cloudevents.Event{}, "DataBase64", "FieldErrors"),
	cmpopts.EquateEmpty(),
}

func equal(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
