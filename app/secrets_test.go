package app_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"wellspring/app"
)

// planter knows every secret that a test put somewhere, and looks for them
// wherever something comes out.
type planter struct {
	mu      sync.Mutex
	planted map[string]string // the secret, by the place that it was put in
	looked  int
}

// secret makes one for a place.
func (p *planter) secret(place string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := fmt.Sprintf("planted-%02d-5f1c9e7a", len(p.planted))
	p.planted[place] = s
	return s
}

func (p *planter) add(place, secret string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.planted[place] = secret
}

// look searches what came out somewhere.
func (p *planter) look(t *testing.T, where string, text []byte) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looked++
	for place, secret := range p.planted {
		if at := bytes.Index(text, []byte(secret)); at >= 0 {
			t.Errorf("the secret of %s is in %s: …%q…", place, where, text[max(0, at-120):min(len(text), at+60)])
		}
	}
}

// lines is a log that may be written by many.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) text() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.buf.Bytes())
}

// echoing is an identity provider that says in its errors all that it was told.
func echoing(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": server.URL, "authorization_endpoint": server.URL + "/authorize", "token_endpoint": server.URL + "/token", "jwks_uri": server.URL + "/keys",
			"token_endpoint_auth_methods_supported": []string{"client_secret_post"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, secret, _ := r.BasicAuth()
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, "no client has the secret %s in %s", secret, body)
	})
	return server
}

