package app_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"wellspring/api"
	"wellspring/app"
	"wellspring/examples"
	"wellspring/ingest"
	"wellspring/ingest/intake"
	journalsqlite "wellspring/ingest/journal/sqlite"
	"wellspring/ot2"
)

// What could not be read when it came is read again when it is retried: as what it is.
func TestRetryReadsAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	j, err := journalsqlite.Open(dir, journalsqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	narrow := intake.New(j, intake.Options{Limits: ot2.Limits{Bytes: 100, Depth: 10, Commands: 1}}) // of those days
	for _, payload := range [][]byte{example(t, examples.StockDilution), []byte("nothing that anybody can read")} {
		receipts, err := narrow.Accept(t.Context(), intake.Message{Door: "mqtt", Payload: payload, Policy: intake.Lenient})
		if err != nil || receipts[0].Type != ingest.TypeUnknown {
			t.Fatalf("%+v, %v", receipts, err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	a := start(t, func(o *app.Options) { o.DataDir = dir })
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, letter := range get[api.DeadLetters](t, a, "/v1/deadletters").DeadLetters {
		status, text := request(t, a, http.MethodPost, "/v1/deadletters/"+letter.ID+"/retry", nil)
		if status != http.StatusOK {
			t.Fatalf("retry %s: %d %s", letter.ID, status, text)
		}
		states[letter.ID] = string(get[api.DeadLetter](t, a, "/v1/deadletters/"+letter.ID).State)
	}
	if states["1"] != "dropped" || states["2"] != "dead" {
		t.Errorf("the letters are %v, want the readable one dropped and the other dead", states)
	}
	if _, text := request(t, a, http.MethodGet, "/v1/runs", nil); !strings.Contains(text, "6f6ea665-d740-47bb-9399-fba49ea8c402") {
		t.Errorf("the run is not there: %.300s", text)
	}
	clean(t, a)
}
