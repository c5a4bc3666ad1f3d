package access_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"wellspring/access"
	"wellspring/lineage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newKeys(t *testing.T, c *clock) (*access.Keys, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "access.db")
	keys, err := access.OpenKeys(t.Context(), path, c.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := keys.Close(); err != nil {
			t.Error(err)
		}
	})
	return keys, path
}

func noon() *clock { return &clock{time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)} }

func TestRoles(t *testing.T) {
	may := map[access.Role]string{ // what each role may, in the order of Roles
		access.Viewer: "v", access.Operator: "vo", access.Reviewer: "vr", access.Auditor: "va", access.Admin: "voraA",
	}
	letters := map[access.Role]string{access.Viewer: "v", access.Operator: "o", access.Reviewer: "r", access.Auditor: "a", access.Admin: "A"}
	for has, want := range may {
		got := ""
		for _, needed := range access.Roles() {
			if (access.Principal{Roles: []access.Role{has}}).May(needed, "op") {
				got += letters[needed]
			}
		}
		if got != want {
			t.Errorf("a %s may %q, want %q", has, got, want)
		}
	}
	if (access.Principal{}).May(access.Viewer, "op") {
		t.Error("who has no role may ask")
	}
	narrow := access.Principal{Roles: []access.Role{access.Admin}, Operations: []string{"postEvents"}}
	if narrow.May(access.Viewer, "listRuns") || !narrow.May(access.Operator, "postEvents") {
		t.Error("a key for one operation does another, or not its own")
	}
	if _, err := access.ParseRoles([]string{"viewer", "root"}); lineage.KindOf(err) != lineage.ErrorInvalid {
		t.Errorf("a role that does not exist: %v", err)
	}
}

// TestTheLifeOfAKey follows one key from its making to its end.
func TestTheLifeOfAKey(t *testing.T) {
	c := noon()
	keys, path := newKeys(t, c)
	ctx := t.Context()
	key, secret, err := keys.Create(ctx, access.NewKey{Name: "robot 3", Roles: []access.Role{access.Operator}, Operations: []string{"postEvents"}, Expires: time.Hour, By: "local"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := keys.Check(ctx, secret)
	if err != nil {
		t.Fatal(err)
	}
	want := access.Principal{Name: "robot 3", ID: "key:" + key.ID, Roles: key.Roles, Means: access.ByKey, Operations: []string{"postEvents"}, ProvedAt: c.at}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("principal (-want +got):\n%s", diff)
	}

	// The file keeps no secret, and strangers can't read it.
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for _, name := range []string{path, path + "-wal"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), secret[len(secret)-20:]) {
			t.Errorf("%s holds the secret", filepath.Base(name))
		}
	}

	_, rotated, err := keys.Rotate(ctx, key.ID, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	taken := func(what, secret string, want bool) {
		t.Helper()
		_, err := keys.Check(ctx, secret)
		if got := err == nil; got != want {
			t.Errorf("%s: %v", what, err)
		}
		if err != nil && lineage.KindOf(err) != lineage.ErrorUnauthenticated {
			t.Errorf("%s: kind %s", what, lineage.KindOf(err))
		}
	}
	taken("the new secret", rotated, true)
	taken("the old one within its grace", secret, true)
	c.at = c.at.Add(time.Minute)
	taken("the old one after it", secret, false)
	taken("a cut one", rotated[:len(rotated)-1], false)
	taken("nothing", "", false)
	taken("another's id", "wsk_000000000000_"+strings.SplitN(rotated, "_", 3)[2], false)
	c.at = c.at.Add(time.Hour)
	taken("an expired one", rotated, false)

	second, lasting, err := keys.Create(ctx, access.NewKey{Name: "for ever", Roles: []access.Role{access.Admin}, By: "local"})
	if err != nil {
		t.Fatal(err)
	}
	c.at = c.at.Add(10 * 365 * 24 * time.Hour)
	taken("one without an end", lasting, true)
	if _, err := keys.Revoke(ctx, second.ID); err != nil {
		t.Fatal(err)
	}
	taken("a revoked one", lasting, false)
	if _, err := keys.Revoke(ctx, second.ID); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("revoked twice: %v", err)
	}
	if _, _, err := keys.Rotate(ctx, second.ID, 0); lineage.KindOf(err) != lineage.ErrorNotFound {
		t.Errorf("a revoked key was rotated: %v", err)
	}
	list, err := keys.List(ctx)
	if err != nil || len(list) != 2 || list[0].RevokedAt != nil || list[1].RevokedAt == nil || list[0].UsedAt == nil {
		t.Errorf("list: %+v, %v", list, err)
	}
}

