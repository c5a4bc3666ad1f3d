package bridge_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/ingest/bridge"
	"wellspring/lineage"
)

// A robot that sends us elsewhere is not followed there.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked elsewhere") }))
	t.Cleanup(elsewhere.Close)
	sly := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	t.Cleanup(sly.Close)
	l := newLab(t)
	l.options.Robot.URL = sly.URL
	l.start()
	l.await("it says so", func(s bridge.State) bool { return s.State == bridge.Refused && strings.Contains(s.Error, "redirect") })
}

// An answer without end is not read to its end.
func TestAnswersAreBounded(t *testing.T) {
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"name":"` + strings.Repeat("x", 1<<20) + `"}`))
	}))
	t.Cleanup(endless.Close)
	l := newLab(t)
	l.options.Robot.URL, l.options.MaxBytes = endless.URL, 1<<16
	l.start()
	l.await("it says so", func(s bridge.State) bool { return strings.Contains(s.Error, "max-bytes") })
}

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]bridge.Address{
		"169.254.20.7":                         {Name: "169.254.20.7", URL: "http://169.254.20.7:31950", MQTT: "169.254.20.7:1883"},
		"left=ot2-left.local":                  {Name: "left", URL: "http://ot2-left.local:31950", MQTT: "ot2-left.local:1883"},
		"127.0.0.1:8080":                       {Name: "127.0.0.1-8080", URL: "http://127.0.0.1:8080", MQTT: "127.0.0.1:1883"},
		"left=http://10.0.0.7:31950?mqtt=1884": {Name: "left", URL: "http://10.0.0.7:31950", MQTT: "10.0.0.7:1884"},
		"http://10.0.0.7/?mqtt=off":            {Name: "10.0.0.7", URL: "http://10.0.0.7:31950"},
		"fd00:0:cafe:fefe::1":                  {Name: "fd00-0-cafe-fefe--1", URL: "http://[fd00:0:cafe:fefe::1]:31950", MQTT: "[fd00:0:cafe:fefe::1]:1883"},
		"pair=[fd00:0:cafe:fefe::1]:31950":     {Name: "pair", URL: "http://[fd00:0:cafe:fefe::1]:31950", MQTT: "[fd00:0:cafe:fefe::1]:1883"},
	} {
		got, err := bridge.ParseAddress(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	for _, text := range []string{
		"", "left=", "https://10.0.0.7", "ftp://10.0.0.7", "http://user:word@10.0.0.7", "http://10.0.0.7/runs", "10.0.0.7?mqtt=no", "10.0.0.7?x=1",
		"../../etc=10.0.0.7", "a b=10.0.0.7", "..=10.0.0.7", "10.0.0.7#x",
	} {
		if a, err := bridge.ParseAddress(text); lineage.KindOf(err) != lineage.ErrorInvalid {
			t.Errorf("%q: got %+v, %v; want an invalid error", text, a, err)
		}
	}
}
