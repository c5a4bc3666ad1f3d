package ot2_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wellspring/ot2"
)

func TestRedact(t *testing.T) {
	for _, c := range []struct {
		name, payload, want string
		places              []string
	}{
		{"nothing", `{"data": {"id": "r1", "token": null}}`, `{"data": {"id": "r1", "token": null}}`, nil},
		{"bearer header", `{"headers":{"Authorization":"Bearer abcdefghij","Accept":"*/*"},"id":"r1"}`,
			`{"headers":{"Authorization":"[redacted]","Accept":"*/*"},"id":"r1"}`, []string{"headers.Authorization"}},
		{"personal header", `{"request_headers":{"X-Forwarded-For":"10.1.2.3","From":"jo@example.org","content-type":"a/b"}}`,
			`{"request_headers":{"X-Forwarded-For":"[redacted]","From":"[redacted]","content-type":"a/b"}}`,
			[]string{"request_headers.X-Forwarded-For", "request_headers.From"}},
		{"list of headers", `{"data":{"headers":[{"name":"Cookie","value":"a=b"},{"name":"Accept","value":"a"}]}}`,
			`{"data":{"headers":[{"name":"Cookie","value":"[redacted]"},{"name":"Accept","value":"a"}]}}`, []string{"data.headers[0].value"}},
		{"pairs of headers", `{"headers":[["X-User","jo"],["Host","robot:31950"]]}`,
			`{"headers":[["X-User","[redacted]"],["Host","robot:31950"]]}`, []string{"headers[0][1]"}},
		{"flat headers", `{"rawHeaders":["Host","robot:31950","X-User","jo"]}`,
			`{"rawHeaders":["Host","robot:31950","X-User","[redacted]"]}`, []string{"rawHeaders[3]"}},
		{"lines of headers", `{"headers":"Accept: a\r\nAuthorization: Basic abc\r\n"}`,
			`{"headers":"Accept: a\r\nAuthorization: [redacted]\n"}`, []string{"headers"}},
		{"secret by name", `{"a":[{"apiKey":"k1","refresh_token":5,"Password":{"x":1},"secret":""}]}`,
			`{"a":[{"apiKey":"[redacted]","refresh_token":"[redacted]","Password":"[redacted]","secret":""}]}`,
			[]string{"a[0].apiKey", "a[0].refresh_token", "a[0].Password"}},
		{"bearer in a text", `{"commands":[{"params":{"message":"sent with bearer abcdefghij, fine"}}]}`,
			`{"commands":[{"params":{"message":"sent with bearer [redacted], fine"}}]}`, []string{"commands[0].params.message"}},
		{"web token in a text", `["eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl"]`, `["[redacted]"]`, []string{"[0]"}},
		{"login in an address", `{"url":"http://jo:pw@robot/x"}`, `{"url":"http://[redacted]@robot/x"}`, []string{"url"}},
		{"pre-serialized", `{"data":["{\"id\":\"c\",\"params\":{\"token\":\"t\"}}"]}`,
			`{"data":["{\"id\":\"c\",\"params\":{\"token\":\"[redacted]\"}}"]}`, []string{"data[0].params.token"}},
		{"no JSON", "id,note\n1,Bearer abcdefghij\n2,password: x y\n", "id,note\n1,Bearer [redacted]\n2,password: [redacted]\n", []string{"line 2", "line 3"}},
		{"cut JSON", `{"headers":{"Authorization":"Bearer abcdefghij`, `{"headers":[redacted]`, []string{"line 1"}},
		{"cut JSON with a key", "{\"private_key\":\"k\", \"customHeaders\":{\"X-A\":\"}b\"}, \"id\":\"r\",\n\"headers\":[[\"X-A\",\"]b\"", "{\"private_key\":[redacted], \"customHeaders\":[redacted], \"id\":\"r\",\n\"headers\":[redacted]",
			[]string{"line 1", "line 2"}},
		{"too deep", strings.Repeat("[", 10_000) + `{"token":"t"}`, strings.Repeat("[", 10_000) + `{"token":[redacted]}`, []string{"line 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clean, places := ot2.Redact([]byte(c.payload))
			if diff := cmp.Diff(c.want, string(clean)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.places, places); diff != "" {
				t.Error(diff)
			}
			again, places := ot2.Redact(clean)
			if !bytes.Equal(again, clean) || len(places) > 0 {
				t.Errorf("redacted twice: %s, %v", again, places)
			}
		})
	}
}

// A decoder that gets what nobody redacted keeps no secret either.
func TestDecodeRedacts(t *testing.T) {
	const log = `{"signedBy": "lab", "logPeriodId": "p1", "id": "r1", "status": "succeeded", "pipettes": [],
		"headers": {"Authorization": "Bearer abcdefghij"},
		"commands": [{"id": "c1", "commandType": "custom", "status": "succeeded", "params": {"headers": {"X-User": "jo"}},
			"error": {"detail": "401 for Bearer abcdefghij"}}]}`
	document, err := ot2.Decode(strings.NewReader(log), ot2.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	command := document.Run.Commands[0]
	got := []string{string(command.RawParams), command.Error.Detail}
	if diff := cmp.Diff([]string{`{"headers":{"X-User":"[redacted]"}}`, "401 for Bearer [redacted]"}, got); diff != "" {
		t.Error(diff)
	}
	places := []string{"headers.Authorization", "commands[0].params.headers.X-User", "commands[0].error.detail"}
	if diff := cmp.Diff(places, document.Run.Redacted); diff != "" {
		t.Error(diff)
	}
	if document.Shape != ot2.ShapeSigned {
		t.Error(document.Shape)
	}
}