// TestPlantedSecrets puts a secret in every place through which one can come in,
// lets a service do all its work with them, and looks for them in all that it says.
func TestPlantedSecrets(t *testing.T) {
	p := &planter{planted: map[string]string{}}
	broker := start(t, func(o *app.Options) { o.BrokerListen = "127.0.0.1:0" })
	provider := echoing(t)
	var log lines
	var options app.Options
	dir := filepath.Join(t.TempDir(), "data")
	t.Run("a service", func(t *testing.T) {
		startLogging(t, func(o *app.Options) {
			o.DataDir, o.Login, o.RateLimit = dir, true, 0
			o.MQTTURL, o.MQTTUser, o.MQTTPassword = "tcp://"+broker.Broker(), "lab", p.secret("mqtt-password")
			o.OIDCIssuer, o.OIDCClientID, o.OIDCClientSecret, o.OIDCRedirect = provider.URL, "wellspring", p.secret("oidc-client-secret"), "http://localhost:7117/callback"
			o.Neo4jPassword, o.Token = p.secret("neo4j-password"), p.secret("token")
			o.Robot, o.EvidenceAnchors = []string{"left=127.0.0.1:1"}, []string{"webhook=https://127.0.0.1:1/x"}
			o.BrokerListen = "127.0.0.1:0"
			options = *o
		}, slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		w := &worker{t: t, p: p}
		var ok bool
		if w.home, ok = app.Running(t.Context(), dir); !ok {
			t.Fatal("it is not found by its data folder")
		}
		w.keys()
		w.documents()
		w.events(broker.Broker())
		w.logIn()
		w.settled()
		w.readAll()
		p.look(t, "the settings in force", must(json.Marshal(options.InForce())))
	})
	p.look(t, "the log", log.text())
	if len(log.text()) < 2000 {
		t.Errorf("the log is too short to show anything: %s", log.text())
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		p.look(t, d.Name()+" in the data folder", text)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	t.Logf("%d secrets, looked for in %d texts", len(p.planted), p.looked)
}

// worker uses a service as programs and people do, with secrets.
type worker struct {
	t    *testing.T
	p    *planter
	home app.Service
}

// send sends a request and looks at the answer. With an Authorization of its own
// it is somebody else's.
func (w *worker) send(method, path string, body string, headers ...string) (int, []byte) {
	w.t.Helper()
	status, text := w.sendUnseen(method, path, body, headers...)
	w.p.look(w.t, method+" "+path, text)
	return status, text
}

func (w *worker) sendUnseen(method, path string, body string, headers ...string) (int, []byte) {
	w.t.Helper()
	client, err := w.home.Client()
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.home.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	own := r.Header.Get("Authorization") != ""
	if own {
		client = &http.Client{Transport: http.DefaultTransport}
	}
	response, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		w.t.Fatal(err)
	}
	for name, values := range response.Header {
		w.p.look(w.t, "header "+name, []byte(strings.Join(values, " ")))
	}
	return response.StatusCode, text
}

// keys makes, uses, rotates and guesses API keys.
func (w *worker) keys() {
	_, text := w.sendUnseen(http.MethodPost, "/v1/keys?name=report&role=viewer&role=operator", "")
	made := decode[struct {
		Key    struct{ ID string }
		Secret string
	}](w.t, string(text))
	w.p.add("API key", made.Secret)
	if status, _ := w.send(http.MethodGet, "/v1/runs", "", "Authorization", "Bearer "+made.Secret); status != http.StatusOK {
		w.t.Errorf("with its key: %d", status)
	}
	w.send(http.MethodGet, "/v1/keys", "", "Authorization", "Bearer "+made.Secret) // it may not
	_, text = w.sendUnseen(http.MethodPost, "/v1/keys/"+made.Key.ID+"/rotate", "")
	w.p.add("rotated API key", decode[struct{ Secret string }](w.t, string(text)).Secret)
	w.send(http.MethodDelete, "/v1/keys/"+made.Key.ID, "")
	w.send(http.MethodGet, "/v1/runs", "", "Authorization", "Bearer "+made.Secret) // it is revoked
	for place, header := range map[string]string{
		"a wrong key": "Bearer ", "a key of our form": "Bearer wsk_123456789012_", "a token of the folder's form": "Bearer wsl_", "a JWT": "Bearer a.b.", "basic credentials": "Basic ", "nonsense": "",
	} {
		if status, _ := w.send(http.MethodGet, "/v1/runs", "", "Authorization", header+w.p.secret(place)); status != http.StatusUnauthorized {
			w.t.Errorf("%s: %d", place, status)
		}
	}
	w.send(http.MethodGet, "/v1/runs?token="+w.p.secret("query token")+"&access_token="+w.p.secret("query access_token"), "")
	w.send(http.MethodGet, "/v1/runs", "", "Cookie", "wellspring="+w.p.secret("cookie"), "X-Api-Key", w.p.secret("X-Api-Key"))
	w.send(http.MethodPost, "/v1/runs", "{", "Cookie", "wellspring="+w.p.secret("cookie of a write"), "Proxy-Authorization", "Basic "+w.p.secret("Proxy-Authorization"))
}

// fields is JSON members with a secret each.
func (w *worker) fields(of string) string {
	var b strings.Builder
	for _, name := range []string{"password", "token", "apiKey", "api_key", "secret", "client_secret", "Authorization", "accessToken", "private_key", "set-cookie"} {
		fmt.Fprintf(&b, `%q: %q, `, name, w.p.secret(of+" "+name))
	}
	fmt.Fprintf(&b, `"note": "curl -H 'Authorization: Bearer %s'", `, w.p.secret(of+" bearer in a text"))
	fmt.Fprintf(&b, `"requestHeaders": {"X-Custom": %q}, "headers": [{"name": "X-Token", "value": %q}]`, w.p.secret(of+" header"), w.p.secret(of+" header pair"))
	return b.String()
}

// documents sends run logs with secrets: a right one, wrong ones, one that fails later.
func (w *worker) documents() {
	if status, text := w.send(http.MethodPost, "/v1/runs?wait=30", `{"id": "r1", "status": "succeeded", "robotSerial": "OT2CEP1", "commands": [], `+w.fields("a run log")+`}`); status != http.StatusOK {
		w.t.Errorf("a run log: %d %s", status, text)
	}
	for name, document := range map[string]string{
		"broken JSON": `{"id": "r2", ` + w.fields("broken JSON"),
		"no run":      `{` + w.fields("no run") + `}`,
		"a text":      "Authorization: Bearer " + w.p.secret("a text"),
		"deep":        strings.Repeat(`{"a":`, 300) + `{` + w.fields("deep") + `}` + strings.Repeat("}", 300),
		"wrong types": `{"id": {` + w.fields("wrong types") + `}, "commands": 7}`,
	} {
		w.send(http.MethodPost, "/v1/runs", document)
		w.send(http.MethodPost, "/v1/declarations", document, "Content-Type", "application/octet-stream")
		w.send(http.MethodPost, "/api/v1/lineage", document)
		w.send(http.MethodPost, "/v1/events", document, "Content-Type", "application/cloudevents+json")
		_ = name
	}
	w.send(http.MethodPost, "/api/v1/lineage", `{"eventType":"COMPLETE","eventTime":"2026-11-23T15:00:00Z","producer":"https://example.org/etl","schemaURL":"https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
		"run":{"runId":"0199c0de-0000-7000-8000-000000000001","facets":{"env":{`+w.fields("a facet")+`}}},"job":{"namespace":"lab","name":"fit"},"inputs":[],"outputs":[]}`)
}

// events sends the same as events, over HTTP and MQTT.
func (w *worker) events(broker string) {
	event := func(id, data string) string {
		return `{"specversion":"1.0","id":"` + id + `","source":"/lab","type":"io.wellspring.run","subject":"run:` + id + `","datacontenttype":"application/json","data":` + data + `}`
	}
	w.send(http.MethodPost, "/v1/events", event("e1", `{"id": "e1", "commands": [], `+w.fields("an event")+`}`), "Content-Type", "application/cloudevents+json")
	w.send(http.MethodPost, "/v1/events", event("e2", `{"commands": [{"commandType": 7, `+w.fields("an event that fails")+`}]}`), "Content-Type", "application/cloudevents+json")
	client := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + broker).SetClientID("planter"))
	done := func(token paho.Token) {
		w.t.Helper()
		if token.WaitTimeout(time.Minute); token.Error() != nil {
			w.t.Fatal(token.Error())
		}
	}
	done(client.Connect())
	defer client.Disconnect(100)
	done(client.Publish("wellspring/v1/run/m1", 1, false, `{"id": "m1", "status": "succeeded", "commands": [], `+w.fields("a message")+`}`))
	done(client.Publish("wellspring/v1/run/m2", 1, false, `{"id": "m2", `+w.fields("a broken message")))
	done(client.Publish("wellspring/v1/x", 1, false, "password="+w.p.secret("a message of text")))
}

