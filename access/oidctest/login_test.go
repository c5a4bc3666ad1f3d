package oidctest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"golang.org/x/oauth2"

	"wellspring/access"
	"wellspring/lineage"
)

const (
	clientID = "wellspring"
	secret   = "a-secret-of-the-test"
)

// lab is a service and the identity provider of its lab.
type lab struct {
	service, issuer string
	browser         *http.Client
	events          []access.Event
}

func newLab(t *testing.T, change func(*access.ProviderOptions)) *lab {
	t.Helper()
	l := &lab{}
	handler := http.NewServeMux()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	l.service = server.URL

	provider := http.NewServeMux()
	op := httptest.NewServer(provider)
	t.Cleanup(op.Close)
	l.issuer = strings.Replace(op.URL, "127.0.0.1", "localhost", 1)
	storage.RegisterClients(
		storage.WebClient(clientID, secret, l.service+"/callback"),
		storage.WebClient("another", secret, l.service+"/callback"),
	)
	provider.Handle("/", exampleop.SetupServer(l.issuer, storage.NewStorage(storage.NewUserStore(l.issuer)), slog.New(slog.DiscardHandler), false))

	keys, err := access.OpenKeys(t.Context(), filepath.Join(t.TempDir(), "access.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := keys.Close(); err != nil {
			t.Error(err)
		}
	})
	o := access.ProviderOptions{
		Issuer: l.issuer, ClientID: clientID, ClientSecret: secret, RedirectURL: l.service + "/callback",
		RolesClaim: "preferred_username", RoleOf: map[string]access.Role{"test-user@localhost": access.Reviewer}, Now: time.Now,
	}
	if change != nil {
		change(&o)
	}
	guard := access.NewGuard(access.Options{
		Keys: keys, Provider: access.NewProvider(o), Logger: slog.New(slog.DiscardHandler), Now: time.Now,
		OnEvent: func(_ context.Context, e access.Event) { l.events = append(l.events, e) },
	})
	t.Cleanup(guard.Close)
	handler.Handle("/", guard.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := guard.Identify(r)
		if err == nil && r.URL.Path == "/sign" {
			_, err = guard.Reprove(r, p, r.Header.Get("Again"))
		}
		var e *lineage.Error
		if errors.As(err, &e) {
			http.Error(w, string(e.Kind), http.StatusTeapot)
			return
		}
		_, _ = io.WriteString(w, p.Name+" as "+string(p.Roles[0])+" at "+r.URL.Path)
	})))
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	l.browser = &http.Client{Jar: jar}
	return l
}

func (l *lab) get(t *testing.T, address string, headers ...string) (body string, at *url.URL) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return l.do(t, request)
}

func (l *lab) do(t *testing.T, request *http.Request) (string, *url.URL) {
	t.Helper()
	response, err := l.browser.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(body)), response.Request.URL
}

var authRequest = regexp.MustCompile(`name="id" value="([^"]+)"`)

