package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"wellspring/lineage"
)

// ProviderOptions name the lab's identity provider (OpenID Connect).
type ProviderOptions struct {
	Issuer       string // https://…, as its discovery document says
	ClientID     string
	ClientSecret string   // empty: a public client, which PKCE protects
	RedirectURL  string   // this service's /callback, as the browser sees it
	Scopes       []string // beside openid
	RolesClaim   string   // where the roles are, with dots: roles, groups, realm_access.roles
	// RoleOf translates a value of the claim; empty: the values are names of roles.
	RoleOf map[string]Role

	HTTP *http.Client // nil: the default one, with a time limit
	Now  func() time.Time
}

// Provider checks what the identity provider says of a person.
type Provider struct {
	options ProviderOptions

	mu    sync.Mutex
	known *discovered // nil until the provider answered once
}

type discovered struct {
	provider *oidc.Provider
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
}

// NewProvider returns a Provider. It asks nothing yet: the service must start
// while its identity provider is away.
func NewProvider(o ProviderOptions) *Provider {
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	return &Provider{options: o}
}

// discover asks the provider for its addresses and keys, once.
func (p *Provider) discover() (*discovered, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known != nil {
		return p.known, nil
	}
	// The keys are fetched with this context whenever they change: it is not a request's.
	ctx := oidc.ClientContext(context.Background(), p.options.HTTP)
	provider, err := oidc.NewProvider(ctx, p.options.Issuer)
	if err != nil {
		return nil, p.away(err)
	}
	p.known = &discovered{
		provider: provider,
		oauth: oauth2.Config{
			ClientID: p.options.ClientID, ClientSecret: p.options.ClientSecret, RedirectURL: p.options.RedirectURL,
			Endpoint: provider.Endpoint(), Scopes: append([]string{oidc.ScopeOpenID, "profile", "email"}, p.options.Scopes...),
		},
		verifier: provider.Verifier(&oidc.Config{ClientID: p.options.ClientID, Now: p.options.Now}),
	}
	return p.known, nil
}

func (p *Provider) away(err error) error {
	return &lineage.Error{Op: opLogin, Kind: lineage.ErrorUnavailable, ID: p.options.Issuer, Hint: "the identity provider does not answer as it should: try again later, or use an API key", Err: err}
}

// Verify returns who a token is about: an ID token, or an access token that is
// a JWT for this client.
func (p *Provider) Verify(ctx context.Context, token string) (Principal, error) {
	d, err := p.discover()
	if err != nil {
		return Principal{}, err
	}
	verified, err := d.verifier.Verify(oidc.ClientContext(ctx, p.options.HTTP), token)
	if err != nil {
		return Principal{}, &lineage.Error{Op: opLogin, Kind: lineage.ErrorUnauthenticated, ID: "token", Hint: "the identity provider's token is expired, or not for this service: log in again"}
	}
	return p.principal(verified, nil)
}

// principal is who a verified token is about. Some providers leave name and
// roles out of the token; then info, what they tell of the person, has them.
func (p *Provider) principal(token *oidc.IDToken, info map[string]any) (Principal, error) {
	claims := map[string]any{}
	maps.Copy(claims, info)
	if err := token.Claims(&claims); err != nil {
		return Principal{}, &lineage.Error{Op: opLogin, Kind: lineage.ErrorUnauthenticated, ID: "token", Err: err}
	}
	who := Principal{ID: token.Issuer + "#" + token.Subject, Means: ByLogin, Roles: p.roles(claims)}
	// A token may be issued long after a password was typed: only auth_time counts.
	if at, ok := claims["auth_time"].(float64); ok {
		who.ProvedAt = time.Unix(int64(at), 0).UTC()
	}
	for _, name := range []string{"name", "preferred_username", "email"} {
		if text, ok := claims[name].(string); ok && text != "" {
			who.Name = text
			break
		}
	}
	if who.Name == "" {
		who.Name = token.Subject
	}
	return who, nil
}