// logIn tries to log in at the provider that tells all.
func (w *worker) logIn() {
	jar := must(cookiejar.New(nil))
	browser := &http.Client{Jar: jar, Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer browser.CloseIdleConnections()
	get := func(address string) *http.Response {
		w.t.Helper()
		r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		response, err := browser.Do(r)
		if err != nil {
			w.t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, _ := io.ReadAll(response.Body)
		w.p.look(w.t, address[:min(40, len(address))], body)
		return response
	}
	away, err := get(w.home.URL + "/login/provider").Location()
	if err != nil {
		w.t.Fatalf("it does not send to the provider: %v", err)
	}
	if back := get(w.home.URL + "/callback?state=" + away.Query().Get("state") + "&code=" + w.p.secret("code")); back.StatusCode < 400 {
		w.t.Errorf("the provider refused, and yet: %s", back.Status)
	}
}

// settled waits until all that came in is processed.
func (w *worker) settled() {
	for begin := time.Now(); ; {
		_, text := w.send(http.MethodGet, "/v1/processing/run:m1", "")
		if bytes.Contains(text, []byte(`"done"`)) {
			return
		}
		if time.Since(begin) > time.Minute {
			w.t.Fatalf("what came over MQTT is not there after a minute: %s", text)
		}
	}
}

// readAll asks for everything that the service tells.
func (w *worker) readAll() {
	for _, path := range []string{
		"/v1/runs", "/v1/runs/r1", "/v1/runs/r1/graph", "/v1/runs/m1/graph?format=ndjson", "/v1/processing", "/v1/processing/run:e2", "/v1/deadletters?limit=1000", "/v1/robots", "/v1/pulse",
		"/v1/audit?limit=1000", "/v1/audit?format=csv", "/v1/log/entries?limit=1000&journal=true", "/v1/log/anchors", "/v1/keys", "/v1/me", "/v1/checkpoint", "/metrics", "/healthz", "/readyz",
		"/", "/runs", "/runs/r1", "/audit", "/login", "/v1/nodes/run:r1/history", "/v1/exports",
	} {
		if _, text := w.send(http.MethodGet, path, ""); len(text) == 0 {
			w.t.Errorf("%s says nothing", path)
		}
	}
	_, text := w.send(http.MethodGet, "/v1/deadletters?limit=1000", "")
	letters := decode[struct{ DeadLetters []struct{ ID string } }](w.t, strings.Replace(string(text), `"dead_letters"`, `"DeadLetters"`, 1)).DeadLetters
	for _, letter := range letters {
		w.send(http.MethodGet, "/v1/deadletters/"+letter.ID, "")
		w.send(http.MethodPost, "/v1/deadletters/"+letter.ID+"/retry", "")
	}
	for _, question := range []string{"about=run&selector=r1", "about=run&selector=m1&redact=true", "about=since&since=2020-01-01T00:00:00Z"} {
		_, text := w.send(http.MethodPost, "/v1/exports?wait=60&"+question, "")
		id := decode[struct{ ID, State string }](w.t, string(text))
		if id.State != "done" {
			w.t.Fatalf("export %s: %s", question, text)
		}
		_, data := w.sendUnseen(http.MethodGet, "/v1/exports/"+id.ID+"/package", "")
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, f := range z.File {
			r := must(f.Open())
			w.p.look(w.t, f.Name+" of the package "+question, must(io.ReadAll(r)))
			_ = r.Close()
		}
	}
	_, data := w.sendUnseen(http.MethodPost, "/v1/backup", "")
	for archive := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			w.t.Fatal(err)
		}
		w.p.look(w.t, header.Name+" of the backup", must(io.ReadAll(archive)))
	}
}

