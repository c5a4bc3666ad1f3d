package player_test

import (
	"encoding/json"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"

	"wellspring/examples"
	"wellspring/ingest/broker"
	"wellspring/ingest/mqtt/player"
	"wellspring/ot2"
)

// What is played, put together again, is the recording.
func TestPlay(t *testing.T) {
	recording, err := fs.ReadFile(examples.Files, examples.AssayPlate)
	if err != nil {
		t.Fatal(err)
	}
	b, err := broker.Start("127.0.0.1:0", t.TempDir(), 1<<20, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	url := "tcp://" + b.Addr()

	arrived := make(chan []byte, 1000)
	client := paho.NewClient(paho.NewClientOptions().AddBroker(url).SetClientID("listener").SetAutoReconnect(false))
	done := func(token paho.Token) {
		t.Helper()
		if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
			t.Fatal(token.Error())
		}
	}
	done(client.Connect())
	done(client.Subscribe("wellspring/v1/run/+", 1, func(_ paho.Client, m paho.Message) { arrived <- m.Payload() }))
	t.Cleanup(func() { client.Disconnect(100) })

	sent := 0
	err = player.Play(t.Context(), recording, player.Options{URL: url, Duration: 200 * time.Millisecond, OnSent: func(n, _ int) { sent = n }})
	if err != nil {
		t.Fatal(err)
	}
	want, err := ot2.Decode(strings.NewReader(string(recording)), ot2.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if sent != len(want.Run.Commands) {
		t.Errorf("sent %d commands, want %d", sent, len(want.Run.Commands))
	}
	var got []ot2.Run
	for ended := false; !ended; {
		select {
		case payload := <-arrived:
			fragment, err := ot2.Decode(strings.NewReader(string(payload)), ot2.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fragment.Run)
			ended = fragment.Run.Ended()
		case <-time.After(10 * time.Second):
			t.Fatal("the end of the run did not come")
		}
	}
	if len(got) < 4 || got[0].Status != "running" {
		t.Errorf("%d fragments, the first %q; want a running header, some commands, an ended header", len(got), got[0].Status)
	}
	merged := ot2.Merge(got...)
	texts := func(r ot2.Run) string {
		text, err := json.Marshal([]any{r.ID, r.Status, r.Commands, r.Liquids, r.Labware, r.CompletedAt})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if diff := cmp.Diff(texts(want.Run), texts(merged)); diff != "" {
		t.Errorf("run (-recorded +played):\n%s", diff)
	}
}

func TestPlayRefuses(t *testing.T) {
	for _, document := range []string{``, `{}`, `{"data":{"id":"r"},"commands":{"data":[{"startedAt":"yesterday"}]}}`} {
		if err := player.Play(t.Context(), []byte(document), player.Options{}); err == nil {
			t.Errorf("%q: no error", document)
		}
	}
}