// roles reads the roles out of the claims; values that are none are left out.
func (p *Provider) roles(claims map[string]any) []Role {
	var at any = claims
	for step := range strings.SplitSeq(p.options.RolesClaim, ".") {
		object, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = object[step]
	}
	var names []string
	switch v := at.(type) {
	case string:
		names = strings.Fields(v)
	case []any:
		for _, one := range v {
			if name, ok := one.(string); ok {
				names = append(names, name)
			}
		}
	}
	var roles []Role
	for _, name := range names {
		role, ok := p.options.RoleOf[name]
		if !ok && len(p.options.RoleOf) == 0 {
			if parsed, err := ParseRoles([]string{name}); err == nil {
				role, ok = parsed[0], true
			}
		}
		if ok {
			roles = append(roles, role)
		}
	}
	return roles
}

// pending is a login that is on its way through the provider.
type pending struct {
	State, Nonce, Verifier, To string
}

const inLogin = "login"

func (g *Guard) toProvider(w http.ResponseWriter, r *http.Request) {
	d, err := g.options.Provider.discover()
	if err != nil {
		g.broken(w, err)
		return
	}
	// Three secrets tie the answer to this browser: state, nonce, and PKCE's verifier.
	login := pending{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier(), To: inside(r.URL.Query().Get("to"))}
	text, err := json.Marshal(login)
	if err != nil {
		g.broken(w, err)
		return
	}
	g.sessions.Put(r.Context(), inLogin, string(text))
	options := []oauth2.AuthCodeOption{oidc.Nonce(login.Nonce), oauth2.S256ChallengeOption(login.Verifier)}
	if r.URL.Query().Get("again") != "" { // who signs types the password once more, and the provider says when
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	http.Redirect(w, r, d.oauth.AuthCodeURL(login.State, options...), http.StatusSeeOther)
}

func (g *Guard) callback(w http.ResponseWriter, r *http.Request) {
	var login pending
	text := g.sessions.PopString(r.Context(), inLogin)
	query := r.URL.Query()
	if err := json.Unmarshal([]byte(text), &login); err != nil || login.State == "" || query.Get("state") != login.State {
		g.show(w, http.StatusBadRequest, "/", "This login was not begun here, or took too long. Begin again.")
		return
	}
	if query.Get("code") == "" {
		g.tell(r.Context(), Event{What: "login refused", Address: place(r), Reason: "the identity provider refused"})
		g.show(w, http.StatusUnauthorized, login.To, "The identity provider refused the login.")
		return
	}
	p, err := g.options.Provider.exchange(r.Context(), query.Get("code"), login)
	switch lineage.KindOf(err) {
	case "":
	case lineage.ErrorUnauthenticated:
		g.tell(r.Context(), Event{What: "login refused", Address: place(r), Reason: err.Error()})
		g.show(w, http.StatusUnauthorized, login.To, "The identity provider's answer could not be verified. Begin again.")
		return
	default:
		g.broken(w, err)
		return
	}
	if len(p.Roles) == 0 {
		g.tell(r.Context(), Event{What: "login refused", Who: p, Address: place(r), Reason: "no role"})
		g.show(w, http.StatusForbidden, login.To, "You have no role here. Ask an admin of your identity provider for one: viewer, operator, reviewer, auditor or admin.")
		return
	}
	g.enter(w, r, p, login.To)
}

func (p *Provider) exchange(ctx context.Context, code string, login pending) (Principal, error) {
	d, err := p.discover()
	if err != nil {
		return Principal{}, err
	}
	ctx = oidc.ClientContext(ctx, p.options.HTTP)
	tokens, err := d.oauth.Exchange(ctx, code, oauth2.VerifierOption(login.Verifier))
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) { // its text may hold what it was told: the client's secret, the code
		err = fmt.Errorf("it answered %d", refused.Response.StatusCode)
	}
	if err != nil {
		return Principal{}, p.away(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	verified, err := d.verifier.Verify(ctx, raw)
	if err != nil || verified.Nonce != login.Nonce {
		return Principal{}, &lineage.Error{Op: opLogin, Kind: lineage.ErrorUnauthenticated, ID: "ID token", Err: err}
	}
	return p.principal(verified, p.info(ctx, d, tokens, verified.Subject))
}

// info asks the provider for what it tells of a person. One that doesn't answer
// has told it all in the token.
func (p *Provider) info(ctx context.Context, d *discovered, tokens *oauth2.Token, subject string) map[string]any {
	answer, err := d.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil || answer.Subject != subject {
		return nil
	}
	var info map[string]any
	if answer.Claims(&info) != nil {
		return nil
	}
	return info
}
