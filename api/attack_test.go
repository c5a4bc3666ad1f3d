package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"wellspring/graphstore/neo4j"
	"wellspring/internal/neo4jtest"
	"wellspring/query/querytest"
)

// control is what hostile values are compared with: as long as they are, and
// nobody's name.
const control = "nobody-is-called-so-4711"

// hostile are values that mean something to whoever takes them for a part of a statement,
// a path, a header, a page or a format.
var hostile = []string{
	`' OR '1'='1`, `" OR ""="`, `') OR 1=1 --`, `'; DROP TABLE node; --`, `x' UNION SELECT * FROM api_key --`, `1; PRAGMA writable_schema=1`,
	"` MATCH (n) DETACH DELETE n //", `'}) DETACH DELETE n //`, `"}) RETURN n UNION MATCH (n) RETURN n //`, `$id`, `{id: 1}`, `*) OR true //`, `'+apoc.load.json('http://127.0.0.1:1')+'`,
	`../../../../etc/passwd`, `..%2f..%2fetc%2fpasswd`, `/etc/passwd`, `C:\Windows\win.ini`, `file:///etc/passwd`, `http://169.254.169.254/latest/meta-data`,
	"x\r\nX-Injected: yes", "x\nSet-Cookie: a=b", "x\x00y", "\x1b[2J", "\xff\xfe", "\u202e\u2066", `<script>alert(1)</script>`, `{{7*7}}${7*7}`, `=cmd|' /C calc'!A0`, `%n%s%x`,
	`-1`, `9223372036854775808`, `1e999`, `NaN`, `true`, `null`, `[]`, ` `, strings.Repeat("A", 100_000), strings.Repeat("%", 999), strings.Repeat("/", 5000), strings.Repeat("lot:", 1000), strings.Repeat("é", 3000),
}

// statements are those that would change the graph or tell more of it.
var statements = []string{"` MATCH (n) DETACH DELETE n //", `"'}) DETACH DELETE n //`}

// part is a parameter of an operation.
type part struct{ in, name string }

// attack is one operation, with values for what it needs.
type attack struct {
	method, path string
	parts        []part
	values       map[part]string
}

// attacks are all operations of the contract.
func attacks(t *testing.T) []attack {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	must(t, err)
	var all []attack
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			a := attack{method: method, path: path, values: map[part]string{}}
			for _, ref := range append(operation.Parameters, item.Parameters...) {
				p := part{ref.Value.In, ref.Value.Name}
				a.parts = append(a.parts, p)
				if ref.Value.Required {
					a.values[p] = sound(ref.Value)
				}
			}
			all = append(all, a)
		}
	}
	return all
}

// sound is a value that a parameter takes.
func sound(p *openapi3.Parameter) string {
	schema := p.Schema.Value
	switch {
	case len(schema.Enum) > 0:
		return fmt.Sprint(schema.Enum[0])
	case schema.Type.Is("integer"):
		return "1"
	case schema.Type.Is("array"):
		return "viewer"
	case schema.Format == "date-time":
		return "2026-03-01T12:00:00Z"
	case p.Name == "run":
		return querytest.Dilution
	}
	return "lot:LOT-7"
}

// send sends the operation with one value in place of another.
func (a attack) send(l *lab, at part, value string) (reply, bool) {
	path, query, headers := a.path, url.Values{}, []string(nil)
	for _, p := range a.parts {
		v, given := a.values[p]
		if p == at {
			v, given = value, true
		}
		if !given {
			continue
		}
		switch p.in {
		case "path":
			path = strings.ReplaceAll(path, "{"+p.name+"}", url.PathEscape(v))
		case "query":
			query.Set(p.name, v)
		case "header":
			if strings.ContainsAny(v, "\r\n\x00\x1b") || len(v) > 50_000 {
				return reply{}, false // no client can send it
			}
			headers = append(headers, p.name, v)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return l.do(a.method, path, nil, headers...), true
}

// listed is how many elements the lists of an answer have.
func listed(body []byte) (n int) {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return bytes.Count(body, []byte("\n"))
	}
	var count func(v any)
	count = func(v any) {
		switch v := v.(type) {
		case []any:
			n += len(v)
			for _, e := range v {
				count(e)
			}
		case map[string]any:
			for _, e := range v {
				count(e)
			}
		}
	}
	count(v)
	return n
}

// leavesAlone are operations that must not be driven, and why.
var leavesAlone = map[string]string{
	"POST /v1/backup":  "it takes long, and no parameter",
	"POST /v1/rebuild": "it is driven elsewhere, and its parameter is yes or no",
	"POST /v1/log/key": "it takes no parameter",
}

func TestHostileParameters(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { hostileParameters(t, filled(t, settings{}), hostile) })
	t.Run("neo4j", func(t *testing.T) {
		if os.Getenv(neo4jtest.EnvURI) == "" {
			t.Skipf("%s names no Neo4j: make test starts one", neo4jtest.EnvURI)
		}
		server := neo4jtest.Server(t)
		store, err := neo4j.Open(t.Context(), neo4j.Options{URI: server.URI, User: server.User, Password: server.Password, Database: neo4jtest.Database})
		must(t, err)
		t.Cleanup(func() { must(t, store.Close(t.Context())) })
		values := hostile
		if os.Getenv("EDITS") == "" { // make evidence-check tries all
			values = statements
		}
		hostileParameters(t, filled(t, settings{graph: store}), values)
	})
}