func TestKeysRefuse(t *testing.T) {
	keys, _ := newKeys(t, noon())
	for name, want := range map[string]access.NewKey{
		"no name":    {Roles: []access.Role{access.Viewer}},
		"long name":  {Name: strings.Repeat("x", 201), Roles: []access.Role{access.Viewer}},
		"no role":    {Name: "x"},
		"in no time": {Name: "x", Roles: []access.Role{access.Viewer}, Expires: -1},
	} {
		if _, _, err := keys.Create(t.Context(), want); lineage.KindOf(err) != lineage.ErrorInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// house is a guarded service that answers with the name of who asks.
type house struct {
	*httptest.Server
	guard  *access.Guard
	keys   *access.Keys
	clock  *clock
	events []access.Event
}

func newHouse(t *testing.T, change func(*access.Options)) *house {
	h := &house{clock: noon()}
	h.keys, _ = newKeys(t, h.clock)
	o := access.Options{
		Keys: h.keys, LocalToken: access.NewLocalToken(), Logger: slog.New(slog.DiscardHandler), Now: h.clock.now,
		OnEvent: func(_ context.Context, e access.Event) { h.events = append(h.events, e) },
	}
	if change != nil {
		change(&o)
	}
	h.guard = access.NewGuard(o)
	t.Cleanup(h.guard.Close)
	h.Server = httptest.NewServer(h.guard.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := h.guard.Identify(r)
		if err == nil && r.URL.Path == "/sign" {
			_, err = h.guard.Reprove(r, p, r.URL.Query().Get("again"))
		}
		var e *lineage.Error
		if errors.As(err, &e) {
			http.Error(w, string(e.Kind), http.StatusTeapot)
			return
		}
		_, _ = io.WriteString(w, p.Name)
	})))
	t.Cleanup(h.Close)
	return h
}

func (h *house) key(t *testing.T, name string, roles ...access.Role) (access.Key, string) {
	t.Helper()
	key, secret, err := h.keys.Create(t.Context(), access.NewKey{Name: name, Roles: roles, By: "local"})
	if err != nil {
		t.Fatal(err)
	}
	return key, secret
}

// ask returns what the service answers to a request with a bearer token.
func (h *house) ask(t *testing.T, path, token string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return send(t, h.Client(), request)
}

func send(t *testing.T, client *http.Client, request *http.Request) string {
	t.Helper()
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(body))
}

