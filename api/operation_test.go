package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"wellspring/api"
	"wellspring/etl"
	"wellspring/ingest"
	"wellspring/ingest/journal"
)

// bury puts a run that can be processed among the dead letters, and returns the
// letter's id.
func bury(t *testing.T, l *lab, id string) string {
	t.Helper()
	event := cloudevents.New()
	event.SetID(id)
	event.SetSource("/test")
	event.SetType(ingest.TypeRun)
	event.SetSubject("run:" + id)
	must(t, event.SetData(cloudevents.ApplicationJSON, []byte(strings.ReplaceAll(small, "run-small", id))))
	receipts, err := l.journal.Append(t.Context(), ingest.Envelope{Event: event, Observed: time.Now(), Hash: id, Door: "test"})
	must(t, err)
	must(t, l.pipeline.Quiet(t.Context()))
	records, err := l.journal.Subject(t.Context(), "run:"+id)
	must(t, err)
	must(t, l.journal.Bury(t.Context(), journal.DeadLetter{
		ID: string(receipts[0].Position), Record: records[0], Stage: "load", State: journal.StateDead,
		Error: "the store was away", Remedy: "retry this letter", Attempts: 4, DiedAt: time.Now(),
	}))
	return string(receipts[0].Position)
}

func TestDeadLetters(t *testing.T) {
	l := newLab(t, settings{})
	id := bury(t, l, "dead-1")
	all := read[api.DeadLetters](l, "/v1/deadletters")
	if len(all.DeadLetters) != 1 || all.DeadLetters[0].ID != id || all.DeadLetters[0].Data != nil || all.DeadLetters[0].State != "dead" {
		t.Fatalf("the letters are %+v", all)
	}
	if one := read[api.DeadLetter](l, "/v1/deadletters/"+id); !strings.Contains(string(one.Data), "dead-1") || one.Remedy == "" {
		t.Errorf("the letter is %+v", one)
	}
	if answer := l.do(http.MethodPost, "/v1/deadletters/"+id+"/retry", nil); answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s", answer.Status, answer.body)
	}
	if one := read[api.DeadLetter](l, "/v1/deadletters/"+id); one.State != "retried" {
		t.Errorf("after the retry it is %s", one.State)
	}
	if answer := l.do(http.MethodPost, "/v1/deadletters/"+id+"/drop", nil); answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s", answer.Status, answer.body)
	}
	if one := read[api.DeadLetter](l, "/v1/deadletters/"+id); one.State != "dropped" {
		t.Errorf("after the drop it is %s", one.State)
	}
}

func TestReadiness(t *testing.T) {
	l := newLab(t, settings{})
	if answer := l.get("/readyz"); answer.StatusCode != http.StatusOK {
		t.Errorf("%s %s", answer.Status, answer.body)
	}
	l.notReady.Store(true)
	answer := l.get("/readyz")
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("%s, Retry-After %q", answer.Status, answer.Header.Get("Retry-After"))
	}
	if p := problem(t, answer); p.Kind != "unavailable" {
		t.Errorf("it is %s", p.Kind)
	}
	if answer := l.get("/healthz"); answer.StatusCode != http.StatusOK {
		t.Errorf("it lives all the same: %s", answer.Status)
	}
}

func TestMetrics(t *testing.T) {
	l := newLab(t, settings{})
	l.send([]byte(small))
	metrics := string(l.get("/metrics").body)
	for _, name := range []string{"data_processing_latency_seconds", "lineage_tracking_latency_seconds"} {
		if !strings.Contains(metrics, "\n"+name+"_bucket{") {
			t.Errorf("there is no %s", name)
		}
	}
}

func TestProcessing(t *testing.T) {
	l := newLab(t, settings{})
	l.send([]byte(small))
	list := read[api.Processings](l, "/v1/processing?status=done")
	if len(list.Processings) != 1 || list.Processings[0].Owner != "run:run-small" || list.Processings[0].Seconds.Total <= 0 {
		t.Errorf("the processings are %+v", list)
	}
	if none := read[api.Processings](l, "/v1/processing?status=failed"); none.Processings == nil || len(none.Processings) != 0 {
		t.Errorf("none failed: %+v", none)
	}
}

// slow are letters whose retry outlasts the patience of a request.
type slow struct{ inner }

type inner = api.Letters

func (s slow) Retry(ctx context.Context, _ string) (etl.Processing, error) {
	<-ctx.Done()
	return etl.Processing{}, context.Cause(ctx)
}

func TestRetryThatTakesLong(t *testing.T) {
	l := newLab(t, settings{
		limits:  api.Limits{RetryWait: time.Millisecond},
		letters: func(letters api.Letters) api.Letters { return slow{letters} },
	})
	id := bury(t, l, "dead-1")
	if answer := l.do(http.MethodPost, "/v1/deadletters/"+id+"/retry", nil); answer.StatusCode != http.StatusAccepted {
		t.Errorf("%s %s", answer.Status, answer.body)
	}
}
