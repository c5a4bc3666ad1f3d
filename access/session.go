package access

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"

	"wellspring/lineage"
)

const (
	inSession = "principal"
	// localPrefix begins the token that lies in the data folder.
	localPrefix = "wsl_"
)

//go:embed login.html login.css
var files embed.FS

var loginPage = template.Must(template.ParseFS(files, "login.html"))

// NewLocalToken is a fresh token for the data folder of a service.
func NewLocalToken() string {
	var random [32]byte
	_, _ = rand.Read(random[:]) // it never fails
	return localPrefix + base64.RawURLEncoding.EncodeToString(random[:])
}

// session returns who logged in with this browser.
func (g *Guard) session(ctx context.Context) (Principal, bool, error) {
	text, ok := g.text(ctx)
	if !ok {
		return Principal{}, false, nil
	}
	var p Principal
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return Principal{}, false, &lineage.Error{Op: opLogin, Kind: lineage.ErrorInternal, Err: err}
	}
	if alive, err := g.alive(ctx, p); err != nil || !alive {
		return Principal{}, false, err
	}
	return p, true, nil
}

type sessionKey struct{}

// text is empty outside of Wrap: scs panics there.
func (g *Guard) text(ctx context.Context) (string, bool) {
	if ctx.Value(sessionKey{}) == nil {
		return "", false
	}
	text := g.sessions.GetString(ctx, inSession)
	return text, text != ""
}

// Wrap puts the login pages (/login, /callback, /logout) and the sessions of
// browsers around the service.
func (g *Guard) Wrap(service http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", g.form)
	mux.HandleFunc("POST /login", g.withKey)
	mux.HandleFunc("GET /login.css", g.style)
	mux.HandleFunc("POST /logout", g.logout)
	if g.options.Provider != nil {
		mux.HandleFunc("GET /login/provider", g.toProvider)
		mux.HandleFunc("GET /callback", g.callback)
	}
	pages := http.NewCrossOriginProtection().Handler(mux)
	return g.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(context.WithValue(r.Context(), sessionKey{}, true))
		if _, pattern := mux.Handler(r); pattern != "" {
			r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
			headers(w.Header())
			pages.ServeHTTP(w, r)
			return
		}
		service.ServeHTTP(w, r)
	}))
}

func headers(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
}

type loginView struct {
	Provider string
	To       string
	Problem  string
}

func (g *Guard) form(w http.ResponseWriter, r *http.Request) {
	g.show(w, http.StatusOK, inside(r.URL.Query().Get("to")), "")
}

func (g *Guard) show(w http.ResponseWriter, status int, to, problem string) {
	view := loginView{To: to, Problem: problem}
	if g.options.Provider != nil {
		view.Provider = g.options.Provider.options.Issuer
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := loginPage.Execute(w, view); err != nil {
		g.options.Logger.Debug("the login page could not be sent", "error", err)
	}
}

func (g *Guard) style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, files, "login.css")
}

func (g *Guard) withKey(w http.ResponseWriter, r *http.Request) {
	to := inside(r.PostFormValue("to"))
	p, err := g.Prove(r, strings.TrimSpace(r.PostFormValue("key")))
	switch lineage.KindOf(err) {
	case "":
		g.enter(w, r, p, to)
	case lineage.ErrorUnauthenticated:
		g.show(w, http.StatusUnauthorized, to, "This key is unknown, revoked or expired. An admin makes a new one with: wellspring keys create")
	case lineage.ErrorLimited:
		g.show(w, http.StatusTooManyRequests, to, "Too many wrong keys came from your address. Wait a quarter of an hour.")
	default:
		g.broken(w, err)
	}
}

// enter begins a session under a new token, so that one that somebody planted
// before is worth nothing.
func (g *Guard) enter(w http.ResponseWriter, r *http.Request, p Principal, to string) {
	text, err := json.Marshal(p)
	if err == nil {
		err = g.sessions.RenewToken(r.Context())
	}
	if err != nil {
		g.broken(w, err)
		return
	}
	g.sessions.Put(r.Context(), inSession, string(text))
	g.tell(r.Context(), Event{What: "login", Who: p, Address: place(r)})
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (g *Guard) logout(w http.ResponseWriter, r *http.Request) {
	if p, ok, _ := g.session(r.Context()); ok {
		g.tell(r.Context(), Event{What: "logout", Who: p, Address: place(r)})
	}
	if err := g.sessions.Destroy(r.Context()); err != nil {
		g.broken(w, err)
		return
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func (g *Guard) broken(w http.ResponseWriter, err error) {
	g.options.Logger.Error("a login failed", "error", err)
	g.show(w, http.StatusServiceUnavailable, "/", "The service could not check that now. Its log says why.")
}

// inside is a place within this service: a login must not lead elsewhere.
func inside(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") || strings.HasPrefix(to, "/login") {
		return "/"
	}
	return to
}