// Passwords in addresses are refused, and not repeated.
func TestPasswordsInAddresses(t *testing.T) {
	p := &planter{planted: map[string]string{}}
	for name, set := range map[string]func(*app.Options, string){
		"robot":             func(o *app.Options, at string) { o.Robot = []string{"http://" + at + "10.0.0.7:31950"} },
		"robot with a name": func(o *app.Options, at string) { o.Robot = []string{"left=" + at + "10.0.0.7"} },
		"mqtt-url":          func(o *app.Options, at string) { o.MQTTURL = "tcp://" + at + "broker:1883" },
		"mqtt-url, broken":  func(o *app.Options, at string) { o.MQTTURL = "tcp://" + at + "broker:x" },
		"neo4j-uri":         func(o *app.Options, at string) { o.Store, o.Neo4jURI = "neo4j", "neo4j://"+at+"graph" },
		"oidc-issuer":       func(o *app.Options, at string) { o.OIDCIssuer, o.OIDCClientID = "https://"+at+"login", "x" },
		"evidence.anchors":  func(o *app.Options, at string) { o.EvidenceAnchors = []string{"webhook=https://" + at + "hooks/"} },
		"to":                func(o *app.Options, at string) { o.To = "https://" + at + "central" },
		"listen":            func(o *app.Options, at string) { o.Listen = at + "0.0.0.0:80" },
	} {
		o := app.DefaultOptions()
		o.DataDir = t.TempDir()
		set(&o, "ada:"+p.secret(name)+"@")
		a, err := app.New(context.Background(), o, slog.New(slog.DiscardHandler))
		if err == nil {
			t.Errorf("%s: a password in the address was taken", name)
			_ = a.Close()
			continue
		}
		p.look(t, "the error about "+name, []byte(err.Error()))
	}
}