// password fills in the provider's form, on which the browser is.
func (l *lab) password(t *testing.T, form, user, password string) (string, *url.URL) {
	t.Helper()
	id := authRequest.FindStringSubmatch(form)
	if id == nil {
		t.Fatalf("this is not the provider's form: %s", form)
	}
	values := url.Values{"id": {id[1]}, "username": {user}, "password": {password}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.issuer+"/login/username", strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return l.do(t, request)
}

func TestAPersonLogsIn(t *testing.T) {
	l := newLab(t, nil)
	if got, _ := l.get(t, l.service+"/plate"); got != "unauthenticated" {
		t.Fatalf("before the login: %q", got)
	}
	form, at := l.get(t, l.service+"/login/provider?to=/plate")
	if !strings.HasPrefix(at.String(), l.issuer) {
		t.Fatalf("the login leads to %s", at)
	}
	got, _ := l.password(t, form, "test-user@localhost", "verysecure")
	if want := "Test User as reviewer at /plate"; got != want {
		t.Errorf("after the login: %q, want %q", got, want)
	}
	if got, _ := l.get(t, l.service+"/sign"); got != "Test User as reviewer at /sign" {
		t.Errorf("who just logged in may not sign: %q", got)
	}
	if got, _ := l.get(t, l.service+"/sign"); got != "forbidden" {
		t.Errorf("the same login signs twice: %q", got)
	}
	if len(l.events) != 1 || l.events[0].What != "login" || !strings.HasPrefix(l.events[0].Who.ID, l.issuer+"#") {
		t.Errorf("events: %+v", l.events)
	}
}

// Who signs again types the password again, and an ID token signs once.
func TestEachSignatureNeedsALogin(t *testing.T) {
	l := newLab(t, nil)
	form, _ := l.get(t, l.service+"/login/provider")
	l.password(t, form, "test-user@localhost", "verysecure")
	if got, _ := l.get(t, l.service+"/sign"); got != "Test User as reviewer at /sign" {
		t.Fatalf("the first: %q", got)
	}
	signed := "forbidden"
	for tries := 0; signed == "forbidden" && tries < 1000; tries++ { // the provider tells whole seconds: until the next one
		form, at := l.get(t, l.service+"/login/provider?again=1")
		if !strings.HasPrefix(at.String(), l.issuer) {
			t.Fatalf("the password is not asked for again: %s", at)
		}
		l.password(t, form, "test-user@localhost", "verysecure")
		signed, _ = l.get(t, l.service+"/sign")
	}
	if signed != "Test User as reviewer at /sign" {
		t.Errorf("after another login: %q", signed)
	}
	token := l.idToken(t, clientID)
	for try := 1; try <= 2; try++ { // the first is refused too where it is of the second of the login above
		if got, _ := l.get(t, l.service+"/sign", "Again", token); try == 2 && got != "forbidden" {
			t.Errorf("a token that was used: %q", got)
		}
	}
}

func TestWhoHasNoRoleStaysOut(t *testing.T) {
	l := newLab(t, nil)
	form, _ := l.get(t, l.service+"/login/provider")
	if got, _ := l.password(t, form, "test-user2", "verysecure"); !strings.Contains(got, "no role here") {
		t.Errorf("after the login: %s", got)
	}
	if got, _ := l.get(t, l.service+"/"); got != "unauthenticated" {
		t.Errorf("and yet: %q", got)
	}
}

func TestAnAnswerThatNobodyAskedFor(t *testing.T) {
	l := newLab(t, nil)
	if got, _ := l.get(t, l.service+"/callback?code=stolen&state=guessed"); !strings.Contains(got, "not begun here") {
		t.Errorf("a planted answer: %s", got)
	}
	form, _ := l.get(t, l.service+"/login/provider")
	if got, _ := l.get(t, l.service+"/callback?code=stolen&state=guessed"); !strings.Contains(got, "not begun here") {
		t.Errorf("a planted answer during a login: %s", got)
	}
	// It also ended the login that was under way.
	if got, _ := l.password(t, form, "test-user@localhost", "verysecure"); !strings.Contains(got, "not begun here") {
		t.Errorf("the login that it disturbed: %s", got)
	}
}

// TestATokenOfTheProvider is how a program of the lab asks: with an ID token.
func TestATokenOfTheProvider(t *testing.T) {
	l := newLab(t, func(o *access.ProviderOptions) {
		o.RolesClaim, o.RoleOf = "sub", map[string]access.Role{"id1": access.Auditor}
	})
	mine, another := l.idToken(t, clientID), l.idToken(t, "another")
	ask := func(token string) string {
		got, _ := l.get(t, l.service+"/", "Authorization", "Bearer "+token)
		return got
	}
	if got := ask(mine); got != "id1 as auditor at /" {
		t.Errorf("with a token: %q", got)
	}
	if got := ask(another); got != "unauthenticated" {
		t.Errorf("with a token for another service: %q", got)
	}
	head, rest, _ := strings.Cut(mine, ".")
	body, _, _ := strings.Cut(rest, ".")
	if got := ask(head + "." + body + "."); got != "unauthenticated" {
		t.Errorf("with an unsigned one: %q", got)
	}
}

// idToken gets a token from the provider by a client's own login.
func (l *lab) idToken(t *testing.T, client string) string {
	t.Helper()
	config := oauth2.Config{
		ClientID: client, ClientSecret: secret, RedirectURL: l.service + "/callback", Scopes: []string{"openid"},
		Endpoint: oauth2.Endpoint{AuthURL: l.issuer + "/auth", TokenURL: l.issuer + "/oauth/token"},
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	stranger := &lab{issuer: l.issuer, browser: &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/callback" {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
	form, _ := stranger.get(t, config.AuthCodeURL("state"))
	id := authRequest.FindStringSubmatch(form)
	if id == nil {
		t.Fatalf("this is not the provider's form: %s", form)
	}
	values := url.Values{"id": {id[1]}, "username": {"test-user@localhost"}, "password": {"verysecure"}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.issuer+"/login/username", strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := stranger.browser.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	to, err := response.Location()
	if err != nil {
		t.Fatalf("%s: %v", response.Status, err)
	}
	tokens, err := config.Exchange(t.Context(), to.Query().Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	token, _ := tokens.Extra("id_token").(string)
	return token
}

func TestTheProviderIsAway(t *testing.T) {
	l := newLab(t, func(o *access.ProviderOptions) { o.Issuer = "http://127.0.0.1:1" })
	if got, _ := l.get(t, l.service+"/login/provider"); !strings.Contains(got, "could not check") {
		t.Errorf("the login: %s", got)
	}
	if got, _ := l.get(t, l.service+"/", "Authorization", "Bearer a.b.c"); got != "unavailable" {
		t.Errorf("a token: %q", got)
	}
}
