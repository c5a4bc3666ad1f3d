package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"wellspring/lineage"
)

const (
	opLogin = "log in"
	// maxTries is how many wrong credentials one address may present within
	// lockTime; then it is locked out for as long.
	maxTries = 10
	lockTime = 15 * time.Minute
	// remembered is how many addresses and principals are counted at once; the
	// ones not heard of for longest are forgotten first.
	remembered = 10_000

	sessionLife = 12 * time.Hour
	sessionIdle = 2 * time.Hour
)

// Event is something that an audit log holds: a login, a failed one, a logout.
type Event struct {
	What    string // login, login refused, locked out, logout
	Who     Principal
	Address string
	Reason  string
}

// Options of a Guard.
type Options struct {
	// Open lets everybody in as Local who brings no credential: for a service that
	// only its own machine can reach.
	Open bool
	Keys *Keys
	// Provider is the lab's identity provider; nil: none.
	Provider *Provider
	// LocalToken lets in as Local who can read the data folder; empty: nobody.
	LocalToken string
	// Secure keeps the cookies to TLS.
	Secure bool
	// Rate and Burst bound the requests of one principal, a second and at once; 0: unbounded.
	Rate  float64
	Burst int

	OnEvent func(context.Context, Event) // may be nil
	Logger  *slog.Logger
	Now     func() time.Time
}

// Guard finds out who asks.
type Guard struct {
	options  Options
	local    [sha256.Size]byte
	sessions *scs.SessionManager
	memory   *memstore.MemStore

	mu       sync.Mutex
	failures *lru.Cache[string, failures]
	paces    *lru.Cache[string, *rate.Limiter]
	proofs   *lru.Cache[string, time.Time] // the last login with which somebody signed
	began    time.Time
}

// failures are the wrong credentials of one place.
type failures struct {
	tries int
	last  time.Time
}

// NewGuard returns a Guard; Close ends it.
func NewGuard(o Options) *Guard {
	g := &Guard{options: o, local: sha256.Sum256([]byte(o.LocalToken)), sessions: scs.New()}
	g.memory, _ = g.sessions.Store.(*memstore.MemStore) // what New makes
	g.failures, _ = lru.New[string, failures](remembered)
	g.paces, _ = lru.New[string, *rate.Limiter](remembered)
	g.proofs, _ = lru.New[string, time.Time](remembered)
	g.began = o.Now().Truncate(time.Second) // providers tell whole seconds
	g.sessions.HashTokenInStore = true
	g.sessions.Lifetime, g.sessions.IdleTimeout = sessionLife, sessionIdle
	g.sessions.Cookie.Name = "wellspring"
	g.sessions.Cookie.Secure = o.Secure
	g.sessions.Cookie.Persist = false
	g.sessions.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, err error) {
		o.Logger.Error("a session could not be read or kept", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
	return g
}

// Close forgets all sessions.
func (g *Guard) Close() { g.memory.StopCleanup() }

// Open reports whether no login is needed.
func (g *Guard) Open() bool { return g.options.Open }

// Identify says who sends a request: by a key or a token of the identity
// provider in the header Authorization, else by the session of a browser. It is
// an error of ErrorUnauthenticated when that can't be told, of ErrorLimited when
// the address is locked out or asks too often.
func (g *Guard) Identify(r *http.Request) (Principal, error) {
	p, err := g.identify(r)
	if err != nil {
		return Principal{}, err
	}
	return p, g.pace(p, r)
}

func (g *Guard) identify(r *http.Request) (Principal, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		if p, ok, err := g.session(r.Context()); ok || err != nil {
			return p, err
		}
		if g.options.Open {
			return Local(), nil
		}
		return Principal{}, &lineage.Error{Op: opLogin, Kind: lineage.ErrorUnauthenticated,
			Hint: "send the header Authorization: Bearer KEY (wellspring keys create makes one), or log in at /login"}
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Principal{}, &lineage.Error{Op: opLogin, Kind: lineage.ErrorUnauthenticated, ID: "header Authorization", Hint: "it reads: Bearer, a space, the key or token"}
	}
	return g.Prove(r, token)
}