func TestWhoAsks(t *testing.T) {
	var local string
	h := newHouse(t, func(o *access.Options) { local = o.LocalToken })
	_, secret := h.key(t, "ada", access.Viewer)
	for _, c := range []struct{ name, token, want string }{
		{"nobody", "", "unauthenticated"},
		{"a key", secret, "ada"},
		{"who reads the data folder", local, "local"},
		{"a wrong token of the folder", access.NewLocalToken(), "unauthenticated"},
		{"nonsense", "let me in", "unauthenticated"},
		{"a JWT where there is no provider", "a.b.c", "unauthenticated"},
	} {
		if got := h.ask(t, "/", c.token); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	open := newHouse(t, func(o *access.Options) { o.Open = true })
	if got := open.ask(t, "/", ""); got != "local" {
		t.Errorf("an open service says %q", got)
	}
	if got := open.ask(t, "/", "wrong"); got != "unauthenticated" {
		t.Errorf("an open service takes a wrong credential: %q", got)
	}
}

// TestLockOut: wrong secrets of a key lock it out from that address, and no other key.
func TestLockOut(t *testing.T) {
	h := newHouse(t, nil)
	_, secret := h.key(t, "ada", access.Viewer)
	_, other := h.key(t, "bob", access.Viewer)
	for range 9 {
		h.ask(t, "/", secret+"x")
	}
	if got := h.ask(t, "/", secret); got != "ada" {
		t.Errorf("after nine wrong ones the right one: %q", got)
	}
	for range 10 {
		h.ask(t, "/", secret+"x")
	}
	if got := h.ask(t, "/", secret); got != "limited" {
		t.Errorf("after ten wrong ones the right one: %q", got)
	}
	if got := h.ask(t, "/", other); got != "bob" {
		t.Errorf("another's key: %q", got)
	}
	h.clock.at = h.clock.at.Add(15 * time.Minute)
	if got := h.ask(t, "/", secret); got != "ada" {
		t.Errorf("after a quarter of an hour: %q", got)
	}
	if last := h.events[len(h.events)-1]; last.What != "locked out" {
		t.Errorf("the last event is %+v", last)
	}
}

func TestRate(t *testing.T) {
	h := newHouse(t, func(o *access.Options) { o.Rate, o.Burst = 1e-9, 2 })
	_, ada := h.key(t, "ada", access.Viewer)
	_, bob := h.key(t, "bob", access.Viewer)
	got := []string{h.ask(t, "/", ada), h.ask(t, "/", ada), h.ask(t, "/", ada), h.ask(t, "/", bob)}
	if diff := cmp.Diff([]string{"ada", "ada", "limited", "bob"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestLoginWithAKey goes through the pages as a browser does.
func TestLoginWithAKey(t *testing.T) {
	h := newHouse(t, nil)
	key, secret := h.key(t, "ada", access.Viewer)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Transport: h.Client().Transport}
	get := func(path string) string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return send(t, browser, request)
	}
	post := func(path string, form url.Values, headers ...string) string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		return send(t, browser, request)
	}
	if got := get("/login?to=/plate"); !strings.Contains(got, `value="/plate"`) {
		t.Errorf("the form forgets where to go: %s", got)
	}
	if got := post("/login", url.Values{"key": {secret + "x"}}); !strings.Contains(got, "role=\"alert\"") {
		t.Errorf("a wrong key: %s", got)
	}
	if got := post("/login", url.Values{"key": {secret}}, "Origin", "https://elsewhere.example"); !strings.Contains(got, "cross-origin") {
		t.Errorf("another site logs a browser in: %s", got)
	}
	if got := get("/"); got != "unauthenticated" {
		t.Errorf("before the login: %q", got)
	}
	if got := post("/login", url.Values{"key": {secret}, "to": {"/plate"}}); got != "ada" {
		t.Errorf("after the login: %q", got)
	}
	at, _ := url.Parse(h.URL)
	cookie := jar.Cookies(at)[0]
	if strings.Contains(cookie.Value, secret) {
		t.Error("the cookie holds the key")
	}
	if got := get("/sign"); got != "forbidden" {
		t.Errorf("a key's session signs without the key: %q", got)
	}
	if got := get("/sign?again=" + url.QueryEscape(secret)); got != "ada" {
		t.Errorf("and with it: %q", got)
	}
	_, other := h.key(t, "bob", access.Viewer)
	if got := get("/sign?again=" + url.QueryEscape(other)); got != "forbidden" {
		t.Errorf("and with another's: %q", got)
	}
	if got := post("/logout", nil); !strings.Contains(got, "API key") {
		t.Errorf("after the logout: %s", got)
	}
	if got := get("/"); got != "unauthenticated" {
		t.Errorf("after the logout: %q", got)
	}

	// A session ends with its key.
	post("/login", url.Values{"key": {secret}})
	if _, err := h.keys.Revoke(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	if got := get("/"); got != "unauthenticated" {
		t.Errorf("after the key was revoked: %q", got)
	}
}

// TestLoginLeadsNowhereElse: a link to the login must not send people to a stranger.
func TestLoginLeadsNowhereElse(t *testing.T) {
	h := newHouse(t, nil)
	for _, to := range []string{"https://elsewhere.example", "//elsewhere.example", `/\elsewhere.example`, "javascript:alert(1)", "/login?to=/login", "/a\r\nSet-Cookie: a=b"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/login?to="+url.QueryEscape(to), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := send(t, h.Client(), request); !strings.Contains(got, `name="to" value="/"`) {
			t.Errorf("%q: %s", to, got)
		}
	}
}
