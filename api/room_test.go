package api_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"wellspring/api"
)

// Bodies take no more memory together than there is to be: who comes beyond that
// is told to come again, and is taken when there is room.
func TestOverload(t *testing.T) {
	const room = 1 << 20
	l := newLab(t, settings{limits: api.Limits{BodyBytes: room, PendingBytes: room}})
	for name, length := range map[string]int64{"of known length": room, "of unknown length": -1} {
		t.Run(name, func(t *testing.T) {
			// One sender has begun to send, and is slow.
			body, slow := io.Pipe()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.base+"/v1/runs", body)
			must(t, err)
			request.ContentLength = length
			request.Header.Set("Content-Type", "application/json")
			ended := make(chan int, 1)
			go func() {
				answer, err := http.DefaultClient.Do(request)
				if err != nil {
					ended <- 0
					return
				}
				_ = answer.Body.Close()
				ended <- answer.StatusCode
			}()
			_, err = slow.Write(bytes.Repeat([]byte(" "), room/2))
			must(t, err)
			for l.do(http.MethodPost, "/v1/runs", []byte(small)).StatusCode != http.StatusServiceUnavailable {
				// the server may not have looked at the slow one yet
			}
			answer := l.do(http.MethodPost, "/v1/runs", []byte(small))
			if p := problem(t, answer); answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" || !strings.Contains(p.Hint, "room") {
				t.Errorf("%s, Retry-After %q: %+v", answer.Status, answer.Header.Get("Retry-After"), p)
			}
			if got := l.get("/v1/runs").StatusCode; got != http.StatusOK {
				t.Errorf("who only asks is answered: %d", got)
			}

			_, err = slow.Write(append(bytes.Repeat([]byte(" "), room/2-len(small)), small...))
			must(t, err)
			must(t, slow.Close())
			if got := <-ended; got != http.StatusAccepted {
				t.Errorf("the slow one: %d", got)
			}
			for l.do(http.MethodPost, "/v1/runs", []byte(small)).StatusCode == http.StatusServiceUnavailable {
				// its room may not be free yet
			}
		})
	}
}