// hostileParameters drives every parameter of every operation with every hostile
// value: it is taken for the value that it is, or refused, and what is stored stays.
func hostileParameters(t *testing.T, l *lab, values []string) {
	graph := func() string {
		var all strings.Builder
		for _, run := range []string{querytest.Dilution, querytest.Assay} {
			all.Write(l.get("/v1/runs/" + run + "/graph?format=ndjson").body)
		}
		return all.String()
	}
	before, tried := graph(), 0
	if len(before) < 1000 {
		t.Fatalf("the graph is empty: %s", before)
	}
	for _, a := range attacks(t) {
		if leavesAlone[a.method+" "+a.path] != "" {
			continue
		}
		for _, at := range a.parts {
			calm, _ := a.send(l, at, control)
			for _, value := range values {
				answer, sent := a.send(l, at, value)
				if !sent {
					continue
				}
				tried++
				where := fmt.Sprintf("%s %s, %s %s = %.60q", a.method, a.path, at.in, at.name, value)
				switch {
				case answer.StatusCode >= 500:
					t.Errorf("%s: %s %.300s", where, answer.Status, answer.body)
				case answer.Header.Get("X-Injected") != "" || strings.Contains(answer.Header.Get("Set-Cookie"), "a=b"):
					t.Errorf("%s: a header was injected: %v", where, answer.Header)
				case bytes.Contains(answer.body, []byte("root:x:0:0")):
					t.Errorf("%s: it reads files: %.300s", where, answer.body)
				case answer.StatusCode < 300 && calm.StatusCode < 300 && a.method == http.MethodGet && listed(answer.body) > listed(calm.body) && !numeric(value):
					t.Errorf("%s: it finds more than a name that nobody has: %d, not %d: %.300s", where, listed(answer.body), listed(calm.body), answer.body)
				case answer.StatusCode < 300 && calm.StatusCode == http.StatusNotFound && !numeric(value) && a.method == http.MethodGet:
					t.Errorf("%s: it finds what is not there: %.300s", where, answer.body)
				}
			}
		}
	}
	must(t, l.pipeline.Quiet(t.Context()))
	if after := graph(); after != before {
		t.Errorf("the graph was changed: %d bytes, now %d", len(before), len(after))
	}
	if strings.Contains(l.log.String(), "panic") {
		t.Error("something panicked")
	}
	t.Logf("%d requests", tried)
}

// numeric reports whether a value is one that a number or a switch may have.
func numeric(value string) bool {
	return json.Valid([]byte(value)) && !strings.HasPrefix(value, `"`) || value == " "
}

// hostileBodies are documents that cost more than they should, or are nothing.
func hostileBodies() map[string][]byte {
	deep := func(open, end string, n int) []byte { return []byte(strings.Repeat(open, n) + strings.Repeat(end, n)) }
	return map[string][]byte{
		"deep lists": deep("[", "]", 20_000), "deep objects": deep(`{"a":`, "}", 10_000), "never closed": bytes.Repeat([]byte(`{"commands":[`), 10_000),
		"a huge number": []byte(`{"id":"x","commands":[{"params":{"volume":1e999999999}}]}`), "many digits": []byte(`{"id":"x","commands":[` + strings.Repeat("9", 100_000) + `]}`),
		"doubled keys": []byte(`{"id":"x",` + strings.Repeat(`"id":"y",`, 10_000) + `"commands":[]}`), "many members": []byte(`{"id":"x"` + strings.Repeat(`,"a":1`, 20_000) + `}`),
		"no UTF-8": {0xff, 0xfe, 0xfd, '{', 0xc0, 0x80, '}'}, "zeros": make([]byte, 100_000), "a zip file": append([]byte("PK\x03\x04"), make([]byte, 1000)...), "gzip": {0x1f, 0x8b, 8, 0, 0, 0, 0, 0},
		"an XML bomb":          []byte(`<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>`),
		"a YAML bomb":          []byte("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n"),
		"a line without end":   []byte("run,liquid,lot\n" + strings.Repeat("a", 200_000)),
		"columns without end":  []byte(strings.Repeat("a,", 50_000) + "\n"),
		"a quote without end":  []byte("run,liquid,lot\n\"" + strings.Repeat("x\n", 50_000)),
		"statements for names": []byte("run,liquid,lot\n'; DROP TABLE node; --,\"}) DETACH DELETE n //\",=cmd|' /C calc'!A0\n"),
		"nothing":              {},
	}
}

// taken are those that may be a document after all: odd names, odd runs.
var taken = map[string]bool{"statements for names": true, "a huge number": true, "doubled keys": true, "many members": true}

// Every operation that takes a body refuses hostile ones, soon, or takes them for the
// names that they are.
func TestHostileBodies(t *testing.T) {
	l := filled(t, settings{})
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	must(t, err)
	tried := 0
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.RequestBody == nil {
				continue
			}
			for mediaType := range operation.RequestBody.Value.Content {
				for name, body := range hostileBodies() {
					tried++
					answer := l.do(method, parameter.ReplaceAllString(path, "x"), body, "Content-Type", mediaType)
					if answer.StatusCode >= 500 || answer.StatusCode < 300 && !taken[name] {
						t.Errorf("%s %s (%s), %s: %s %.200s", method, path, mediaType, name, answer.Status, answer.body)
					}
					// What claims to be packed is not unpacked.
					packed := l.do(method, parameter.ReplaceAllString(path, "x"), body, "Content-Type", mediaType, "Content-Encoding", "gzip")
					if packed.StatusCode != answer.StatusCode {
						t.Errorf("%s %s, %s with Content-Encoding: %s, without: %s", method, path, name, packed.Status, answer.Status)
					}
				}
			}
		}
	}
	must(t, l.pipeline.Quiet(t.Context()))
	if answer := l.get("/v1/runs/" + querytest.Dilution + "/graph"); answer.StatusCode != http.StatusOK || listed(answer.body) < 10 {
		t.Errorf("the graph is gone: %s", answer.body)
	}
	if strings.Contains(l.log.String(), "panic") {
		t.Error("something panicked")
	}
	t.Logf("%d bodies", tried)
}