// Prove checks a credential: an API key, a token of the identity provider, or
// the token of the data folder. Wrong ones are counted, and lock the address out.
func (g *Guard) Prove(r *http.Request, token string) (Principal, error) {
	ctx, from := r.Context(), place(r)
	about := from
	if id, _, ok := splitKey(token); ok {
		about += " " + id // others behind the same proxy have other keys
	}
	if g.tries(about) >= maxTries {
		return Principal{}, &lineage.Error{Op: opLogin, Kind: lineage.ErrorLimited, Hint: "too many wrong credentials came from this address: wait a quarter of an hour"}
	}
	p, err := g.check(ctx, token)
	if lineage.KindOf(err) == lineage.ErrorUnauthenticated {
		tries := g.failed(about)
		g.tell(ctx, Event{What: "login refused", Address: from, Reason: err.Error()})
		if tries == maxTries {
			g.tell(ctx, Event{What: "locked out", Address: from, Reason: "too many wrong credentials"})
		}
		return Principal{}, err
	}
	if err != nil {
		return Principal{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures.Remove(about)
	return p, nil
}

// tries is how many wrong credentials came from a place of late.
func (g *Guard) tries(about string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	f, _ := g.failures.Get(about)
	if g.options.Now().Sub(f.last) >= lockTime {
		return 0
	}
	return f.tries
}

// failed counts one more.
func (g *Guard) failed(about string) int {
	tries := g.tries(about) + 1
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures.Add(about, failures{tries, g.options.Now()})
	return tries
}

func (g *Guard) check(ctx context.Context, token string) (Principal, error) {
	switch {
	case strings.HasPrefix(token, keyPrefix):
		return g.options.Keys.Check(ctx, token)
	case g.options.LocalToken != "" && strings.HasPrefix(token, localPrefix):
		if given := sha256.Sum256([]byte(token)); subtle.ConstantTimeCompare(given[:], g.local[:]) == 1 {
			p := Local()
			p.ProvedAt = g.options.Now()
			return p, nil
		}
	case g.options.Provider != nil && strings.Count(token, ".") == 2:
		return g.options.Provider.Verify(ctx, token)
	}
	return Principal{}, &lineage.Error{Op: opLogin, Kind: lineage.ErrorUnauthenticated, ID: "credential", Hint: "it is none that this service knows"}
}

// recently is how fresh a proof of who somebody is must be for a signature.
const recently = 5 * time.Minute

// Reprove checks that the one who asks proves again, now, who they are, and
// returns when they did: by the credential, or by having logged in a few minutes
// ago. A login counts once, and one from before the service started not at all:
// else who finds a browser or a token could sign with it. A key is sent each time.
func (g *Guard) Reprove(r *http.Request, p Principal, credential string) (time.Time, error) {
	refused := func(id, hint string) (time.Time, error) {
		return time.Time{}, &lineage.Error{Op: "prove who signs", Kind: lineage.ErrorForbidden, ID: id, Hint: hint}
	}
	if p.Means == ByMachine {
		return refused("signer", "nobody checked who you are: a signature needs a person with a key of their own (wellspring keys create NAME --role reviewer) or a login at the identity provider")
	}
	again := p
	if credential != "" {
		var err error
		if again, err = g.Prove(r, credential); err != nil {
			return time.Time{}, err
		}
		if again.ID != p.ID || again.Means != p.Means {
			return refused("credential", "it is somebody else's")
		}
	}
	switch {
	case p.Means == ByKey && credential != "":
		return again.ProvedAt, nil
	case p.Means == ByLogin && g.options.Now().Sub(again.ProvedAt) <= recently && g.once(again):
		return again.ProvedAt, nil
	case p.Means == ByLogin:
		return refused("login", "each signature needs a fresh login: log in once more at /login/provider?again=1, and sign within five minutes")
	}
	return refused("credential", "prove once more who you are: send your key with this request, in the header Wellspring-Credential")
}

// once reports whether a login is newer than the last that was used to sign.
func (g *Guard) once(p Principal) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	last, used := g.proofs.Get(p.ID)
	if p.ProvedAt.Before(g.began) || used && !p.ProvedAt.After(last) {
		return false
	}
	g.proofs.Add(p.ID, p.ProvedAt)
	return true
}

// pace bounds how often one principal asks.
func (g *Guard) pace(p Principal, r *http.Request) error {
	if g.options.Rate <= 0 || p.Means == ByMachine {
		return nil
	}
	who := p.ID
	if who == "" {
		who = place(r)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	limiter, ok := g.paces.Get(who)
	if !ok {
		limiter = rate.NewLimiter(rate.Limit(g.options.Rate), g.options.Burst)
		g.paces.Add(who, limiter)
	}
	if limiter.Allow() {
		return nil
	}
	return &lineage.Error{Op: "read request", Kind: lineage.ErrorLimited, Hint: "too many requests: ask less often (rate-limit)"}
}

func (g *Guard) tell(ctx context.Context, e Event) {
	level := slog.LevelInfo
	if e.Reason != "" {
		level = slog.LevelWarn
	}
	g.options.Logger.LogAttrs(ctx, level, e.What, slog.String("who", e.Who.Name), slog.String("address", e.Address), slog.String("reason", e.Reason))
	if g.options.OnEvent != nil {
		g.options.OnEvent(ctx, e)
	}
}

// place is where a request comes from: an IPv4 address, or an IPv6 network of
// the size that one household gets.
func place(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	address = address.Unmap()
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.String()
		}
	}
	return address.String()
}

// alive reports whether a key may still be used, for a session that it opened.
func (g *Guard) alive(ctx context.Context, p Principal) (bool, error) {
	if p.Means != ByKey {
		return true, nil
	}
	key, err := g.options.Keys.get(ctx, strings.TrimPrefix(p.ID, "key:"))
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return false, err
		}
		return false, nil
	}
	return key.RevokedAt == nil && (key.ExpiresAt == nil || g.options.Now().Before(*key.ExpiresAt)), nil
}
