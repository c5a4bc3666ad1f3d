package web

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"wellspring/access"
	"wellspring/lineage"
	"wellspring/query"
)

// view is a page to be rendered.
type view struct {
	template string // file in templates/, without .html
	Title    string
	Section  string // of the navigation
	Wide     bool   // it uses the whole window
	Live     bool   // it asks again while it is looked at
	Data     any
	Version  string
	Who      access.Principal
	redirect string // go there instead
	status   int    // 0: 200
}

// problem is an error as a person reads it.
type problem struct {
	Status     int
	Title      string
	What       string
	Hint       string
	Candidates []query.Candidate
}

// render answers with a page. What did not change since is not sent again.
func (p *Pages) render(page func(*http.Request) (view, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := page(r)
		if err != nil {
			v = p.problem(r, err)
		}
		if v.redirect != "" {
			http.Redirect(w, r, v.redirect, http.StatusSeeOther)
			return
		}
		v.Version = p.Version
		var body bytes.Buffer
		if err := p.templates[v.template].ExecuteTemplate(&body, "base.html", v); err != nil {
			p.Logger.ErrorContext(r.Context(), "a page could not be made", "page", v.template, "error", err)
			http.Error(w, "the page could not be made; the log of the service has more", http.StatusInternalServerError)
			return
		}
		p.send(w, r, "text/html; charset=utf-8", cmp.Or(v.status, http.StatusOK), body.Bytes())
	}
}

// json answers with data for a script of ours.
func (p *Pages) json(data func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		answer, err := data(r)
		if err != nil {
			told := p.tell(r, err)
			status, answer = told.Status, map[string]string{"error": strings.TrimSpace(told.What + " " + told.Hint)}
		}
		body, err := json.Marshal(answer)
		if err != nil {
			p.Logger.ErrorContext(r.Context(), "an answer could not be made", "path", r.URL.Path, "error", err)
			http.Error(w, "the answer could not be made", http.StatusInternalServerError)
			return
		}
		p.send(w, r, "application/json", status, body)
	}
}

func (p *Pages) send(w http.ResponseWriter, r *http.Request, kind string, status int, body []byte) {
	sum := sha256.Sum256(body)
	tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	w.Header().Set("ETag", tag)
	if status == http.StatusOK && r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		p.Logger.DebugContext(r.Context(), "a page could not be sent", "error", err)
	}
}

// problem is an error as a page.
func (p *Pages) problem(r *http.Request, err error) view {
	told := p.tell(r, err)
	return view{template: "problem", Title: told.Title, status: told.Status, Data: told}
}

func (p *Pages) tell(r *http.Request, err error) problem {
	told := problem{Status: p.Status(err), Title: "That did not work"}
	var e *lineage.Error
	if errors.As(err, &e) {
		told.What, told.Hint = e.ID, e.Hint
	}
	switch lineage.KindOf(err) {
	case lineage.ErrorNotFound:
		told.Title = "Not found"
	case lineage.ErrorAmbiguous:
		told.Title = "Which one?"
	case lineage.ErrorInvalid:
		told.Title = "That can’t be read"
	case lineage.ErrorForbidden:
		told.Title = "Not for you"
	case lineage.ErrorUnauthenticated:
		told.Title = "Who are you?"
	case lineage.ErrorUnavailable, lineage.ErrorLimited:
		told.Title = "Not now"
	case lineage.ErrorInternal:
		told.Title, told.What, told.Hint = "The service failed", "", "Its log says more."
		p.Logger.ErrorContext(r.Context(), "a page failed", "path", r.URL.Path, "error", err)
	}
	var candidates *query.Candidates
	if errors.As(err, &candidates) {
		told.Candidates = candidates.Nodes
	}
	return told
}

//go:embed static
var staticFiles embed.FS

// assets are scripts and styles by their path, which has a hash of their content:
// a browser may keep them for ever.
type assets map[string]asset

type asset struct {
	path string
	kind string
	body []byte
}

func readAssets() (assets, error) {
	all := make(assets)
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	files, err := fs.ReadDir(staticFiles, "static")
	for _, file := range files {
		body, readErr := staticFiles.ReadFile("static/" + file.Name())
		if readErr != nil {
			return nil, readErr
		}
		sum := sha256.Sum256(body)
		all[file.Name()] = asset{"/assets/" + base64.RawURLEncoding.EncodeToString(sum[:6]) + "/" + file.Name(), kinds[path.Ext(file.Name())], body}
	}
	return all, err
}

func (a assets) serve(w http.ResponseWriter, r *http.Request) {
	one, there := a[path.Base(r.URL.Path)]
	if !there || one.path != r.URL.Path {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", one.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(one.body) // the browser has left
}

// parseTemplates parses each page together with the frame around it.
func parseTemplates(files assets) (map[string]*template.Template, error) {
	funcs := formats()
	funcs["asset"] = func(name string) string { return files[name].path }
	base, err := template.New("base.html").Funcs(funcs).ParseFS(templateFiles, "templates/base.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	all := make(map[string]*template.Template, len(names))
	for _, name := range names {
		page, err := base.Clone()
		if err == nil {
			page, err = page.ParseFS(templateFiles, name)
		}
		if err != nil {
			return nil, err
		}
		all[strings.TrimSuffix(path.Base(name), ".html")] = page
	}
	return all, nil
}
