package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wellspring/access"
)

const accessFile = "access.db"

// open reports whether nobody needs a login.
func (o Options) open() bool {
	return !o.Login && (o.Listen == "" || loopback(o.Listen) || o.TrustNetwork)
}

func (o Options) validateAccess(wrong func(name, format string, args ...any)) {
	if (o.TLSCert == "") != (o.TLSKey == "") {
		wrong("tls-key", "certificate and key come together: set tls-cert and tls-key")
	}
	if _, _, err := net.SplitHostPort(o.Listen); o.Listen != "" && err != nil {
		wrong("listen", "%q has no host and port: use an address such as 127.0.0.1:7117", o.Listen)
	} else if o.Listen != "" && !loopback(o.Listen) && !o.TrustNetwork && o.TLSCert == "" && !o.TLSByProxy {
		wrong("listen", "%q is not on loopback, and logins must not cross a network in the clear: set tls-cert and tls-key, or tls-by-proxy where a proxy speaks TLS (or trust-network where the network keeps strangers out)", o.Listen)
	}
	if o.Login && o.TrustNetwork {
		wrong("trust-network", "it does without a login, login asks for one: choose")
	}
	if o.RateLimit < 0 {
		wrong("rate-limit", "must not be negative")
	}
	if o.OIDCIssuer == "" {
		return
	}
	for name, value := range map[string]string{"oidc-issuer": o.OIDCIssuer, "oidc-redirect": o.OIDCRedirect} {
		u, err := url.Parse(value)
		if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && (u.Hostname() == "localhost" || loopback(u.Host) || loopback(u.Host+":80"))) {
			wrong(name, "use an https address, such as https://login.lab.example (http on loopback only)")
		}
	}
	if o.OIDCClientID == "" {
		wrong("oidc-client-id", "the identity provider knows this service by it: name it")
	}
	if o.OIDCRolesClaim == "" {
		wrong("oidc-roles-claim", "name the claim that holds the roles")
	}
	if _, err := o.roleOf(); err != nil {
		wrong("oidc-roles", "%v", err)
	}
}

func (o Options) roleOf() (map[string]access.Role, error) {
	all := map[string]access.Role{}
	for _, pair := range o.OIDCRoles {
		value, name, ok := strings.Cut(pair, "=")
		if !ok || value == "" {
			return nil, fmt.Errorf("%q is not of the form value=role", pair)
		}
		roles, err := access.ParseRoles([]string{name})
		if err != nil {
			return nil, err
		}
		all[value] = roles[0]
	}
	return all, nil
}

// admit builds what finds out who asks.
func (a *App) admit(ctx context.Context, registry prometheus.Registerer) error {
	o := a.options
	keys, err := access.OpenKeys(ctx, filepath.Join(o.DataDir, accessFile), time.Now)
	if err != nil {
		return err
	}
	a.keys = keys
	roles, err := o.roleOf()
	if err != nil {
		return err
	}
	var provider *access.Provider
	if o.OIDCIssuer != "" {
		provider = access.NewProvider(access.ProviderOptions{
			Issuer: o.OIDCIssuer, ClientID: o.OIDCClientID, ClientSecret: o.OIDCClientSecret, RedirectURL: o.OIDCRedirect,
			RolesClaim: o.OIDCRolesClaim, RoleOf: roles, Now: time.Now,
		})
	}
	logins := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "wellspring_logins_total", Help: "Logins, refused ones, lock-outs and logouts.",
	}, []string{"event"})
	if err := registry.Register(logins); err != nil {
		return err
	}
	for _, event := range []string{"login", "login refused", "locked out", "logout"} {
		logins.WithLabelValues(event)
	}
	a.localToken = access.NewLocalToken()
	a.guard = access.NewGuard(access.Options{
		Open: o.open() && !o.unannounced, Keys: keys, Provider: provider, LocalToken: a.localToken,
		Secure: o.TLSCert != "" || o.TLSByProxy, Rate: float64(o.RateLimit), Burst: 4 * o.RateLimit,
		OnEvent: func(ctx context.Context, e access.Event) {
			logins.WithLabelValues(e.What).Inc()
			a.noteLogin(ctx, e)
		},
		Logger: a.logger, Now: time.Now,
	})
	return nil
}

// Service is where a running service is to be found, and what lets its own
// machine in.
type Service struct {
	URL         string `json:"url"`
	Token       string `json:"token,omitempty"`
	Certificate string `json:"certificate,omitempty"` // PEM; of a service with TLS

	// CA is a PEM file with the authority that signed the certificate instead.
	CA string `json:"-"`
}

// Client returns what asks the service: it shows the token to it, and trusts its certificate.
func (s Service) Client() (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	config, err := s.trust()
	if err != nil {
		return nil, err
	}
	transport.TLSClientConfig = config
	home, err := url.Parse(s.URL)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: bearer{transport, home.Host, s.Token}}, nil
}

// bearer shows a token to one host, and to no other that it is sent on to.
type bearer struct {
	next        http.RoundTripper
	host, token string
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.token != "" && r.URL.Host == b.host {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	return b.next.RoundTrip(r)
}

// At is the service at an address, asked with the token and authority of the options.
func (o Options) At(address string) Service {
	return Service{URL: strings.TrimSuffix(address, "/"), Token: o.Token, CA: o.ServerCA}
}
